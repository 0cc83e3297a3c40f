"""Any order of booking, moving, undoing, cancelling, closing and taking offered places, also by two desks at once:
PostgreSQL and the rules hold after every step."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic.domain import bookings, hours, infusions, moves
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.enums import OFF, Role
from clinic.models import Closure, Course, Infusion, Move
from messaging.models import Message
from support.domain import place_offers, waitlist
from support.enums import OfferStatus
from support.models import Availability, PlaceOffer, WaitlistEntry
from tests import invariants
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
)

NOON = datetime(2026, 3, 9, 16, tzinfo=UTC)  # Monday, 12:00 in New York
FIRST, LAST = date(2026, 3, 11), date(2026, 3, 17)
STEPS = 40 if os.environ.get("HOMEWARD_SOAK") else 24
EXAMPLES = 150 if os.environ.get("HOMEWARD_SOAK") else 9

slots = st.tuples(st.integers(0, 3), st.sampled_from([9, 10, 11, 13]), st.integers(0, 1), st.integers(0, 1))
picks = st.integers(0, 11)


class Desk(RuleBasedStateMachine):
    """Two rooms, two clinicians, three courses; few places, so that acts collide."""

    @initialize(at_once=st.booleans())
    def opens(self, at_once: bool) -> None:
        self.now = NOON
        self.site = SiteFactory()
        PolicyFactory(site=self.site, waitlist_first_to_take=at_once, waitlist_daily=6)
        self.rooms = [RoomFactory(site=self.site) for _n in range(2)]
        self.clinicians = [StaffFactory(role=Role.CLINICIAN, sites=[self.site]) for _n in range(2)]
        self.desk = StaffFactory(sites=[self.site])
        protocol = ProtocolFactory(site=self.site, stages=[(3, 1, 2, 30)])
        self.courses: list[Course] = []
        for n in range(3):
            patient = PatientFactory(site=self.site)
            named = DesignationFactory(patient=patient, person__site=self.site, witnessed_by=self.desk)
            Availability.objects.create(person=named.person, can=True, first_day=FIRST, last_day=FIRST + timedelta(30))
            course = CourseFactory(patient=patient, protocol=protocol, opened_by=self.desk)
            self.courses.append(course)
            self.attempt(self.booking(n, (n, 9, 0, 0)))
            if n:
                waitlist.join(course=course, first_day=FIRST, last_day=LAST, actor=self.desk, now=self.now)

    # --- what a desk can do -----------------------------------------------------------------------

    def slot(self, place: tuple[int, int, int, int]) -> Slot:
        day, hour, room, clinician = place
        start = datetime(2026, 3, 11, hour + 4, tzinfo=UTC) + timedelta(days=day)
        return Slot(starts_at=start, room=self.rooms[room], clinician=self.clinicians[clinician])

    def visit(self, pick: int) -> Infusion | None:
        rows = list(Infusion.objects.filter(site=self.site).order_by("pk"))
        return rows[pick % len(rows)] if rows else None

    def booking(self, pick: int, place: tuple[int, int, int, int]) -> Callable[[], object]:
        course, slot, now = self.courses[pick % 3], self.slot(place), self.now
        return lambda: bookings.place(course=course, slot=slot, actor=self.desk, now=now)

    def moving(self, pick: int, place: tuple[int, int, int, int]) -> Callable[[], object]:
        row, slot, now = self.visit(pick), self.slot(place), self.now
        if row is None:
            return lambda: None
        return lambda: moves.move(infusion=row, slot=slot, actor=self.desk, now=now, version=row.version)

    def undoing(self, pick: int, place: object) -> Callable[[], object]:
        row, now = self.visit(pick), self.now
        return lambda: row and moves.undo(infusion=row, actor=self.desk, now=now)

    def cancelling(self, pick: int, place: object) -> Callable[[], object]:
        row, now = self.visit(pick), self.now
        return lambda: row and infusions.cancel(infusion=row, actor=self.desk, now=now, reason="rest")

    def closing(self, pick: int, place: tuple[int, int, int, int]) -> Callable[[], object]:
        slot, now = self.slot(place), self.now
        whose = [{}, {"room": slot.room}, {"clinician": slot.clinician}][pick % 3]
        return lambda: hours.close(
            site=self.site,
            starts_at=slot.starts_at,
            ends_at=slot.starts_at + timedelta(hours=2),
            reason="snow",
            actor=self.desk,
            now=now,
            **whose,
        )

    def taking(self, pick: int, place: object) -> Callable[[], object]:
        rows = list(PlaceOffer.objects.filter(site=self.site).order_by("pk"))
        offer, now = (rows[pick % len(rows)] if rows else None), self.now
        return lambda: offer and place_offers.take(offer=offer, now=now, by="desk", actor=self.desk)

    acts = st.sampled_from(
        ["booking", "moving", "taking", "booking", "cancelling", "moving", "undoing", "booking", "taking", "closing"]
    )

    @rule(act=acts, pick=picks, place=slots)
    def one_acts(self, act: str, pick: int, place: tuple[int, int, int, int]) -> None:
        self.refused_or_done([self.attempt(getattr(self, act)(pick, place))])

    @rule(one=acts, other=acts, picked=st.tuples(picks, picks), places=st.tuples(slots, slots), same=st.booleans())
    def two_act_at_once(self, one: str, other: str, picked: tuple[int, int], places: tuple, same: bool) -> None:
        works = [getattr(self, one)(picked[0], places[0]), getattr(self, other)(picked[1], places[0 if same else 1])]
        answers: list[object] = [None, None]
        start = Barrier(2)

        def run(number: int) -> None:
            start.wait()
            answers[number] = self.attempt(works[number])
            connection.close()

        threads = [Thread(target=run, args=[number]) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.refused_or_done(answers)

    @rule(pick=picks)
    def somebody_waits(self, pick: int) -> None:
        course = self.courses[pick % 3]
        self.attempt(
            lambda: waitlist.join(course=course, first_day=FIRST, last_day=LAST, actor=self.desk, now=self.now)
        )

    @rule(pick=picks)
    def it_opens_again(self, pick: int) -> None:
        rows = list(Closure.objects.filter(site=self.site).order_by("pk"))
        if rows:
            hours.reopen(closure=rows[pick % len(rows)], actor=self.desk, now=self.now)

    @rule(minutes=st.sampled_from([5, 11, 70]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        waitlist.sweep(now=self.now)

    def attempt(self, act: Callable[[], object]) -> object:
        try:
            return act()
        except Refused as refused:
            return refused

    def refused_or_done(self, answers: list[object]) -> None:
        """Nobody is told yes about a visit that is not there."""
        for answer in answers:
            if isinstance(answer, Infusion):
                assert Infusion.objects.filter(pk=answer.pk, version__gte=answer.version).exists()

    # --- what holds whatever they do --------------------------------------------------------------

    @invariant()
    def what_must_always_hold_holds(self) -> None:
        invariants.check_all(connection)

    @invariant()
    def nobody_has_two_visits_on_one_day(self) -> None:
        days = [(row.patient_id, local_day(moment=row.starts_at, zone=self.site.zone)) for row in self.live()]
        assert len(days) == len(set(days))

    @invariant()
    def nothing_was_put_into_a_closure(self) -> None:
        """What stands in one was there before it was closed."""
        closures = list(Closure.objects.filter(site=self.site))
        for row in self.live():
            placed = max([row.booked_at, *Move.objects.filter(infusion=row).values_list("at", flat=True)])
            for closed in closures:
                meets = closed.starts_at < row.ends_at and row.starts_at < closed.ends_at
                whose = closed.room_id in (None, row.room_id) and closed.clinician_id in (None, row.clinician_id)
                assert not (meets and whose) or closed.created_at >= placed

    @invariant()
    def a_place_that_was_offered_went_to_one(self) -> None:
        taken = PlaceOffer.objects.filter(site=self.site, status=OfferStatus.TAKEN)
        assert len(set(taken.values_list("infusion_id", flat=True))) == len(taken)
        waiting = WaitlistEntry.objects.filter(course__in=self.courses, closed_at=None)
        assert waiting.count() == len(set(waiting.values_list("course_id", flat=True)))

    @invariant()
    def who_waits_in_the_outbox_waits_for_the_present_time(self) -> None:
        for row in self.live():
            pending = Message.objects.filter(scope=f"infusion:{row.pk}", status="pending", plan_version__gt=0)
            assert set(pending.values_list("about_at", flat=True)) <= {row.starts_at, None}

    def live(self) -> list[Infusion]:
        if not hasattr(self, "site"):
            return []
        return list(Infusion.objects.filter(site=self.site).exclude(status__in=OFF))


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_no_order_of_acts_breaks_the_schedule() -> None:
    run_state_machine_as_test(
        Desk,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            # A failing example is short enough as it is found; making it shorter takes minutes of a database's time.
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
