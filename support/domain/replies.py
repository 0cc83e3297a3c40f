"""Texts that come in, once messaging has kept them and obeyed what they must obey."""

from datetime import datetime

from django.utils.translation import gettext as _

from clinic.models import Patient
from messaging.domain import keywords
from messaging.enums import Reply
from messaging.models import InboundText
from support.domain import alerts, commitments, replan
from support.enums import HOLDING, AlertKind
from support.models import Commitment, Designation

ANSWERED = frozenset({Reply.PASSED_ON, Reply.YES, Reply.NO, Reply.HELP, Reply.UNCLEAR})


def heard(text: InboundText, now: datetime) -> None:
    """Plans follow an opt-out at once. A helper who has dates, and any other text, is a call: texts say too little."""
    named = Designation.objects.filter(person__phone=text.from_number, withdrawn_at=None)
    for designation in named.select_related("person__site", "patient__site"):
        _from_helper(text, designation, now)
    for patient in Patient.objects.filter(phone=text.from_number, is_archived=False).select_related("site"):
        _from_patient(text, patient, now)


def _from_helper(text: InboundText, designation: Designation, now: datetime) -> None:
    held = Commitment.objects.filter(designation=designation, status__in=HOLDING, infusion__ends_at__gt=now)
    had_dates = held.exists()
    words = {"name": designation.person.first_name, "patient": designation.patient.first_name}
    if text.handled == Reply.STOPPED and text.keyword in keywords.CANCEL:
        for commitment in held.order_by("infusion_id", "pk"):
            commitments.withdraw(commitment=commitment, via="", now=now, actor=f"designation:{designation.pk}")
        sentence = _("%(name)s texted “cancel”: no more texts, and no date counts. Please call.")
    elif text.handled == Reply.STOPPED:
        sentence = _("%(name)s asked for no more texts. Please call: are they still coming?")
    else:
        sentence = _("%(name)s sent a text about %(patient)s. Please read it and call.")
    replan.replan_all(infusions=replan.upcoming_of(designation=designation, now=now), now=now)
    if text.handled in ANSWERED or (text.handled == Reply.STOPPED and had_dates):
        _call(text, sentence % words, designation.patient, designation, now)


def _from_patient(text: InboundText, patient: Patient, now: datetime) -> None:
    for visit in replan.upcoming_for(patient_id=patient.pk, now=now):
        replan.replan(infusion=visit, now=now)
    sentences = {
        Reply.STOPPED: _("%(name)s asked for no more texts. Please call: how can we reach them?"),
        **dict.fromkeys(ANSWERED, _("%(name)s sent a text. Please read it and call.")),
    }
    if text.handled in sentences:
        _call(text, sentences[Reply(text.handled)] % {"name": patient.first_name}, patient, None, now)


def _call(text: InboundText, says: str, patient: Patient, designation: Designation | None, now: datetime) -> None:
    alerts.open_alert(
        kind=AlertKind.CALL_TASK,
        key=f"text:{text.pk}:{designation.pk if designation is not None else 'patient'}",
        says=says,
        patient=patient,
        designation=designation,
        now=now,
        once=True,
    )
