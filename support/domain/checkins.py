"""Asking how it goes: the same evening and the day after, patient and helpers, each answer read by a person."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, times
from clinic.domain.errors import Refused
from clinic.models import Infusion, Patient, Policy
from messaging.domain import quiet
from support.domain import alerts, replan, rules, texting_hours
from support.enums import (
    HOLDING,
    AlertKind,
    CheckInKind,
    CheckInStatus,
    HelperAnswer,
    MayKnow,
    PatientAnswer,
    SupportRole,
)
from support.models import Alert, CheckIn, Commitment, Designation

S = CheckInStatus
# Nobody is asked while still on the way home, nor late in the evening.
SETTLED_AFTER = timedelta(hours=1)
LATEST_EVENING = time(19, 45)
BARELY_HOME = timedelta(minutes=30)
BATCH = 200


def plan_for(*, infusion: Infusion, now: datetime) -> list[CheckIn]:
    """Questions for the evening and the day after, to the patient and to helpers who may report. Idempotent.

    The evening one goes at the policy's time or an hour after leaving, by 19:45 on the recipient's clock; where that is
    too soon, when texts may go again. The next goes the policy's hours after leaving, likewise.
    """
    if infusion.released_at is None:
        return []
    policy = rules.of(infusion=infusion)
    planned = []
    with transaction.atomic():
        for designation in [None, *_who_may_report(infusion)]:
            for kind in CheckInKind:
                due_at = _due(infusion, policy, designation, kind)
                times_of = {"due_at": due_at, "closes_at": due_at + timedelta(hours=policy.checkin_open_hours)}
                row, _new = CheckIn.objects.get_or_create(
                    infusion=infusion, designation=designation, kind=kind, defaults=times_of
                )
                planned.append(row)
        replan.replan(infusion=infusion, now=now)
    return planned


def waiting(*, patient: Patient, designation: Designation | None, now: datetime) -> CheckIn | None:
    """The question this person can answer now, oldest first; of the patient where ``designation`` is None."""
    asked = CheckIn.objects.filter(infusion__patient=patient, designation=designation, status__in=[S.PLANNED, S.OPEN])
    return asked.filter(due_at__lte=now, closes_at__gt=now).order_by("due_at", "pk").first()


def due(*, now: datetime) -> list[CheckIn]:
    """Planned ones whose time has come."""
    rows = CheckIn.objects.filter(status=S.PLANNED, due_at__lte=now, closes_at__gt=now).order_by("due_at", "pk")
    return list(rows.select_related("infusion__site", "infusion__patient__site", "designation__person")[:BATCH])


def open_due(*, now: datetime) -> int:
    """Their answer is now waited for. How many."""
    ids = [checkin.pk for checkin in due(now=now)]
    return int(CheckIn.objects.filter(pk__in=ids, status=S.PLANNED).update(status=S.OPEN))


def close_silent(*, now: datetime) -> int:
    """Nobody answered in time: closed, and a person calls. Silence of a helper is no task of its own."""
    rows = CheckIn.objects.filter(status__in=[S.PLANNED, S.OPEN], closes_at__lte=now).order_by("closes_at", "pk")
    closed = 0
    for row in rows.select_related("infusion__patient__site", "infusion__site", "designation__person")[:BATCH]:
        with transaction.atomic():
            mine = CheckIn.objects.filter(pk=row.pk, status__in=[S.PLANNED, S.OPEN]).update(status=S.CLOSED)
            if mine and row.designation is None:
                _call_about_silence(row, now)
            closed += mine
    return closed


def answer(*, checkin: CheckIn, answer: str, note: str = "", now: datetime, actor: str) -> CheckIn:
    """Keeps the answer, also a second and a late one: people get worse, and "urgent" is never too late to say."""
    allowed = PatientAnswer.values if checkin.designation_id is None else HelperAnswer.values
    if answer not in allowed:
        raise Refused(_("Choose one of the answers."))
    with transaction.atomic():
        rows = CheckIn.objects.select_for_update(of=("self",), no_key=True)
        row = rows.select_related("infusion__patient__site", "infusion__site", "designation__person").get(pk=checkin.pk)
        if row.designation is not None and row.designation.withdrawn_at is not None:
            raise Refused(_("The patient no longer shares this with you. If you are worried, call us."))
        row.status, row.answer, row.note, row.answered_at = S.ANSWERED, answer, note[:1000], now
        row.save(update_fields=["status", "answer", "note", "answered_at"])
        audit.record(
            actor=actor,
            verb="checkin.answered",
            now=now,
            patient_id=row.infusion.patient_id,
            subject=f"checkin:{row.pk}",
        )
        _alert_about(row, now)
        replan.replan(infusion=row.infusion, now=now)
        return row


def patient_says(
    *,
    patient: Patient,
    visit: Infusion | None,
    checkin: CheckIn | None,
    answer: PatientAnswer,
    note: str,
    now: datetime,
    actor: str,
) -> Alert | None:
    """The three answers at any hour: on the question that is open, or with none. The alert it made, if one."""
    key = f"patient:{patient.pk}:says:{answer}"
    if checkin is not None:
        key = f"checkin:{checkin.pk}:{answer}"
        _answer(checkin, answer, note, now, actor)
    elif answer != PatientAnswer.FINE:
        _open_for_patient(patient, visit, answer, key, now)
    return Alert.objects.filter(key=key).order_by("-pk").first() if answer != PatientAnswer.FINE else None


def _answer(checkin: CheckIn, said: str, note: str, now: datetime, actor: str) -> None:
    answer(checkin=checkin, answer=said, note=note, now=now, actor=actor)


def _who_may_report(infusion: Infusion) -> list[Designation]:
    """Whoever took the patient home, and whoever stays the evening; only with the patient's leave."""
    rows = Commitment.objects.filter(
        infusion=infusion,
        role__in=[SupportRole.RIDE, SupportRole.FOLLOWUP],
        status__in=HOLDING,
        for_starts_at=infusion.starts_at,
        designation__withdrawn_at=None,
    ).select_related("designation__person__site")
    found = {row.designation_id: row.designation for row in rows}
    return [designation for designation in found.values() if designation.allows(MayKnow.REPORT)]


