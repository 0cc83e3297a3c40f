"""What a message outside the plan of a visit is about, written as its subject: a closure's visit, an offered place."""

from clinic.models import Closure
from messaging.models import Message
from support.models import PlaceOffer


def of_closure(*, closure_id: int, infusion_id: int) -> str:
    return f"closure:{closure_id}:{infusion_id}"


def of_offer(*, offer_id: int) -> str:
    return f"offer:{offer_id}"


def closure(message: Message) -> Closure | None:
    """None for other messages, and once the closure was lifted."""
    parts = message.subject.split(":")
    return Closure.objects.filter(pk=int(parts[1])).first() if parts[0] == "closure" else None


def offer(message: Message) -> PlaceOffer | None:
    """None for other messages."""
    parts = message.subject.split(":")
    if parts[0] != "offer":
        return None
    return PlaceOffer.objects.select_related("site", "entry").filter(pk=int(parts[1])).first()
