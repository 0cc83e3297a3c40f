"""From a page's Markdown to HTML that is safe to show.

A heading may carry a name: ``## The first hour {#hour-0}``. ``[[solids_hours]]`` stands for a value of the clinic.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Protocol

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

PLACEHOLDER = re.compile(r"\[\[([a-z][a-z0-9_]*)\]\]")
HEADING_NAME = re.compile(r"\s*\{#([a-z0-9-]+)\}\s*$")
NUMBERS_TO_DIAL = frozenset({"clinic_phone", "emergency_number", "crisis_number"})

TAGS = {"h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "a", "blockquote", "hr", "br", "code", "pre"}
# "*" is named because the cleaner otherwise keeps titles, where a value has no business.
ATTRIBUTES = {"*": set[str](), "a": {"href"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}}
SCHEMES = {"https", "tel", "mailto"}

markdown = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable("smartquotes").disable("image")


class HasText(Protocol):
    text: str


class MissingValue(LookupError):
    """The text asks for a value that nobody gave. Carries the placeholder's name."""


@dataclass(frozen=True)
class Section:
    """One second-level heading and what follows it. ``key`` is empty where the heading has no name."""

    key: str
    title: str
    text: str


def render(*, revision: HasText, values: Mapping[str, str]) -> SafeString:
    """The whole page. Raises ``MissingValue`` rather than show a page with a hole in it."""
    return render_text(text=revision.text, values=values)


def render_text(*, text: str, values: Mapping[str, str]) -> SafeString:
    """Cleaned HTML with the values filled in last, so that no value is ever read as Markdown or HTML."""
    tokens = markdown.parse(text)
    name_headings(tokens)
    html = nh3.clean(
        markdown.renderer.render(tokens, markdown.options, {}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
    )
    return mark_safe(PLACEHOLDER.sub(lambda found: fill(found[1], values), html))  # noqa: S308


def fill(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise MissingValue(name)
    shown = escape(values[name])
    digits = re.sub(r"[^0-9+]", "", values[name])
    if name in NUMBERS_TO_DIAL and digits:
        return f'<a class="dial-inline" href="tel:{digits}">{shown}</a>'
    return shown


def placeholders_in(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def sections(text: str) -> list[Section]:
    """The page cut at its second-level headings, in order. What stands before the first one is not part of any."""
    tokens = markdown.parse(text)
    lines = text.splitlines()
    heads = [(token.map[0], tokens[at + 1].content) for at, token in enumerate(tokens) if opens_section(token)]
    ends = [line for line, _title in heads[1:]] + [len(lines)]
    found = []
    for (start, heading), end in zip(heads, ends, strict=True):
        name = HEADING_NAME.search(heading)
        title = HEADING_NAME.sub("", heading)
        found.append(Section(key=name[1] if name else "", title=title, text="\n".join(lines[start:end])))
    return found


def opens_section(token: Token) -> bool:
    return token.type == "heading_open" and token.tag == "h2" and token.level == 0


def name_headings(tokens: list[Token]) -> None:
    """Turns ``{#name}`` into an id and keeps the page's only ``h1`` for the shell."""
    for at, token in enumerate(tokens):
        if token.type not in {"heading_open", "heading_close"}:
            continue
        if token.tag == "h1":
            token.tag = "h2"
        if token.type == "heading_open":
            take_name(token, tokens[at + 1])


def take_name(heading: Token, inline: Token) -> None:
    name = HEADING_NAME.search(inline.content)
    if name and inline.children:
        heading.attrSet("id", f"part-{name[1]}")
        last = inline.children[-1]
        last.content = HEADING_NAME.sub("", last.content)
