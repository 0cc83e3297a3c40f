"""The long lists of a patient's page, drawn like the board's. What people wrote goes through ``escape``."""

from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from clinic.models import Site
from clinic.templatetags.homeward import when_at
from support.domain.board import Visit
from support.domain.record_page import Seen
from support.templatetags.drawn import address, status

register = template.Library()


@register.simple_tag
def course_visits(visits: list[Visit], site: Site) -> SafeString:
    """The visits of a course, each with its way home."""
    visit_at = address("infusion")
    drawn = []
    for visit in visits:
        row = visit.infusion
        when = escape(when_at(row.starts_at, site))
        drawn.append(
            f'<li class="list__line"><span><a href="{visit_at(row.pk)}"><b>{when}</b></a>'
            f"<small>{escape(row.room_name)} · {escape(visit.phase)}</small></span>"
            f"{status(visit.mark_level, visit.mark_word)}</li>"
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


@register.simple_tag
def seen_lines(seen: list[Seen], site: Site) -> SafeString:
    """Who looked at a record or changed it."""
    drawn = [
        f"<li>{escape(line.who)}<small>{escape(when_at(line.at, site))} · {escape(line.what)}</small></li>"
        for line in seen
    ]
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in
