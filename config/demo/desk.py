"""What the desks of the demo left for each other, and what a busy day brings: notes, a yes to texts, a double."""

from datetime import datetime

from clinic.domain import audit, notes, patients
from clinic.domain.times import local_day
from clinic.models import Patient
from config.demo.clinic import Clinic
from support.domain import people
from support.models import Designation

NOTES = (
    ("Grace", "Brings the signed form. Please scan it before she goes in."),
    ("", "The printer in Room 2 is out of paper. New packs are in the cupboard."),
)
# Somebody took her for new on the phone: the name as it sounds, the number as it is.
TWICE = ("Maya", "Maia")
# They have no visits yet. Their first helpers said at the desk that texts are welcome: booking asks them at once.
WELCOME_TEXTS = ("Colin", "Naomi", "Ivan")


def note_who_welcomes_texts(clinic: Clinic, now: datetime) -> None:
    firsts = Designation.objects.filter(patient__site=clinic.site, patient__given_name__in=WELCOME_TEXTS, rank=1)
    for designation in firsts.select_related("person"):
        people.agree_to_texts(person=designation.person, actor=audit.staff(clinic.desk), now=now)


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
