"""What staff read out to whom they call: ``messages/<kind>.voice.<language>.txt``, set into ``voice.<language>.txt``.

It says what a message would say, in the reader's language, and no more: who may not know dates is told of none. For an
answering machine, which anybody may hear, there is a name and a number.
"""

from collections.abc import Collection, Mapping

from clinic.models import Infusion
from messaging.domain import compile, words
from messaging.domain.outbox import Wanted
from messaging.enums import Channel
from messaging.models import Message
from support.domain import links, rules, wording
from support.domain.wording_slots import SLOTS

FRAME = "voice"
# What the frame may name beside what the message may.
READER, WORDS = "reader", "words"
# Of these there is never a message: the call asks what another message asks.
SAME = {"helper_unreached": "helper_ask_again"}


def of(*, call: Wanted, visit: Infusion | None) -> str:
    """The whole of it, ready to read; "" where something it names is not known, so that somebody calls all the same."""
    row = Message(
        kind=SAME.get(call.kind, call.kind),
        scope=f"infusion:{visit.pk}" if visit is not None else "",
        subject=call.subject,
        about_at=call.about_at,
        recipient=call.recipient,
        language=call.language,
        # Read by nobody: no "STOP" in it, and no limit of hours.
        channel=Channel.EMAIL,
    )
    who = wording.addressee(row)
    policy = rules.at(site=who.site)
    facts = wording.facts_of(row, who=who, visit=visit, link=links.stand_in(), policy=policy)
    language = words.spoken(row)
    try:
        said = _put(f"{facts.wording}.voice", language, facts.values, SLOTS[row.kind])
        values = {**facts.values, READER: who.contact.first_name, WORDS: said}
        return _put(FRAME, language, values, values)
    except compile.Faulty:
        return ""


def _put(name: str, language: str, values: Mapping[str, str | bool], slots: Collection[str]) -> str:
    source = words.shipped(wording=name, language=language)
    return compile.compiled(source, slots=slots).render(values)
