"""Refuses a set-up in which texts would be too long to go."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from messaging.domain import firewall, segments
from support.domain import links


@register(deploy=True)
def a_link_leaves_room_for_words(**_options: Any) -> list[CheckMessage]:
    over = len(links.stand_in()) - segments.LINK_ROOM
    if over <= 0:
        return []
    return [
        Error(
            f"The links in texts are {over} characters too long: most texts would be stopped.",
            hint=f"Set LINK_URL to an address of {len(firewall.link_base()) - over} characters or fewer.",
            id="support.E001",
        )
    ]
