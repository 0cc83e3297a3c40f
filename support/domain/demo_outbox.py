"""What the phones of the demonstration received, with the links working again. Constant queries, changes nothing."""

from dataclasses import dataclass

from clinic.models import Site
from messaging.enums import WITH_PROVIDER
from messaging.models import Message
from support.domain import ledger_words, links
from support.domain.ledger_words import Line
from support.models import Link

SHOWN = 60
MASK = "[link]"


@dataclass(frozen=True, kw_only=True)
class Received:
    """``before`` and ``after`` stand around ``address``, which is empty where the message held no link."""

    line: Line
    before: str
    after: str
    address: str


def phones(*, site: Site) -> list[Received]:
    """The newest first."""
    sent = Message.objects.filter(site=site, status__in=sorted(WITH_PROVIDER)).order_by("-sent_at", "-pk")[:SHOWN]
    lines = ledger_words.lines(messages=list(sent))
    addresses = _addresses(lines)
    return [_received(line, addresses.get(line.message.recipient, "")) for line in lines]


def _received(line: Line, address: str) -> Received:
    if not address or MASK not in line.message.body:
        return Received(line=line, before=line.message.body, after="", address="")
    before, _mask, after = line.message.body.partition(MASK)
    return Received(line=line, before=before, after=after, address=address)


def _addresses(lines: list[Line]) -> dict[str, str]:
    """The newest open link of each recipient."""
    recipients = {line.message.recipient for line in lines}
    designations = {int(name.partition(":")[2]) for name in recipients if name.startswith("designation:")}
    patients = {int(name.partition(":")[2]) for name in recipients if name.startswith("patient:")}
    found: dict[str, str] = {}
    open_links = Link.objects.filter(withdrawn_at=None).order_by("created_at")
    for link in open_links.filter(designation_id__in=designations):
        found[f"designation:{link.designation_id}"] = links.address(link)
    for link in open_links.filter(patient_id__in=patients):
        found[f"patient:{link.patient_id}"] = links.address(link)
    return found
