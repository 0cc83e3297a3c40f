"""The clinic's own pages: patients, courses, setting up, people, rules."""

from django.urls import path

from clinic.views import door, imports, patients, person, policy, protocols, setup, staff, wishes

urlpatterns = [
    path("patients/", patients.patient_list, name="patients"),
    path("patients/search/", patients.patient_search, name="patient_search"),
    path("patients/new/", patients.patient_new, name="patient_new"),
    path("patients/import/", imports.patient_import, name="patient_import"),
    path("patients/import/<int:pk>/", imports.patient_import_run, name="patient_import_run"),
    path("patients/import/<int:pk>/rejected.csv", imports.patient_import_rejects, name="patient_import_rejects"),
    path("patients/<int:pk>/edit/", patients.patient_edit, name="patient_edit"),
    path("patients/<int:pk>/put-away/", patients.patient_put_away, name="patient_put_away"),
    path("patients/<int:pk>/times/", wishes.patient_times, name="patient_times"),
    path("setup/", setup.setup, name="setup"),
    path("setup/begin/", door.setup_begin, name="setup_begin"),
    path("setup/join/<str:token>/", door.staff_join, name="staff_join"),
    path("setup/site/", setup.setup_site, name="setup_site"),
    path("setup/rooms/", setup.setup_rooms, name="setup_rooms"),
    path("setup/rooms/<int:pk>/", setup.setup_room, name="setup_room"),
    path("setup/hours/", setup.setup_hours, name="setup_hours"),
    path("setup/protocols/", protocols.protocol_list, name="protocols"),
    path("setup/protocols/presets/", protocols.protocol_presets, name="protocol_presets"),
    path("setup/protocols/new/", protocols.protocol_new, name="protocol_new"),
    path("setup/protocols/<int:pk>/", protocols.protocol_edit, name="protocol_edit"),
    path("setup/people/", staff.staff, name="staff"),
    path("setup/people/invite/", staff.staff_invite, name="staff_invite"),
    path("setup/people/<int:pk>/", staff.staff_edit, name="staff_edit"),
    path("setup/people/<int:pk>/hours/", staff.staff_hours, name="staff_hours"),
    path("setup/people/<int:pk>/invite/", staff.staff_invite_again, name="staff_invite_again"),
    path("setup/people/<int:pk>/address/", staff.staff_address, name="staff_address"),
    path("policy/", policy.policy, name="policy"),
    path("policy/edit/", policy.policy_edit, name="policy_edit"),
    path("policy/sign/", policy.policy_sign, name="policy_sign"),
    path("person/switch/", person.switch_person, name="switch_person"),
    path("person/pin/", person.pin, name="pin"),
]
