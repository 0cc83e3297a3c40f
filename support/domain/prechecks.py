"""What is asked and measured before a treatment, as its pages show it; and the one answer that cannot wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import gates, policies, prechecks
from clinic.domain.prechecks import Flag
from clinic.enums import AskedWhen, HoldQuestion, InfusionStatus, PressurePoint
from clinic.models import BloodPressure, HoldAnswer, Infusion, StaffMember
from support.domain import alerts, comfort, meeting, rules, way_home
from support.domain.day import Fasting, fasting
from support.domain.way_home import Ride, WayHome
from support.enums import AlertKind


@dataclass(frozen=True, kw_only=True)
class Line:
    """One question. ``evening`` and ``arrival`` are its answers, ``counts`` the one that counts."""

    question: HoldQuestion
    evening: HoldAnswer | None
    arrival: HoldAnswer | None

    @property
    def counts(self) -> HoldAnswer | None:
        return prechecks.weighed(evening=self.evening, arrival=self.arrival)

    @property
    def stands(self) -> bool:
        """The evening's yes, whatever the patient said since."""
        return self.arrival is not None and self.counts is self.evening

    @property
    def is_flag(self) -> bool:
        return self.counts is not None and self.counts.is_yes and self.counts.cleared_at is None

    @property
    def is_about_fasting(self) -> bool:
        return self.question is HoldQuestion.ATE


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One of the three points. ``is_flag``: above the limit before the start, and nobody has cleared it."""

    point: PressurePoint
    row: BloodPressure | None
    is_high: bool
    is_flag: bool
    may_record: bool


@dataclass(frozen=True, kw_only=True)
class Checks:
    """``to_ask`` was not answered on arrival, ``said`` was; ``unseen`` has the way home and was not met today, or no
    age is on record; ``met_at``: when they were."""

    to_ask: list[Line]
    said: list[Line]
    flags: list[Flag]
    readings: list[Reading]
    gates: list[str]
    fasting: Fasting
    way: WayHome
    unseen: Ride | None
    met_at: datetime | None
    comfort: list[str]
    may_ask: bool
    may_clear: bool


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a patient is asked by their link now. ``is_dark``: they said that thoughts of harming themselves came;
    ``we_call`` until somebody has seen to it, ``we_come`` where they said it on arrival. ``standing``: a sentence for
    each yes that their own no did not take back."""

    to_ask: list[Line]
    said: list[Line]
    is_dark: bool
    we_call: bool
    we_come: bool
    standing: list[str]
    fasting: Fasting

    def left_open(self, answers: Mapping[HoldQuestion, bool]) -> list[HoldQuestion]:
        """What such answers leave unanswered."""
        return [line.question for line in self.to_ask if line.question not in answers]


def answer(
    *,
    infusion: Infusion,
    answers: Mapping[HoldQuestion, bool],
    actor: StaffMember | str,
    now: datetime,
    corrects: bool = False,
) -> list[HoldAnswer]:
    """Keeps the answers as ``clinic.domain.prechecks`` does; a yes to thoughts of self-harm is kept and somebody's at
    once, be the others refused."""
    urgent = say_what_cannot_wait(infusion=infusion, answers=answers, actor=actor, now=now)
    return [*urgent, *prechecks.answer(infusion=infusion, answers=answers, actor=actor, now=now, corrects=corrects)]


def say_what_cannot_wait(
    *, infusion: Infusion, answers: Mapping[HoldQuestion, bool], actor: StaffMember | str, now: datetime
) -> list[HoldAnswer]:
    """Of all the answers only a yes to thoughts of self-harm."""
    yes = {question: True for question in (HoldQuestion.DARK,) if answers.get(question)}
    if not yes:
        return []
    with transaction.atomic():
        written = prechecks.answer(infusion=infusion, answers=yes, actor=actor, now=now)
        if written:
            _somebody_now(infusion, now)
        return written


