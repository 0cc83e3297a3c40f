"""The clinic's rule on driving, and the night's sleep it waits for."""

from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import AuditEntry, Infusion
from support.domain import driving, impaired
from support.models import Alert
from tests.support.conftest import Clinic

DAY = timedelta(days=1)
# 09:00 in New York, on the morning after.
MORNING = datetime(2026, 3, 12, 13, 0, tzinfo=UTC)


@pytest.fixture
def left(clinic: Clinic, next_week) -> Infusion:
    """Maya left at 15:10 in New York, on Wednesday 11 March."""
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at)
    return clinic.fresh(visit)


def slept(visit: Infusion, *, is_well: bool, now: datetime):
    return driving.say_slept(infusion=visit, is_well=is_well, now=now, actor="link:abc")


@pytest.mark.parametrize(
    ("left", "earliest"),
    [
        # A day after leaving; in the night the clocks go back it is a day all the same, by elapsed time.
        (datetime(2026, 3, 11, 18, 0, tzinfo=UTC), datetime(2026, 3, 12, 18, 0, tzinfo=UTC)),
        (datetime(2026, 10, 31, 18, 0, tzinfo=UTC), datetime(2026, 11, 1, 18, 0, tzinfo=UTC)),
    ],
)
def test_driving_is_the_clinics_rule_and_no_verdict(clinic: Clinic, left, earliest):
    visit = Infusion(site=clinic.site, policy=clinic.policy, released_at=left)
    assert driving.drive_from(infusion=visit) == earliest


def test_a_short_block_still_waits_for_the_next_morning_where_sleep_is_asked(clinic: Clinic):
    clinic.policy.drive_block_hours = 4
    visit = Infusion(site=clinic.site, policy=clinic.policy, released_at=datetime(2026, 3, 11, 18, 0, tzinfo=UTC))
    assert driving.drive_from(infusion=visit) == datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
    clinic.policy.sleep_required = False
    assert driving.drive_from(infusion=visit) == datetime(2026, 3, 11, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize("is_well", [True, False])
def test_a_night_is_slept_before_it_is_said(left: Infusion, is_well):
    with pytest.raises(Refused, match="Tell us tomorrow morning"):
        slept(left, is_well=is_well, now=left.released_at + timedelta(hours=6))
    assert slept(left, is_well=True, now=MORNING).slept_well_at == MORNING


def test_after_a_bad_night_the_time_moves_to_the_morning_after_the_next(clinic: Clinic, left: Infusion):
    assert driving.drive_from(infusion=left) == left.released_at + DAY
    slept(left, is_well=False, now=MORNING)
    friday = datetime(2026, 3, 13, 12, 0, tzinfo=UTC)
    assert driving.drive_from(infusion=clinic.fresh(left)) == friday
    assert impaired.until(patient=clinic.patient, now=MORNING) == friday


def test_where_the_rules_want_no_sleep_a_bad_night_moves_nothing(clinic: Clinic, left: Infusion):
    slept(left, is_well=False, now=MORNING)
    now = clinic.fresh(left)
    now.policy.sleep_required = False
    assert driving.drive_from(infusion=now) == left.released_at + DAY


def test_a_nurse_calls_after_a_bad_night_once(clinic: Clinic, left: Infusion):
    slept(left, is_well=False, now=MORNING)
    with pytest.raises(Refused, match="Tell us tomorrow morning"):
        slept(left, is_well=False, now=MORNING + timedelta(minutes=1))
    call = Alert.objects.get(key__startswith="slept:")
    assert call.says == "Maya did not sleep so well after the visit. Please call, and ask how they are."
    assert (call.owner.role, AuditEntry.objects.filter(verb="handover.slept_badly").count()) == (Role.NURSE, 1)


def test_after_a_bad_night_it_is_asked_again_the_next_morning(left: Infusion):
    given = slept(left, is_well=False, now=MORNING)
    asked = [driving.is_sleep_asked(infusion=left, given=given, now=MORNING + hours) for hours in (DAY / 2, DAY)]
    assert asked == [False, True]
    assert slept(left, is_well=True, now=MORNING + DAY).slept_well_at == MORNING + DAY


def test_who_slept_well_is_asked_no_more(left: Infusion):
    given = slept(left, is_well=True, now=MORNING)
    assert slept(left, is_well=False, now=MORNING + DAY).slept_badly_at is None
    assert not driving.is_sleep_asked(infusion=left, given=given, now=MORNING + DAY)
