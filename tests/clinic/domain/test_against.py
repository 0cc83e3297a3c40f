"""Everything that speaks against a place, at once; soft rules give way to a reason, hard ones to nobody."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.domain import against, bookings, moves
from clinic.domain.errors import AgainstRules
from clinic.domain.slots import Slot
from clinic.enums import Attendant, Equipment, Role, SoftRule
from clinic.models import AuditEntry, Closure, Course, Infusion, OpeningHours, RuleOverride, WorkingHours
from tests.clinic.conftest import House
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    InfusionFactory,
    PatientFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)  # Tuesday, in New York
DAY = timedelta(days=1)
Says = list[tuple[str, str]]


def at(house: House, start: datetime = NINE, room: int = 0, clinician: int = 0) -> Slot:
    return Slot(start, house.rooms[room], house.clinicians[clinician])


def course(house: House, **fields) -> Course:
    return CourseFactory(**{"patient": house.patient(), "protocol": house.protocol, "opened_by": house.desk, **fields})


def said(of: Course, slot: Slot, now: datetime, infusion: Infusion | None = None) -> Says:
    found = against.everything(course=of, slot=slot, now=now, infusion=infusion)
    return [("hard" if one.is_hard else one.rule, one.says) for one in found]


def booked(house: House, now: datetime, slot: Slot, of: Course | None = None) -> Infusion:
    return bookings.place(course=of or course(house), slot=slot, actor=house.desk, now=now)


def director(house: House):
    return StaffFactory(role=Role.DIRECTOR, sites=[house.site])


def test_nothing_speaks_against_a_free_place(house: House, now: datetime) -> None:
    assert said(course(house), at(house), now) == []


# --- hard ------------------------------------------------------------------------------------------


def test_who_is_there_already_is_named_once_for_room_clinician_and_patient(house: House, now: datetime) -> None:
    one = booked(house, now, at(house))
    other = course(house, patient=one.patient)
    assert said(other, at(house, NINE + timedelta(minutes=30)), now) == [
        ("hard", f"Room 1 is taken by {one.patient.short_name} from 09:00 to 10:55."),
        ("hard", f"Dr A is with {one.patient.short_name} from 09:00 to 10:40."),
        ("hard", "The patient has another visit from 09:00 to 10:40."),
    ]


def test_the_turnaround_is_the_rooms_alone(house: House, now: datetime) -> None:
    one = booked(house, now, at(house))
    assert said(course(house), at(house, NINE + timedelta(minutes=105)), now) == [
        ("hard", f"Room 1 is taken by {one.patient.short_name} from 09:00 to 10:55.")
    ]


def test_a_patient_of_another_clinic_is_not_named(house: House, now: datetime) -> None:
    elsewhere = PatientFactory(site=SiteFactory(), given_name="Omar")
    InfusionFactory(course=CourseFactory(patient=elsewhere), clinician=house.clinicians[0], starts_at=NINE)
    assert said(course(house), at(house), now) == [
        ("hard", "Dr A is with a patient of another clinic from 09:00 to 10:40.")
    ]


def test_a_visit_about_to_be_moved_is_not_in_its_own_way(house: House, now: datetime) -> None:
    infusion = booked(house, now, at(house))
    assert said(infusion.course, at(house, NINE + timedelta(minutes=15)), now, infusion) == []


def test_a_closed_room_and_an_absent_clinician_are_both_said(house: House, now: datetime) -> None:
    during = {"site": house.site, "starts_at": NINE, "ends_at": NINE + timedelta(hours=1)}
    Closure.objects.create(room=house.rooms[0], **during)
    Closure.objects.create(clinician=house.clinicians[0], **during)
    assert said(course(house), at(house), now) == [
        ("hard", "Room 1 is closed at that time on Tuesday 10 March."),
        ("hard", "Dr A does not work at that time on Tuesday 10 March."),
    ]


def test_a_room_and_a_clinician_of_another_clinic(house: House, now: datetime) -> None:
    slot = Slot(NINE, RoomFactory(name="Annex"), StaffFactory(role=Role.CLINICIAN, full_name="Dr Z"))
    assert said(course(house), slot, now) == [
        ("hard", "Annex is not a room of this clinic that can be booked."),
        ("hard", "Dr Z does not treat patients at this clinic."),
    ]


def test_the_past_and_what_is_too_far_ahead(house: House, now: datetime) -> None:
    made = course(house)
    assert said(made, at(house, now - timedelta(minutes=1)), now) == [
        ("hard", "Tuesday 3 March at 09:40 is in the past.")
    ]
    assert said(made, at(house, NINE.replace(year=2036, day=11)), now) == [
        ("hard", "Tuesday 11 March at 09:00 2036 is too far ahead.")
    ]


def test_a_visit_longer_than_the_clinic_is_ever_open(build_house: Callable[..., House], now: datetime) -> None:
    house = build_house(hours=False)
    OpeningHours.objects.create(site=house.site, weekday=1, opens=time(9), closes=time(10))
    assert said(course(house), at(house), now) == [
        ("hard", "A visit takes 100 minutes. The clinic is never open that long.")
    ]


def test_an_archived_patient(house: House, now: datetime) -> None:
    made = course(house, patient=house.patient(is_archived=True))
    assert said(made, at(house), now) == [("hard", "This record is archived. Nothing can be booked for it.")]


# --- soft ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (NINE - timedelta(hours=2), "This is outside the opening hours on Tuesday 10 March: 08:00–18:00."),
        (
            NINE + timedelta(hours=8),
            "It would end at 18:40, after closing. The clinic is open on Tuesday 10 March: 08:00–18:00.",
        ),
        # Dragged to 23:50: the visit would end on the day after.
        (NINE + timedelta(hours=14, minutes=50), "This is outside the opening hours on Tuesday 10 March: 08:00–18:00."),
    ],
)
def test_outside_the_opening_hours(house: House, now: datetime, start: datetime, sentence: str) -> None:
    assert said(course(house), at(house, start), now) == [(SoftRule.HOURS, sentence)]


def test_a_day_on_which_the_clinic_never_opens(house: House, now: datetime) -> None:
    OpeningHours.objects.filter(weekday=1).delete()
    assert said(course(house), at(house), now) == [(SoftRule.HOURS, "The clinic is closed on Tuesday 10 March.")]


def test_outside_the_clinicians_hours(house: House, now: datetime) -> None:
    WorkingHours.objects.create(staff=house.clinicians[0], site=house.site, weekday=1, starts=time(12), ends=time(18))
    assert said(course(house), at(house), now) == [
        (SoftRule.HOURS, "Dr A does not work at that time on Tuesday 10 March.")
    ]


def test_what_the_room_lacks(house: House, now: datetime) -> None:
    protocol = ProtocolFactory(
        site=house.site,
        needs=[Equipment.MONITOR, Equipment.OXYGEN],
        present=[Attendant.CLINICIAN, Attendant.COMPANION],
    )
    room = RoomFactory(site=house.site, name="Nook", equipment=[Equipment.MONITOR], guest_places=0)
    assert said(course(house, protocol=protocol), Slot(NINE, room, house.clinicians[0]), now) == [
        (SoftRule.EQUIPMENT, "Nook lacks: Oxygen."),
        (SoftRule.GUESTS, "The patient must bring somebody; Nook has no place for a guest."),
    ]


def test_more_guests_than_places(house: House, now: datetime) -> None:
    infusion = booked(house, now, at(house))
    for _helper in range(2):
        CommitmentFactory(infusion=infusion, role="presence", status="accepted", answered_at=now)
    assert said(infusion.course, at(house, NINE + DAY), now, infusion) == [
        (SoftRule.GUESTS, "Said yes to being in the room: 2. Guest places in Room 1: 1.")
    ]


@pytest.mark.parametrize(
    ("number", "days", "sentences"),
    [
        (2, 1, ["Tuesday 10 March and Wednesday 11 March are too close: visits are at least 2 days apart."]),
        (2, 2, []),
        (2, 5, []),
        (2, 6, ["Tuesday 10 March and Monday 16 March are too far apart: at most 5 days."]),
        # The second waits to be placed: the third may leave room for it.
        (3, 10, []),
        (3, 11, ["Tuesday 10 March and Saturday 21 March are too far apart: at most 10 days."]),
        # In the next stage other days hold.
        (4, 33, ["Tuesday 10 March and Sunday 12 April are too far apart: at most 31 days."]),
    ],
)
def test_days_between_visits(house: House, now: datetime, number: int, days: int, sentences: list[str]) -> None:
    protocol = ProtocolFactory(site=house.site, stages=[(3, 2, 3, 5), (2, 7, 14, 21)])
    made = course(house, protocol=protocol)
    booked(house, now, at(house), made)
    moving = InfusionFactory(course=made, number=number, starts_at=NINE + 40 * DAY, room=house.rooms[0])
    assert said(made, at(house, NINE + days * DAY), now, moving) == [(SoftRule.SPACING, one) for one in sentences]


def test_both_neighbours_count(house: House, now: datetime) -> None:
    made = course(house)
    for days in (0, 4):
        booked(house, now, at(house, NINE + days * DAY), made)
    extra = InfusionFactory(course=made, number=3, starts_at=NINE + 9 * DAY, room=house.rooms[0])
    assert [rule for rule, _says in said(made, at(house, NINE + timedelta(days=1)), now, extra)] == [SoftRule.SPACING]
    assert len(said(made, at(house, NINE + timedelta(days=3)), now, extra)) == 1
    assert said(made, at(house, NINE + timedelta(days=2)), now, extra) == []


def test_visits_out_of_their_order_only_keep_the_least_days(house: House, now: datetime) -> None:
    made = course(house)
    InfusionFactory(course=made, number=1, starts_at=NINE + 20 * DAY, room=house.rooms[0])
    extra = InfusionFactory(course=made, number=6, starts_at=NINE + 40 * DAY, room=house.rooms[0])
    assert said(made, at(house), now, extra) == []
    assert [rule for rule, _says in said(made, at(house, NINE + 19 * DAY), now, extra)] == [SoftRule.SPACING]


def test_days_are_the_clinics(house: House, now: datetime) -> None:
    """Elapsed hours say one day less across the change to summer time; the calendar does not."""
    made = course(house)
    booked(house, now, at(house, datetime(2026, 3, 7, 15, tzinfo=UTC)), made)
    extra = InfusionFactory(course=made, number=2, starts_at=NINE + 9 * DAY, room=house.rooms[0])
    assert said(made, at(house, datetime(2026, 3, 9, 13, tzinfo=UTC)), now, extra) == []


# --- overriding ------------------------------------------------------------------------------------

EARLY = NINE - timedelta(hours=2)


def move(house: House, now: datetime, infusion: Infusion, slot: Slot, **more) -> Infusion:
    values = {"actor": house.desk, "version": infusion.version, **more}
    return moves.move(infusion=infusion, slot=slot, now=now, **values)


def test_a_soft_rule_refuses_with_all_sentences(house: House, now: datetime) -> None:
    made = course(house)
    booked(house, now, at(house), made)
    infusion = booked(house, now, at(house, NINE + 3 * DAY), made)
    with pytest.raises(AgainstRules) as refused:
        move(house, now, infusion, at(house, EARLY + DAY))
    assert refused.value.reasons == [
        "This is outside the opening hours on Wednesday 11 March: 08:00–18:00.",
        "Tuesday 10 March and Wednesday 11 March are too close: visits are at least 2 days apart.",
    ]
    assert refused.value.is_soft


def test_the_director_moves_against_soft_rules_with_a_reason(house: House, now: datetime) -> None:
    infusion, actor = booked(house, now, at(house)), director(house)
    moved = move(house, now, infusion, at(house, EARLY), actor=actor, override_reason="  Leaves at noon.  ")
    kept = RuleOverride.objects.get()
    assert (kept.infusion, kept.rules, kept.reason, kept.by, kept.at) == (
        moved,
        [SoftRule.HOURS],
        "Leaves at noon.",
        actor,
        now,
    )
    assert kept.says == ["This is outside the opening hours on Tuesday 10 March: 08:00–18:00."]
    assert AuditEntry.objects.get(verb="infusion.moved.override").note == kept.says[0]


def test_what_was_decided_against_the_rules_never_changes(house: House, now: datetime) -> None:
    infusion = booked(house, now, at(house))
    move(house, now, infusion, at(house, EARLY), actor=director(house), override_reason="Leaves at noon.")
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleOverride.objects.update(reason="Nobody asked.")
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleOverride.objects.all().delete()


@pytest.mark.parametrize(
    ("role", "reason", "last"),
    [
        (Role.FRONT_DESK, "Leaves at noon.", "Your role may not book against the rules."),
        (Role.DIRECTOR, "no", "Say in a few words why it is booked anyway."),
        (Role.DIRECTOR, "  ", "This is outside the opening hours on Tuesday 10 March: 08:00–18:00."),
    ],
)
def test_without_the_role_or_a_reason_nothing_moves(
    house: House, now: datetime, role: str, reason: str, last: str
) -> None:
    infusion = booked(house, now, at(house))
    actor = StaffFactory(role=role, sites=[house.site])
    with pytest.raises(AgainstRules) as refused:
        move(house, now, infusion, at(house, EARLY), actor=actor, override_reason=reason)
    assert refused.value.reasons[-1] == last
    assert RuleOverride.objects.count() == 0


def test_unsigned_rules_let_nobody(build_house: Callable[..., House], now: datetime) -> None:
    actor = StaffFactory(role=Role.DIRECTOR)
    assert not against.may_override(actor=actor, policy=None)


def test_the_director_cannot_move_against_a_hard_rule(house: House, now: datetime) -> None:
    infusion = booked(house, now, at(house))
    Closure.objects.create(site=house.site, starts_at=EARLY, ends_at=NINE)
    with pytest.raises(AgainstRules) as refused:
        move(house, now, infusion, at(house, EARLY), actor=director(house), override_reason="Leaves at noon.")
    assert refused.value.reasons == ["The clinic is closed on Tuesday 10 March."]


def test_an_override_that_keeps_to_the_rules_leaves_no_trace(house: House, now: datetime) -> None:
    infusion = booked(house, now, at(house))
    move(house, now, infusion, at(house, NINE + DAY), actor=director(house), override_reason="Leaves at noon.")
    assert RuleOverride.objects.count() == 0


def test_another_room_at_the_same_time_is_not_asked_about_the_time(
    build_house: Callable[..., House], now: datetime
) -> None:
    house = build_house(rooms=2)
    infusion = booked(house, now, at(house))
    moved = move(house, now, infusion, at(house, EARLY), actor=director(house), override_reason="Leaves at noon.")
    assert said(moved.course, at(house, EARLY, room=1), now, moved) == []
    assert move(house, now, moved, at(house, EARLY, room=1)).room == house.rooms[1]


def test_a_room_that_lacks_something_is_told_at_the_same_time_too(house: House, now: datetime) -> None:
    protocol = ProtocolFactory(site=house.site, needs=[Equipment.OXYGEN])
    house.rooms[0].equipment = [Equipment.OXYGEN]
    house.rooms[0].save()
    nook = RoomFactory(site=house.site, name="Nook")
    infusion = booked(house, now, at(house), course(house, protocol=protocol))
    with pytest.raises(AgainstRules, match="Nook lacks: Oxygen"):
        move(house, now, infusion, Slot(NINE, nook, house.clinicians[0]))


def test_a_move_that_went_against_a_soft_rule_can_be_undone_into_one(house: House, now: datetime) -> None:
    infusion = booked(house, now, at(house))
    moved = move(house, now, infusion, at(house, EARLY), actor=director(house), override_reason="Leaves at noon.")
    again = move(house, now, moved, at(house, NINE + DAY))
    assert moves.undo(infusion=again, actor=house.desk, now=now).starts_at == EARLY


def test_a_series_against_soft_rules_keeps_each_visits_own(house: House, now: datetime) -> None:
    slots = [at(house), at(house, NINE + DAY), at(house, EARLY + 4 * DAY)]
    values = {"patient": house.patient(), "protocol": house.protocol, "slots": slots, "now": now}
    with pytest.raises(AgainstRules):
        bookings.book_series(actor=house.desk, **values)
    made = bookings.book_series(actor=director(house), override_reason="Lives far away.", **values)
    kept = RuleOverride.objects.order_by("infusion__number").values_list("infusion__number", "rules")
    assert list(kept) == [(2, [SoftRule.SPACING]), (3, [SoftRule.HOURS])]
    assert AuditEntry.objects.filter(verb="infusion.booked.override", patient_id=made.patient_id).count() == 2


def test_a_place_is_booked_against_a_soft_rule_with_a_reason(house: House, now: datetime) -> None:
    made = course(house)
    with pytest.raises(AgainstRules, match="outside the opening hours"):
        bookings.place(course=made, slot=at(house, EARLY), actor=house.desk, now=now)
    bookings.place(course=made, slot=at(house, EARLY), actor=director(house), now=now, override_reason="Works nights.")
    assert RuleOverride.objects.get().rules == [SoftRule.HOURS]


def test_the_number_of_questions_is_constant(house: House, now: datetime) -> None:
    counts = []
    said(course(house), at(house), now)
    for visits in (0, 4):
        made = course(house)
        for day in range(visits):
            booked(house, now, at(house, NINE + 3 * day * DAY), made)
        made = Course.objects.select_related("patient__site", "protocol").get(pk=made.pk)
        with CaptureQueriesContext(connection) as queries:
            against.everything(course=made, slot=at(house, NINE + 12 * DAY), now=now)
        counts.append(len(queries))
    assert counts == [2, 3]