def of_patient(*, infusion: Infusion, now: datetime) -> Asked | None:
    """None where nothing is asked now. One query, none where the rules ask nothing; one more where somebody is to
    call."""
    when = prechecks.asked_now(infusion=infusion, now=now)
    lines = _lines(infusion) if when is not None else []
    if not lines:
        return None
    dark = next((line for line in lines if line.question is HoldQuestion.DARK and line.is_flag), None)
    said = [line for line in lines if (line.arrival if when == AskedWhen.ARRIVAL else line.evening) is not None]
    return Asked(
        to_ask=[line for line in lines if line not in said],
        said=said,
        standing=[prechecks.said_yes(line.question) for line in lines if line.stands],
        is_dark=dark is not None,
        we_call=dark is not None and when == AskedWhen.EVENING and alerts.is_waiting(key=_dark_key(infusion)),
        we_come=dark is not None and dark.arrival is not None and dark.arrival.is_yes,
        fasting=fasting(infusion=infusion, policy=rules.of(infusion=infusion)),
    )


def of_visit(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Checks:
    """The nurse's page. A constant number of queries."""
    lines = _lines(infusion)
    way = way_home.of(infusions=[infusion], now=now)[infusion.pk]
    held, is_here = way.held, infusion.state is InfusionStatus.ARRIVED
    met_at = meeting.met_at(infusion=infusion, commitment_id=held.pk) if held is not None else None
    may_ask = prechecks.asked_now(infusion=infusion, now=now) == AskedWhen.ARRIVAL
    return Checks(
        to_ask=[line for line in lines if line.arrival is None],
        said=[line for line in lines if line.arrival is not None],
        flags=prechecks.open_flags(infusion=infusion) if infusion.state.before_start else [],
        readings=_readings(infusion),
        gates=gates.reasons(infusion=infusion, now=now) if infusion.state.before_start else [],
        fasting=fasting(infusion=infusion, policy=rules.of(infusion=infusion)),
        way=way,
        unseen=held if held is not None and (not held.is_adult or (is_here and met_at is None)) else None,
        met_at=met_at,
        comfort=comfort.lines(comfort.of(patient_id=infusion.patient_id)),
        may_ask=may_ask,
        may_clear=infusion.state.before_start and actor.role in prechecks.CLEARS,
    )


def _lines(infusion: Infusion) -> list[Line]:
    asked = prechecks.asked_of(infusion=infusion)
    if not asked:
        return []
    rows = prechecks.answers_of(infusion=infusion).select_related("cleared_by")
    known = {(row.question, row.asked_when): row for row in rows}
    return [
        Line(
            question=question,
            evening=known.get((question, AskedWhen.EVENING)),
            arrival=known.get((question, AskedWhen.ARRIVAL)),
        )
        for question in asked
    ]


def _readings(infusion: Infusion) -> list[Reading]:
    policy = policies.under(infusion=infusion)
    taken = prechecks.readings_of(infusion=infusion).select_related("taken_by", "cleared_by")
    known = {row.point: row for row in taken}
    found = []
    for point in PressurePoint:
        row = known.get(point)
        is_high = row is not None and prechecks.is_high(reading=row, policy=policy)
        is_open = row is not None and row.cleared_at is None and infusion.state.before_start
        found.append(
            Reading(
                point=point,
                row=row,
                is_high=is_high,
                is_flag=is_high and is_open,
                may_record=infusion.state in prechecks.WHILE[point],
            )
        )
    return found


def _somebody_now(infusion: Infusion, now: datetime) -> None:
    with alerts.for_the_desk():
        sentence = _("%(name)s answered yes to thoughts of self-harm. Speak with them now.")
    alerts.open_alert(
        kind=AlertKind.URGENT,
        key=_dark_key(infusion),
        says=sentence % {"name": infusion.patient.first_name},
        patient=infusion.patient,
        infusion=infusion,
        now=now,
        said_again=True,
    )


def _dark_key(infusion: Infusion) -> str:
    return f"hold:{infusion.pk}:dark"
