"""Whatever somebody prefers: the plan keeps to it, and asks for less it says less of the same."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from clinic.enums import ReachBy
from clinic.models import Infusion, Patient, Site
from messaging.domain import consents, quiet
from messaging.domain.standing import Standing
from messaging.models import Message
from support.domain import (
    commitments,
    designations,
    links,
    people,
    plan,
    preferences,
    purposes,
    replan,
    rules,
    texting_hours,
    visit_state,
)
from support.enums import Purpose
from support.models import Commitment, Designation, Link
from tests.support.conftest import Clinic
from tests.support.domain.test_plan import LONG_AGO, STARTS, accepted, confirmed, helper, pledge, reach, visit

ZONES = ["America/New_York", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata"]
WALLS = st.times(min_value=time(0), max_value=time(23, 45)).map(lambda wall: wall.replace(second=0, microsecond=0))
QUIET = st.none() | st.tuples(WALLS, WALLS).filter(lambda pair: pair[0] != pair[1])


@st.composite
def reaches(draw, recipient: str):
    quiet = draw(QUIET) or (None, None)
    return reach(
        recipient,
        texts=frozenset(draw(st.sets(st.sampled_from(Purpose.values)))),
        emails=frozenset(draw(st.sets(st.sampled_from(Purpose.values)))),
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        prefers=draw(st.sampled_from(["", *ReachBy.values])),
        quiet_from=quiet[0],
        quiet_until=quiet[1],
        less=draw(st.booleans()),
    )


@st.composite
def states(draw):
    asked = pledge("asked", asked_at=LONG_AGO)
    said = draw(st.sampled_from([asked, accepted(), confirmed()]))
    one = replace(helper(said), reach=draw(reaches("designation:5")))
    starts = STARTS + timedelta(hours=draw(st.integers(min_value=-6, max_value=12)))
    status = draw(st.sampled_from(["booked", "ready", "cancelled"]))
    off = starts - timedelta(hours=30) if status == "cancelled" else None
    ready = starts + timedelta(minutes=90) if status == "ready" else None
    return visit(one, starts_at=starts, status=status, off_at=off, ready_at=ready, patient=draw(reaches("patient:1")))


def who(state, touch):
    return state.patient if touch.wanted.recipient == state.patient.recipient else state.helpers[0].reach


@settings(max_examples=150, deadline=None)
@given(states())
def test_a_way_is_one_they_agreed_to_and_like_best(state):
    for touch in plan.everything(state=state):
        reader = who(state, touch)
        assert touch.wanted.channel == plan.channel(who=reader, kind=touch.wanted.kind, rules=state.rules)
        open_ways = {"sms": reader.texts, "email": reader.emails}
        assert touch.is_call or purposes.of(kind=touch.wanted.kind) in open_ways[touch.wanted.channel]
        assert reader.prefers != ReachBy.VOICE or touch.is_call


@settings(max_examples=150, deadline=None)
@given(states())
def test_nothing_is_due_in_somebodys_own_quiet(state):
    """Only that the patient can be taken home now waits for nobody's hours."""
    for touch in plan.everything(state=state):
        reader = who(state, touch)
        if touch.wanted.channel == "sms" and touch.wanted.kind != "helper_come_in":
            cut = texting_hours.window(state.rules, reader)
            assert not quiet.is_quiet(moment=touch.wanted.due_at, zone=reader.zone, window=cut)
            wall = touch.wanted.due_at.astimezone(reader.zone).time()
            assert not is_within(wall, reader.quiet_from, reader.quiet_until)


def is_within(wall: time, begins: time | None, ends: time | None) -> bool:
    if begins is None or ends is None:
        return False
    return begins <= wall < ends if begins < ends else wall >= begins or wall < ends


@settings(max_examples=150, deadline=None)
@given(states())
def test_less_is_some_of_all(state):
    def planned(*, less):
        one = replace(state.helpers[0], reach=replace(state.helpers[0].reach, less=less))
        asked = replace(state, patient=replace(state.patient, less=less), helpers=(one,))
        return {(touch.wanted.key, touch.wanted.due_at) for touch in plan.everything(state=asked)}

    assert planned(less=True) <= planned(less=False)


def test_less_leaves_out_what_comes_again_and_keeps_what_cannot_wait():
    def kinds(less):
        state = visit(helper(confirmed()), patient=reach(less=less), starts_at=STARTS + timedelta(hours=3))
        return sorted(touch.wanted.kind for touch in plan.everything(state=state))

    assert kinds(True) == ["helper_3_hours", "patient_1_day"]
    assert kinds(False) == ["helper_3_hours", "patient_1_day", "patient_3_days", "patient_3_hours"]


