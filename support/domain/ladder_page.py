"""What is tried now for a way home, until when, what comes next and what was tried: for the visit's page and the
board. Changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _

from clinic.models import Infusion, Site
from support.domain import ladder_state, rungs
from support.domain.ladder_state import Look
from support.domain.promise_rows import is_past
from support.domain.way_home import WayHome
from support.enums import LadderRung, StepEnd
from support.models import LadderStep

L = LadderRung


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One step that ended: what it was, whom it asked, how and when it ended, by whom of the staff, their word."""

    what: str
    who: str
    how: str
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Climb:
    """``rung`` and ``step``, its id, are None where nothing is tried now. ``until`` UTC. ``now`` and ``next`` are
    sentences."""

    step: int | None
    rung: str | None
    asked: list[str]
    until: datetime | None
    now: str
    next: str
    may_go_on: bool
    tried: list[Tried]


def of(*, infusion: Infusion, now: datetime) -> Climb:
    """One query; four while something is tried."""
    steps = list(
        LadderStep.objects.filter(infusion=infusion, for_starts_at=infusion.starts_at)
        .select_related("infusion", "designation__person", "ended_by")
        .order_by("began_at", "pk")
    )
    tried = [_tried(step) for step in steps if step.ended_at is not None]
    step = next((step for step in steps if step.ended_at is None), None)
    if step is None or is_past(infusion, now):
        return Climb(step=None, rung=None, asked=[], until=None, now="", next="", may_go_on=False, tried=tried)
    look = ladder_state.look(visit=infusion, steps=steps, now=now)
    names = _names(step, look)
    following = _following(step, look, now)
    return Climb(
        step=step.pk,
        rung=step.rung,
        asked=names,
        until=step.until,
        now=_sentence(step.rung, names, step.until, infusion.site, now),
        next=_next_sentence(following, look, now),
        may_go_on=following is not None,
        tried=tried,
    )


def lines(*, ways: Mapping[int, WayHome], site: Site, now: datetime) -> dict[int, str]:
    """The sentence on what is tried now, for those of these visits for which something is. One query."""
    steps = LadderStep.objects.filter(infusion__in=list(ways), ended_at=None)
    return {
        step.infusion_id: _sentence(step.rung, _asked(step, ways[step.infusion_id]), step.until, site, now)
        for step in steps.only("infusion_id", "rung", "designation_id", "until")
    }


def _asked(step: LadderStep, way: WayHome) -> list[str]:
    return [row.first_name for row in way.asked if step.designation_id in (None, row.designation_id)]


def _names(step: LadderStep, look: Look) -> list[str]:
    if step.designation is not None:
        return [step.designation.person.first_name]
    return look.waiting


def _following(step: LadderStep, look: Look, now: datetime) -> rungs.Next | None:
    """What would be tried next if this step ended at its time."""
    people = () if step.designation_id is None else look.state.people
    at = step.until or now
    state = replace(
        look.state,
        people=tuple(pk for pk in people if pk != step.designation_id),
        tried=look.state.tried | {L(step.rung)},
        heard_from=max(at, look.state.heard_from),
    )
    following = rungs.next_step(state=state, now=at)
    return None if following is not None and following.rung == step.rung == L.HOLD else following


def _next_sentence(following: rungs.Next | None, look: Look, now: datetime) -> str:
    if following is None:
        return _("There is nothing after this. Somebody must come, or the visit must move.")
    names = [row.person.first_name for row in look.left if row.pk == following.designation_id]
    return _sentence(following.rung, names, following.until, look.visit.site, now)


def _sentence(rung: str, names: Iterable[str], until: datetime | None, site: Site, now: datetime) -> str:
    said = {"names": ", ".join(names), "time": _moment(until, site, now)}
    if rung == L.ADULTS and said["names"]:
        return _("Asking %(names)s until %(time)s.") % said
    sentences = {
        L.ADULTS: _("Asking the people the patient named until %(time)s."),
        L.PAID_ESCORT: _("A paid escort is to be booked until %(time)s."),
        L.WATCHED_RIDE: _("A ride the clinic watches is to be booked until %(time)s."),
        L.EXTENDED_STAY: _("A longer stay is to be decided until %(time)s."),
        L.POSTPONE: _("Another day is to be found, unless somebody says yes."),
        L.HOLD: _("The patient stays until somebody comes."),
    }
    return sentences[L(rung)] % said


def _moment(until: datetime | None, site: Site, now: datetime) -> str:
    """On the clinic's clock, with the day where it is not today."""
    if until is None:
        return ""
    local = until.astimezone(site.zone)
    same_day = local.date() == now.astimezone(site.zone).date()
    return formats.date_format(local, "H:i" if same_day else "D j M H:i")


def _tried(step: LadderStep) -> Tried:
    return Tried(
        what=step.get_rung_display(),
        who=step.designation.person.first_name if step.designation is not None else "",
        how=str(StepEnd(step.end).label),
        at=step.ended_at or step.began_at,
        by=step.ended_by.short_name if step.ended_by is not None else "",
        note=step.note,
    )
