"""What the phones of the demo write to the clinic by themselves: what is in the inbox when somebody opens it."""

from datetime import datetime, timedelta

from clinic.enums import InfusionStatus
from clinic.models import Infusion
from config.demo.clinic import Clinic
from config.demo.people import number
from messaging.domain import inbound
from messaging.models import InboundText
from support.domain import inbox
from support.enums import CommitmentStatus, SupportRole
from support.models import Commitment

STRANGER = number(199)
A_NIGHT = timedelta(hours=14)


def helper_says_thanks(clinic: Clinic, now: datetime) -> None:
    """Who brought somebody home last; the desk has read it."""
    rides = Commitment.objects.filter(infusion__site=clinic.site, role=SupportRole.RIDE, status=CommitmentStatus.KEPT)
    ride = rides.filter(infusion__home_at__lt=now).select_related("designation__person").latest("infusion__home_at")
    text = _write(ride.designation.person.phone, "Home and resting. Thank you all for being so kind!", now)
    inbox.done(text=text, site=clinic.site, outcome="Read. Nothing to do.", actor=clinic.desk, now=now)


def patient_asks(clinic: Clinic, now: datetime) -> None:
    """Whose visit is the first after today's."""
    later = Infusion.objects.filter(site=clinic.site, status=InfusionStatus.BOOKED, starts_at__gt=now + A_NIGHT)
    visit = later.select_related("patient").earliest("starts_at")
    _write(visit.patient.phone, "Can I bring my own blanket and headphones?", now)


def stranger_writes(clinic: Clinic, now: datetime) -> None:
    _write(STRANGER, "Hi, is this the flower shop on Elm Street?", now)


def helper_says_more_than_yes(clinic: Clinic, now: datetime) -> None:
    """Who drives next and was asked whether they still come."""
    rides = Commitment.objects.filter(infusion__site=clinic.site, role=SupportRole.RIDE)
    waits = rides.filter(status=CommitmentStatus.ACCEPTED, infusion__starts_at__gt=now)
    ride = waits.select_related("designation__person").earliest("infusion__starts_at")
    _write(ride.designation.person.phone, "Yes but I may be 15 min late. Is that ok?", now)


def read_what_waits(clinic: Clinic, now: datetime) -> None:
    """A day is over: nobody left the desk before every text had its answer."""
    for thread in inbox.threads(site=clinic.site, only_waiting=True, who=""):
        inbox.done(text=thread.last, site=clinic.site, outcome="Called back.", actor=clinic.desk, now=now)


def _write(phone: str, body: str, now: datetime) -> InboundText:
    """As the provider brings it."""
    name = f"demo-{int(now.timestamp())}-{phone}"
    inbound.receive(provider_id=name, from_number=phone, body=body, now=now)
    return InboundText.objects.get(provider_id=name)
