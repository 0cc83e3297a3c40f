"""Before the treatment: what is asked and measured. A yes is a flag; a person decides.

The arrival's answer to a question outweighs that of the evening before; only a patient's own no leaves a yes standing
that nobody has cleared. Every function locks the visit's row first and writes server time only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.domain import audit, locks, policies, times, treatment_consents
from clinic.domain.errors import Refused
from clinic.domain.spoken import say_day
from clinic.enums import AskedWhen, HoldQuestion, InfusionStatus, PressurePoint, Role
from clinic.models import BloodPressure, HoldAnswer, Infusion, Policy, StaffMember

S = InfusionStatus
Q = HoldQuestion
# The evening before, on the clinic's clock.
ASKED_FROM = time(16)
CLEARS = frozenset({Role.CLINICIAN, Role.DIRECTOR})
SHORTEST_NOTE = 3
BY_THE_PATIENT = "patient:"
WHILE = {
    PressurePoint.BEFORE: frozenset({S.ARRIVED}),
    PressurePoint.DURING: frozenset({S.STARTED, S.RECOVERING}),
    PressurePoint.LEAVING: frozenset({S.RECOVERING, S.READY}),
}
LOWEST, HIGHEST, LOWEST_LOWER = 50, 300, 20
SHORT: dict[HoldQuestion, Promise] = {
    Q.ATE: gettext_lazy("food or drink"),
    Q.ALCOHOL: gettext_lazy("alcohol or other drugs"),
    Q.MEDICINE: gettext_lazy("a new medicine"),
    Q.ILL: gettext_lazy("feeling ill"),
    Q.PREGNANT: gettext_lazy("pregnancy or breast-feeding"),
    Q.BLADDER: gettext_lazy("passing water"),
    Q.UNREAL: gettext_lazy("seeing or hearing things"),
    Q.DARK: gettext_lazy("thoughts of self-harm"),
}


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One thing that a clinician or the director has to clear before the start: an answer, or a reading."""

    what: str
    answer: HoldAnswer | None = None
    pressure: BloodPressure | None = None


def asked_of(*, infusion: Infusion) -> list[HoldQuestion]:
    """What the visit's rules ask, in their order; nothing while no rules are signed."""
    return _asked(policies.under(infusion=infusion))


def opens_at(*, infusion: Infusion) -> datetime:
    """From when the patient is asked: the afternoon before, on the clinic's clock."""
    zone = infusion.site.zone
    day = times.local_day(moment=infusion.starts_at, zone=zone) - timedelta(days=1)
    return times.first_valid(day=day, at=ASKED_FROM, zone=zone)


def answers_of(*, infusion: Infusion) -> QuerySet[HoldAnswer]:
    """What was said about the visit at the time it has now: an answer given before another day's visit is none."""
    return HoldAnswer.objects.filter(infusion=infusion, answered_at__gte=opens_at(infusion=infusion))


def readings_of(*, infusion: Infusion) -> QuerySet[BloodPressure]:
    """The same of what was measured."""
    return BloodPressure.objects.filter(infusion=infusion, taken_at__gte=opens_at(infusion=infusion))


def asked_now(*, infusion: Infusion, now: datetime) -> AskedWhen | None:
    """As which answer one given now counts; None where none is taken: too early, begun, or over."""
    if infusion.state is S.ARRIVED:
        return AskedWhen.ARRIVAL
    zone = infusion.site.zone
    last = times.local_day(moment=infusion.ends_at, zone=zone)
    is_time = now >= opens_at(infusion=infusion) and times.local_day(moment=now, zone=zone) <= last
    return AskedWhen.EVENING if infusion.state is S.BOOKED and is_time else None


def answer(
    *,
    infusion: Infusion,
    answers: Mapping[HoldQuestion, bool],
    actor: StaffMember | str,
    now: datetime,
    corrects: bool = False,
) -> list[HoldAnswer]:
    """Keeps the answers; those that are new or changed. The same ones twice change nothing; staff's no takes the
    place of a patient's own where that one does not count.

    ``actor`` is a member of staff who asked aloud, or the patient's link. A yes is not replaced by a no in passing, be
    it from a form that stood open: ``corrects`` says that this is meant.
    """
    with transaction.atomic():
        visit = _locked(infusion)
        when = asked_now(infusion=visit, now=now)
        if when is None:
            raise Refused(_not_now(visit, now))
        asked = asked_of(infusion=visit)
        if not set(answers) <= set(asked):
            raise Refused(_("This is not asked here."))
        known = {row.question: row for row in visit.hold_answers.filter(asked_when=when)}
        who = actor if isinstance(actor, str) else audit.staff(actor)
        by = f"{BY_THE_PATIENT}{visit.patient_id}" if isinstance(actor, str) else who
        counts = _counting(visit, policies.under(infusion=visit)) if by == who else {}
        written = []
        for question in [one for one in asked if one in answers]:
            row = known.get(question)
            holds = row is not None and row.answered_at >= opens_at(infusion=visit)
            is_first_no_of_staff = not answers[question] and counts.get(question, row) != row
            if row is not None and holds and row.is_yes == answers[question] and not is_first_no_of_staff:
                continue
            if row is not None and holds and row.is_yes and not corrects:
                raise Refused(said_yes(question))
            row = row or HoldAnswer(infusion=visit, question=question, asked_when=when)
            row.is_yes, row.answered_at, row.answered_by = answers[question], now, by
            row.cleared_at, row.cleared_by, row.cleared_note = None, None, ""
            row.save()
            written.append(row)
        if written:
            _note(visit, who, "precheck.answered", now)
        return written


