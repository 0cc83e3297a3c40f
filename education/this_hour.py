"""Which part of a page counts at this hour.

``{#hour-2}`` begins two hours after the start, ``{#before-24}`` a day before it. A part lasts until the next begins.
"""

import re
from collections.abc import Mapping

from django.utils.safestring import SafeString

from education.rendering import HasText, Section, render_text, sections

TIMED = re.compile(r"^(hour|before)-(\d+)$")


def begins_at(section: Section) -> int | None:
    """Hours since the start, negative before it; None for a part that belongs to no hour."""
    match = TIMED.match(section.key)
    if match is None:
        return None
    return -int(match[2]) if match[1] == "before" else int(match[2])


def section_at(*, revision: HasText, hours_since: float) -> Section | None:
    """The part that began last. None where nothing has begun yet or the page has no timed parts."""
    timed = [(begins, part) for part in sections(revision.text) if (begins := begins_at(part)) is not None]
    begun = [(begins, part) for begins, part in timed if begins <= hours_since]
    return max(begun, key=lambda pair: pair[0])[1] if begun else None


def block(*, revision: HasText, hours_since: float, values: Mapping[str, str]) -> SafeString:
    """The part for this hour as HTML, heading included; empty where there is none."""
    section = section_at(revision=revision, hours_since=hours_since)
    return render_text(text=section.text, values=values) if section else SafeString("")
