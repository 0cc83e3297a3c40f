"""Somebody stood there and the patient was not given to them."""

from datetime import timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import AuditEntry, Infusion
from messaging.models import Message
from support.domain import commitments, helper_page, swaps, turned_away
from support.enums import AlertKind, NotHandedOver
from support.models import Alert, NotHandedOverTo
from tests.factories import DesignationFactory
from tests.support.conftest import Clinic

LATER = timedelta(minutes=5)


@pytest.fixture
def ready(clinic: Clinic, next_week):
    """Maya is ready to leave and Sam has the way home."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    return clinic.until(visit, "ready"), clinic.promise(sam, visit)


def turn_away(clinic, visit, row, why=NotHandedOver.UNFIT, note="Smells of alcohol, cannot stand"):
    return turned_away.not_handed_over(
        infusion=visit, commitment=row, why=why, note=note, actor=clinic.nurse, now=visit.ready_at + LATER
    )


def test_the_patient_stays_and_a_clinician_is_told(clinic: Clinic, ready):
    visit, sam = ready
    turn_away(clinic, visit, sam)
    sam.refresh_from_db()
    alert = Alert.objects.get(kind=AlertKind.ON_CALL)
    assert (Infusion.objects.get(pk=visit.pk).status, sam.status) == ("ready", "withdrawn")
    assert alert.owner == clinic.staff[Role.CLINICIAN]
    assert alert.says == (
        "Maya was not given to Sam: Seems not fit to take somebody home. Maya stays until somebody else is here."
    )
    assert AuditEntry.objects.get(verb="handover.refused").note == "unfit"


def test_the_others_are_asked_and_whoever_was_turned_away_hears_nothing(clinic: Clinic, ready):
    visit, sam = ready
    jo = clinic.named("Joanna")
    assert clinic.promise(jo, visit).status == "covered"
    sent = set(Message.objects.filter(recipient=f"designation:{sam.designation_id}").values_list("pk", flat=True))
    turn_away(clinic, visit, sam)
    assert clinic.promise(jo, visit).status == "asked"
    assert ("helper_ask_again", f"designation:{jo.pk}", visit.starts_at) in clinic.waiting(visit)
    new = Message.objects.filter(recipient=f"designation:{sam.designation_id}").exclude(pk__in=sent)
    assert list(new) == []


def test_whoever_was_turned_away_cannot_take_the_ride_back(clinic: Clinic, ready):
    visit, sam = ready
    turn_away(clinic, visit, sam)
    with pytest.raises(Refused, match="This date is taken care of"):
        commitments.accept(commitment=sam, via="link", now=visit.ready_at + 2 * LATER)
    with pytest.raises(Refused, match="This date is taken care of"):
        swaps.swap(infusion=visit, designation=sam.designation, actor=clinic.desk, now=visit.ready_at + 2 * LATER)


def test_their_page_shows_nothing_of_it(clinic: Clinic, ready):
    visit, sam = ready
    turn_away(clinic, visit, sam)
    page = helper_page.build(designation=sam.designation, now=visit.ready_at + LATER)
    assert (page.today, page.months, page.stepped_back) == (None, [], [])


def test_somebody_the_patient_had_not_named_is_written_down_in_words(clinic: Clinic, ready):
    visit, sam = ready
    with pytest.raises(Refused, match="whom you saw"):
        turn_away(clinic, visit, None, why=NotHandedOver.WRONG_PERSON, note="")
    turn_away(clinic, visit, None, why=NotHandedOver.WRONG_PERSON, note="A man who says he is her cousin")
    sam.refresh_from_db()
    assert sam.status == "reconfirmed"
    assert NotHandedOverTo.objects.get().commitment is None
    says = Alert.objects.get(key__startswith="turned-away:").says
    assert says.endswith("somebody who came: Not the person the patient named. Sam still has the way home.")


def test_who_is_under_age_is_no_driver_any_more(clinic: Clinic, ready):
    visit, sam = ready
    turn_away(clinic, visit, sam, why=NotHandedOver.UNDER_AGE, note="")
    sam.designation.person.refresh_from_db()
    assert sam.designation.person.is_adult is False


def test_who_is_under_age_has_none_of_their_other_dates_any_more_and_the_others_are_asked(clinic: Clinic, next_week):
    sam, jo = clinic.named("Sam"), clinic.named("Joanna")
    visit = clinic.book(next_week, next_week + timedelta(days=2))
    later = visit.course.infusions.last()
    clinic.yes(sam, later)
    row = clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    turn_away(clinic, visit, row, why=NotHandedOver.UNDER_AGE, note="")
    assert (clinic.promise(sam, later).status, clinic.promise(jo, later).status) == ("withdrawn", "asked")
    says = "Sam is under 18 and takes nobody home. Please ask somebody else for their other dates."
    assert Alert.objects.get(kind=AlertKind.CALL_TASK, designation=sam).says == says


def test_who_is_under_age_is_so_for_everybody_who_named_them(clinic: Clinic, ready):
    visit, sam = ready
    other = DesignationFactory(person=sam.designation.person)
    turn_away(clinic, visit, sam, why=NotHandedOver.UNDER_AGE, note="")
    noted = AuditEntry.objects.filter(verb="person.is_under_age").values_list("patient_id", "actor")
    who = f"staff:{clinic.nurse.pk}"
    assert set(noted) == {(visit.patient_id, who), (other.patient_id, who)}


@pytest.mark.parametrize("state", ["booked", "arrived", "released"])
def test_only_who_is_in_the_house_after_the_start_waits_for_somebody(clinic: Clinic, next_week, state):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    if state == "arrived":
        clinic.until(visit, "arrived")
    if state == "released":
        visit = clinic.until(visit, "ready")
        clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at)
    with pytest.raises(Refused, match="not waiting to go home"):
        turned_away.not_handed_over(
            infusion=visit,
            commitment=clinic.promise(sam, visit),
            why=NotHandedOver.UNFIT,
            note="Falls asleep standing",
            actor=clinic.nurse,
            now=next_week + timedelta(hours=2),
        )


def test_a_promise_of_another_visit_ends_nothing_here(clinic: Clinic, ready, next_week):
    visit, _sam = ready
    other = clinic.book(next_week + timedelta(days=2))
    theirs = clinic.promise(clinic.named("Joanna"), other)
    with pytest.raises(Refused, match="another visit"):
        turn_away(clinic, visit, theirs)
    theirs.refresh_from_db()
    assert theirs.status == "asked"
