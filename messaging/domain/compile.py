"""The words of a message, read once and checked before anything is put into them.

All there is: ``{{ name }}``, ``{% if name %}``, ``{% else %}``, ``{% endif %}``. No loop, no filter, nothing included:
whoever writes the words cannot make them go wrong for one person and not for another.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

MARKS = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)
NAME = re.compile(r"[a-z][a-z0-9_]*")
DEEPEST = 5


class Faulty(Exception):
    """The words cannot be used; says why in one sentence, for whoever wrote them."""


@dataclass(frozen=True)
class _Name:
    name: str


@dataclass(frozen=True)
class _Choice:
    name: str
    then: "_Words"
    otherwise: "_Words"


_Words = tuple["str | _Name | _Choice", ...]


@dataclass(frozen=True)
class Compiled:
    """``uses``: every name that stands in the words, whichever way an ``if`` goes."""

    uses: frozenset[str]
    words: _Words

    def render(self, values: Mapping[str, str | bool]) -> str:
        """Raises ``Faulty`` where a used name has no value, though it might not have been shown."""
        missing = sorted(self.uses - values.keys())
        if missing:
            raise Faulty(_("There is no value for “%(name)s” here.") % {"name": missing[0]})
        return "".join(_shown(self.words, values))


def compiled(source: str, *, slots: Collection[str]) -> Compiled:
    """Raises ``Faulty``. ``slots`` are the names that may be used."""
    found = _parsed(source)
    unknown = sorted(found.uses - set(slots))
    if unknown:
        raise Faulty(_("“%(name)s” cannot be used in this message.") % {"name": unknown[0]})
    return found


@lru_cache(maxsize=1024)
def _parsed(source: str) -> Compiled:
    marks = MARKS.split(source)
    uses: set[str] = set()
    words, _end = _read(marks, 0, uses, depth=0)
    return Compiled(uses=frozenset(uses), words=words)


def _read(marks: list[str], at: int, uses: set[str], *, depth: int) -> tuple[_Words, int]:
    """The words from ``at`` to the end, or, inside an if, to the mark that ends this part; and where it stands."""
    if depth > DEEPEST:
        raise Faulty(_("There are too many “if” in one another."))
    found: list[str | _Name | _Choice] = []
    while at < len(marks):
        mark = marks[at]
        if mark.startswith("{{") and mark.endswith("}}"):
            found.append(_Name(_name(mark, mark[2:-2].strip(), uses)))
        elif mark.startswith("{%") and mark.endswith("%}"):
            verb, _space, what = mark[2:-2].strip().partition(" ")
            if depth and not what and verb in {"else", "endif"}:
                return tuple(found), at
            if verb != "if":
                raise Faulty(_misplaced(mark, verb))
            choice, at = _choice(marks, at, _name(mark, what.strip(), uses), uses, depth + 1)
            found.append(choice)
        elif any(sign in mark for sign in ("{{", "}}", "{%", "%}", "{#", "#}")):
            raise Faulty(_("Something is wrong at “%(mark)s”.") % {"mark": mark[:40].strip()})
        elif mark:
            found.append(mark)
        at += 1
    if depth:
        raise Faulty(_("An “if” has no “endif”."))
    return tuple(found), at


def _choice(marks: list[str], at: int, name: str, uses: set[str], depth: int) -> tuple[_Choice, int]:
    then, at = _read(marks, at + 1, uses, depth=depth)
    otherwise: _Words = ()
    if _verb(marks[at]) == "else":
        otherwise, at = _read(marks, at + 1, uses, depth=depth)
        if _verb(marks[at]) == "else":
            raise Faulty(_misplaced(marks[at], "else"))
    return _Choice(name, then, otherwise), at


def _verb(mark: str) -> str:
    return mark[2:-2].strip()


def _misplaced(mark: str, verb: str) -> str:
    if verb in {"else", "endif"}:
        return _("“%(mark)s” has no “if” before it.") % {"mark": mark}
    return _("Only names and “if” can be used, not “%(mark)s”.") % {"mark": mark[:40]}


def _name(mark: str, name: str, uses: set[str]) -> str:
    if not NAME.fullmatch(name):
        raise Faulty(_("Only a single name can stand in “%(mark)s”.") % {"mark": mark[:40]})
    uses.add(name)
    return name


def _shown(words: _Words, values: Mapping[str, str | bool]) -> list[str]:
    found: list[str] = []
    for word in words:
        if isinstance(word, str):
            found.append(word)
        elif isinstance(word, _Name):
            found.append(str(values[word.name]))
        else:
            found += _shown(word.then if values[word.name] else word.otherwise, values)
    return found
