"""One message as its reader sees it: as it went, or as it would go at this moment. Sends nothing, changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from messaging.domain import dispatch, firewall, kinds, wordings, words
from messaging.domain.compile import Faulty
from messaging.enums import Channel
from messaging.models import Message, Wording
from support.domain import links, lockscreen, rules, wording, wording_about
from support.domain.lockscreen import Screen
from support.domain.wording import Addressee


@dataclass(frozen=True, kw_only=True)
class MessageLook:
    """``went``: these are the words that were sent. ``why`` it would be stopped at this moment, if it would.

    ``words`` with the link masked, "" where nobody can say yet. ``name``: of the words, "" where it was not kept;
    ``own``: the clinic's version of them, None for those it comes with.
    """

    went: bool
    why: str = ""
    words: str = ""
    screen: Screen | None = None
    name: str = ""
    own: Wording | None = None


def of(*, message: Message, now: datetime) -> MessageLook:
    """Of any message of ours; the answer to a text is written as it goes."""
    if message.body:
        return _went(message)
    if kinds.get(message.kind).facts != wording.facts:
        return MessageLook(went=False, why=_("It is written at the moment it goes."))
    try:
        return _would_go(message, now)
    except ObjectDoesNotExist:
        return MessageLook(went=False, why=_("This person is no longer on the list."))
    except Faulty as faulty:
        return MessageLook(went=False, why=str(faulty))


def _went(message: Message) -> MessageLook:
    body = message.body.replace(dispatch.MASK, links.stand_in())
    return MessageLook(
        went=True,
        words=message.body,
        screen=_screen(message, subject=message.email_subject, body=body, page_title=""),
        name=message.wording.kind if message.wording else "",
        own=message.wording,
    )


def _would_go(message: Message, now: datetime) -> MessageLook:
    who, kind = wording.addressee(message), kinds.get(message.kind)
    facts = wording.facts_of(
        message, who=who, visit=wording.visit_of(message), link=links.stand_in(), policy=rules.at(site=who.site)
    )
    which = {"channel": message.channel, "language": words.spoken(message)}
    own = wordings.current(site_id=message.site_id, kind=facts.wording, **which)
    draft = words.written(message=message, kind=kind, facts=facts, own=own)
    verdict = firewall.check(draft=draft, facts=facts, kind=kind, message=message, now=max(now, message.due_at))
    title = _page_title(message, who, facts.wording) if draft.link else ""
    return MessageLook(
        went=False,
        why="" if verdict.wanted or verdict.retry_at else verdict.reason,
        words=dispatch.masked(draft),
        screen=_screen(message, subject=draft.subject, body=draft.body, page_title=title),
        name=facts.wording,
        own=own,
    )


def _screen(message: Message, *, subject: str, body: str, page_title: str) -> Screen:
    language = words.spoken(message)
    return lockscreen.of(channel=message.channel, language=language, subject=subject, body=body, page_title=page_title)


def _page_title(message: Message, who: Addressee, name: str) -> str:
    if message.channel != Channel.SMS:
        return ""
    is_helper = who.designation is not None
    return wording_about.page_title(name=name, is_helper=is_helper, language=words.spoken(message))
