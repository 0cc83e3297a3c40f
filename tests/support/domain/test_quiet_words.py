"""A word to a nurse alone holds every way out, and nobody beside the patient sees it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from clinic.domain.errors import Refused
from clinic.enums import ReleasedHow
from clinic.models import AuditEntry, Infusion
from messaging.models import Message
from support.domain import alerts, handovers, quiet_words
from support.enums import AlertKind, AlertStatus
from support.models import Alert, QuietWord
from tests.support.conftest import Clinic

LATER = timedelta(minutes=5)
SPEAK = "The patient asked for a nurse. Speak with them alone first, and write down what was agreed."


@pytest.fixture
def ready(clinic: Clinic, next_week):
    """Maya is ready to leave and Sam has the way home."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    return clinic.until(visit, "ready"), clinic.promise(sam, visit)


def ask(visit, *, after=timedelta()):
    return quiet_words.say(infusion=visit, now=visit.ready_at + after, actor="link:abc")


def hear(clinic, visit, *, outcome="She goes with her sister instead", actor=None):
    return quiet_words.hear(infusion=visit, outcome=outcome, actor=actor or clinic.nurse, now=visit.ready_at + LATER)


def test_a_nurse_is_told_at_once(clinic: Clinic, ready):
    visit, _sam = ready
    ask(visit)
    alert = Alert.objects.get()
    assert (alert.kind, alert.owner) == (AlertKind.QUIET_WORD, clinic.nurse)
    assert alert.deadline == visit.ready_at + timedelta(minutes=10)


def test_said_twice_it_is_one_word_and_unread_again(clinic: Clinic, ready):
    visit, _sam = ready
    ask(visit)
    alerts.acknowledge(alert=Alert.objects.get(), actor=clinic.nurse, now=visit.ready_at)
    ask(visit, after=LATER)
    assert (QuietWord.objects.count(), Alert.objects.get().status) == (1, AlertStatus.OPEN)
    assert AuditEntry.objects.filter(verb="quiet_word.said").count() == 1


def leave(clinic, visit, how):
    handovers.release_otherwise(
        infusion=visit,
        how=how,
        evidence="Will not wait, was told why to stay.",
        authorised_by=clinic.staff["clinician"],
        witness=clinic.desk,
        score=10,
        actor=clinic.nurse,
        now=visit.ready_at + timedelta(hours=5),
    )


def test_nobody_is_handed_over_before_it_was_heard(clinic: Clinic, ready):
    visit, sam = ready
    ask(visit)
    with pytest.raises(Refused, match=SPEAK):
        clinic.hand_over(visit, sam, now=visit.ready_at + LATER)
    assert Infusion.objects.get(pk=visit.pk).status == "ready"


@pytest.mark.parametrize("how", [ReleasedHow.AGAINST_ADVICE, ReleasedHow.EXTENDED_STAY])
def test_nobody_leaves_in_another_way_before_it_was_heard(clinic: Clinic, ready, how):
    visit, _sam = ready
    ask(visit)
    with pytest.raises(Refused, match=SPEAK):
        leave(clinic, visit, how)
    assert Infusion.objects.get(pk=visit.pk).status == "ready"


def test_heard_with_its_outcome_the_way_out_is_open_and_the_alert_closed(clinic: Clinic, ready):
    visit, sam = ready
    ask(visit)
    hear(clinic, visit, outcome="Only wanted to know where the bathroom is")
    alert = Alert.objects.get()
    assert (alert.status, alert.outcome) == (AlertStatus.CLOSED, "Only wanted to know where the bathroom is")
    assert clinic.hand_over(visit, sam, now=visit.ready_at + LATER).done_at is not None


def test_its_alert_is_not_closed_alone_and_nobody_goes(clinic: Clinic, ready):
    visit, sam = ready
    ask(visit)
    with pytest.raises(Refused, match=SPEAK):
        alerts.close(alert=Alert.objects.get(), outcome="It is all right", actor=clinic.desk, now=visit.ready_at)
    assert Alert.objects.get().status == AlertStatus.OPEN
    with pytest.raises(Refused, match=SPEAK):
        clinic.hand_over(visit, sam, now=visit.ready_at + LATER)
    hear(clinic, visit)
    assert QuietWord.objects.get().heard_by == clinic.nurse


def test_the_front_desk_does_not_hear_it(clinic: Clinic, ready):
    visit, _sam = ready
    ask(visit)
    with pytest.raises(Refused, match="A nurse or a clinician speaks with the patient"):
        hear(clinic, visit, actor=clinic.desk)


def test_it_is_not_heard_without_a_word_on_what_was_agreed(clinic: Clinic, ready):
    visit, _sam = ready
    ask(visit)
    with pytest.raises(Refused, match="what was agreed"):
        hear(clinic, visit, outcome="  ok ")


def test_what_was_heard_can_be_said_anew(clinic: Clinic, ready):
    visit, sam = ready
    ask(visit)
    hear(clinic, visit)
    ask(visit, after=2 * LATER)
    with pytest.raises(Refused, match=SPEAK):
        clinic.hand_over(visit, sam, now=visit.ready_at + 3 * LATER)


def test_out_of_the_house_there_is_nobody_to_come(clinic: Clinic, ready, next_week):
    visit, sam = ready
    clinic.hand_over(visit, sam, now=visit.ready_at)
    with pytest.raises(Refused, match="Please call us"):
        ask(visit)


def test_no_message_goes_to_anybody(clinic: Clinic, ready):
    visit, _sam = ready
    before = list(Message.objects.order_by("pk").values_list("pk", "status"))
    ask(visit)
    assert list(Message.objects.order_by("pk").values_list("pk", "status")) == before


def test_a_word_half_heard_cannot_be_written(clinic: Clinic, ready):
    visit, _sam = ready
    word = ask(visit)
    with pytest.raises(IntegrityError, match="quiet_word_heard_with_an_outcome"), transaction.atomic():
        QuietWord.objects.filter(pk=word.pk).update(heard_at=visit.ready_at, heard_by=clinic.nurse)
