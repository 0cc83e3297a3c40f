"""What a locked phone shows of a message to whoever lies beside it: the sender, the first words, the page's name."""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings

from messaging.domain import firewall
from messaging.domain.firewall import FIRST_WORDS
from messaging.enums import Channel

# Of a link that only stands in for one (``links.stand_in``).
TOKEN = re.compile("0{8,}")


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A locked phone, as ``components/lockscreen.html`` draws it."""

    sender: str
    subject: str
    words: str
    is_cut: bool
    page_title: str
    host: str
    language: str


def of(*, channel: str, language: str, subject: str, body: str, page_title: str) -> Screen:
    """``body`` with an address that stands in for the link; ``page_title`` of what it leads to, if phones show it."""
    return Screen(
        sender=settings.SMS_FROM if channel == Channel.SMS else parseaddr(settings.DEFAULT_FROM_EMAIL)[0],
        subject=subject,
        words=masked(body[:FIRST_WORDS].rstrip()).removesuffix("…"),
        is_cut=len(body) > FIRST_WORDS,
        page_title=page_title,
        host=urlsplit(firewall.link_base()).netloc,
        language=language,
    )


def masked(text: str) -> str:
    """The made-up token of its link says nothing."""
    return TOKEN.sub("…", text)
