"""What the desk is told before a move is what the move does: nothing more, nothing less, and nothing before."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta
from itertools import count

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.domain import moves
from clinic.domain.errors import AgainstRules, Refused, StaleVersion, Taken
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.models import Infusion
from support.domain import commitments, feeds, proposal, ripple
from support.enums import SupportRole
from support.models import Availability
from tests.factories import RoomFactory
from tests.support.conftest import Clinic

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def everything_stored() -> dict[str, str]:
    """A digest of every table. Sequences do not count."""
    with connection.cursor() as cursor:
        digests = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
            )
            digests[table] = cursor.fetchone()[0]
        return digests


def rehearse(clinic: Clinic, visit: Infusion, to: datetime | Slot, **more) -> ripple.Ripple:
    fresh = clinic.fresh(visit)
    slot = to if isinstance(to, Slot) else clinic.slot(to)
    values = {"actor": clinic.desk, "now": clinic.now, "version": fresh.version, **more}
    return ripple.rehearse(infusion=fresh, slot=slot, **values)


def really(clinic: Clinic, visit: Infusion, slot: Slot, **more) -> ripple.Ripple:
    fresh = clinic.fresh(visit)
    before = ripple.take(infusion=fresh, slot=slot, now=clinic.now)
    values = {"actor": clinic.desk, "now": clinic.now, "version": fresh.version, **more}
    moves.move(infusion=fresh, slot=slot, **values)
    return ripple.since(before=before, infusion=fresh, slot=slot, now=clinic.now)


def test_who_said_yes_is_asked_again_and_the_clock_times_change(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    sam, jo = clinic.named("Sam"), clinic.named("Jo")
    clinic.yes(sam, visit)
    Availability.objects.create(person=sam.person, can=True, weekday=3, starts=time(8), ends=time(18))
    Availability.objects.create(person=jo.person, can=False, weekday=3)
    found = rehearse(clinic, visit, next_week + DAY)
    assert [(one.name, one.before, one.after, one.suits) for one in found.people] == [
        ("Sam", "accepted", "asked", True),
        # Who said that they cannot then is not asked.
        ("Jo", "covered", "", None),
    ]
    assert found.fasting_after.no_food_after - found.fasting_before.no_food_after == DAY
    assert (found.before.starts_at, found.after.starts_at) == (next_week, next_week + DAY)


def test_who_is_there_for_the_evening_is_not_judged_by_the_hours_of_the_treatment(
    clinic: Clinic, next_week: datetime
) -> None:
    visit = clinic.book(next_week)
    sam = clinic.named("Sam", roles=(SupportRole.RIDE, SupportRole.FOLLOWUP))
    jo = clinic.named("Jo", roles=(SupportRole.FOLLOWUP,))
    lee = clinic.named("Lee", roles=(SupportRole.FOLLOWUP,))
    for one, until in ((sam, time(18)), (jo, time(23, 59)), (lee, time(18))):
        Availability.objects.create(person=one.person, can=True, weekday=3, starts=time(8), ends=until)
    found = proposal.of_move(
        infusion=clinic.fresh(visit),
        slot=clinic.slot(next_week + DAY),
        actor=clinic.desk,
        now=clinic.now,
        version=visit.version,
    )
    assert [(line.word, line.says) for line in found.people] == [
        ("Suits", "Sam is asked about the new time. Thursday 13:30 suits Sam."),
        ("Evening after", "Jo is asked about the new time."),
        ("Not asked", "Lee is not asked: Thursday 13:30 does not suit, or they are not on the list then."),
    ]


def test_nobody_is_said_to_be_asked_whom_no_message_asks(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    clinic.named("Marta", agreed=False)
    found = proposal.of_move(
        infusion=clinic.fresh(visit),
        slot=clinic.slot(next_week + DAY),
        actor=clinic.desk,
        now=clinic.now,
        version=visit.version,
    )
    (line,) = found.people
    assert line.says.startswith("Marta was invited and is not written to again until they answer: please call.")
    assert {(note.what, note.channel) for note in found.ripple.sent if note.to == "Marta"} <= {
        ("Can they help?", "Call")
    }


def test_the_messages_are_shown_with_time_and_words(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    sam = clinic.named("Sam")
    clinic.yes(sam, visit)
    found = rehearse(clinic, visit, next_week + DAY)
    at_once = [(note.what, note.to, note.channel) for note in found.sent if note.due_at == clinic.now]
    assert at_once == [
        ("Asked for the new time", sam.person.full_name, "Text"),
        ("The time changed", clinic.patient.full_name, "Text"),
    ]
    words = [note.words for note in found.sent if note.what == "The time changed"]
    assert "Thu 12 Mar 13:30" in words[0]
    assert all(note.words and not note.why and "[link]" in note.words for note in found.sent)
    assert {note.what for note in found.dropped} >= {"Reminder, three days before", "Still all right for tomorrow?"}


def test_another_room_at_the_same_time_asks_nobody(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    clinic.yes(clinic.named("Sam"), visit)
    slot = Slot(next_week, RoomFactory(site=clinic.site), clinic.staff[Role.CLINICIAN])
    found = rehearse(clinic, visit, slot)
    assert (found.people, found.sent, found.dropped, found.is_new_time) == ((), (), (), False)


def test_a_move_to_the_same_place_does_nothing(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    found = rehearse(clinic, visit, next_week)
    assert (found.is_nowhere, found.people, found.sent, found.dropped, found.calendars) == (True, (), (), (), ())


def test_nobody_to_write_to_is_a_call(clinic: Clinic, next_week: datetime) -> None:
    clinic.patient.phone = clinic.patient.email = ""
    clinic.patient.save()
    visit = clinic.book(next_week)
    assert rehearse(clinic, visit, next_week + DAY).alerts == ("Please call Maya: the visit is now Thu 12 Mar 13:30.",)


def test_calendars_by_address_get_the_next_step(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    room = RoomFactory(site=clinic.site, name="Room B")
    for owner in (clinic.patient, clinic.room, room):
        feeds.make(owner=owner, site=clinic.site, actor="system", now=clinic.now - timedelta(hours=1))
    slot = Slot(next_week + DAY, room, clinic.staff[Role.CLINICIAN])
    found = {one.whose: (one.status, one.steps) for one in rehearse(clinic, visit, slot).calendars}
    assert found == {
        clinic.patient.short_name: ("CONFIRMED", 1),
        clinic.room.name: ("CANCELLED", 1),
        "Room B": ("CONFIRMED", 2),
    }


def test_the_rehearsal_leaves_nothing(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    clinic.yes(clinic.named("Sam"), visit)
    before = everything_stored()
    rehearse(clinic, visit, next_week + DAY)
    assert everything_stored() == before


def test_what_the_move_would_refuse_the_rehearsal_refuses_and_leaves_nothing(
    clinic: Clinic, next_week: datetime
) -> None:
    visit = clinic.book(next_week, next_week + 3 * DAY)
    other = clinic.fresh(visit).course.infusions.order_by("starts_at")[1]
    before = everything_stored()
    with pytest.raises(Taken):
        rehearse(clinic, visit, other.starts_at + timedelta(minutes=15), actor=clinic.staff[Role.DIRECTOR])
    with pytest.raises(StaleVersion):
        rehearse(clinic, visit, next_week + DAY, version=7)
    with pytest.raises(AgainstRules):
        rehearse(clinic, visit, next_week - timedelta(hours=8))
    assert everything_stored() == before


def test_the_director_sees_what_going_against_a_rule_would_do(clinic: Clinic, next_week: datetime) -> None:
    visit = clinic.book(next_week)
    found = rehearse(clinic, visit, next_week - timedelta(hours=8), actor=clinic.staff[Role.DIRECTOR])
    assert found.against == ("This is outside the opening hours on Wednesday 11 March: 08:00–18:00.",)


def test_the_lock_is_waited_for_as_usual_afterwards(clinic: Clinic, next_week: datetime) -> None:
    rehearse(clinic, clinic.book(next_week), next_week + DAY)
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("3s",)


def outcome(work: Callable[[], ripple.Ripple]) -> ripple.Ripple | tuple[str, list[str]]:
    try:
        return work()
    except Refused as refused:
        return type(refused).__name__, refused.reasons


NAMES = ("Sam", "Lee", "Jo")
ANSWERS = ("nothing", "yes", "no", "confirmed", "stepped back")
numbers = count(1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(st.sampled_from(ANSWERS), max_size=3),
    roles=st.lists(st.sampled_from([(SupportRole.RIDE,), (SupportRole.RIDE, SupportRole.PRESENCE)]), min_size=3),
    agreed=st.lists(st.booleans(), min_size=3, max_size=3),
    said=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=4),
    is_mute=st.booleans(),
    hours=st.integers(-7 * 24, 9 * 24),
    minutes=st.sampled_from([0, 15, 50]),
    new_room=st.booleans(),
    as_director=st.booleans(),
    evening=st.booleans(),
)
def test_rehearsed_is_done(
    clinic: Clinic,
    next_week: datetime,
    answers: list[str],
    roles: list[tuple[SupportRole, ...]],
    agreed: list[bool],
    said: list[tuple[bool, int]],
    is_mute: bool,
    hours: int,
    minutes: int,
    new_room: bool,
    as_director: bool,
    evening: bool,
) -> None:
    """The same difference, read in the rehearsal and after the real move."""
    now = clinic.now + timedelta(hours=11) if evening else clinic.now
    clinic.room = RoomFactory(site=clinic.site)
    person = {"phone": "", "email": ""} if is_mute else {}
    clinic.patient = type(clinic.patient).objects.create(
        site=clinic.site, given_name="Omar", birth_date=clinic.patient.birth_date, record_number=f"P{next(numbers)}"
    )
    infusion = clinic.book(next_week)
    for name, answer, its_roles, has_agreed in zip(NAMES, answers, roles, agreed, strict=False):
        named = clinic.named(name, roles=its_roles, agreed=has_agreed, **person)
        # Where somebody else has the way home already, the answer is refused and the question stays.
        with suppress(Refused):
            if answer in {"yes", "confirmed", "stepped back"}:
                clinic.yes(named, infusion)
            if answer == "confirmed":
                commitments.reconfirm(commitment=clinic.promise(named, infusion), via="link", now=clinic.now)
            if answer in {"no", "stepped back"}:
                commitments.decline(commitment=clinic.promise(named, infusion), via="link", now=clinic.now)
        for can, weekday in said:
            Availability.objects.create(person=named.person, can=can, weekday=weekday)
        feeds.make(owner=named, site=clinic.site, actor="system", now=clinic.now)
    room = RoomFactory(site=clinic.site) if new_room else clinic.room
    slot = Slot(next_week + timedelta(hours=hours, minutes=minutes), room, clinic.staff[Role.CLINICIAN])
    actor = clinic.staff[Role.DIRECTOR] if as_director else clinic.desk
    before = everything_stored()
    rehearsed = outcome(lambda: rehearse(clinic, infusion, slot, actor=actor, now=now))
    assert everything_stored() == before
    clinic.now = now
    done = outcome(lambda: really(clinic, infusion, slot, actor=actor, override_reason="Asked for it."))
    assert done == rehearsed
    Infusion.objects.filter(pk=infusion.pk).update(status="cancelled", cancelled_at=now, off_reason="over")
