"""The staff pages about closed times and the waitlist."""

from django.urls import path

from support.views import closures, waitlist

urlpatterns = [
    path("closures/", closures.closures, name="closures"),
    path("closures/<int:pk>/", closures.closure, name="closure"),
    path("closures/<int:pk>/move/", closures.move, name="closure_move"),
    path("closures/<int:pk>/move-all/", closures.move_all, name="closure_move_all"),
    path("closures/<int:pk>/take-off/", closures.take_off, name="closure_take_off"),
    path("closures/<int:pk>/tell/", closures.tell, name="closure_tell"),
    path("closures/<int:pk>/lift/", closures.lift, name="closure_lift"),
    path("waitlist/", waitlist.show, name="waitlist"),
    path("waitlist/<int:pk>/leave/", waitlist.leave, name="waitlist_leave"),
    path("waitlist/<int:pk>/give/", waitlist.give, name="waitlist_give"),
    path("waitlist/offers/<int:pk>/take/", waitlist.take, name="offer_take"),
    path("waitlist/offers/<int:pk>/decline/", waitlist.decline, name="offer_decline"),
    path("courses/<int:pk>/wait/", waitlist.join, name="waitlist_join"),
]
