"""After some rides a helper is asked whether it is still all right: go on, less often, or step back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, F, Max, Q
from django.utils.translation import gettext as _

from clinic.domain import locks, times
from clinic.domain.errors import Refused
from messaging.domain import outbox, quiet
from messaging.domain.outbox import Wanted
from support.domain import asking, designations, plan, row_by_row, rules, texting_hours, visit_state
from support.domain.plan_state import CALL
from support.domain.texting_hours import DAYS_BEFORE_AT
from support.enums import HOLDING, CommitmentStatus, LoadAnswer, SupportRole
from support.models import Commitment, Designation

KIND = "helper_go_on"
# The highest number somebody can say: one ride a day.
MOST = 28
# A ride longer ago asks nobody any more.
RECENT = timedelta(days=7)
WITH = ("patient__site", "person__site")


@dataclass(frozen=True, kw_only=True)
class Rides:
    """Of one designation: ``count`` rides since they were named, ``known`` when they were last asked, ``left_at`` the
    newest."""

    designation_id: int
    count: int
    known: int
    left_at: datetime

    def fills(self, load_after: int) -> bool:
        """Whether another so many rides are full. Never where the policy says 0."""
        return load_after > 0 and self.count // load_after > self.known // load_after


def ask_due(*, now: datetime) -> int:
    """Asks whoever's number of rides is full, from ten the morning after the last on their own clock: never on the day
    itself. Once for each number. How many were asked. Two queries where nobody drove of late, else one more for each
    clinic."""
    recent = {rides.designation_id: rides for rides in _recent(now)}
    rows = list(Designation.objects.filter(pk__in=recent).select_related(*WITH)) if recent else []
    numbers = {site.pk: rules.at(site=site).load_after for site in {row.person.site for row in rows}}
    full = [recent[row.pk] for row in rows if _is_full(row, recent[row.pk], numbers[row.person.site_id], now)]
    return row_by_row.each(partial(_ask, rides, now) for rides in full)


def _is_full(row: Designation, rides: Rides, load_after: int, now: datetime) -> bool:
    was_asked = row.load_asked_at is not None and row.load_asked_at > rides.left_at
    return not was_asked and rides.fills(load_after) and now >= _morning_after(row, rides.left_at)


def _recent(now: datetime) -> Iterator[Rides]:
    kept = Commitment.objects.filter(
        role=SupportRole.RIDE, status=CommitmentStatus.KEPT, designation__withdrawn_at=None
    )
    recent = kept.filter(
        infusion__starts_at__gt=now - RECENT - timedelta(days=1), infusion__released_at__gt=now - RECENT
    )
    unasked = Q(designation__load_asked_at=None) | Q(designation__load_asked_at__lt=F("infusion__released_at"))
    candidates = recent.filter(unasked).order_by().values("designation")
    sums = kept.filter(designation__in=candidates).order_by().values("designation")
    before = Q(infusion__released_at__lte=F("designation__load_asked_at"))
    for row in sums.annotate(count=Count("pk"), known=Count("pk", filter=before), left_at=Max("infusion__released_at")):
        yield Rides(designation_id=row["designation"], count=row["count"], known=row["known"], left_at=row["left_at"])


def _ask(rides: Rides, now: datetime) -> bool:
    with transaction.atomic():
        row = locks.held(Designation.objects.select_related(*WITH), rides.designation_id)
        load_after = rules.at(site=row.person.site).load_after
        if row.withdrawn_at is not None or not _is_full(row, rides, load_after, now) or _drives_today(row, now):
            return False
        row.load_asked_at = now
        row.save(update_fields=["load_asked_at"])
        designations.note(row, "system", "designation.load_asked", now)
        _tell(row, rides.count, now)
    return True


def _morning_after(row: Designation, left_at: datetime) -> datetime:
    day = left_at.astimezone(_zone(row)).date() + timedelta(days=1)
    return quiet.instant(day=day, wall=DAYS_BEFORE_AT, zone=_zone(row))


def _drives_today(row: Designation, now: datetime) -> bool:
    """Where visits follow day by day, the question waits for a day without one."""
    begins, ends = times.day_bounds(day=now.astimezone(_zone(row)).date(), zone=_zone(row))
    rides = Commitment.objects.filter(designation=row, role=SupportRole.RIDE, status__in=HOLDING)
    return rides.filter(for_starts_at__gte=begins, for_starts_at__lt=ends).exists()


def _zone(row: Designation) -> ZoneInfo:
    return quiet.zone_or(name=row.person.timezone, fallback=row.person.site.timezone)


def _tell(row: Designation, count: int, now: datetime) -> None:
    """By message where one may go; the question stands on their page in any case."""
    signed = rules.at(site=row.person.site)
    reach = visit_state.reach_helper(designation=row, has_answered=True, known=visit_state.standing_of(row.person))
    channel = plan.channel(who=reach, kind=KIND, rules=signed)
    if channel == CALL:
        return
    wanted = Wanted(
        kind=KIND,
        subject=f"load:{row.pk}:{count}",
        about_at=None,
        recipient=reach.recipient,
        channel=channel,
        due_at=quiet.later(moment=now, zone=reach.zone, window=texting_hours.window(signed, reach)),
        not_after=now + RECENT,
        language=reach.language,
        rule="the morning after some rides",
        zone=row.person.site.timezone,
        wall_time=f"{DAYS_BEFORE_AT:%H:%M}",
    )
    outbox.post(site_id=row.patient.site_id, scope=f"designation:{row.pk}", wanted=wanted, now=now)


def is_asked(designation: Designation) -> bool:
    """Whether the question waits for their answer."""
    asked, answered = designation.load_asked_at, designation.load_answered_at
    return asked is not None and (answered is None or answered < asked)


def answer(*, designation: Designation, said: str, now: datetime, actor: str, most: int | None = None) -> Designation:
    """Go on as it is; less often, at most ``most`` rides in 28 days; or step back from everything. It can be said
    again, and differently. Raises ``Refused``."""
    if said not in LoadAnswer.values:
        raise Refused(_("Choose one of the answers."))
    if said == LoadAnswer.LESS and (most is None or not 1 <= most <= MOST):
        raise Refused(_("Say how many in four weeks, at most: a number from 1 to 28."))
    with transaction.atomic():
        row = locks.held(Designation.objects.select_related(*WITH), designation.pk)
        if row.withdrawn_at is not None:
            raise Refused(_("This person is no longer on the list."))
        row.load_answer, row.load_answered_at = said, now
        if said == LoadAnswer.LESS:
            row.most_rides = most
        row.save(update_fields=["load_answer", "load_answered_at", "most_rides"])
        designations.note(row, actor, "designation.load_answered", now)
        if said == LoadAnswer.LESS:
            # A higher number than before; what is one too many by now the sweep lets go.
            asking.ask_for_all(designation=row, now=now)
        if said == LoadAnswer.STEP_BACK:
            designations.stop_asking(designation=row, now=now, actor=actor)
        return row
