from support.models.alert import Alert
from support.models.checkin import CheckIn
from support.models.commitment import Commitment
from support.models.handover import Handover
from support.models.link import Link
from support.models.person import Designation, SupportPerson

__all__ = ["Alert", "CheckIn", "Commitment", "Designation", "Handover", "Link", "SupportPerson"]
