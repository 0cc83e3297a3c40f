from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinic.enums import InfusionStatus, Role
from clinic.models import Closure, OpeningHours, WorkingHours
from support.domain import diary_board, promise_rows
from support.domain.diary_shapes import CLINICIAN, Gap, Look
from support.enums import CommitmentStatus, SupportRole
from support.models import Designation
from tests.factories import (
    CommitmentFactory,
    DesignationFactory,
    InfusionFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

TUESDAY = date(2026, 3, 3)  # now is 09:41
AT = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)  # 13:00 in New York
QUERIES = 5  # visits, the diary's stamp, closures, commitments, arrangements


@pytest.fixture
def look(site, now):
    def of(**asked):
        return diary_board.of(site=site, look=Look(**{"first": TUESDAY, **asked}), now=now)

    return of


def gaps(lane):
    return [(item.start, item.end) for item in lane.items if isinstance(item, Gap)]


def blocks(board):
    return [item for day in board.days for lane in day.lanes for item in lane.items if not isinstance(item, Gap)]


def test_a_block_says_who_when_how_far_and_who_takes_them_home(look, book, now):
    visit = book(at=AT)
    CommitmentFactory(
        infusion=visit,
        status=CommitmentStatus.RECONFIRMED,
        answered_at=now,
        reconfirmed_at=now,
        designation__person__given_name="Rosa",
    )
    [block] = blocks(look())
    assert (block.name, block.when, block.phase) == (visit.patient.short_name, "13:00–14:40", "Booked")
    assert (block.level, block.word, block.css, block.turn) == ("ok", "With Rosa", "c61 w20", "c81 w3")


def test_its_parts_follow_the_protocol_until_they_have_happened(look, book, now):
    book(at=AT)
    early = AT - timedelta(hours=4)
    book(
        at=early,
        status=InfusionStatus.STARTED,
        arrived_at=early,
        started_at=early + timedelta(minutes=30),
    )
    assert [block.parts for block in blocks(look())] == ["p3 t8 r9", "p6 t8 r6"]


def test_guests_who_said_yes_are_counted_against_the_rooms_places(look, book, now):
    visit = book(at=AT)
    for status in (CommitmentStatus.ACCEPTED, CommitmentStatus.ACCEPTED, CommitmentStatus.ASKED):
        answered = None if status == CommitmentStatus.ASKED else now
        CommitmentFactory(infusion=visit, role=SupportRole.PRESENCE, status=status, answered_at=answered)
    gone = DesignationFactory(patient=visit.patient, roles=[SupportRole.PRESENCE])
    CommitmentFactory(
        infusion=visit,
        designation=gone,
        role=SupportRole.PRESENCE,
        status=CommitmentStatus.ACCEPTED,
        answered_at=now,
    )
    Designation.objects.filter(pk=gone.pk).update(withdrawn_at=now)
    [block] = blocks(look())
    assert (block.guests, block.is_crowded) == ("2/1 guests", True)
    assert promise_rows.in_the_room(visit) == 2


def test_free_time_lies_between_visits_from_the_next_quarter_hour_on(look, site, book):
    book(at=AT, room=RoomFactory(site=site, name="Room 1"))
    [lane] = look().days[0].lanes
    assert gaps(lane) == [("09:45", "13:00"), ("15:00", "18:00")]


def test_a_gap_ends_where_the_shortest_visit_still_fits(look, site, book):
    book(at=AT, room=RoomFactory(site=site, name="Room 1"))
    board = look()
    lasts = [item.last for item in board.days[0].lanes[0].items if isinstance(item, Gap)]
    assert board.shortest == 100
    # Before 13:00, and before the hours end at 18:00.
    assert [f"{last // 60}:{last % 60:02}" for last in lasts] == ["11:15", "16:15"]


def test_the_past_has_no_free_time(look, site):
    RoomFactory(site=site)
    assert gaps(look(first=TUESDAY - timedelta(days=1)).days[0].lanes[0]) == []


