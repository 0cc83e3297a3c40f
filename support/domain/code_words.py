"""The two words at the handover: patient and helper hold one each, and say it to the nurse."""

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F

from clinic.domain import audit
from clinic.models import Infusion, StaffMember
from support.domain import promise_rows
from support.models import Handover

# After so many that did not match, words prove nothing any more.
WRONG_AT_MOST = 5
# Easy to say, hard to mistake for one another, the same in a hurry and in a whisper.
SPOKEN = """
maple river candle window garden pepper silver meadow button harbor lantern velvet orange pillow castle ginger marble
planet rabbit saddle tulip walnut anchor basket cotton dragon feather guitar honey island jacket kettle lemon mango
napkin olive paddle quilt rocket sandal
"""
WORDS = tuple(SPOKEN.split())


def draw(*, infusion: Infusion, now: datetime) -> Handover:
    """The words for whoever has the way home now. Idempotent: words that were read out stay while it is the same
    person; for another they are drawn anew, and nobody has accepted yet. Needs the visit's lock."""
    held = promise_rows.holder(infusion)
    drawn = {**_two(), "commitment": held, "created_at": now}
    row, is_new = Handover.objects.get_or_create(infusion=infusion, defaults=drawn)
    if is_new or row.done_at is not None or held is None or row.commitment_id == held.pk:
        return row
    # Words that no helper has seen yet stay the patient's.
    changed: dict[str, object] = {"commitment": held}
    if row.commitment_id is not None:
        changed |= {**_two(), "accepted_at": None, "accepted_words": "", "slip_printed_at": None}
    for field, value in changed.items():
        setattr(row, field, value)
    row.save(update_fields=list(changed))
    return row


def match(*, handover: Handover, words: tuple[str, str]) -> bool:
    """Whether these are the patient's and the helper's word, however they were written."""
    said = tuple(word.strip().casefold() for word in words)
    return said == (handover.patient_word, handover.helper_word)


def are_spent(handover: Handover) -> bool:
    return handover.wrong_words >= WRONG_AT_MOST


def missed(*, infusion: Infusion, actor: StaffMember, now: datetime) -> int:
    """Counts words that did not match; how many more may be tried. In a transaction of its own, or it is not kept."""
    with transaction.atomic():
        Handover.objects.filter(infusion=infusion, done_at=None).update(wrong_words=F("wrong_words") + 1)
        audit.record(
            actor=audit.staff(actor),
            verb="handover.wrong_words",
            now=now,
            patient_id=infusion.patient_id,
            subject=f"infusion:{infusion.pk}",
        )
        return max(WRONG_AT_MOST - Handover.objects.get(infusion=infusion).wrong_words, 0)


def _two() -> dict[str, str]:
    patient, helper = secrets.SystemRandom().sample(WORDS, 2)
    return {"patient_word": patient, "helper_word": helper}
