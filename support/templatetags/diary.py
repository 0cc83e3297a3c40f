"""What stands in a lane of the schedule. Drawn here and not in a template: hundreds of blocks on a page that asks for
itself every few seconds, and this takes a sixth of the time."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic.templatetags.homeward import MARKS
from support.domain.diary_shapes import Block, Gap, Lane, Shade

register = template.Library()

VISIT = (
    '<div class="visit {tone} {css}" id="visit-{pk}"{carry}><a class="visit__open" href="{visits}{pk}/"{key}>'
    '<span class="visit__row"><span class="visit__name">{name}</span><span class="visit__when">{when}</span></span>'
    '<span class="visit__row visit__row--more"><span>{phase}</span><span>{beside}</span></span>'
    '<span class="visit__row"><span class="status status--{level}">{shape}{word}</span>{guests}</span></a>'
    '{move}<i class="phases {parts}"></i></div>'
)
CARRY = ' data-visit="{}" data-version="{}" data-start="{}" data-minutes="{}" data-name="{}"'
KEY = mark_safe(' aria-keyshortcuts="m"')
MOVE = '<a class="visit__move" href="{}{}/move/">{}<span class="aloud"> {}</span></a>'
GUESTS = '<span class="visit__guests{}">{}{}</span>'
TURN = '<span class="turn {}"></span>'
GAP = (
    '<a class="gap {css}" href="{book}?{by}={pk}&amp;at={at}" data-gap><span class="gap__free">{free} </span>{start}'
    '<span class="gap__end">–{end}</span><span class="aloud">, {name}</span></a>'
)
SHADE = '<span class="shade shade--{} {}"><span class="shade__say">{} {}–{}{}</span></span>'


@register.simple_tag
def lane_items(lane: Lane, by: str) -> SafeString:
    """Shades, free stretches and visits of a lane, in the order of their beginning."""
    visits, book = reverse("infusion", args=[0]).removesuffix("0/"), reverse("schedule_book")
    drawn = [_shade(shade) for shade in lane.shades]
    for item in lane.items:
        if isinstance(item, Gap):
            drawn.append(_gap(item, lane, by, book))
        else:
            drawn.append(_visit(item, visits))
    return mark_safe("".join(drawn))  # noqa: S308 - each part is made by format_html


def _visit(block: Block, visits: str) -> SafeString:
    return format_html(
        VISIT,
        tone=f"visit--{block.tone}" if block.tone else "",
        css=block.css,
        pk=block.pk,
        visits=visits,
        name=block.name,
        when=block.when,
        phase=block.phase,
        beside=block.beside,
        level=block.level,
        shape=MARKS[block.level],
        word=block.word,
        parts=block.parts,
        guests=_guests(block),
        carry=_carry(block),
        key=KEY if block.can_move else "",
        move=format_html(MOVE, visits, block.pk, _("Move"), block.name) if block.can_move else "",
    ) + (format_html(TURN, block.turn) if block.turn else "")


def _carry(block: Block) -> str:
    if not block.can_move:
        return ""
    return format_html(CARRY, block.pk, block.version, block.start, block.minutes, block.name)


def _guests(block: Block) -> str:
    if not block.guests:
        return ""
    crowded = block.is_crowded
    return format_html(GUESTS, " is-crowded" if crowded else "", MARKS["risk"] if crowded else "", block.guests)


def _gap(gap: Gap, lane: Lane, by: str, book: str) -> SafeString:
    return format_html(
        GAP,
        css=f"{gap.css} gap--slim" if gap.is_slim else gap.css,
        book=book,
        by=by,
        pk=lane.owner.pk,
        at=gap.at,
        free=_("Free"),
        start=gap.start,
        end=gap.end,
        name=lane.owner.name,
    )


def _shade(shade: Shade) -> SafeString:
    words = {"closed": _("Closed"), "out": _("Outside hours"), "taken": _("Taken")}
    why = f": {shade.why}" if shade.why else ""
    return format_html(SHADE, shade.kind, shade.css, words[shade.kind], shade.start, shade.end, why)
