"""When a patient will be ready: learned from the clinic's own visits, never before the rules, honest about too few."""

from datetime import timedelta

import pytest

from clinic.domain import infusions
from clinic.models import Infusion, Protocol
from support.domain import board, day, estimate, living, rules, steps
from tests.factories import CourseFactory, InfusionFactory, ProtocolFactory, SiteFactory
from tests.support.conftest import Clinic

MINUTE = timedelta(minutes=1)


@pytest.fixture
def past(clinic: Clinic, now):
    """Visits of the days before, each with so many minutes from start to recovery and from there to ready."""

    def seed(minutes: list[tuple[int, int]], *, protocol: Protocol | None = None, days: int = 1, **fields) -> None:
        course = CourseFactory(patient__site=clinic.site, protocol=protocol or clinic.protocol)
        for number, (treated, rested) in enumerate(minutes, start=1):
            starts = now - timedelta(days=days + number)
            times = {"arrived_at": starts, "started_at": starts, "recovering_at": starts + treated * MINUTE}
            InfusionFactory(
                course=course,
                policy=clinic.policy,
                number=number,
                starts_at=starts,
                status="ready",
                ready_at=starts + (treated + rested) * MINUTE,
                **times,
                **fields,
            )

    return seed


@pytest.fixture
def visit(clinic: Clinic, next_week) -> Infusion:
    clinic.confirmed(clinic.named("Sam"), booked := clinic.book(next_week))
    return booked


def spread(low: int, middle: int, high: int) -> estimate.Spread:
    return estimate.Spread(low=low * MINUTE, middle=middle * MINUTE, high=high * MINUTE)


def test_the_median_and_the_middle_half_of_what_it_took(clinic, past, visit, next_week):
    past([(40, minutes) for minutes in (30, 40, 50, 60, 70, 80, 90, 100, 110)])
    known = estimate.learned(infusions=[visit], now=next_week)
    assert known == {
        clinic.protocol.pk: estimate.Learned(visits=9, whole=spread(90, 110, 130), recovery=spread(50, 70, 90))
    }


def test_seven_visits_are_too_few_to_tell_and_eight_are_enough(clinic, past, visit, next_week):
    past([(40, 90)] * 7)
    window = estimate.window(infusion=clinic.fresh(visit), now=clinic.now)
    assert (window.start, window.end) == day.pickup_window(infusion=clinic.fresh(visit), now=clinic.now)
    assert window.visits == 0
    past([(40, 90)], days=20)
    assert estimate.window(infusion=clinic.fresh(visit), now=clinic.now).visits == 8


def test_a_slower_clinic_shifts_the_window(clinic, past, visit, next_week):
    """Fifteen minutes of preparing, then as long as it took these patients."""
    begins = next_week + 15 * MINUTE
    past([(40, 60 + 5 * number) for number in range(9)])
    window = estimate.window(infusion=clinic.fresh(visit), now=clinic.now)
    assert (window.start, window.end) == (begins + 110 * MINUTE, begins + 130 * MINUTE)


def test_the_newest_forty_count_and_nothing_older_than_half_a_year(clinic, past, visit, next_week):
    past([(40, 200)] * 20, days=60)
    past([(40, 60)] * 40)
    assert estimate.learned(infusions=[visit], now=next_week)[clinic.protocol.pk].whole == spread(100, 100, 100)
    assert estimate.learned(infusions=[visit], now=next_week + timedelta(days=250)) == {}


def test_a_visit_that_was_stopped_early_teaches_nothing(clinic, past, visit, next_week, now):
    past([(40, 60)] * 8)
    past([(5, 20)] * 30, days=30, stopped_early_at=now, stopped_early_reason="felt sick")
    assert estimate.learned(infusions=[visit], now=next_week)[clinic.protocol.pk].visits == 8


def test_another_version_of_the_protocol_teaches_and_another_protocol_does_not(clinic, past, visit, next_week):
    changed = ProtocolFactory(site=clinic.site, family=clinic.protocol.family, version=2)
    past([(40, 60)] * 8, protocol=changed)
    past([(40, 160)] * 8, protocol=ProtocolFactory(site=clinic.site), days=30)
    assert estimate.learned(infusions=[visit], now=next_week)[clinic.protocol.pk].visits == 8


