"""A day's visits as blocks in their rooms and as lines by time. Drawn here and not in a template for the same reason as
the schedule: many on a page that asks for itself every few seconds."""

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic.models import Site
from clinic.templatetags.homeward import MARKS, at, spoken_number
from support.domain.board import Visit
from support.models import SupportPerson

register = template.Library()

# Under these many five minutes the words of a block need less air around them.
SLIM = 14
BLOCK = (
    '<a class="visit{look} {css}" id="visit-{pk}" href="{href}"><span class="visit__when">{when}</span>'
    '<span class="visit__name">{name}</span><span class="visit__phase">{phase}</span>{status}</a>'
)
TURN = '<span class="turn {}"></span>'
LINE = (
    '<li><a class="visit{look}" href="{href}"><span class="agenda__time">{time}</span>'
    '<span class="visit__name">{name}</span><span class="visit__phase">{room} · {phase}</span>{status}'
    '<span class="print-only">{sentence}{phones}</span></a></li>'
)
STATUS = '<span class="status status--{}">{}{}</span>'


@register.simple_tag
def visit_blocks(visits: list[Visit], site: Site) -> SafeString:
    """The visits of one room on the day's grid, each with its turnaround."""
    base = _base()
    return format_html_join("", "{}{}", ((_block(visit, site, base), _turn(visit)) for visit in visits))


@register.simple_tag
def visit_lines(visits: list[Visit], site: Site) -> SafeString:
    """The same day by time, for a phone and, with the helpers' numbers, for paper."""
    base = _base()
    return format_html_join("", "{}", ((_line(visit, site, base),) for visit in visits))


def _base() -> str:
    return reverse("infusion", args=[0]).removesuffix("0/")


def _block(visit: Visit, site: Site, base: str) -> SafeString | str:
    if visit.place is None:
        return ""
    infusion = visit.infusion
    return format_html(
        BLOCK,
        look=_look(visit) + (" visit--slim" if visit.place.width < SLIM else ""),
        css=visit.place.css,
        pk=infusion.pk,
        href=f"{base}{infusion.pk}/",
        when=_("%(from)s to %(until)s") % {"from": at(infusion.starts_at, site), "until": at(infusion.ends_at, site)},
        name=infusion.patient.short_name,
        phase=visit.phase,
        status=_status(visit),
    )


def _turn(visit: Visit) -> SafeString | str:
    return format_html(TURN, visit.turn.css) if visit.turn else ""


def _line(visit: Visit, site: Site, base: str) -> SafeString:
    infusion, way = visit.infusion, visit.way
    asked = [row.designation.person for row in way.asked]
    people = [way.commitment.designation.person, *asked] if way.commitment else asked
    return format_html(
        LINE,
        look=_look(visit),
        href=f"{base}{infusion.pk}/",
        time=at(infusion.starts_at, site),
        name=infusion.patient.short_name,
        room=infusion.room.name,
        phase=visit.phase,
        status=_status(visit),
        sentence=way.sentence,
        phones="".join(_phone(person) for person in people),
    )


def _phone(person: SupportPerson) -> str:
    return f" {person.full_name} {spoken_number(person.phone)}" if person.phone else ""


def _look(visit: Visit) -> str:
    return f" visit--{visit.tone}" if visit.tone else ""


def _status(visit: Visit) -> SafeString:
    return format_html(STATUS, visit.mark_level, MARKS[visit.mark_level], visit.mark_word)
