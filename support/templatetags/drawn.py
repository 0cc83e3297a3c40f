"""The small parts of what is drawn in Python and not in a template: many on a page that asks for itself every few
seconds, and this takes a tenth of the time. What people wrote goes through ``escape``, here or before."""

from collections.abc import Callable
from html import escape

from django.urls import reverse
from django.utils.translation import ngettext

from clinic.templatetags.homeward import MARKS
from support.domain.board_grid import Grid

_ANY = 987654321


def address(name: str) -> Callable[[int], str]:
    """The address of each row of a kind, with the URL looked up once."""
    before, after = reverse(name, args=[_ANY]).split(str(_ANY))
    return lambda pk: f"{before}{pk}{after}"


def status(level: str, word: str) -> str:
    """``components/status.html``."""
    return f'<span class="status status--{level}">{MARKS[level]}{escape(word)}</span>'


def hours(grid: Grid) -> str:
    """The hours over a board, each at its column."""
    return "".join([f'<span class="c{column} w12">{label}</span>' for column, label in grid.hours])


def places(many: int) -> str:
    """Of a room, how many guests it has places for; nothing for none."""
    return ngettext("%(places)s guest place", "%(places)s guest places", many) % {"places": many} if many else ""


def returning(csrf_token: object, here: str) -> str:
    """What a form carries that leads back to ``here``."""
    return (
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{escape(str(csrf_token))}">'
        f'<input type="hidden" name="next" value="{escape(here)}">'
    )
