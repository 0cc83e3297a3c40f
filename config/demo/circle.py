"""Who else stands around the patients of the demo clinic: paid escorts, and what was said before a visit."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinic.domain import prechecks, times
from clinic.enums import Rung
from clinic.models import Infusion
from config.demo.clinic import Clinic
from config.demo.people import number
from support.domain import arrangements, comfort, escorts
from support.enums import ComfortWish, TouchWish

# Given name, family name, firm and price.
ESCORTS = [
    ("Olive", "Marsh", "Marsh & Daughters, 45 dollars an hour"),
    ("Tobias", "Lund", "Way Home Riders, 60 dollars flat, books until noon"),
]
# Behind the numbers of patients and helpers.
ESCORTS_FROM = 290
WISHES = [
    (TouchWish.HAND, [ComfortWish.BLANKET, ComfortWish.MUSIC], ""),
    (TouchWish.ASK, [ComfortWish.QUIET, ComfortWish.DIM], "Please say before you come in."),
    (TouchWish.NONE, [ComfortWish.SNACK], ""),
]
EVENING = time(18, 40)


def list_escorts(clinic: Clinic, now: datetime) -> None:
    for place, (given, family, terms) in enumerate(ESCORTS, start=ESCORTS_FROM):
        fields = {"given_name": given, "family_name": family, "escort_terms": terms, "is_active": True}
        fields |= {"phone": number(place), "email": f"escort{place}@example.org"}
        escorts.keep(site=clinic.site, fields=fields, actor=clinic.director, now=now)


def say_wishes(visit: Infusion, now: datetime) -> None:
    """By the patient's own link. Every fourth said nothing."""
    place = visit.patient_id % (len(WISHES) + 1)
    if place < len(WISHES) and comfort.of(patient_id=visit.patient_id) is None:
        touch, wishes, note = WISHES[place]
        actor = f"patient:{visit.patient_id}"
        comfort.say(patient=visit.patient, touch=touch, wishes=wishes, note=note, actor=actor, now=now)


def evening_before(starts: datetime, zone: ZoneInfo) -> datetime:
    """When the demo's patients sit down and answer the questions."""
    day = times.local_day(moment=starts, zone=zone) - timedelta(days=1)
    return times.first_valid(day=day, at=EVENING, zone=zone)


def answer_questions(visit: Infusion, now: datetime) -> None:
    answers = dict.fromkeys(prechecks.asked_of(infusion=visit), False)
    prechecks.answer(infusion=visit, answers=answers, actor=f"patient:{visit.patient_id}", now=now)


def stay_longer(clinic: Clinic, visit: Infusion, now: datetime) -> None:
    arrangements.arrange(
        infusion=visit,
        rung=Rung.EXTENDED_STAY,
        details="Rests in the room; Robin from the desk walks along to the taxi",
        authorised_by=clinic.director,
        actor=clinic.desk,
        now=now,
    )
