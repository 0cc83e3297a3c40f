"""How a patient wants to be looked after: said once, changed at any time, touch never assumed."""

from datetime import timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from support.domain import comfort
from support.models import Comfort


def say(clinic, **changes) -> Comfort:
    fields = {"touch": "none", "wishes": ["music", "blanket"], "note": " No drums, please. "} | changes
    return comfort.say(patient=clinic.patient, actor="patient:1", now=clinic.now, **fields)


def test_it_reads_touch_first_and_the_wishes_in_one_order(clinic):
    say(clinic)
    said = comfort.of(patient_id=clinic.patient.pk)
    assert comfort.lines(said) == ["Please do not touch me", "A blanket", "Music", "“No drums, please.”"]


def test_said_again_it_takes_the_place_of_what_was_said(clinic):
    say(clinic)
    say(clinic, touch="hand", wishes=[], note="")
    assert comfort.lines(comfort.of(patient_id=clinic.patient.pk)) == ["Holding my hand is fine"]
    assert Comfort.objects.count() == 1
    assert AuditEntry.objects.filter(verb="comfort.said", patient_id=clinic.patient.pk).count() == 2


def test_without_a_word_nobody_is_touched_unasked(clinic):
    assert comfort.lines(comfort.of(patient_id=clinic.patient.pk)) == ["Nothing is said about touch: ask first."]


def test_touch_has_to_be_said_and_nonsense_is_left_out(clinic):
    with pytest.raises(Refused):
        say(clinic, touch="")
    assert say(clinic, wishes=["music", "fireworks"]).wishes == ["music"]


def test_on_the_day_of_a_visit_less_touch_is_said_at_once_and_more_waits(clinic, next_week):
    """By their own link; whoever is with them may write down more."""
    sam, visit = clinic.named("Sam"), clinic.book(next_week)
    clinic.confirmed(sam, visit)
    clinic.until(visit, "started")
    during = {"patient": clinic.patient, "wishes": [], "note": "", "now": next_week + timedelta(minutes=30)}
    with pytest.raises(Refused, match="nothing new is agreed to"):
        comfort.say(**during, touch="hand", actor="link:abc")
    assert comfort.say(**during, touch="none", actor="link:abc").touch == "none"
    with pytest.raises(Refused, match="Less is always all right"):
        comfort.say(**during, touch="ask", actor="link:abc")
    assert comfort.say(**during, touch="ask", actor="staff:1", witness=clinic.nurse).touch == "ask"
