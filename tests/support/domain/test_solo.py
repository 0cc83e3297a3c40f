"""Somebody who has nobody for a date."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from clinic.domain import infusions
from clinic.domain.errors import Refused
from clinic.enums import Role, Rung
from clinic.models import AuditEntry, Policy
from support.domain import commitments, solo
from support.enums import AlertKind, AlertStatus
from support.models import Alert, SupportPerson
from tests.support.conftest import Clinic

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ALL = [Rung.ADULT_DRIVES, Rung.EXTENDED_STAY, Rung.PAID_ESCORT, Rung.WATCHED_RIDE, Rung.POSTPONE]


@pytest.fixture
def rungs(clinic: Clinic):
    """Signs rules with these ways home."""

    def sign(*allowed):
        director = clinic.staff[Role.DIRECTOR]
        fields = {"signed_by": director, "signed_at": clinic.now, "hold_questions": [], "discharge_items": []}
        clinic.policy = Policy.objects.create(site=clinic.site, version=1_000_000, rungs=list(allowed), **fields)

    return sign


@pytest.fixture
def escort(clinic: Clinic):
    return SupportPerson.objects.create(
        site=clinic.site,
        given_name="Pat",
        phone="+14105550177",
        is_adult=True,
        is_escort=True,
        escort_terms="Door to Door, $45 an hour",
    )


def ways(visit, now):
    return [way.rung for way in solo.of(infusion=visit, now=now).ways]


def test_the_ways_stand_in_the_order_of_the_rules(clinic: Clinic, rungs, escort, next_week):
    rungs(*ALL)
    visit = clinic.book(next_week)
    assert ways(visit, clinic.now) == ["extended_stay", "paid_escort", "watched_ride", "postpone"]


def test_a_way_that_cannot_be_arranged_any_more_is_not_offered(clinic: Clinic, rungs, escort, next_week):
    rungs(*ALL)
    visit = clinic.book(next_week)
    assert ways(visit, next_week - 11 * HOUR) == ["extended_stay", "watched_ride", "postpone"]
    assert ways(visit, next_week - 5 * HOUR) == ["extended_stay", "postpone"]
    assert ways(visit, next_week - HOUR) == ["postpone"]


def test_an_escort_is_offered_with_the_price_and_only_where_one_is_on_the_list(
    clinic: Clinic, rungs, escort, next_week
):
    rungs(Rung.ADULT_DRIVES, Rung.PAID_ESCORT)
    visit = clinic.book(next_week)
    (way,) = solo.of(infusion=visit, now=clinic.now).ways
    assert (way.prices, way.until) == (["Door to Door, $45 an hour"], next_week - 12 * HOUR)
    SupportPerson.objects.filter(pk=escort.pk).update(is_active=False)
    assert ways(visit, clinic.now) == []


def test_a_longer_stay_says_until_when(clinic: Clinic, rungs, next_week):
    """13:30 in the clinic; leaving from 14:55 on, and two hours after that."""
    rungs(Rung.EXTENDED_STAY)
    visit = clinic.fresh(clinic.book(next_week))
    (way,) = solo.of(infusion=visit, now=clinic.now).ways
    until = (visit.pickup_from + 2 * HOUR).astimezone(clinic.site.zone)
    assert f"{until:%H:%M}" in way.needs[0]


def test_the_day_is_written_as_the_patients_language_writes_it(clinic: Clinic, next_week):
    visit = clinic.fresh(clinic.book(next_week))
    with override("es"):
        assert "miércoles 11 de marzo" in solo.of(infusion=visit, now=clinic.now).text


def test_the_words_to_ask_with_name_day_place_and_times_and_nothing_else(clinic: Clinic, next_week):
    visit = clinic.fresh(clinic.book(next_week))
    found = solo.of(infusion=visit, now=clinic.now)
    begins, ends = (moment.astimezone(clinic.site.zone) for moment in (visit.pickup_from, visit.ends_at))
    assert found.text == (
        "Hi! I have an appointment on Wednesday 11 March and must not go home alone. Could you come to 12 Elm Street "
        f"between {begins:%H:%M} and {ends:%H:%M} and take me home? It is fine to say no."
    )
    assert "8 hours" in found.call
    visit.policy.stay_with_hours = 0
    assert "hours" not in solo.of(infusion=visit, now=clinic.now).call


def test_a_wish_is_a_task_for_the_desk_and_changes_nothing_else(clinic: Clinic, rungs, next_week):
    rungs(*ALL)
    visit = clinic.book(next_week)
    alert = solo.wish(infusion=visit, rung="watched_ride", actor="link:x", now=clinic.now)
    assert (alert.kind, alert.owner) == (AlertKind.LADDER, clinic.desk)
    assert alert.says == (
        "Maya has nobody for Wed 11 Mar 13:30 and asks for a ride the clinic books and watches. "
        "Please arrange it and call."
    )
    assert clinic.fresh(visit).status == "booked"
    assert not visit.arrangements.exists()
    assert AuditEntry.objects.filter(verb="way_home.wished", actor="link:x").count() == 1


def test_another_wish_is_added_to_the_same_task_and_the_same_one_is_not(clinic: Clinic, rungs, next_week):
    rungs(*ALL)
    visit = clinic.book(next_week)
    for rung in ("watched_ride", "watched_ride", "postpone", "postpone"):
        solo.wish(infusion=visit, rung=rung, actor="link:x", now=clinic.now)
    (alert,) = Alert.objects.filter(kind=AlertKind.LADDER)
    assert alert.says.endswith("Please arrange it and call. Asks for another day.")


def test_after_the_task_is_done_a_new_wish_is_a_new_task(clinic: Clinic, rungs, next_week):
    rungs(*ALL)
    visit = clinic.book(next_week)
    solo.wish(infusion=visit, rung="postpone", actor="link:x", now=clinic.now)
    Alert.objects.update(
        status=AlertStatus.CLOSED,
        acknowledged_at=clinic.now,
        closed_at=clinic.now,
        closed_by=clinic.desk,
        outcome="Called.",
    )
    assert solo.of(infusion=visit, now=clinic.now).wished is None
    solo.wish(infusion=visit, rung="postpone", actor="link:x", now=clinic.now)
    assert Alert.objects.filter(kind=AlertKind.LADDER).count() == 2


@pytest.mark.parametrize("rung", ["paid_escort", "adults", "hold", "nonsense", ""])
def test_what_the_rules_do_not_allow_cannot_be_wished(clinic: Clinic, rungs, escort, next_week, rung):
    rungs(Rung.ADULT_DRIVES, Rung.POSTPONE)
    visit = clinic.book(next_week)
    with pytest.raises(Refused, match="can no longer be arranged"):
        solo.wish(infusion=visit, rung=rung, actor="link:x", now=clinic.now)


def test_somebody_who_said_yes_meanwhile_is_named(clinic: Clinic, next_week):
    visit = clinic.book(next_week)
    clinic.yes(clinic.named("Sam"), visit)
    with pytest.raises(Refused, match="Sam takes you home that day"):
        solo.wish(infusion=visit, rung="postpone", actor="link:x", now=clinic.now)


def test_once_it_has_begun_or_is_off_nothing_can_be_wished(clinic: Clinic, next_week):
    row = clinic.confirmed(clinic.named("Sam"), visit := clinic.book(next_week, next_week + 2 * DAY))
    clinic.until(visit, "started")
    commitments.withdraw(commitment=row, via="link", now=next_week + HOUR)
    other = clinic.patient.infusions.latest("starts_at")
    infusions.cancel(infusion=other, actor=clinic.desk, now=clinic.now, reason="Flu")
    for gone in (visit, other):
        with pytest.raises(Refused, match="has begun or is over"):
            solo.wish(infusion=gone, rung="postpone", actor="link:x", now=next_week + HOUR)
