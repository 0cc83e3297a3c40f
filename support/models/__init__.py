from support.models.alert import Alert
from support.models.checkin import CheckIn
from support.models.commitment import Commitment
from support.models.handover import Handover
from support.models.link import Link
from support.models.person import Availability, Designation, SupportPerson
from support.models.waitlist import PlaceOffer, WaitlistEntry

__all__ = [
    "Alert",
    "Availability",
    "CheckIn",
    "Commitment",
    "Designation",
    "Handover",
    "Link",
    "PlaceOffer",
    "SupportPerson",
    "WaitlistEntry",
]