def clear(*, answer: HoldAnswer, note: str, actor: StaffMember, now: datetime) -> HoldAnswer:
    """A clinician or the director looked at a yes and says why it may go on. Cleared once, it stays as it is."""
    with transaction.atomic():
        visit = _locked(answer.infusion)
        row = HoldAnswer.objects.get(pk=answer.pk)
        if not row.is_yes:
            raise Refused(_("There is nothing to clear: the answer was no."))
        _clear(visit, row, note, actor, now)
        return row


def clear_pressure(*, reading: BloodPressure, note: str, actor: StaffMember, now: datetime) -> BloodPressure:
    """The same for a reading above the clinic's limit."""
    with transaction.atomic():
        visit = _locked(reading.infusion)
        row = BloodPressure.objects.get(pk=reading.pk)
        if not is_high(reading=row, policy=policies.under(infusion=visit)):
            raise Refused(_("There is nothing to clear: the reading is within the clinic's limit."))
        _clear(visit, row, note, actor, now)
        return row


def record_pressure(
    *, infusion: Infusion, point: PressurePoint | str, systolic: int, diastolic: int, actor: StaffMember, now: datetime
) -> BloodPressure:
    """One reading for each point; measured again it takes the place of the first, and has to be cleared by itself. The
    history keeps both."""
    with transaction.atomic():
        visit = _locked(infusion)
        if point not in PressurePoint.values or visit.state not in WHILE[PressurePoint(point)]:
            raise Refused(_("This reading belongs to another part of the visit."))
        if not (LOWEST <= systolic <= HIGHEST and LOWEST_LOWER <= diastolic < systolic):
            raise Refused(_("The upper number is the larger one; both are in mmHg."))
        row = BloodPressure.objects.filter(infusion=visit, point=point).first()
        holds = row is not None and row.taken_at >= opens_at(infusion=visit)
        if row is not None and holds and (row.systolic, row.diastolic) == (systolic, diastolic):
            return row
        row = row or BloodPressure(infusion=visit, point=point)
        row.systolic, row.diastolic, row.taken_at, row.taken_by = systolic, diastolic, now, actor
        row.cleared_at, row.cleared_by, row.cleared_note = None, None, ""
        row.save()
        _note(visit, audit.staff(actor), "precheck.pressure", now)
        return row


def is_high(*, reading: BloodPressure, policy: Policy | None) -> bool:
    """Above a limit of the signed rules. Where they name none, nothing is."""
    if policy is None:
        return False
    limits = ((reading.systolic, policy.systolic_max), (reading.diastolic, policy.diastolic_max))
    return any(most is not None and value > most for value, most in limits)


def counting(*, infusion: Infusion) -> dict[HoldQuestion, HoldAnswer]:
    """The answer that counts for each question the rules ask, in their order: see ``weighed``."""
    return _counting(infusion, policies.under(infusion=infusion))


def weighed(*, evening: HoldAnswer | None, arrival: HoldAnswer | None) -> HoldAnswer | None:
    """The one of the two that counts. A yes of the evening goes by a clearance or by what staff write down, not by the
    patient's own no."""
    if evening is None or arrival is None:
        return arrival or evening
    is_own_no = not arrival.is_yes and arrival.answered_by.startswith(BY_THE_PATIENT)
    return evening if is_own_no and evening.is_yes and evening.cleared_at is None else arrival


def said_yes(question: HoldQuestion) -> str:
    """To whoever answers with no what has a yes."""
    return _("This was answered with yes meanwhile: %(what)s. Tell the nurse.") % {"what": SHORT[question]}


def open_flags(*, infusion: Infusion) -> list[Flag]:
    """What nobody has cleared yet."""
    return _flags(infusion, policies.under(infusion=infusion))


