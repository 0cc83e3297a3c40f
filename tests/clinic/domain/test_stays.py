"""A visit that lasts longer: PostgreSQL decides whether the place is free, and the refusal names who stands there."""

from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain import followers, stays
from clinic.domain.errors import Refused
from clinic.models import AuditEntry, Closure, Infusion, StaffMember
from tests.factories import CourseFactory, InfusionFactory, RoomFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db

# Wednesday 4 March, 10:30 in New York; planned until 12:10, the room is free at 12:25.
START = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
PLANNED, LONGER = START + timedelta(minutes=100), START + timedelta(minutes=210)


@pytest.fixture
def nurse() -> StaffMember:
    return StaffFactory()


@pytest.fixture
def visit(nurse: StaffMember) -> Infusion:
    return InfusionFactory(site=SiteFactory(), starts_at=START)


def another(visit: Infusion, at: datetime, **fields) -> Infusion:
    """Of Omar, in another room with another clinician unless told otherwise."""
    course = CourseFactory(patient__site=visit.site, patient__given_name="Omar", patient__family_name="Perez")
    room = fields.pop("room", None) or RoomFactory(site=visit.site)
    return InfusionFactory(course=course, starts_at=at, room=room, policy=visit.policy, **fields)


def test_a_longer_stay_holds_the_room_until_its_turnaround_is_over(visit: Infusion, nurse: StaffMember) -> None:
    row = stays.lengthen(infusion=visit, until=LONGER, actor=nurse, now=START)
    turnaround = timedelta(minutes=visit.course.protocol.turnaround_minutes)
    assert (row.ends_at, row.room_free_at, row.version) == (LONGER, LONGER + turnaround, 2)
    assert AuditEntry.objects.get(subject=f"infusion:{row.pk}").verb == "infusion.stays_longer"


def test_it_never_becomes_shorter_and_twice_is_once(visit: Infusion, nurse: StaffMember) -> None:
    for until in (LONGER, LONGER, PLANNED):
        stays.lengthen(infusion=visit, until=until, actor=nurse, now=START)
    visit.refresh_from_db()
    assert (visit.ends_at, visit.version) == (LONGER, 2)


@pytest.mark.parametrize(
    ("shared", "sentence"),
    [
        ("room", "{room} is needed for Omar P. on Wednesday 4 March at 13:00."),
        ("clinician", "{clinician} is with Omar P. on Wednesday 4 March at 13:00."),
    ],
)
def test_where_the_next_visit_stands_it_is_refused_by_name(
    visit: Infusion, nurse: StaffMember, shared: str, sentence: str
) -> None:
    another(visit, START + timedelta(minutes=150), **{shared: getattr(visit, shared)})
    with pytest.raises(Refused) as refused:
        stays.lengthen(infusion=visit, until=LONGER, actor=nurse, now=START)
    names = {"room": visit.room.name, "clinician": visit.clinician.short_name}
    assert refused.value.reasons == [sentence.format(**names)]
    assert refused.value.reasons == stays.in_the_way(infusion=visit, until=LONGER)
    visit.refresh_from_db()
    assert (visit.ends_at, visit.version) == (PLANNED, 1)


def test_nobody_in_another_room_is_in_the_way(visit: Infusion, nurse: StaffMember) -> None:
    another(visit, START + timedelta(minutes=150))
    assert stays.in_the_way(infusion=visit, until=LONGER) == []
    assert stays.lengthen(infusion=visit, until=LONGER, actor=nurse, now=START).ends_at == LONGER


def test_up_to_the_minute_the_next_one_begins_the_room_can_be_held(visit: Infusion, nurse: StaffMember) -> None:
    turnaround = timedelta(minutes=visit.course.protocol.turnaround_minutes)
    another(visit, LONGER + turnaround, room=visit.room)
    assert stays.lengthen(infusion=visit, until=LONGER, actor=nurse, now=START).ends_at == LONGER
    with pytest.raises(Refused):
        stays.lengthen(infusion=visit, until=LONGER + timedelta(minutes=1), actor=nurse, now=START)


def test_no_visit_lasts_longer_than_a_day_at_the_clinic(visit: Infusion, nurse: StaffMember) -> None:
    with pytest.raises(Refused, match="14 hours at most"):
        stays.lengthen(infusion=visit, until=START + timedelta(hours=14), actor=nurse, now=START)


def test_what_was_held_beyond_the_plan_is_given_back(visit: Infusion, nurse: StaffMember) -> None:
    stays.as_planned(infusion=visit, actor=nurse, now=START)
    visit.refresh_from_db()
    planned = visit.ends_at
    stays.lengthen(infusion=visit, until=planned + timedelta(hours=2), actor=nurse, now=START)
    row = stays.as_planned(infusion=visit, actor=nurse, now=START)
    assert row.ends_at == planned
    assert another(visit, row.room_free_at, room=visit.room).pk


@pytest.mark.parametrize("state", ["cancelled", "no_show"])
def test_a_visit_that_is_over_does_not_last_longer(visit: Infusion, nurse: StaffMember, state: str) -> None:
    Infusion.objects.filter(pk=visit.pk).update(
        **{"status": state, f"{state}_at": START, "off_reason": "ill", "version": 5}
    )
    with pytest.raises(Refused, match="This visit is over"):
        stays.lengthen(infusion=visit, until=LONGER, actor=nurse, now=START)
    assert stays.as_planned(infusion=visit, actor=nurse, now=START).version == 5


def test_the_followers_hear_that_it_lasts_longer(visit: Infusion, nurse: StaffMember, monkeypatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(followers, "_followers", [lambda changes: heard.extend(change.what for change in changes)])
    stays.lengthen(infusion=visit, until=LONGER, actor=nurse, now=START)
    assert heard == ["stay"]


def test_the_end_of_the_clinics_day_is_said_where_it_is_earlier(visit: Infusion) -> None:
    """Open from 08:00 to 18:00 in New York."""
    closes = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    assert stays.closes_before(infusion=visit, until=closes) is None
    assert stays.closes_before(infusion=visit, until=closes + timedelta(minutes=5)) == closes


def test_a_closed_time_of_that_day_is_such_an_end_too(visit: Infusion) -> None:
    begins = visit.ends_at + timedelta(minutes=30)
    Closure.objects.create(site=visit.site, starts_at=begins, ends_at=begins + timedelta(hours=3))
    assert stays.closes_before(infusion=visit, until=begins) is None
    assert stays.closes_before(infusion=visit, until=LONGER) == begins
