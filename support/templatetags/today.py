"""A day's visits as blocks in their rooms, as lines by time and as choices. Drawn here and not in a template for the
same reason as the schedule. What people wrote goes through ``escape``."""

from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic.models import Site
from clinic.templatetags.homeward import spoken_number
from support.domain.board import Board, Lane, Visit
from support.domain.board_grid import Grid
from support.domain.steps import clock
from support.domain.way_home import Ride
from support.templatetags.drawn import address, hours, places, status

register = template.Library()

# Under these many five minutes the words of a block need less air around them.
SLIM = 14


@register.simple_tag
def hours_of(grid: Grid) -> SafeString:
    """The hours over a board, each at its column."""
    return mark_safe(hours(grid))  # noqa: S308 - numbers


@register.simple_tag
def lanes(board: Board) -> SafeString:
    """The rooms of the day, each with its visits."""
    now = f'<span class="board__now c{board.now_column} w1"></span>' if board.now_column else ""
    drawn = []
    for lane in board.lanes:
        shades = "".join([f'<span class="shade {shade.css}"></span>' for shade in lane.shades])
        drawn.append(
            f'<div class="lane" id="lane-{lane.room.pk}"><h3 class="lane__room">{escape(lane.room.name)}'
            f"<small>{places(lane.room.places) or _('no guests')}</small></h3>"
            f'<div class="lane__track">{shades}{now}{_blocks(lane, board.site)}</div></div>'
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


def _blocks(lane: Lane, site: Site) -> str:
    """The visits of one room on the day's grid, each with its turnaround."""
    visit_at, zone, when = address("infusion"), site.zone, _("%(from)s to %(until)s")
    drawn = []
    for visit in lane.visits:
        if visit.place:
            infusion = visit.infusion
            spoken = when % {"from": clock(infusion.starts_at, zone), "until": clock(infusion.ends_at, zone)}
            slim = " visit--slim" if visit.place.width < SLIM else ""
            drawn.append(
                f'<a class="visit visit--{visit.tone}{slim} {visit.place.css}" id="visit-{infusion.pk}"'
                f' href="{visit_at(infusion.pk)}"><span class="visit__when">{spoken}</span>{_words(visit)}</a>'
            )
        if visit.turn:
            drawn.append(f'<span class="turn {visit.turn.css}"></span>')
    return "".join(drawn)


@register.simple_tag
def visit_lines(visits: list[Visit], site: Site) -> SafeString:
    """The same day by time, for a phone and, with the helpers' numbers, for paper."""
    visit_at, zone = address("infusion"), site.zone
    drawn = []
    for visit in visits:
        infusion, way = visit.infusion, visit.way
        people = [way.held, *way.asked] if way.held else way.asked
        print_only = escape(way.sentence + "".join(_phone(person) for person in people))
        drawn.append(
            f'<li><a class="visit visit--{visit.tone}" href="{visit_at(infusion.pk)}">'
            f'<span class="agenda__time">{clock(infusion.starts_at, zone)}</span>'
            f'{_words(visit, room=infusion.room_name)}<span class="print-only">{print_only}</span></a></li>'
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


@register.simple_tag
def visit_choices(visits: list[Visit], site: Site) -> SafeString:
    """The day's patients to choose from, by the time of their visit."""
    zone = site.zone
    drawn = [
        f'<option value="{row.patient_id}">{clock(row.starts_at, zone)} {escape(row.short_name)}</option>'
        for row in (visit.infusion for visit in visits)
    ]
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


def _words(visit: Visit, room: str = "") -> str:
    phase = f"{room} · {visit.phase}" if room else visit.phase
    return (
        f'<span class="visit__name">{escape(visit.infusion.short_name)}</span>'
        f'<span class="visit__phase">{escape(phase)}</span>{status(visit.mark_level, visit.mark_word)}'
    )


def _phone(person: Ride) -> str:
    return f" {person.full_name} {spoken_number(person.phone)}" if person.phone else ""
