from support.models.alert import Alert
from support.models.attestation import Attestation, Comfort, PendingChange, QuietWord
from support.models.checkin import CheckIn
from support.models.commitment import Commitment
from support.models.handover import Handover, NotHandedOverTo
from support.models.ladder import Arrangement, LadderStep
from support.models.link import Link
from support.models.person import Availability, Designation, SupportPerson
from support.models.waitlist import PlaceOffer, WaitlistEntry

__all__ = [
    "Alert",
    "Arrangement",
    "Attestation",
    "Availability",
    "CheckIn",
    "Comfort",
    "Commitment",
    "Designation",
    "Handover",
    "LadderStep",
    "Link",
    "NotHandedOverTo",
    "PendingChange",
    "PlaceOffer",
    "QuietWord",
    "SupportPerson",
    "WaitlistEntry",
]