def test_a_closed_room_is_shaded_with_its_reason_and_not_offered(look, site):
    one, other = RoomFactory(site=site, name="Room 1"), RoomFactory(site=site, name="Room 2")
    Closure.objects.create(site=site, room=one, starts_at=AT, ends_at=AT + timedelta(hours=2), reason="Painting")
    closed, open_room = look().days[0].lanes
    assert [(shade.kind, shade.start, shade.end, shade.why) for shade in closed.shades] == [
        ("closed", "13:00", "15:00", "Painting")
    ]
    assert (gaps(closed), open_room.shades) == ([("09:45", "13:00"), ("15:00", "18:00")], [])
    assert gaps(open_room) == [("09:45", "18:00")]
    assert other.name == open_room.owner.name


def test_a_day_the_whole_site_is_closed_says_so(look, site):
    RoomFactory(site=site)
    Closure.objects.create(site=site, starts_at=AT - timedelta(hours=18), ends_at=AT + timedelta(hours=12))
    day = look().days[0]
    assert (day.is_closed, gaps(day.lanes[0])) == (True, [])


def test_what_lies_outside_the_hours_is_shaded(look, site, book):
    site.opening_hours.filter(weekday=TUESDAY.weekday()).delete()
    OpeningHours.objects.create(site=site, weekday=TUESDAY.weekday(), opens=time(9), closes=time(12))
    OpeningHours.objects.create(site=site, weekday=TUESDAY.weekday(), opens=time(13), closes=time(16))
    book(at=AT + timedelta(hours=3))  # 16:00 to 17:40, against the rules
    shades = look().days[0].lanes[0].shades
    assert [(shade.kind, shade.start, shade.end) for shade in shades] == [
        ("out", "12:00", "13:00"),
        ("out", "16:00", "18:00"),
    ]


def test_a_clinician_is_free_when_they_work_and_are_nowhere_else(look, site, book, now):
    elsewhere = SiteFactory()
    kim = StaffFactory(role=Role.CLINICIAN, sites=[site, elsewhere], full_name="Kim Larsen")
    WorkingHours.objects.create(staff=kim, site=site, weekday=TUESDAY.weekday(), starts=time(10), ends=time(16))
    InfusionFactory(clinician=kim, course__patient__site=elsewhere, starts_at=AT)
    [lane] = look(by=CLINICIAN, clinician=kim.pk).days[0].lanes
    assert gaps(lane) == [("10:00", "13:00"), ("14:45", "16:00")]
    assert [(shade.kind, shade.why) for shade in lane.shades if shade.kind == "closed"] == [
        ("closed", "at another clinic")
    ]


def test_why_somebody_is_away_stays_at_the_site_that_wrote_it_down(look, site):
    elsewhere = SiteFactory()
    kim = StaffFactory(role=Role.CLINICIAN, sites=[site, elsewhere], full_name="Kim Larsen")
    WorkingHours.objects.create(staff=kim, site=site, weekday=TUESDAY.weekday(), starts=time(10), ends=time(18))
    for where, hours, reason in ((elsewhere, 0, "Surgery"), (site, 2, "Course")):
        begins = AT + timedelta(hours=hours)
        Closure.objects.create(
            site=where, clinician=kim, starts_at=begins, ends_at=begins + timedelta(hours=1), reason=reason
        )
    [lane] = look(by=CLINICIAN, clinician=kim.pk).days[0].lanes
    shades = [(shade.start, shade.why) for shade in lane.shades if shade.kind == "closed"]
    assert sorted(shades) == [("13:00", ""), ("15:00", "Course")]