def _due(infusion: Infusion, policy: Policy, designation: Designation | None, kind: CheckInKind) -> datetime:
    left = infusion.released_at or infusion.ends_at
    contact = designation.person.timezone if designation is not None else infusion.patient.timezone
    zone = quiet.zone_or(name=contact, fallback=infusion.site.timezone)
    window = texting_hours.window(policy)
    if kind == CheckInKind.NEXT_DAY:
        return quiet.later(moment=left + timedelta(hours=policy.next_checkin_hours), zone=zone, window=window)
    day = times.local_day(moment=left, zone=infusion.site.zone)
    wanted = times.first_valid(day=day, at=policy.evening_checkin_at, zone=infusion.site.zone)
    moment = max(wanted, left + SETTLED_AFTER)
    latest = times.first_valid(day=times.local_day(moment=left, zone=zone), at=LATEST_EVENING, zone=zone)
    if moment > latest and latest >= left + BARELY_HOME:
        moment = latest
    elif moment > latest:
        # Too late tonight: at the first minute of tomorrow's hours.
        closes = times.first_valid(day=times.local_day(moment=left, zone=zone), at=window.closes, zone=zone)
        moment = max(moment, closes)
    return quiet.later(moment=moment, zone=zone, window=window)


def _alert_about(row: CheckIn, now: datetime) -> None:
    patient = row.infusion.patient
    key = f"checkin:{row.pk}:{row.answer}"
    if row.designation is None:
        _open_for_patient(patient, row.infusion, row.answer, key, now)
    elif row.answer in {HelperAnswer.WORRIED, HelperAnswer.NOT_SURE}:
        words = {"name": row.designation.person.first_name, "patient": patient.first_name}
        with alerts.for_the_desk():
            sentence = _("%(name)s is worried about %(patient)s.")
            if row.answer == HelperAnswer.NOT_SURE:
                sentence = _("%(name)s is not sure how %(patient)s is.")
            but = _("%(patient)s said: I'm fine.")
        says = sentence % words
        if CheckIn.objects.filter(
            infusion=row.infusion_id, designation=None, kind=row.kind, answer=PatientAnswer.FINE
        ).exists():
            says += " " + but % words
        alerts.open_alert(
            kind=AlertKind.WORRIED,
            key=key,
            says=says,
            patient=patient,
            infusion=row.infusion,
            designation=row.designation,
            now=now,
            said_again=True,
        )


def _open_for_patient(patient: Patient, visit: Infusion | None, said: str, key: str, now: datetime) -> None:
    kinds = {PatientAnswer.CALL_ME: AlertKind.CALL_ME, PatientAnswer.URGENT: AlertKind.URGENT}
    with alerts.for_the_desk():
        sentences = {
            PatientAnswer.CALL_ME: _("%(name)s asked for a call."),
            PatientAnswer.URGENT: _("%(name)s said it is urgent. Call now."),
        }
    if said in kinds:
        word = PatientAnswer(said)
        says = sentences[word] % {"name": patient.first_name}
        alerts.open_alert(
            kind=kinds[word], key=key, says=says, patient=patient, infusion=visit, now=now, said_again=True
        )


def _call_about_silence(row: CheckIn, now: datetime) -> None:
    sentence = _("%(name)s did not answer the evening question. Please call.")
    if row.kind == CheckInKind.NEXT_DAY:
        sentence = _("%(name)s did not answer the question of the day after. Please call.")
    says = sentence % {"name": row.infusion.patient.first_name}
    alerts.call_task(key=f"checkin:{row.pk}:silent", says=says, visit=row.infusion, now=now)