def test_another_site_teaches_nothing(clinic, past, visit, next_week, now):
    other = SiteFactory()
    same = ProtocolFactory(site=other, family=clinic.protocol.family, version=3)
    elsewhere = CourseFactory(patient__site=other, protocol=same)
    for number in range(9):
        starts = now - timedelta(days=number + 1)
        stamps = dict.fromkeys(("arrived_at", "started_at", "recovering_at", "ready_at"), starts)
        InfusionFactory(course=elsewhere, number=number + 1, starts_at=starts, status="ready", **stamps)
    assert estimate.learned(infusions=[visit], now=next_week) == {}


def test_many_visits_are_one_query_and_nobody_none(clinic, visit, next_week, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert estimate.learned(infusions=[], now=next_week) == {}
    rows = [clinic.fresh(visit)] * 3
    with django_assert_num_queries(1):
        estimate.learned(infusions=rows, now=next_week)


def test_never_before_the_rules_let_the_patient_leave(clinic, past, visit, next_week):
    past([(10, 5)] * 20)
    visit = clinic.until(visit, "recovering")
    fresh = clinic.fresh(visit)
    window = estimate.window(infusion=fresh, now=visit.recovering_at)
    assert window.start == rules.leaves_from(infusion=fresh) == visit.recovering_at + 30 * MINUTE
    assert window.end - window.start == estimate.NARROWEST


def test_the_window_is_never_in_the_past(clinic, past, visit, next_week):
    past([(40, 60)] * 20)
    visit = clinic.until(visit, "recovering")
    late = visit.recovering_at + 200 * MINUTE
    window = estimate.window(infusion=clinic.fresh(visit), now=late)
    assert (window.start, window.end) == (late, late + estimate.NARROWEST)


def test_the_board_expects_the_next_step_when_it_mostly_comes(clinic, past, visit, next_week):
    past([(40, 75)] * 8)
    visit = clinic.until(visit, "recovering")
    [shown] = board.day(site=clinic.site, day=next_week.date(), now=visit.recovering_at).visits
    assert shown.expected == visit.recovering_at + 75 * MINUTE
    assert steps.expected(infusion=clinic.fresh(visit), now=visit.recovering_at) == visit.recovering_at + 45 * MINUTE


# --- what a helper reads ---------------------------------------------------------------------------


def test_the_page_says_when_it_cannot_tell(clinic, past, visit, next_week):
    sentence = "These times are as planned: we do not have enough visits yet to tell."
    visit = clinic.until(visit, "started")
    assert sentence in living.standing(infusion=clinic.fresh(visit), takes_home=True, now=visit.started_at).says
    past([(40, 60)] * 8)
    assert sentence not in living.standing(infusion=clinic.fresh(visit), takes_home=True, now=visit.started_at).says


def now_at(standing: living.Standing) -> list[str]:
    return [phase["word"] for phase in standing.phases if phase["state"] == "current"]


def test_resting_then_nearly_ready_then_come_in(clinic, past, visit, next_week):
    past([(40, 60)] * 8)
    visit = clinic.until(visit, "recovering")
    early = living.standing(infusion=clinic.fresh(visit), takes_home=True, now=visit.recovering_at)
    assert (early.state, early.start, early.end) == ("Resting now", "15:25", "15:35")
    assert now_at(early) == ["Resting"]
    near = living.standing(infusion=clinic.fresh(visit), takes_home=True, now=visit.recovering_at + 45 * MINUTE)
    assert (near.state, now_at(near)) == ("Nearly ready", ["Nearly ready"])
    visit = infusions.ready(infusion=visit, actor=clinic.nurse, now=visit.recovering_at + 60 * MINUTE)
    ready = living.standing(infusion=clinic.fresh(visit), takes_home=True, now=visit.ready_at)
    assert (ready.state, ready.start, now_at(ready)) == ("Please come in", "", ["Come in"])


def test_the_map_and_the_number_are_plain_links(clinic):
    clinic.site.street, clinic.site.city = "12 Elm Street & Oak", "Annapolis"
    found, call = living.getting_there(site=clinic.site)
    assert found["href"] == "https://www.openstreetmap.org/search?query=12+Elm+Street+%26+Oak%2C+Annapolis"
    assert call["href"] == "tel:+14105550142"
