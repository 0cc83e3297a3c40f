"""What a helper can take, is asked and can take back, at each hour of a visit."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clinic.models import Infusion
from messaging.models import Message
from support.domain import commitments, date_answers, helper_dates, helper_page, whole_visit
from support.enums import AlertKind, AnsweredVia, SupportRole
from support.models import Alert, Commitment
from tests.factories import PolicyFactory

MINUTE = timedelta(minutes=1)
LINK = AnsweredVia.LINK


@pytest.fixture
def visit(clinic, next_week):
    return clinic.book(next_week)


def page(designation, at):
    return helper_page.build(designation=designation, now=at)


def dates(designation, at) -> list[tuple[str, str]]:
    return [(row.state, row.note) for month in page(designation, at).months for row in month.rows]


def step_back(designation, visit, at):
    held = whole_visit.held(designation=designation, infusion_id=visit.pk)
    whole_visit.step_back(rows=held, now=at, actor="link:x")


def take_back(designation, visit, at):
    rows = whole_visit.given_back(designation=designation, infusion_id=visit.pk)
    whole_visit.take_back(rows=rows, now=at, actor="link:x")


@pytest.mark.parametrize("status", ["arrived", "started", "recovering", "ready"])
def test_who_steps_back_while_the_patient_is_here_can_take_the_date_again(clinic, visit, status):
    sam = clinic.named("Sam")
    clinic.confirmed(sam, visit)
    here = clinic.until(visit, status)
    late = visit.ends_at + timedelta(hours=1)
    step_back(sam, here, late)
    assert dates(sam, late) == [("open", "You stepped back. You can still take it.")]
    date_answers.answer_dates(designation=sam, take=[clinic.promise(sam, visit).pk], now=late + MINUTE, via=LINK)
    assert clinic.promise(sam, visit).status == "reconfirmed"


def test_nobody_takes_a_date_when_the_patient_has_left(clinic, visit):
    sam, jo = clinic.named("Sam"), clinic.named("Jo", roles=(SupportRole.FOLLOWUP,))
    confirmed = clinic.confirmed(sam, visit)
    ready = clinic.until(visit, "ready")
    clinic.hand_over(ready, confirmed, now=visit.ends_at)
    assert dates(jo, visit.ends_at + MINUTE) == []


def test_a_visit_nobody_came_to_is_offered_until_its_end(clinic, visit):
    sam = clinic.named("Sam")
    assert dates(sam, visit.ends_at - MINUTE) == [("open", "")]
    assert dates(sam, visit.ends_at) == []


def test_who_only_sits_in_the_room_comes_before_it_begins(clinic, visit):
    sam = clinic.named("Sam", roles=(SupportRole.PRESENCE,))
    assert dates(sam, visit.starts_at - MINUTE) == [("open", "")]
    assert dates(sam, visit.starts_at) == []


def test_a_tap_takes_a_step_back_back_and_nobody_else_is_held_to_it(clinic, visit):
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    clinic.yes(sam, visit)
    step_back(sam, visit, clinic.now)
    assert clinic.promise(jo, visit).status == "asked"
    assert [row.infusion_id for row in page(sam, clinic.now).stepped_back] == [visit.pk]
    take_back(sam, visit, clinic.now + MINUTE)
    assert (clinic.promise(sam, visit).status, clinic.promise(jo, visit).status) == ("accepted", "covered")
    assert page(sam, clinic.now + MINUTE).stepped_back == []


def test_the_desk_reads_on_the_alert_that_they_come_after_all(clinic, visit):
    sam = clinic.named("Sam")
    clinic.yes(sam, visit)
    step_back(sam, visit, clinic.now)
    take_back(sam, visit, clinic.now + MINUTE)
    back = "Sam stepped back from Wed 11 Mar 13:30. There is no way home now. Please book a paid escort."
    says = f"{back} Since then: Sam comes after all."
    assert list(Alert.objects.filter(kind=AlertKind.CANT_COME).values_list("says", flat=True)) == [says]


def test_taking_back_is_offered_for_ten_minutes_and_not_once_somebody_else_has_the_date(clinic, visit):
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    clinic.yes(sam, visit)
    step_back(sam, visit, clinic.now)
    assert len(page(sam, clinic.now + timedelta(minutes=9)).stepped_back) == 1
    assert page(sam, clinic.now + timedelta(minutes=10)).stepped_back == []
    clinic.yes(jo, visit)
    assert page(sam, clinic.now + MINUTE).stepped_back == []


def test_what_the_desk_wrote_down_by_phone_is_not_theirs_to_take_back(clinic, visit):
    sam = clinic.named("Sam")
    row = clinic.yes(sam, visit)
    commitments.withdraw(commitment=row, via=AnsweredVia.PHONE, now=clinic.now, recorded_by=clinic.desk)
    assert page(sam, clinic.now).stepped_back == []
    assert whole_visit.given_back(designation=sam, infusion_id=visit.pk) == []


def test_every_role_given_back_comes_back(clinic, visit):
    sam = clinic.named("Sam", roles=(SupportRole.FOLLOWUP, SupportRole.RIDE))
    mine = list(sam.commitments.values_list("pk", flat=True))
    date_answers.answer_dates(designation=sam, take=mine, now=clinic.now, via=LINK)
    step_back(sam, visit, clinic.now)
    take_back(sam, visit, clinic.now + MINUTE)
    assert set(sam.commitments.values_list("role", "status")) == {("ride", "accepted"), ("followup", "accepted")}


def test_who_has_just_said_yes_is_not_asked_in_the_next_moment_whether_it_still_holds(clinic, visit):
    sam = clinic.named("Sam")
    clinic.yes(sam, visit)
    assert page(sam, clinic.now + MINUTE).to_confirm == []
    assert dates(sam, clinic.now) == [("fixed", "You have this one. We ask you again the day before.")]


def test_the_page_asks_again_from_the_minute_the_message_does(clinic, visit):
    sam = clinic.named("Sam")
    clinic.yes(sam, visit)
    due = Message.objects.get(kind="helper_reconfirm", status="pending").due_at
    assert page(sam, due - MINUTE).to_confirm == []
    assert [row.infusion_id for row in page(sam, due).to_confirm] == [visit.pk]
    assert dates(sam, due) == [("fixed", "You have this one. Please confirm it above.")]


def test_none_of_these_also_answers_for_a_visit_under_way(clinic, visit):
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    clinic.confirmed(sam, visit)
    here = clinic.until(visit, "started")
    step_back(sam, here, visit.ends_at)
    assert date_answers.decline_open(designation=jo, via=LINK, now=visit.ends_at) == 1


def test_a_visit_from_before_the_first_signature_is_stayed_with_as_the_rules_say_now(clinic, visit):
    """The steps of the day and the hours of whoever stays the evening name the same end."""
    jo = clinic.named("Jo", roles=(SupportRole.FOLLOWUP,))
    Infusion.objects.update(policy=None)
    PolicyFactory(site=clinic.site, version=1_000_000, stay_with_hours=5)
    row = Commitment.objects.select_related("infusion__site", "infusion__patient").get(designation=jo)
    until = row.infusion.ends_at + timedelta(hours=5)
    assert helper_dates.own_window(row) == (row.infusion.ends_at, until)
    local = timezone.localtime(until, clinic.site.zone)
    assert helper_page.involves(row)[-1]["at"] == f"{local:%H:%M}"


def test_what_a_day_involves_is_what_this_helper_does_on_it(clinic, visit):
    """Who sits in the room is not asked to come at the end and walk out with the patient."""
    asked = Commitment.objects.select_related("infusion__site", "infusion__patient", "infusion__policy")
    found = {}
    for name, role in (("Sam", SupportRole.RIDE), ("Jo", SupportRole.PRESENCE), ("Pat", SupportRole.FOLLOWUP)):
        steps = helper_page.involves(asked.get(designation=clinic.named(name, roles=(role,))))
        found[role] = [(step["at"], "Walk out together" in step["text"]) for step in steps]
    assert found == {
        SupportRole.RIDE: [("14:55", False), ("15:10", True), ("15:40", False)],
        SupportRole.PRESENCE: [("13:30", False), ("15:10", False)],
        SupportRole.FOLLOWUP: [("15:10", False), ("23:10", False)],
    }


@pytest.mark.parametrize("role", [SupportRole.PRESENCE, SupportRole.FOLLOWUP])
def test_a_date_to_take_is_a_missing_way_home_only_to_who_drives(clinic, visit, role):
    sam, jo = clinic.named("Sam"), clinic.named("Jo", roles=(role,))
    assert [page(who, clinic.now).is_ride_open for who in (sam, jo)] == [True, False]
