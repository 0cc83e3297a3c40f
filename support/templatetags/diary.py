"""The days of the schedule with what stands in their lanes. Drawn here and not in a template: hundreds of blocks on a
page that asks for itself every few seconds, and this takes a tenth of the time. What people wrote goes through
``escape``."""

from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import Site
from clinic.templatetags.homeward import MARKS, short_day_at
from support.domain.diary_shapes import ROOM, Block, Day, DiaryBoard, Gap, Lane, Shade
from support.templatetags.drawn import address, hours, places, status

register = template.Library()


@register.simple_tag
def tiles(board: DiaryBoard, site: Site) -> SafeString:
    """One line for each day: how many visits, and how many of them need somebody."""
    drawn = []
    for day in board.days:
        if day.total:
            word = ngettext("%(visits)s visit", "%(visits)s visits", day.total) % {"visits": day.total}
        else:
            word = _("closed") if day.is_closed else _("no visits")
        none = status("stop", _("%(n)s no way home") % {"n": day.none}) if day.none else ""
        at_risk = status("risk", _("%(n)s at risk") % {"n": day.at_risk}) if day.at_risk else ""
        current = ' aria-current="date"' if day.is_today else ""
        drawn.append(
            f'<li class="tile{" tile--shut" if day.is_closed else ""}"><a href="#day-{day.day.isoformat()}"{current}>'
            f"{escape(short_day_at(day.day, site))}</a><span>{escape(word)}</span>{none}{at_risk}</li>"
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


@register.simple_tag
def days(board: DiaryBoard, site: Site) -> SafeString:
    """Each day of the board with its lanes."""
    lanes = _Lanes(board)
    is_one = board.look.days == 1
    title = _("Rooms") if board.look.by == ROOM else _("Clinicians")
    scale, closed = hours(board.grid), f" <small>{_('closed')}</small>"
    drawn = []
    for day in board.days:
        key, said = day.day.isoformat(), escape(short_day_at(day.day, site))
        name = title if is_one else f'<a href="?day={key}&amp;by={board.look.by}">{said}</a>'
        clock = f'<span class="board__clock c{day.now_column} w12">{board.clock}</span>' if day.now_column else ""
        drawn.append(
            f'<section class="board diary__day board--h{board.grid.size}" id="day-{key}" aria-labelledby="date-{key}">'
            f'<div class="diary__head"><h2 class="diary__date" id="date-{key}">{name}'
            f'{closed if day.is_closed else ""}</h2><div class="board__hours" aria-hidden="true">{scale}{clock}</div>'
            f"</div>{lanes.of(day, key, '' if is_one else f', {said}')}</section>"
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


class _Lanes:
    """The lanes of a day, with the words and addresses that all of them share looked up once."""

    def __init__(self, board: DiaryBoard) -> None:
        self.visit_at, self.move_at = address("infusion"), address("infusion_move")
        self.book = f"{reverse('schedule_book')}?{board.look.by}="
        self.move, self.free = _("Move"), _("Free")
        self.kinds = {"closed": _("Closed"), "out": _("Outside hours"), "taken": _("Taken")}

    def of(self, day: Day, key: str, said: str) -> str:
        now = f'<span class="board__now c{day.now_column} w1"></span>' if day.now_column else ""
        drawn = []
        for lane in day.lanes:
            name, guests = escape(lane.owner.name), places(lane.owner.places)
            drawn.append(
                f'<div class="lane"><h3 class="lane__room">{name}{f"<small>{guests}</small>" if guests else ""}</h3>'
                f'<div class="lane__track" data-lane="{lane.owner.pk}" data-day="{key}" data-name="{name}{said}">'
                f"{now}{self._items(lane, name)}</div></div>"
            )
        return "".join(drawn)

    def _items(self, lane: Lane, name: str) -> str:
        """Shades, free stretches and visits of a lane, in the order of their beginning."""
        drawn = [self._shade(shade) for shade in lane.shades]
        book = f"{self.book}{lane.owner.pk}&amp;at="
        for item in lane.items:
            drawn.append(self._gap(item, book, name) if isinstance(item, Gap) else self._visit(item))
        return "".join(drawn)

    def _visit(self, block: Block) -> str:
        name = escape(block.name)
        carry = key = moves = ""
        if block.can_move:
            key = ' aria-keyshortcuts="m"'
            carry = (
                f' data-visit="{block.pk}" data-version="{block.version}" data-start="{block.start}"'
                f' data-minutes="{block.minutes}" data-name="{name}"'
            )
            href = self.move_at(block.pk)
            moves = f'<a class="visit__move" href="{href}">{self.move}<span class="aloud"> {name}</span></a>'
        turn = f'<span class="turn {block.turn}"></span>' if block.turn else ""
        return (
            f'<div class="visit visit--{block.tone} {block.css}" id="visit-{block.pk}"{carry}>'
            f'<a class="visit__open" href="{self.visit_at(block.pk)}"{key}>'
            f'<span class="visit__row"><span class="visit__name">{name}</span>'
            f'<span class="visit__when">{block.when}</span></span>'
            f'<span class="visit__row visit__row--more"><span>{escape(block.phase)}</span>'
            f"<span>{escape(block.beside)}</span></span>"
            f'<span class="visit__row">{status(block.level, block.word)}{_guests(block)}</span></a>'
            f'{moves}<i class="phases {block.parts}"></i></div>{turn}'
        )

    def _gap(self, gap: Gap, book: str, name: str) -> str:
        slim = " gap--slim" if gap.is_slim else ""
        return (
            f'<a class="gap{slim} {gap.css}" href="{book}{gap.at}" data-gap="{gap.last}">'
            f'<span class="gap__free">{self.free} </span>{gap.start}<span class="gap__end">–{gap.end}</span>'
            f'<span class="aloud">, {name}</span></a>'
        )

    def _shade(self, shade: Shade) -> str:
        why = f": {escape(shade.why)}" if shade.why else ""
        return (
            f'<span class="shade shade--{shade.kind} {shade.css}"><span class="shade__say">{self.kinds[shade.kind]}'
            f" {shade.start}–{shade.end}{why}</span></span>"
        )


def _guests(block: Block) -> str:
    if not block.guests:
        return ""
    look, shape = (" is-crowded", MARKS["risk"]) if block.is_crowded else ("", "")
    return f'<span class="visit__guests{look}">{shape}{escape(block.guests)}</span>'
