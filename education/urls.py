"""Addresses of the library, under ``/library/``."""

from django.urls import path

from education import views

urlpatterns = [
    path("", views.library, name="library"),
    path("numbers/", views.numbers, name="library_numbers"),
    path("numbers/<int:number_id>/check/", views.check_number, name="library_number_check"),
    path("<int:page_id>/", views.page, name="library_page"),
    path("<int:page_id>/<int:number>/", views.page, name="library_revision"),
    path("<int:page_id>/edit/", views.edit, name="library_edit"),
    path("<int:page_id>/approve/", views.approve, name="library_approve"),
    path("<int:page_id>/print/", views.print_page, name="library_print"),
]
