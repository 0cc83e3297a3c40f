"""Who needs somebody and who comes next on the day's board, each line with what can be done at once. Drawn here for
the same reason as the rooms. What people wrote goes through ``escape``."""

from collections.abc import Callable
from html import escape
from zoneinfo import ZoneInfo

from django import template
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from clinic.enums import InfusionStatus
from clinic.templatetags.homeward import tel
from support.domain.board import Board, Need, Visit
from support.domain.steps import Step, clock, may_undo
from support.domain.way_home import Ride
from support.models import Alert
from support.templatetags.drawn import address, returning, status

S = InfusionStatus
register = template.Library()


@register.simple_tag
def needs(board: Board, here: str, csrf_token: object) -> SafeString:
    """The lines of "Needs you"."""
    zone, visit_at, line = board.site.zone, address("infusion"), _Ways(returning(csrf_token, here))
    patient_at, alert_at, other, opens = address("patient"), address("alert"), _("Other ways home"), _("Open")
    drawn = []
    for need in board.needs:
        if need.visit is not None:
            visit, href = need.visit.infusion, visit_at(need.visit.infusion.pk)
            name, key, who, room = escape(visit.short_name), f"visit-{visit.pk}", href, visit.room_name
            why = escape(f"{need.visit.way.sentence} {need.ladder}".strip())
            at = f'<span class="needs__time">{clock(visit.starts_at, zone)}</span> '
            buttons = (
                f"{line.of(need, need.visit)}"
                f'<a class="button button--plain" href="{href}#way-home">{other}<span class="aloud">: {name}</span></a>'
            )
        elif need.alert is not None:
            alert = need.alert
            name, key = escape(alert.who), f"alert-{alert.pk}"
            who = patient_at(alert.patient_id) if alert.patient_id is not None else alert_at(alert.pk)
            room, at = alert.infusion.room.name if alert.infusion else "", ""
            since = _since(alert, board)
            room = f"{room} · {since}" if room else since
            why = f"{escape(alert.says)} {_answers_by(alert, need, clock(alert.deadline, zone))}"
            buttons = f'<a class="button" href="{alert_at(alert.pk)}">{opens}<span class="aloud">: {name}</span></a>'
        where = f' <span class="needs__room">{escape(room)}</span>' if room else ""
        drawn.append(
            f'<li class="is-{need.level}" id="need-{key}">{status(need.level, need.word)}<p class="needs__who">'
            f'{at}<span class="needs__name"><a href="{who}">{name}</a>'
            f'</span>{where}</p><p class="needs__why">{why}</p><div class="needs__do">{buttons}</div></li>'
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


def _since(alert: Alert, board: Board) -> str:
    """Small and with its word, not to be taken for the time of a visit."""
    opened = alert.opened_at.astimezone(board.site.zone)
    moment = f"{opened:%H:%M}" if opened.date() == board.day else f"{date_format(opened, 'D')} {opened:%H:%M}"
    return _("since %(moment)s") % {"moment": moment}


class _Ways:
    """The buttons of a visit without a sure way home: who can be called, and what they said."""

    def __init__(self, hidden: str) -> None:
        self.hidden = hidden
        self.record, self.age, self.naming = (
            address("commitment_record"),
            address("designation_edit"),
            address("designation_new"),
        )

    def of(self, need: Need, visit: Visit) -> str:
        way = visit.way
        if way.held is not None and need.level == "risk":
            name = {"name": way.held.first_name}
            if way.held.is_adult:
                words = _("%(name)s confirmed by phone") % name
                return _call(way.held, "") + self._said(way.held, "confirm", words, " button--plain")
            words = escape(_("Record the age of %(name)s") % name)
            return f'{_call(way.held, "")}<a class="button" href="{self.age(way.held.designation_id)}">{words}</a>'
        if way.asked:
            asked = way.asked[0]
            words = _("%(name)s said yes by phone") % {"name": asked.first_name}
            return _call(asked, " button--main") + self._said(asked, "yes", words, "")
        return (
            f'<a class="button button--main" href="{self.naming(visit.infusion.patient_id)}">{_("Name a helper")}</a>'
        )

    def _said(self, ride: Ride, answer: str, words: str, look: str) -> str:
        return (
            f'<form method="post" action="{self.record(ride.pk)}">{self.hidden}'
            f'<button class="button{look}" name="answer" value="{answer}">{escape(words)}</button></form>'
        )


def _call(ride: Ride, look: str) -> str:
    if not ride.phone:
        return ""
    words = escape(_("Call %(name)s") % {"name": ride.first_name})
    return f'<a class="button{look}" href="tel:{tel(ride.phone)}">{words}</a>'


def _answers_by(alert: Alert, need: Need, at: str) -> str:
    words = {"name": alert.owner.short_name, "time": at}
    if need.is_overdue:
        return escape(_("%(name)s should have answered by %(time)s.") % words)
    return escape(_("%(name)s answers by %(time)s.") % words)


@register.simple_tag
def floor(board: Board, role: str, here: str, csrf_token: object) -> SafeString:
    """The rows of "Next on the floor"."""
    zone, visit_at, hidden = board.site.zone, address("infusion"), returning(csrf_token, here)
    who, way, number = _("Who"), _("Way home"), _("visit %(number)s of %(total)s")
    at = {step.url: address(step.url) for step in {visit.step for visit in board.floor} if step}
    undo = _Undo(role, zone, hidden)
    drawn = []
    for place, visit in enumerate(board.floor):
        infusion = visit.infusion
        name, when = escape(infusion.short_name), visit.expected
        if infusion.released_at is not None:
            when = infusion.released_at
        said = number % {"number": infusion.number, "total": infusion.course.sessions}
        drawn.append(
            f'<tr id="floor-{infusion.pk}">'
            f'<td class="is-time">{_("Now") if infusion.state == S.READY else clock(when, zone)}</td>'
            f'<td data-label="{who}"><b><a href="{visit_at(infusion.pk)}">{name}</a></b>'
            f"<small>{escape(infusion.room_name)} · {escape(visit.phase)} · {said}</small></td>"
            f'<td data-label="{way}">{status(visit.mark_level, visit.mark_word)}'
            f"<small>{escape(visit.way.sentence)}</small></td>"
            f'<td class="is-do"><div class="buttons">{_step(visit, role, name, at, hidden, is_main=not place)}'
            f"{undo.of(visit, name)}</div>"
            f"</td></tr>"
        )
    return mark_safe("".join(drawn))  # noqa: S308 - words are escaped where they are put in


class _Undo:
    """``support/desk/parts/undo.html``: the step that was made a moment ago."""

    def __init__(self, role: str, zone: ZoneInfo, hidden: str) -> None:
        self.role, self.zone, self.hidden, self.at = role, zone, hidden, address("infusion_undo")

    def of(self, visit: Visit, name: str) -> str:
        infusion = visit.infusion
        if visit.undo_until is None or not may_undo(state=infusion.state, role=self.role):
            return ""
        words = _("Undo (until %(time)s)") % {"time": clock(visit.undo_until, self.zone)}
        return (
            f'<form method="post" action="{self.at(infusion.pk)}">{self.hidden}'
            f'<input type="hidden" name="version" value="{infusion.version}">'
            f'<button class="button button--plain">{words}<span class="aloud">: {name}</span></button></form>'
        )


def _step(
    visit: Visit, role: str, name: str, at: dict[str, Callable[[int], str]], hidden: str, *, is_main: bool
) -> str:
    """``support/desk/parts/step.html``."""
    step: Step | None = visit.step
    if step is None or role not in step.roles:
        return ""
    href, words = at[step.url](visit.infusion.pk), f'{escape(str(step.label))}<span class="aloud">: {name}</span>'
    if step.is_page:
        return f'<a class="button button--main" href="{href}">{words}</a>'
    look = " button--main" if is_main else ""
    return f'<form method="post" action="{href}">{hidden}<button class="button{look}">{words}</button></form>'
