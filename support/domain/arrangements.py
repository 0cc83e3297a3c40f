"""A way home the clinic arranges for one time of a visit: a watched ride, or a longer stay that holds the room."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinic.domain import attempts, audit, changes, infusions, stays
from clinic.domain.errors import Refused
from clinic.domain.followers import Change
from clinic.domain.spoken import say_moment
from clinic.enums import OFF, ReleasedHow, Rung
from clinic.models import Infusion, Policy, StaffMember
from support.domain import alerts, day, desk_news, ladder, promise_rows, replan, rules, rungs, sign_off
from support.domain.promise_rows import arranged, is_over
from support.enums import LadderRung
from support.models import Arrangement
from support.models.ladder import ARRANGED

SHORTEST_WORD = 3
# A longer stay ends on a time people can say.
TO_THE_MINUTE = 5
MOVED = gettext_noop("The visit was moved.")
CALLED_OFF = gettext_noop("The visit does not take place.")
LEFT_OTHERWISE = gettext_noop("The patient left in another way.")


def arrange(
    *,
    infusion: Infusion,
    rung: Rung | str,
    details: str,
    authorised_by: StaffMember,
    actor: StaffMember,
    now: datetime,
    for_starts_at: datetime | None = None,
) -> Arrangement:
    """Counts as a confirmed way home while it stands. A longer stay holds the room, or is refused by whoever needs it.
    Said twice in the same words it is once.

    ``for_starts_at``: the time it was meant for, where a page showed one.
    """

    def work() -> Arrangement:
        visit = changes.locked(infusion=infusion)
        if for_starts_at is not None and for_starts_at != visit.starts_at:
            raise Refused(_("The time of this visit has changed. Please look at the new time."))
        said = " ".join(details.split()).rstrip(".")[:300]
        known = arranged(visit)
        if known is not None and (known.rung, known.details) == (rung, said):
            return known
        against = [
            *why_not(infusion=visit, rung=rung, now=now),
            *sign_off.missing(visit=visit, authorised_by=authorised_by, evidence=said),
        ]
        if known is not None:
            against.append(_("%(what)s is arranged already. End that first.") % {"what": known.get_rung_display()})
        if against:
            raise Refused(*against)
        row = Arrangement.objects.create(
            infusion=visit,
            for_starts_at=visit.starts_at,
            rung=rung,
            details=said,
            arranged_at=now,
            arranged_by=actor,
            authorised_by=authorised_by,
        )
        if rung == Rung.EXTENDED_STAY:
            stays.lengthen(infusion=visit, until=stays_until(infusion=visit, now=now), actor=actor, now=now)
        _note(row, audit.staff(actor), "arrangement.made", now)
        held = promise_rows.holder(visit)
        if held is not None:
            desk_news.comes_besides(visit=visit, row=held, now=now)
        ladder.climb(visit=visit, now=now)
        replan.replan(infusion=visit, now=now)
        return row

    return attempts.run_or_refuse(work)


def end(*, arrangement: Arrangement, why: str, actor: StaffMember, now: datetime) -> Arrangement:
    """It does not stand any more, with a word on why; the room is given back. Idempotent."""

    def work() -> Arrangement:
        visit = changes.locked(infusion=arrangement.infusion)
        row = Arrangement.objects.select_related("infusion").get(pk=arrangement.pk)
        if row.ended_at is not None:
            return row
        if is_over(visit):
            raise Refused(_("This visit is over."))
        if len(why.strip()) < SHORTEST_WORD:
            raise Refused(_("Say in a few words why it ends."))
        _end(row, why, audit.staff(actor), now)
        if row.rung == Rung.EXTENDED_STAY:
            stays.as_planned(infusion=visit, actor=actor, now=now)
        ladder.climb(visit=visit, now=now)
        replan.replan(infusion=visit, now=now)
        return row

    return attempts.run_or_refuse(work)


def stands_for(*, infusion: Infusion, how: ReleasedHow) -> Arrangement | None:
    """What was arranged and signed off for leaving in just this way."""
    found = arranged(infusion)
    return found if found is not None and infusions.NEEDS_RUNG.get(how) == found.rung else None


def why_not(*, infusion: Infusion, rung: Rung | str, now: datetime) -> list[str]:
    """Why this way home cannot be arranged at this moment, by the rules and the clock alone."""
    policy = rules.of(infusion=infusion)
    if is_over(infusion):
        return [_("This visit is over.")]
    if rung not in ARRANGED or rung not in policy.rungs:
        return [_("The clinic's rules do not allow this way home.")]
    return not_now(infusion=infusion, policy=policy, rung=LadderRung(rung), now=now)


def not_now(*, infusion: Infusion, policy: Policy, rung: LadderRung, now: datetime) -> list[str]:
    """The same for a rung the rules do allow."""
    allowed = rungs.legal(policy=policy, status=infusion.state, starts_at=infusion.starts_at, now=now)
    if rung in allowed:
        return []
    if infusion.started_at is not None:
        return [_("The treatment has begun: this can no longer be arranged.")]
    until = rungs.deadlines(policy=policy, starts_at=infusion.starts_at)[rung]
    return [_("This could be arranged until %(moment)s.") % {"moment": say_moment(until, infusion.site)}]


def stays_until(*, infusion: Infusion, now: datetime) -> datetime:
    """Until when a longer stay needs the room, as the day stands now. ``infusion`` with site, course and protocol."""
    begins, _ends = day.pickup_window(infusion=infusion, now=now)
    until = begins + timedelta(minutes=rules.of(infusion=infusion).extended_stay_minutes)
    over = timedelta(minutes=until.minute % TO_THE_MINUTE, seconds=until.second, microseconds=until.microsecond)
    until = until - over + timedelta(minutes=TO_THE_MINUTE) if over else until
    return max(until, infusion.ends_at)


def follow(changes: Sequence[Change]) -> None:
    """Registered with clinic's followers. What was arranged belongs to a time, and a longer stay goes with the day."""
    told = {
        change.infusion.pk: change for change in changes if change.what in {"moved", "cancelled", "no_show", "phase"}
    }
    if not told:
        return
    rows = Arrangement.objects.filter(infusion__in=told, ended_at=None).select_related("infusion")
    for row in rows.order_by("infusion_id"):
        _goes_with(row, told[row.infusion_id])


