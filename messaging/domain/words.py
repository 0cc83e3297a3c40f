"""What a message says: the clinic's own words for it, else those that come with the product.

The product's lie in ``messages/<wording>.<language>.txt``, an e-mail's subject in ``<wording>.subject.<language>.txt``.
An e-mail is set into ``email.<language>.txt`` and ``.html``, which the clinic cannot change.
"""

from collections.abc import Mapping

from django.conf import settings
from django.template import Engine
from django.template.loader import render_to_string

from messaging.domain import compile, segments, wordings
from messaging.domain.kinds import Draft, Facts, Kind, Slot
from messaging.enums import Channel
from messaging.models import Message, Wording

LINK = "link"


def draft(*, message: Message, kind: Kind, facts: Facts) -> Draft:
    """With the words in use now. One query. Raises ``compile.Faulty``."""
    own = wordings.current(
        site_id=message.site_id, kind=facts.wording, channel=message.channel, language=spoken(message)
    )
    return written(message=message, kind=kind, facts=facts, own=own)


def written(*, message: Message, kind: Kind, facts: Facts, own: Wording | None) -> Draft:
    """The same with the clinic's ``own`` words at hand, saved or not; None: the product's. Raises the same."""
    language = spoken(message)
    values = {LINK: facts.link, **_fitting(facts.values, kind.slots)}
    source = own.text if own is not None else shipped(wording=facts.wording, language=language)
    compiled = compile.compiled(source, slots=values_allowed(kind))
    body, uses = compiled.render(values).strip(), compiled.uses
    subject = html = ""
    link = facts.link if LINK in uses and facts.link in body else ""
    if message.channel == Channel.EMAIL:
        source = own.subject if own is not None else shipped(wording=f"{facts.wording}.subject", language=language)
        compiled = compile.compiled(source, slots=values_allowed(kind) - {LINK})
        subject, uses = compiled.render(values).strip(), uses | compiled.uses
        around = {**values, "preferences": facts.preferences, "subject": subject, "link": link}
        bare = body.replace(link, "").strip() if link else body
        html = render_to_string(f"messages/email.{language}.html", {**around, "words": bare})
        body = _plain(f"messages/email.{language}.txt", {**around, "text": body})
    else:
        body = segments.folded(body)
    return Draft(
        to=facts.to,
        body=body,
        link=link,
        subject=subject,
        html=html,
        zone=facts.zone,
        window=facts.window,
        uses=uses - {LINK},
        wording_id=own.pk if own is not None else None,
        preferences=facts.preferences,
    )


def shipped(*, wording: str, language: str) -> str:
    """The product's words, as they are written. Raises ``TemplateDoesNotExist``."""
    return str(Engine.get_default().get_template(f"messages/{wording}.{language}.txt").source).strip()


def spoken(message: Message) -> str:
    """The language of its words: the reader's where we have it."""
    return message.language if message.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def values_allowed(kind: Kind) -> frozenset[str]:
    """The names its words may use."""
    return frozenset(kind.slots) | {LINK}


def _fitting(values: Mapping[str, str | bool], slots: Mapping[str, Slot]) -> dict[str, str | bool]:
    """What is longer than its slot is cut: the words were counted with the longest."""
    found = dict(values)
    for name, slot in slots.items():
        value = found.get(name)
        if isinstance(value, str) and isinstance(slot.longest, str) and slot.longest:
            found[name] = segments.cut(value, units=segments.measure(slot.longest).units)
    return found


def _plain(name: str, values: Mapping[str, str | bool]) -> str:
    return compile.compiled(str(Engine.get_default().get_template(name).source), slots=values).render(values).strip()