@pytest.mark.parametrize("days", [1, 7])
def test_a_visit_over_midnight_takes_time_on_the_next_day_too(days, look, site, book):
    """Named where it begins; the day it ends on only has less free time."""
    site.opening_hours.all().delete()
    for weekday in range(7):
        OpeningHours.objects.create(site=site, weekday=weekday, opens=time(0), closes=time(23, 59))
    book(at=datetime(2026, 3, 4, 4, 0, tzinfo=UTC), room=RoomFactory(site=site))  # Tuesday, 23:00 to 00:40
    board = look(first=TUESDAY + timedelta(days=1) if days == 1 else TUESDAY, days=days)
    wednesday = next(day for day in board.days if day.day.day == 4)
    [lane] = wednesday.lanes
    assert [(shade.kind, shade.start, shade.end) for shade in lane.shades if shade.kind == "taken"] == [
        ("taken", "00:00", "00:55")
    ]
    assert gaps(lane) == [("01:00", "23:59")]
    assert (wednesday.total, len(blocks(board))) == (0, days // 7)


def test_a_filter_hides_names_and_never_makes_time_look_free(look, site, book):
    room = RoomFactory(site=site)
    book(at=AT, room=room)
    lane = look(name="nobody of this name").days[0].lanes[0]
    assert [(shade.kind, shade.start, shade.end) for shade in lane.shades] == [("taken", "13:00", "14:55")]
    assert gaps(lane) == [("09:45", "13:00"), ("15:00", "18:00")]


@pytest.mark.parametrize("typed", ["maya", "MÁYA", "aya tr"])
def test_a_name_is_found_without_its_accents_and_capitals(look, book, typed):
    book(at=AT)
    assert look(name=typed).total == 1


def test_only_those_without_a_sure_way_home(look, book, now):
    sure, unsure = book(at=AT), book(at=AT)
    CommitmentFactory(infusion=sure, status=CommitmentStatus.RECONFIRMED, answered_at=now, reconfirmed_at=now)
    assert [block.pk for block in blocks(look(only_risk=True))] == [unsure.pk]


def test_a_week_counts_each_day(look, book):
    book(at=AT)
    book(at=AT + timedelta(days=1))
    book(at=AT + timedelta(days=1))
    board = look(days=3)
    assert [(day.total, day.none, day.at_risk) for day in board.days] == [(1, 1, 0), (2, 2, 0), (0, 0, 0)]
    assert (board.total, board.none) == (3, 3)


def test_what_does_not_take_place_stands_below(look, book, now):
    visit = book(at=AT, status=InfusionStatus.CANCELLED, cancelled_at=now, off_reason="A cold")
    board = look()
    assert (blocks(board), [(off.pk, off.at, off.why) for off in board.off]) == ([], [(visit.pk, "13:00", "A cold")])


def test_a_room_out_of_use_is_shown_while_it_holds_a_visit(look, site, book):
    book(at=AT, room=RoomFactory(site=site, name="Old", is_active=False))
    RoomFactory(site=site, name="Older", is_active=False)
    assert [lane.owner.name for lane in look().days[0].lanes] == ["Old"]


def test_the_stamp_changes_with_what_is_shown_and_only_then(look, book, now):
    visit = book(at=AT)
    before = look().stamp
    assert look().stamp == before
    CommitmentFactory(infusion=visit, status=CommitmentStatus.ACCEPTED, answered_at=now)
    assert look().stamp != before


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_on_a_day_the_clocks_change_wall_times_stay_in_place(look, book, day):
    """23 and 25 hours long: a visit across the change is as long as the wall clock says, and no day breaks the grid."""
    book(at=datetime(day.year, day.month, day.day, 5, 30, tzinfo=UTC))
    book(at=datetime(day.year, day.month, day.day, 18, 0, tzinfo=UTC))
    night, noon = blocks(look(first=day))
    local = {date(2026, 3, 8): ("00:30–03:10", "14:00–15:40"), date(2026, 11, 1): ("01:30–02:10", "13:00–14:40")}
    assert (night.when, noon.when) == local[day]


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize("by", ["room", "clinician"])
@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_depends_on_nothing(look, site, book, days, by, rows, django_assert_num_queries):
    for _each in range(rows):
        CommitmentFactory(infusion=book(at=AT))
        Closure.objects.create(site=site, starts_at=AT, ends_at=AT + timedelta(hours=1))
    look()
    with django_assert_num_queries(QUERIES):
        look(days=days, by=by)
