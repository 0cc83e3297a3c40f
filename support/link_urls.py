"""Pages behind a link, and calendars. ``key`` is a link's id (with the browser's grant) or its token."""

from django.urls import path

from support.views import (
    calendars,
    link_checkin,
    link_entry,
    link_helper,
    link_patient,
    link_preferences,
    link_reading,
    link_times,
)

urlpatterns = [
    path("c/<str:key>.ics", calendars.feed, name="feed"),
    path("l/<str:key>/", link_entry.link, name="link"),
    path("l/<str:key>/renew/", link_entry.renew, name="link_renew"),
    path("l/<str:key>/dates/", link_helper.dates, name="link_dates"),
    path("l/<str:key>/calendar/", calendars.my_dates, name="link_calendar"),
    path("l/<str:key>/dates.ics", calendars.all_dates, name="link_dates_file"),
    path("l/<str:key>/visit/<int:pk>.ics", calendars.one_date, name="link_date_file"),
    path("l/<str:key>/times/", link_times.my_times, name="link_times"),
    path("l/<str:key>/preferences/", link_preferences.page, name="link_preferences"),
    path("l/<str:key>/stop/", link_helper.stop, name="link_stop"),
    path("l/<str:key>/visit/<int:pk>/step-back/", link_helper.step_back, name="link_step_back"),
    path("l/<str:key>/visit/<int:pk>/come-after-all/", link_helper.come_after_all, name="link_come_after_all"),
    path("l/<str:key>/visit/<int:pk>/confirm/", link_helper.confirm, name="link_confirm"),
    path("l/<str:key>/visit/<int:pk>/on-my-way/", link_helper.on_my_way, name="link_on_my_way"),
    path("l/<str:key>/visit/<int:pk>/outside/", link_helper.outside, name="link_outside"),
    path("l/<str:key>/visit/<int:pk>/accept/", link_helper.accept, name="link_accept"),
    path("l/<str:key>/visit/<int:pk>/home/", link_helper.home, name="link_home"),
    path("l/<str:key>/visit/<int:pk>/late/", link_patient.late, name="link_late"),
    path("l/<str:key>/visit/<int:pk>/cannot-come/", link_patient.cannot_come, name="link_cannot_come"),
    path("l/<str:key>/visit/<int:pk>/we-are-home/", link_patient.home, name="link_patient_home"),
    path("l/<str:key>/visit/<int:pk>/slept/", link_patient.slept, name="link_slept"),
    path("l/<str:key>/offer/<int:pk>/take/", link_patient.offer_take, name="link_offer_take"),
    path("l/<str:key>/offer/<int:pk>/leave/", link_patient.offer_leave, name="link_offer_leave"),
    path("l/<str:key>/how-are-you/", link_patient.how_are_you, name="link_how_are_you"),
    path("l/<str:key>/check-in/<int:pk>/", link_checkin.checkin, name="link_checkin"),
    path("l/<str:key>/read/<slug:stage>/", link_reading.page, name="link_reading"),
]
