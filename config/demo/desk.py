"""What the desks of the demo left for each other, and what a busy day brings: a note, a record typed in twice."""

from datetime import datetime

from clinic.domain import notes, patients
from clinic.domain.times import local_day
from clinic.models import Patient
from config.demo.clinic import Clinic
from support.domain import alerts
from support.enums import AlertStatus
from support.models import Alert, Arrangement

NOTES = (
    ("Grace", "Brings the signed form. Please scan it before she goes in."),
    ("", "The printer in Room 2 is out of paper. New packs are in the cupboard."),
)
# Somebody took her for new on the phone: the name as it sounds, the number as it is.
TWICE = ("Maya", "Maia")


def leave_notes(clinic: Clinic, now: datetime) -> None:
    day = local_day(moment=now, zone=clinic.site.zone)
    for name, text in NOTES:
        about = Patient.objects.filter(site=clinic.site, given_name=name).first()
        notes.write(site=clinic.site, day=day, text=text, actor=clinic.desk, now=now, patient=about)


def type_in_twice(clinic: Clinic, now: datetime) -> None:
    name, as_heard = TWICE
    known = Patient.objects.get(site=clinic.site, given_name=name)
    patients.register(
        site=clinic.site,
        actor=clinic.nurse,
        now=now,
        given_name=as_heard,
        family_name=known.family_name,
        birth_date=known.birth_date,
        phone=known.phone,
    )


def answer_calls(clinic: Clinic, now: datetime) -> None:
    """The dates nobody took were phoned about: those who are asked know, and answer by their link. What the clinic
    arranged is settled."""
    waiting = Alert.objects.filter(site=clinic.site).exclude(status=AlertStatus.CLOSED)
    for alert in waiting.filter(key__startswith="cover:"):
        alerts.close(alert=alert, outcome="Called. They answer by their link.", actor=clinic.desk, now=now)
    for alert in waiting.filter(infusion__in=Arrangement.objects.filter(ended_at=None).values("infusion")):
        alerts.close(alert=alert, outcome="Arranged otherwise.", actor=clinic.desk, now=now)
