"""What people were told of a step that was taken back. No message unsays it: somebody calls."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus
from clinic.models import Infusion
from messaging.models import Message
from support.domain.steps import clock
from support.domain.visit_state import GONE

S = InfusionStatus
# In these states each of these messages is no longer true.
UNTRUE = {
    "helper_come_in": frozenset({S.STARTED, S.RECOVERING}),
    "helper_cancelled": frozenset({S.BOOKED, S.ARRIVED, S.STARTED, S.RECOVERING, S.READY}),
}


def told(*, infusion: Infusion, messages: Iterable[Message], names: Mapping[str, str]) -> list[str]:
    """A sentence for each message about the visit that has gone and does not hold any more. ``names``: first names by
    the message's recipient."""
    found = []
    for message in messages:
        is_untrue = infusion.state in UNTRUE.get(message.kind, ())
        if not is_untrue or message.status not in GONE or message.about_at != infusion.starts_at:
            continue
        sentence = _("%(name)s was told at %(time)s to come in. Please call: it takes longer.")
        if message.kind == "helper_cancelled":
            sentence = _("%(name)s was told at %(time)s that nobody is needed. Please call: the visit takes place.")
        at = clock(message.sent_at or message.due_at, infusion.site.zone)
        found.append(sentence % {"name": names.get(message.recipient, _("Somebody")), "time": at})
    return found
