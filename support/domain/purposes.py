"""What each kind of message is about, in the words people agree to, and under which name their yes is kept."""

from clinic.models import Patient
from clinic.models.patient import Contact
from messaging.enums import Channel
from support.enums import Purpose

OF_PATIENTS = (Purpose.VISITS, Purpose.CHECKINS, Purpose.OFFERS)
OF_HELPERS = (Purpose.RIDES, Purpose.CHECKINS)
CHECKINS = frozenset({"checkin_evening", "checkin_next_day", "helper_checkin_evening", "helper_checkin_next_day"})
OFFERS = frozenset({"waitlist_offer"})
# They ask for the yes that the others need, or answer what somebody has just written.
ASKED_FIRST = "helper_invitation"
ANSWERS = "reply_"


def of(*, kind: str) -> str:
    """What a message of this kind is about; "" where nobody needs to have agreed to it."""
    if kind == ASKED_FIRST or kind.startswith(ANSWERS):
        return ""
    if kind in CHECKINS:
        return Purpose.CHECKINS
    if kind in OFFERS:
        return Purpose.OFFERS
    return Purpose.RIDES if kind.startswith("helper_") else Purpose.VISITS


def to_agree(*, kind: str, channel: str, is_patient: bool) -> str:
    """What the reader must have agreed to before it may leave; "" where no yes is needed: a patient's e-mail is the
    clinic's ordinary post."""
    return "" if is_patient and channel == Channel.EMAIL else of(kind=kind)


def for_whom(contact: Contact) -> tuple[Purpose, ...]:
    """What this person can be written to about."""
    return OF_PATIENTS if isinstance(contact, Patient) else OF_HELPERS


def name(contact: Contact) -> str:
    """Under which their yes is kept: the person, whoever named them."""
    return f"patient:{contact.pk}" if isinstance(contact, Patient) else f"person:{contact.pk}"
