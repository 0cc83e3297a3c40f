"""How a patient wants to be looked after in the room: touch, a blanket, music, quiet.

Said by themselves or by staff for them; shown to staff and to whoever sits with them.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, patient_rows
from clinic.domain.errors import Refused
from clinic.models import Patient, StaffMember
from support.domain import impaired
from support.enums import ComfortWish, TouchWish
from support.models import Comfort

LEAST_FIRST = (TouchWish.NONE, TouchWish.ASK, TouchWish.HAND)


def of(*, patient_id: int) -> Comfort | None:
    """None where nobody has said anything yet."""
    return Comfort.objects.filter(patient=patient_id).first()


def say(
    *,
    patient: Patient,
    touch: str,
    wishes: Sequence[str],
    note: str,
    actor: str,
    now: datetime,
    witness: StaffMember | None = None,
) -> Comfort:
    """What they wish from now on, in place of what they said before. ``actor`` as in the audit trail; by the patient's
    own link, without ``witness``, more touch is not agreed to on the day of a treatment."""
    if touch not in TouchWish.values:
        raise Refused(_("Say first how it is with touch."))
    known = [wish for wish in ComfortWish.values if wish in wishes]
    with transaction.atomic():
        row = patient_rows.held(patient=patient)
        if witness is None and _is_more(touch, of(patient_id=row.pk)) and impaired.until(patient=row, now=now):
            raise Refused(_("On the day of a visit nothing new is agreed to. Less is always all right."))
        fields = {"touch": touch, "wishes": known, "note": note.strip()[:300], "said_at": now, "said_by": actor}
        said, _new = Comfort.objects.update_or_create(patient=row, defaults=fields)
        audit.record(actor=actor, verb="comfort.said", now=now, patient_id=row.pk, subject=f"comfort:{said.pk}")
    return said


def _is_more(touch: str, said: Comfort | None) -> bool:
    known = said.touch if said is not None else TouchWish.ASK
    return LEAST_FIRST.index(TouchWish(touch)) > LEAST_FIRST.index(TouchWish(known))


def lines(said: Comfort | None) -> list[str]:
    """As they are read in the room, touch first; without a word nobody is touched unasked."""
    if said is None:
        return [_("Nothing is said about touch: ask first.")]
    found = [str(TouchWish(said.touch).label), *(str(ComfortWish(wish).label) for wish in said.wishes)]
    return [*found, f"“{said.note}”"] if said.note else found
