"""The staff pages that need both sides: the visit and the people around it."""

from django.urls import path

from support.views import alerts, handovers, infusions, messages, moves, outbox, patient, people, schedule, today

urlpatterns = [
    path("", today.today, name="today"),
    path("schedule/", schedule.schedule, name="schedule"),
    path("infusions/<int:pk>/", infusions.infusion, name="infusion"),
    path("infusions/<int:pk>/arrive/", infusions.arrive, name="infusion_arrive"),
    path("infusions/<int:pk>/start/", infusions.start, name="infusion_start"),
    path("infusions/<int:pk>/recover/", infusions.recover, name="infusion_recover"),
    path("infusions/<int:pk>/ready/", infusions.ready, name="infusion_ready"),
    path("infusions/<int:pk>/home/", infusions.home, name="infusion_home"),
    path("infusions/<int:pk>/cancel/", infusions.cancel, name="infusion_cancel"),
    path("infusions/<int:pk>/no-show/", infusions.no_show, name="infusion_no_show"),
    path("infusions/<int:pk>/stop-early/", infusions.stop_early, name="infusion_stop_early"),
    path("infusions/<int:pk>/late/", infusions.late, name="infusion_late"),
    path("infusions/<int:pk>/move/", moves.move, name="infusion_move"),
    path("infusions/<int:pk>/handover/", handovers.handover, name="handover"),
    path("infusions/<int:pk>/release/", handovers.release, name="infusion_release"),
    path("courses/<int:pk>/place/", moves.place, name="course_place"),
    path("patients/<int:pk>/walk-in/", moves.walk_in, name="infusion_walk_in"),
    path("patients/<int:pk>/", patient.patient, name="patient"),
    path("patients/<int:pk>/contact/", patient.contact, name="patient_contact"),
    path("patients/<int:pk>/texts/", patient.agree_to_texts, name="patient_texts"),
    path("patients/<int:pk>/people/new/", people.new, name="designation_new"),
    path("people/<int:pk>/", people.edit, name="designation_edit"),
    path("people/<int:pk>/contact/", people.contact, name="designation_contact"),
    path("people/<int:pk>/texts/", people.agree_to_texts, name="designation_texts"),
    path("people/<int:pk>/withdraw/", people.withdraw, name="designation_withdraw"),
    path("people/<int:pk>/send-link/", people.send_link, name="designation_send_link"),
    path("commitments/<int:pk>/record/", people.record, name="commitment_record"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("alerts/<int:pk>/take/", alerts.acknowledge, name="alert_acknowledge"),
    path("alerts/<int:pk>/close/", alerts.close, name="alert_close"),
    path("messages/", messages.messages, name="messages"),
    path("messages/<int:pk>/again/", messages.resend, name="message_resend"),
    path("outbox/", outbox.outbox, name="outbox"),
]
