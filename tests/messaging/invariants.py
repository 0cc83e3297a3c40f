"""What must hold between our ledger and the provider's, whatever happened in between."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from messaging.domain import kinds as registry
from messaging.domain import opt_outs, quiet
from messaging.enums import WITH_PROVIDER, MessageStatus, Settled
from messaging.models import Message
from tests.messaging import kinds

OPEN = frozenset({MessageStatus.PENDING, MessageStatus.SENDING, MessageStatus.UNKNOWN})


def broken(texts: Iterable[Mapping[str, str]], *, settled_by: datetime | None = None) -> list[str]:
    """One sentence for each thing that is wrong with the texts (`link` kinds only) the phones received.

    Given `settled_by`, every message that was of use until then at most must have come to an end.
    """
    texts = list(texts)
    by_link = {kinds.link_of(message): message for message in Message.objects.select_related("site")}
    links = Counter(word for text in texts for word in text["body"].split() if word in by_link)
    found, unsaid = [], 0
    for link, message in by_link.items():
        count, most = links[link], _at_most(message)
        if count > most:
            found.append(f"message {message.pk} went {count} times")
        if message.status in WITH_PROVIDER and not count:
            found.append(f"message {message.pk} is {message.status} and no phone has it")
        if message.status not in WITH_PROVIDER and message.settled != Settled.SILENT and count:
            found.append(f"message {message.pk} is {message.status} and a phone has it")
        unsaid += min(count, most) - (message.status in WITH_PROVIDER and count > 0)
    ours = set(Message.objects.filter(status__in=WITH_PROVIDER).values_list("provider_id", flat=True))
    theirs = {text["sid"] for text in texts}
    found += [f"{sid} is known to us only" for sid in sorted(ours - theirs)]
    # Of a text nobody could be asked about the provider has a name that we never heard.
    if len(theirs - ours) != unsaid:
        found.append(f"{len(theirs - ours)} texts have a name we do not know, {unsaid} are accounted for")
    open_still = Message.objects.filter(status__in=OPEN, not_after__lte=settled_by) if settled_by else ()
    found += [f"message {message.pk} is lost: {message.status}" for message in open_still]
    return found + _ledger_faults(by_link)


def _at_most(message: Message) -> int:
    """How often it may have gone: twice only what is better said twice, and where the ledger says that it was."""
    return 1 + message.unsure_times if registry.get(message.kind).twice else 1


def _ledger_faults(by_link: Mapping[str, Message]) -> list[str]:
    found = []
    sent = [message for message in by_link.values() if message.sent_at is not None]
    stopped = opt_outs.among(addresses={message.sent_to for message in sent})
    for message in sent:
        if message.sent_at > message.not_after:
            found.append(f"message {message.pk} went too late")
        zone = quiet.zone_or(name=message.zone, fallback=message.site.timezone)
        if message.kind != kinds.COME_IN.name and quiet.is_quiet(moment=message.sent_at, zone=zone):
            found.append(f"message {message.pk} went at night")
        if message.sent_to in stopped:
            found.append(f"message {message.pk} went to somebody who asked for no more")
    said = Counter((each.kind, each.recipient, each.subject, each.about_at, each.channel) for each in sent)
    found += [
        f"{kind} to {recipient} about {subject} was said by {count} messages"
        for (kind, recipient, subject, *_rest), count in said.items()
        if count > 1
    ]
    found += [f"message {message.pk} holds a link" for link, message in by_link.items() if link in message.body]
    return found