def test_a_phone_that_shows_no_texts_gets_none():
    patient = Patient(pk=7, phone="+14105550142", email="m@example.org", is_landline=True)
    yes = consents.yes(person="patient:7", purpose=Purpose.VISITS, channel="sms", address=patient.phone)
    known = Standing(agreed=frozenset({yes}))

    def texts():
        return visit_state.reach_patient(patient=patient, site=Site(timezone="America/New_York"), known=known).texts

    landline, patient.is_landline = texts(), False
    assert (landline, texts()) == (frozenset(), {Purpose.VISITS})


class Wishes(RuleBasedStateMachine):
    """Any order of yes and no, stop and start, wishes, numbers and lists: what waits is the plan of how things are."""

    clinic: Clinic
    visit: Infusion

    @initialize()
    def begin(self) -> None:
        self.patient = links.for_patient(patient=self.clinic.patient, now=self.clinic.now)
        self.says = {"now": self.clinic.now, "actor": "test"}

    def sams(self):
        """Sam's link, or nothing where Sam is off the list."""
        named = Designation.objects.filter(withdrawn_at=None).select_related("person__site", "patient__site").first()
        return [] if named is None else [links.for_designation(designation=named, now=self.clinic.now)]

    @rule(about=st.sampled_from(Purpose.values))
    def somebody_says_yes(self, about):
        for link in [self.patient, *self.sams()]:
            if about in purposes.for_whom(preferences.contact_of(fresh(link))):
                preferences.say_yes(link=fresh(link), about=about, **self.says)

    @rule(about=st.sampled_from(Purpose.values))
    def somebody_says_no(self, about):
        for link in [self.patient, *self.sams()]:
            preferences.say_no(link=fresh(link), about=about, **self.says)

    @rule(channel=st.sampled_from(["sms", "email"]), is_patient=st.booleans())
    def an_address_is_stopped(self, channel, is_patient):
        for link in [self.patient] if is_patient else self.sams():
            preferences.stop(link=fresh(link), only=channel, **self.says)

    @rule()
    def everything_starts_again(self):
        for link in [self.patient, *self.sams()]:
            preferences.start(link=fresh(link), **self.says)

    @rule(way=st.sampled_from(ReachBy.values), less=st.booleans(), is_landline=st.booleans())
    def somebody_has_wishes(self, way, less, is_landline):
        for link in [self.patient, *self.sams()]:
            preferences.prefer(link=fresh(link), way=way, **self.says)
            preferences.hear_less(link=fresh(link), less=less, **self.says)
            preferences.cannot_show_texts(link=fresh(link), is_landline=is_landline, **self.says)

    @rule(begins=st.sampled_from([time(17), time(21)]), ends=st.sampled_from([time(9), time(11, 30)]))
    def somebody_wants_quiet(self, begins, ends):
        for link in [self.patient, *self.sams()]:
            signed = rules.at(site=self.clinic.site)
            preferences.be_quiet(link=fresh(link), begins=begins, ends=ends, rules=signed, **self.says)

    @rule(last=st.integers(min_value=150, max_value=152))
    def a_number_is_corrected(self, last):
        for link in self.sams():
            person = link.designation.person
            people.correct_contact(person=person, phone=f"+14105550{last}", email=person.email, **self.says)

    @rule()
    def sam_is_taken_off(self):
        for link in self.sams():
            designations.withdraw(designation=link.designation, **self.says)

    @rule()
    def sam_is_named_again(self):
        if not self.sams():
            self.clinic.named("Sam", agreed=False)

    @rule()
    def sam_says_yes_to_the_date(self):
        for row in Commitment.objects.filter(infusion=self.visit, designation__withdrawn_at=None, status="asked"):
            commitments.accept(commitment=row, via="phone", now=self.clinic.now, recorded_by=self.clinic.desk)

    @invariant()
    def what_waits_is_the_plan(self):
        row = Infusion.objects.select_related(*replan.WITH).get(pk=self.visit.pk)
        state = visit_state.load(infusions=[row])[row.pk]
        touches = plan.touches(state=state, now=self.clinic.now)
        planned = {touch.wanted.key: touch.wanted.due_at for touch in touches if not touch.is_call}
        rows = Message.objects.filter(scope=f"infusion:{row.pk}", status="pending", plan_version__gt=0)
        assert {(m.kind, m.subject, m.about_at, m.recipient, m.channel): m.due_at for m in rows} == planned


def fresh(link: Link) -> Link:
    return links.find(link.pk)


@pytest.mark.django_db
def test_any_order_of_wishes_ends_in_the_plan_of_how_things_are(clinic: Clinic, next_week):
    clinic.named("Sam")

    class OfThisClinic(Wishes):
        pass

    OfThisClinic.clinic, OfThisClinic.visit = clinic, clinic.book(next_week)
    run_state_machine_as_test(
        OfThisClinic,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
