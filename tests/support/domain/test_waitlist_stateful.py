"""Any order of waiting, cancelling, moving, taking, declining, booking, closing and time going by: no place is sold
twice, nobody is asked against the rules."""

import os
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic.domain import bookings, hours, infusions, moves
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.models import Closure, Course, Infusion
from messaging.domain import quiet
from messaging.models import Message
from support.domain import closing, closing_offers, place_offers, waitlist
from support.domain.closing import Choice
from support.enums import OfferStatus
from support.models import Availability, PlaceOffer, WaitlistEntry
from tests import factories
from tests.support.conftest import Clinic

STARTS = datetime(2026, 3, 11, 17, 30, tzinfo=UTC)
DAY = timedelta(days=1)
NUMBERS = st.integers(0, 4)
SOAK = os.environ.get("HOMEWARD_SOAK") == "1"


class Waiting(RuleBasedStateMachine):
    clinic: Clinic
    courses: list[Course]

    @initialize()
    def empty(self) -> None:
        PlaceOffer.objects.all().delete()
        Message.objects.all().delete()
        WaitlistEntry.objects.filter(closed_at=None).update(closed_at=self.clinic.now, closed_why="next example")
        Closure.objects.all().delete()
        live = Infusion.objects.filter(status="booked")
        live.update(status="cancelled", cancelled_at=self.clinic.now - 30 * DAY, off_reason="next example")
        self.clinic.now = STARTS - timedelta(days=6, hours=4)
        for who in (0, 1):
            self.books(who, who)
        for who in (2, 3, 4):
            self.waits(who, 0)

    def slot(self, number: int) -> Slot:
        return self.clinic.slot(STARTS + (number % 3) * DAY + (number % 2) * timedelta(hours=2))

    def attempt(self, act) -> None:
        with suppress(Refused):
            act()

    @rule(who=NUMBERS, number=NUMBERS)
    def books(self, who, number):
        self.attempt(
            lambda: bookings.place(
                course=self.courses[who], slot=self.slot(number), actor=self.clinic.desk, now=self.clinic.now
            )
        )

    @rule(who=NUMBERS, days=st.integers(0, 2))
    def waits(self, who, days):
        course = self.courses[who]
        booked = Infusion.objects.filter(course=course, status="booked").order_by("-starts_at").first()
        self.attempt(
            lambda: waitlist.join(
                course=course,
                infusion=booked if days else None,
                first_day=STARTS.date(),
                last_day=STARTS.date() + 2 * DAY,
                actor=self.clinic.desk,
                now=self.clinic.now,
            )
        )

    def visit(self, number: int) -> Infusion | None:
        rows = list(Infusion.objects.filter(status="booked").order_by("pk"))
        return rows[number % len(rows)] if rows else None

    @rule(number=NUMBERS)
    def cancels(self, number):
        if visit := self.visit(number):
            self.attempt(
                lambda: infusions.cancel(infusion=visit, actor=self.clinic.desk, now=self.clinic.now, reason="Flu")
            )

    @rule(number=NUMBERS, to=NUMBERS)
    def moves(self, number, to):
        if visit := self.visit(number):
            self.attempt(
                lambda: moves.move(
                    infusion=self.clinic.fresh(visit),
                    slot=self.slot(to),
                    actor=self.clinic.desk,
                    now=self.clinic.now,
                    version=visit.version,
                )
            )

    def offer(self, number: int) -> PlaceOffer | None:
        rows = list(PlaceOffer.objects.order_by("pk"))
        return rows[number % len(rows)] if rows else None

    @rule(number=NUMBERS)
    def takes(self, number):
        if offer := self.offer(number):
            self.attempt(lambda: place_offers.take(offer=offer, now=self.clinic.now, by="link:abc"))

    @rule(who=NUMBERS, number=NUMBERS)
    def books_what_is_offered(self, who, number):
        if offer := self.offer(number):
            slot = place_offers.slot_of(offer)
            self.attempt(
                lambda: bookings.place(course=self.courses[who], slot=slot, actor=self.clinic.desk, now=self.clinic.now)
            )

    @rule(number=NUMBERS)
    def declines(self, number):
        if offer := self.offer(number):
            waitlist.decline(offer=offer, now=self.clinic.now, by="link:abc")

    @rule(number=NUMBERS)
    def closes(self, number):
        start = self.slot(number).starts_at
        hours.close(
            site=self.clinic.site,
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            reason="Snow",
            actor=self.clinic.desk,
            now=self.clinic.now,
        )

    @rule()
    def everybody_hit_is_moved(self):
        for closure in Closure.objects.all():
            visits = list(closing.hit(closure=closure, now=self.clinic.now).select_related(*closing.WITH))
            found = closing_offers.of(closure=closure, visits=visits, now=self.clinic.now)
            choices = [
                Choice(infusion=one, slot=found[one.pk][0].slot, version=one.version) for one in visits if found[one.pk]
            ]
            closing.move_all(closure=closure, choices=choices, actor=self.clinic.desk, now=self.clinic.now)

    @rule(minutes=st.sampled_from([20, 61, 400]))
    def time_goes_by(self, minutes):
        self.clinic.now += timedelta(minutes=minutes)
        waitlist.sweep(now=self.clinic.now)

    @invariant()
    def one_is_asked_about_one_place(self):
        rows = PlaceOffer.objects.filter(status=OfferStatus.OPEN).values_list("room_id", "starts_at")
        assert not [place for place, count in Counter(rows).items() if count > 1]

    @invariant()
    def an_open_offer_is_of_a_free_place_and_of_somebody_who_waits(self):
        for offer in PlaceOffer.objects.filter(status=OfferStatus.OPEN).select_related("entry"):
            assert offer.entry.closed_at is None
            live = Infusion.objects.exclude(status="cancelled").filter(room=offer.room)
            assert not live.filter(starts_at__lte=offer.starts_at, room_free_at__gt=offer.starts_at).exists()

    @invariant()
    def a_taken_place_is_one_visit(self):
        taken = PlaceOffer.objects.filter(status=OfferStatus.TAKEN).values_list("infusion_id", flat=True)
        assert len(taken) == len(set(taken))

    @invariant()
    def nobody_is_asked_too_often_or_at_night(self):
        zone = self.clinic.site.zone
        asked: Counter[tuple[int, object]] = Counter()
        for patient, at in PlaceOffer.objects.values_list("entry__course__patient_id", "offered_at"):
            asked[patient, local_day(moment=at, zone=zone)] += 1
            assert not quiet.is_quiet(moment=at, zone=zone)
            assert not quiet.is_quiet(moment=at + timedelta(minutes=59), zone=zone)
        assert max(asked.values(), default=0) <= 2


@pytest.mark.soak
def test_any_order_of_waiting_and_taking(clinic):
    def named(**fields):
        course = factories.CourseFactory(
            patient__site=clinic.site, protocol=clinic.protocol, opened_by=clinic.desk, sessions=2
        )
        person = factories.DesignationFactory(patient=course.patient).person
        for weekday in range(7):
            Availability.objects.create(person=person, can=True, weekday=weekday)
        return course

    Waiting.clinic = clinic
    Waiting.courses = [named() for _person in range(5)]
    run_state_machine_as_test(
        Waiting,
        settings=settings(
            max_examples=100 if SOAK else 25,
            stateful_step_count=12,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