def gate(infusion: Infusion, now: datetime) -> list[str]:
    """One of the clinic's gates: why the treatment may not begin. Asks the database only for what the signed rules ask
    for."""
    policy = policies.under(infusion=infusion)
    if policy is None:
        return []
    reasons = [*_not_answered(infusion, policy), *_not_measured(infusion, policy)]
    for flag in _flags(infusion, policy):
        sentence = _("Answered with yes: %(what)s. A clinician looks at it first.")
        if flag.pressure is not None:
            sentence = _("Blood pressure above the clinic's limit: %(what)s. A clinician looks at it first.")
        reasons.append(sentence % {"what": flag.what})
    return [*reasons, *_no_consent(infusion, policy, now)]


def _asked(policy: Policy | None) -> list[HoldQuestion]:
    return [Q(name) for name in policy.hold_questions] if policy else []


def _counting(infusion: Infusion, policy: Policy | None) -> dict[HoldQuestion, HoldAnswer]:
    asked = _asked(policy)
    if not asked:
        return {}
    rows = {(row.question, row.asked_when): row for row in answers_of(infusion=infusion)}
    found = {
        question: weighed(
            evening=rows.get((question, AskedWhen.EVENING)), arrival=rows.get((question, AskedWhen.ARRIVAL))
        )
        for question in asked
    }
    return {question: row for question, row in found.items() if row is not None}


def _flags(infusion: Infusion, policy: Policy | None) -> list[Flag]:
    flags = [
        Flag(what=str(SHORT[question]), answer=row)
        for question, row in _counting(infusion, policy).items()
        if row.is_yes and row.cleared_at is None
    ]
    reading = _reading_before(infusion, policy)
    if reading is not None and reading.cleared_at is None and is_high(reading=reading, policy=policy):
        flags.append(Flag(what=f"{reading.systolic}/{reading.diastolic}", pressure=reading))
    return flags


def _not_answered(infusion: Infusion, policy: Policy) -> list[str]:
    """Who has not come yet is asked when they do."""
    asked = _asked(policy)
    if not asked or infusion.state is not S.ARRIVED:
        return []
    rows = answers_of(infusion=infusion).filter(asked_when=AskedWhen.ARRIVAL, question__in=asked)
    known = set(rows.values_list("question", flat=True))
    missing = [str(SHORT[question]) for question in asked if question not in known]
    if not missing:
        return []
    if not known:
        return [_("The questions before the treatment are not answered yet.")]
    return [_("Not answered yet: %(what)s.") % {"what": ", ".join(missing)}]


def _not_measured(infusion: Infusion, policy: Policy) -> list[str]:
    """A limit that nobody measures against is none."""
    if infusion.state is not S.ARRIVED or not _has_limit(policy) or _reading_before(infusion, policy) is not None:
        return []
    return [_("The blood pressure before the treatment is not recorded yet.")]


def _no_consent(infusion: Infusion, policy: Policy, now: datetime) -> list[str]:
    if not policy.consent_days:
        return []
    until = treatment_consents.good_until(patient=infusion.patient, policy=policy)
    if until is None:
        return [_("There is no consent to the treatment on record.")]
    if until < times.local_day(moment=max(now, infusion.starts_at), zone=infusion.site.zone):
        return [_("Consent to the treatment is good until %(day)s only.") % {"day": say_day(until)}]
    return []


def _has_limit(policy: Policy | None) -> bool:
    return policy is not None and (policy.systolic_max is not None or policy.diastolic_max is not None)


def _reading_before(infusion: Infusion, policy: Policy | None) -> BloodPressure | None:
    if not _has_limit(policy):
        return None
    return readings_of(infusion=infusion).filter(point=PressurePoint.BEFORE).first()


def _clear(visit: Infusion, row: HoldAnswer | BloodPressure, note: str, actor: StaffMember, now: datetime) -> None:
    if not visit.state.before_start:
        raise Refused(_not_now(visit, now))
    if actor.role not in CLEARS or not actor.is_active:
        raise Refused(_("A clinician or the medical director clears this."))
    if row.cleared_at is not None:
        return
    if len(note.strip()) < SHORTEST_NOTE:
        raise Refused(_("Say in a few words why it may go on."))
    row.cleared_at, row.cleared_by, row.cleared_note = now, actor, note.strip()[:200]
    row.save(update_fields=["cleared_at", "cleared_by", "cleared_note"])
    _note(visit, audit.staff(actor), "precheck.cleared", now)


def _not_now(visit: Infusion, now: datetime) -> str:
    if visit.state is S.BOOKED and now < opens_at(infusion=visit):
        return _("It is too early for these questions. We ask the afternoon before.")
    if visit.state.before_start or not visit.state.is_live:
        return _("This visit is over.")
    return _("The treatment has begun. This stays as it is.")


def _locked(infusion: Infusion) -> Infusion:
    return locks.held(Infusion.objects.select_related("site", "patient", "policy"), infusion.pk)


def _note(visit: Infusion, actor: str, verb: str, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, now=now, patient_id=visit.patient_id, subject=f"infusion:{visit.pk}")
