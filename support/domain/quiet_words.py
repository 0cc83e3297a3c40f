"""A word to a nurse alone: "I don't want to leave with this person", by one tap that nobody beside the patient sees.

Nobody is handed over and nobody leaves in any other way until somebody of the care team has spoken with the patient.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.access import CARE
from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import Infusion, StaffMember
from support.domain import alerts, promise_rows
from support.enums import AlertKind, AlertStatus
from support.models import Alert, QuietWord

SHORTEST_OUTCOME = 5


def say(*, infusion: Infusion, now: datetime, actor: str) -> QuietWord:
    """A nurse is told at once. Said again while nobody came, it is one word, and unread anew."""
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=infusion.pk)
        if not visit.state.in_the_house:
            raise Refused(_("Please call us."))
        word, is_new = QuietWord.objects.get_or_create(infusion=visit, heard_at=None, defaults={"said_at": now})
        with alerts.for_the_desk():
            sentence = _(
                "%(name)s asks for a nurse, alone. Nobody else may know. Nobody leaves before you have spoken."
            )
        alerts.open_alert(
            kind=AlertKind.QUIET_WORD,
            key=_key(word),
            says=sentence % {"name": visit.patient.first_name},
            patient=visit.patient,
            infusion=visit,
            now=now,
            said_again=True,
        )
        if is_new:
            _note(visit, actor, "quiet_word.said", now)
        return word


def hear(*, infusion: Infusion, outcome: str, actor: StaffMember, now: datetime) -> QuietWord:
    """Somebody of the care team spoke with the patient alone. Refused without a word on what was agreed."""
    agreed = outcome.strip()
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=infusion.pk)
        word = waiting(infusion=visit)
        if word is None:
            raise Refused(_("This is done already."))
        if actor.role not in CARE:
            raise Refused(_("A nurse or a clinician speaks with the patient."))
        if len(agreed) < SHORTEST_OUTCOME:
            raise Refused(_("Write down in a few words what was agreed."))
        word.heard_at, word.heard_by, word.outcome = now, actor, agreed[:300]
        word.save(update_fields=["heard_at", "heard_by", "outcome"])
        _note(visit, audit.staff(actor), "quiet_word.heard", now)
        for alert in Alert.objects.filter(key=_key(word)).exclude(status=AlertStatus.CLOSED):
            alerts.close(alert=alert, outcome=agreed, actor=actor, now=now)
        return word


def waiting(*, infusion: Infusion) -> QuietWord | None:
    """The one nobody has heard yet."""
    return QuietWord.objects.filter(infusion=infusion, heard_at=None).first()


def of(*, infusion: Infusion) -> list[QuietWord]:
    return list(QuietWord.objects.filter(infusion=infusion).select_related("heard_by"))


def _key(word: QuietWord) -> str:
    return f"quiet-word:{word.pk}"


def _note(visit: Infusion, actor: str, verb: str, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, now=now, patient_id=visit.patient_id, subject=f"infusion:{visit.pk}")
