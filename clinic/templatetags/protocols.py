"""Protocols and rooms in words."""

from django import template

from clinic.domain import protocol_words
from clinic.enums import Equipment
from clinic.models import ProtocolStage, Room

register = template.Library()


@register.filter
def in_words(stage: ProtocolStage) -> str:
    """Such as: 6 visits, 2 to 5 days apart, best 3."""
    return protocol_words.stage(stage)


@register.filter
def equipment(room: Room) -> str:
    """What the room has, as a list in words; a dash for nothing."""
    return ", ".join(str(Equipment(one).label) for one in room.equipment) or "–"