def _goes_with(row: Arrangement, change: Change) -> None:
    visit, now = change.infusion, change.now
    why = _not_needed(row, visit)
    if why is not None:
        with alerts.for_the_desk():
            _end(row, _(why), change.actor, now)
        if row.rung == Rung.WATCHED_RIDE:
            _call_it_off(row, visit, now)
    elif row.rung == Rung.EXTENDED_STAY and not is_over(visit):
        _keep_the_room(row, change)


def _not_needed(row: Arrangement, visit: Infusion) -> str | None:
    """Why it ends by itself, in words still to be translated."""
    if visit.state in OFF:
        return CALLED_OFF
    if row.for_starts_at != visit.starts_at:
        return MOVED
    if visit.released_how and infusions.NEEDS_RUNG.get(ReleasedHow(visit.released_how)) != row.rung:
        return LEFT_OTHERWISE
    return None


def _call_it_off(row: Arrangement, visit: Infusion, now: datetime) -> None:
    """Somebody has booked it somewhere."""
    with alerts.for_the_desk():
        sentence = _("Please call off the ride for %(name)s, %(when)s: %(details)s")
        when = formats.date_format(row.for_starts_at.astimezone(visit.site.zone), "D j M H:i")
        says = sentence % {"name": visit.patient.first_name, "when": when, "details": row.details}
    alerts.call_task(key=f"call-off:{row.pk}", says=says, visit=visit, now=now)


def _keep_the_room(row: Arrangement, change: Change) -> None:
    """Another room, or a day that runs late: the stay is held anew, under the caller's lock. A move there is refused
    with the sentence; a phase goes on, and the desk is told."""
    visit, now = change.infusion, change.now
    until = stays_until(infusion=visit, now=now)
    if until <= visit.ends_at:
        return
    try:
        stays.hold(row=visit, until=until)
    except Refused as refused:
        if change.what == "moved":
            raise
        _tell_the_desk(row, visit, until, refused, now)


def _tell_the_desk(row: Arrangement, visit: Infusion, until: datetime, refused: Refused, now: datetime) -> None:
    with alerts.for_the_desk():
        sentence = _("The longer stay of %(name)s now lasts until %(time)s. %(why)s Please find another place.")
        at = f"{until.astimezone(visit.site.zone):%H:%M}"
        says = sentence % {"name": visit.patient.first_name, "time": at, "why": refused}
    alerts.call_task(key=f"stays-longer:{row.pk}:{visit.status}", says=says, visit=visit, now=now)


def _end(row: Arrangement, why: str, actor: str, now: datetime) -> None:
    row.ended_at, row.ended_why = now, why.strip()[:200]
    row.save(update_fields=["ended_at", "ended_why"])
    _note(row, actor, "arrangement.ended", now)


def _note(row: Arrangement, actor: str, verb: str, now: datetime) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        now=now,
        patient_id=row.infusion.patient_id,
        subject=f"arrangement:{row.pk}",
        note=row.rung,
    )
