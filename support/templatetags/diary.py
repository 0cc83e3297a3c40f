"""What stands in a lane of the schedule. Drawn here and not in a template: hundreds of blocks on a page that asks for
itself every few seconds, and this takes a tenth of the time. Every word that people wrote goes through ``escape``."""

from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic.templatetags.homeward import MARKS
from support.domain.diary_shapes import Block, Gap, Lane, Shade

register = template.Library()


@register.simple_tag
def lane_items(lane: Lane, by: str) -> SafeString:
    """Shades, free stretches and visits of a lane, in the order of their beginning."""
    visits, move = reverse("infusion", args=[0]).removesuffix("0/"), _("Move")
    book, free, name = f"{reverse('schedule_book')}?{by}={lane.owner.pk}&amp;at=", _("Free"), escape(lane.owner.name)
    drawn = [_shade(shade) for shade in lane.shades]
    for item in lane.items:
        drawn.append(_gap(item, book, free, name) if isinstance(item, Gap) else _visit(item, visits, move))
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


def _visit(block: Block, visits: str, move: str) -> str:
    name = escape(block.name)
    carry = key = moves = ""
    if block.can_move:
        key = ' aria-keyshortcuts="m"'
        carry = (
            f' data-visit="{block.pk}" data-version="{block.version}" data-start="{block.start}"'
            f' data-minutes="{block.minutes}" data-name="{name}"'
        )
        moves = f'<a class="visit__move" href="{visits}{block.pk}/move/">{move}<span class="aloud"> {name}</span></a>'
    turn = f'<span class="turn {block.turn}"></span>' if block.turn else ""
    return (
        f'<div class="visit visit--{block.tone} {block.css}" id="visit-{block.pk}"{carry}>'
        f'<a class="visit__open" href="{visits}{block.pk}/"{key}>'
        f'<span class="visit__row"><span class="visit__name">{name}</span>'
        f'<span class="visit__when">{block.when}</span></span>'
        f'<span class="visit__row visit__row--more"><span>{escape(block.phase)}</span>'
        f"<span>{escape(block.beside)}</span></span>"
        f'<span class="visit__row"><span class="status status--{block.level}">{MARKS[block.level]}'
        f"{escape(block.word)}</span>{_guests(block)}</span></a>"
        f'{moves}<i class="phases {block.parts}"></i></div>{turn}'
    )


def _guests(block: Block) -> str:
    if not block.guests:
        return ""
    look, shape = (" is-crowded", MARKS["risk"]) if block.is_crowded else ("", "")
    return f'<span class="visit__guests{look}">{shape}{escape(block.guests)}</span>'


def _gap(gap: Gap, book: str, free: str, name: str) -> str:
    slim = " gap--slim" if gap.is_slim else ""
    return (
        f'<a class="gap{slim} {gap.css}" href="{book}{gap.at}" data-gap><span class="gap__free">{free} </span>'
        f'{gap.start}<span class="gap__end">–{gap.end}</span><span class="aloud">, {name}</span></a>'
    )


def _shade(shade: Shade) -> str:
    word = {"closed": _("Closed"), "out": _("Outside hours"), "taken": _("Taken")}[shade.kind]
    why = f": {escape(shade.why)}" if shade.why else ""
    return (
        f'<span class="shade shade--{shade.kind} {shade.css}"><span class="shade__say">{word} {shade.start}–{shade.end}'
        f"{why}</span></span>"
    )
