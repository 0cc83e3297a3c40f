"""One patient's part in the story: each act is what a person would have done at that minute."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from operator import attrgetter

from clinic.domain import audit, bookings, infusions, patients, prechecks, wishes
from clinic.domain.slots import Slot
from clinic.enums import DischargeItem, InfusionStatus, Weekday
from clinic.models import Course, Infusion, Patient
from config.demo import circle
from config.demo.clinic import Clinic
from config.demo.people import Person, number
from support.domain import (
    agreeing,
    attesting,
    checkins,
    commitments,
    date_answers,
    day,
    designations,
    handovers,
    own_times,
    people,
)
from support.enums import (
    HOLDING,
    AnsweredVia,
    CheckInKind,
    CommitmentStatus,
    ConsentHow,
    HandoverCheck,
    MayKnow,
    SupportRole,
)
from support.models import CheckIn, Commitment, Designation

WORDING = "I would like this person to help me, and to know what is ticked here."
STAYS_HOURS = 8
CARS = ["grey Honda", "blue Subaru", "white Ford", "red Mazda"]


class Part:
    def __init__(self, clinic: Clinic, *, person: Person | None = None, patient: Patient | None = None) -> None:
        self.clinic = clinic
        self.person = person
        self.known = patient

    @property
    def patient(self) -> Patient:
        if self.known is None:
            raise LookupError("not registered yet")
        return self.known

    def register(self, phone: int, now: datetime) -> None:
        if self.person is None:
            raise LookupError("nobody to register")
        self.known = patients.register(
            site=self.clinic.site,
            actor=self.clinic.desk,
            now=now,
            given_name=self.person.given,
            family_name=self.person.family,
            birth_date=self.person.born,
            language=self.person.language,
            record_number=f"NG-{1000 + phone}",
            phone=number(phone),
            email=f"patient{phone}@example.org",
        )
        agreeing.patient_said_yes(patient=self.patient, witness=self.clinic.desk, now=now)

    def name(self, helper: tuple[str, str, str], *, rank: int, phone: int, now: datetime) -> None:
        given, family, relationship = helper
        designations.name(
            patient=self.patient,
            person_fields={
                "given_name": given,
                "family_name": family,
                "phone": number(phone),
                "email": f"helper{phone}@example.org",
                "is_adult": True,
            },
            roles=[SupportRole.RIDE, SupportRole.FOLLOWUP],
            rank=rank,
            may_know=list(MayKnow.values),
            relationship=relationship,
            consent_how=ConsentHow.IN_PERSON,
            witness=self.clinic.desk,
            wording=WORDING,
            now=now,
        )

    def welcome_texts(self, now: datetime) -> None:
        """The first helper says at the desk that texts are fine, and is asked by text from then on."""
        people.agree_to_messages(person=self.helper().person, witness=self.clinic.desk, now=now)

    def say_when(self, now: datetime) -> None:
        """Mornings early in the week do not suit; the first helper works on Thursdays, the second until three on every
        other day."""
        wishes.add(
            patient=self.patient,
            weekdays=[Weekday.MONDAY],
            starts=time.min,
            ends=time(11),
            suits=False,
            actor=self.clinic.desk,
            now=now,
        )
        first, second = Designation.objects.filter(patient=self.patient).order_by("rank")
        desk, week = audit.staff(self.clinic.desk), [day for day in Weekday if day < Weekday.SATURDAY]
        own_times.state(designation=first, can=False, weekdays=[Weekday.THURSDAY], actor=desk, now=now)
        own_times.state(designation=second, can=True, weekdays=[Weekday.THURSDAY], actor=desk, now=now)
        others = [day for day in week if day != Weekday.THURSDAY]
        own_times.state(designation=second, can=True, weekdays=others, starts=time(15), actor=desk, now=now)

    def book_series(self, slots: Sequence[Slot], now: datetime) -> None:
        bookings.book_series(
            patient=self.patient, protocol=self.clinic.protocol, slots=slots, actor=self.clinic.desk, now=now
        )

    def book_one(self, slot: Slot, now: datetime) -> None:
        """One more visit: a place of the open course, or a course of its own."""
        course = Course.objects.create(
            patient=self.patient, protocol=self.clinic.protocol, sessions=1, opened_at=now, opened_by=self.clinic.desk
        )
        bookings.place(course=course, slot=slot, actor=self.clinic.desk, now=now)

    # --- the helper -------------------------------------------------------------------------------

    def helper(self) -> Designation:
        return (
            Designation.objects.filter(patient=self.patient, withdrawn_at=None)
            .select_related("person")
            .order_by("rank", "pk")[0]
        )

    def say_yes(self, starts: Sequence[datetime], now: datetime) -> None:
        """Each date is taken by the first who is asked for it. Before the first of them a helper read what it involves,
        and said how long they can stay."""
        asked = Commitment.objects.filter(infusion__patient=self.patient, status=CommitmentStatus.ASKED)
        rides = asked.filter(role=SupportRole.RIDE, for_starts_at__in=list(starts)).order_by("designation__rank", "pk")
        first: dict[int, Commitment] = {}
        for row in rides.select_related("designation__person"):
            first.setdefault(row.infusion_id, row)
        for helper, mine in groupby(first.values(), key=attrgetter("designation")):
            if attesting.needed(helper.person):
                attesting.attest(person=helper.person, stay_hours=STAYS_HOURS, via=AnsweredVia.LINK, now=now)
            take = {row.pk for row in mine}
            date_answers.answer_dates(designation=helper, take=take, now=now, via=AnsweredVia.LINK)

    def ride(self, starts: datetime) -> Commitment:
        rides = Commitment.objects.filter(infusion=self.visit(starts), role=SupportRole.RIDE, status__in=HOLDING)
        return rides.get()

    def reconfirm(self, starts: datetime, now: datetime) -> None:
        commitments.reconfirm(commitment=self.ride(starts), via=AnsweredVia.LINK, now=now)

    def step_back(self, starts: datetime, now: datetime) -> None:
        commitments.withdraw(commitment=self.ride(starts), via=AnsweredVia.LINK, now=now)

    def nobody_can(self, starts: datetime, now: datetime) -> None:
        """Everybody who was asked says no; the clinic lets the patient stay longer."""
        visit = self.visit(starts)
        for row in Commitment.objects.filter(infusion=visit, role=SupportRole.RIDE).order_by("pk"):
            commitments.decline(commitment=row, via=AnsweredVia.LINK, now=now)
        circle.stay_longer(self.clinic, visit, now + timedelta(hours=1))

    def helper_outside(self, starts: datetime, now: datetime) -> None:
        ride = self.ride(starts)
        day.outside(commitment=ride, car=CARS[ride.pk % len(CARS)], now=now)

    # --- the visit --------------------------------------------------------------------------------

    def visit(self, starts: datetime) -> Infusion:
        return Infusion.objects.select_related("site", "patient").get(patient=self.patient, starts_at=starts)

    def say_beforehand(self, starts: datetime, now: datetime) -> None:
        """The patient, by their own link: how they like it in the room, and the questions of the evening before."""
        visit = self.visit(starts)
        circle.say_wishes(visit, now)
        circle.answer_questions(visit, now)

    def arrive(self, starts: datetime, now: datetime) -> None:
        infusions.arrive(infusion=self.visit(starts), actor=self.clinic.desk, now=now)

    def start(self, starts: datetime, now: datetime) -> None:
        visit, nurse = self.visit(starts), self.clinic.nurse
        answers = dict.fromkeys(prechecks.asked_of(infusion=visit), False)
        prechecks.answer(infusion=visit, answers=answers, actor=nurse, now=now)
        infusions.start(infusion=visit, actor=nurse, now=now)

    def recover(self, starts: datetime, now: datetime) -> None:
        infusions.recover(infusion=self.visit(starts), actor=self.clinic.nurse, now=now)

    def ready(self, starts: datetime, now: datetime) -> None:
        infusions.ready(infusion=self.visit(starts), actor=self.clinic.nurse, now=now)

    def hand_over(self, starts: datetime, now: datetime) -> None:
        visit = self.visit(starts)
        handovers.accept(handover=visit.handover, now=now - timedelta(minutes=2), actor="system")
        handovers.complete(
            infusion=visit,
            commitment=self.ride(starts),
            check_by=HandoverCheck.CODE,
            words=(visit.handover.patient_word, visit.handover.helper_word),
            score=9,
            checked=list(DischargeItem),
            instructions_given=True,
            actor=self.clinic.nurse,
            now=now,
        )

    def say_home(self, starts: datetime, now: datetime) -> None:
        handovers.say_home(infusion=self.visit(starts), now=now, actor="system")

    def say_fine(self, starts: datetime, kind: CheckInKind, now: datetime) -> None:
        """Patient and helper answer, where they were asked and it is still open."""
        asked = CheckIn.objects.filter(
            infusion=self.visit(starts), kind=kind, due_at__lte=now, closes_at__gt=now, answered_at=None
        )
        for row in asked:
            answer = "fine" if row.designation_id is None else "as_expected"
            checkins.answer(checkin=row, answer=answer, note="", now=now, actor="system")

    def close(self, visit: Infusion) -> None:
        """A visit of a day gone by that the demo was stopped in the middle of: it ends as it was planned."""
        at = max(filter(None, [visit.ends_at, visit.ready_at, visit.released_at]))
        if visit.status == InfusionStatus.BOOKED:
            infusions.no_show(infusion=visit, actor=self.clinic.nurse, now=at)
        elif visit.status == InfusionStatus.ARRIVED:
            infusions.cancel(infusion=visit, actor=self.clinic.nurse, now=at, reason="Not today after all.")
        elif visit.status in {InfusionStatus.STARTED, InfusionStatus.RECOVERING, InfusionStatus.READY}:
            self.finish(visit, at)
        elif visit.status == InfusionStatus.RELEASED:
            handovers.say_home(infusion=visit, now=at + timedelta(minutes=30), actor="system")

    def finish(self, visit: Infusion, at: datetime) -> None:
        steps = [InfusionStatus.STARTED, InfusionStatus.RECOVERING, InfusionStatus.READY]
        acts = [self.recover, self.ready, self.hand_over, self.say_home]
        for act in acts[steps.index(visit.state) :]:
            at += timedelta(minutes=20)
            act(visit.starts_at, at)
