"""A day's visits as blocks in their rooms and as lines by time. Drawn here and not in a template for the same reason as
the schedule: many on a page that asks for itself every few seconds. What people wrote goes through ``escape``."""

from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic.models import Site
from clinic.templatetags.homeward import MARKS, spoken_number
from support.domain.board import Visit
from support.domain.steps import clock
from support.models import SupportPerson

register = template.Library()

# Under these many five minutes the words of a block need less air around them.
SLIM = 14


@register.simple_tag
def visit_blocks(visits: list[Visit], site: Site) -> SafeString:
    """The visits of one room on the day's grid, each with its turnaround."""
    base, zone, when = reverse("infusion", args=[0]).removesuffix("0/"), site.zone, _("%(from)s to %(until)s")
    drawn = []
    for visit in visits:
        if visit.place:
            infusion = visit.infusion
            spoken = when % {"from": clock(infusion.starts_at, zone), "until": clock(infusion.ends_at, zone)}
            slim = " visit--slim" if visit.place.width < SLIM else ""
            drawn.append(
                f'<a class="visit visit--{visit.tone}{slim} {visit.place.css}" id="visit-{infusion.pk}"'
                f' href="{base}{infusion.pk}/"><span class="visit__when">{spoken}</span>{_words(visit)}</a>'
            )
        if visit.turn:
            drawn.append(f'<span class="turn {visit.turn.css}"></span>')
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


@register.simple_tag
def visit_lines(visits: list[Visit], site: Site) -> SafeString:
    """The same day by time, for a phone and, with the helpers' numbers, for paper."""
    base, zone = reverse("infusion", args=[0]).removesuffix("0/"), site.zone
    drawn = []
    for visit in visits:
        infusion, way = visit.infusion, visit.way
        asked = [row.designation.person for row in way.asked]
        people = [way.commitment.designation.person, *asked] if way.commitment else asked
        print_only = escape(way.sentence + "".join(_phone(person) for person in people))
        drawn.append(
            f'<li><a class="visit visit--{visit.tone}" href="{base}{infusion.pk}/">'
            f'<span class="agenda__time">{clock(infusion.starts_at, zone)}</span>'
            f'{_words(visit, room=infusion.room.name)}<span class="print-only">{print_only}</span></a></li>'
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


def _words(visit: Visit, room: str = "") -> str:
    phase = f"{room} · {visit.phase}" if room else visit.phase
    return (
        f'<span class="visit__name">{escape(visit.infusion.patient.short_name)}</span>'
        f'<span class="visit__phase">{escape(phase)}</span><span class="status status--{visit.mark_level}">'
        f"{MARKS[visit.mark_level]}{escape(visit.mark_word)}</span>"
    )


def _phone(person: SupportPerson) -> str:
    return f" {person.full_name} {spoken_number(person.phone)}" if person.phone else ""
