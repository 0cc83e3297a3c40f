"""What the desks of the demo left for each other, and what a busy day brings: a note, a record typed in twice."""

from datetime import datetime

from clinic.domain import notes, patients
from clinic.domain.times import local_day
from clinic.models import Patient
from config.demo.clinic import Clinic

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
