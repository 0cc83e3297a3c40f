"""When a patient will be ready to leave, learned from the clinic's own past visits. Changes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from clinic.domain import calendar
from clinic.models import Infusion
from support.domain import day, rules
from support.domain.visit_rows import VisitRow

# Of one protocol, whatever its version: so many visits at least, so many at most, among the site's last and none older
# than this. The board asks every few seconds: what it costs must not grow with the clinic's past.
ENOUGH, NEWEST, AMONG = 8, 40, 1000
NOT_OLDER = timedelta(days=180)
# Nobody drives over for a window narrower than this.
NARROWEST = timedelta(minutes=10)

PAST = """
SELECT asked.id, count(*),
    percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY past.whole),
    percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY past.recovery)
FROM clinic_protocol asked CROSS JOIN LATERAL (
    SELECT extract(epoch FROM visit.ready_at - visit.started_at)::float AS whole,
        extract(epoch FROM visit.ready_at - visit.recovering_at)::float AS recovery
    FROM (
        SELECT course_id, starts_at, started_at, recovering_at, ready_at FROM clinic_infusion
        WHERE site_id = asked.site_id AND starts_at > %s AND starts_at <= %s
            AND ready_at IS NOT NULL AND recovering_at IS NOT NULL AND stopped_early_at IS NULL
        ORDER BY starts_at DESC LIMIT %s
    ) visit
    JOIN clinic_course course ON course.id = visit.course_id
    JOIN clinic_protocol protocol ON protocol.id = course.protocol_id AND protocol.family = asked.family
    ORDER BY visit.starts_at DESC LIMIT %s
) past
WHERE asked.id = ANY(%s)
GROUP BY asked.id HAVING count(*) >= %s
"""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median, and the middle half around it."""

    low: timedelta
    middle: timedelta
    high: timedelta


@dataclass(frozen=True, kw_only=True)
class Learned:
    """From the start of the treatment until ready, and from the start of the recovery; of so many visits."""

    visits: int
    whole: Spread
    recovery: Spread


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """From when to when somebody should be near; ``visits`` it was learned from, 0 where it is only as planned."""

    start: datetime
    end: datetime
    visits: int = 0


def learned(*, infusions: Iterable[Infusion | VisitRow], now: datetime) -> dict[int, Learned]:
    """By the id of the protocol; a protocol with too few past visits is not among them. One query, none for nobody.

    Visits that were stopped early teach nothing.
    """
    asked = {infusion.course.protocol.pk for infusion in infusions}
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(PAST, [now - NOT_OLDER, now, AMONG, NEWEST, sorted(asked), ENOUGH])
        rows = cursor.fetchall()
    return {
        pk: Learned(visits=count, whole=_spread(whole), recovery=_spread(recovery))
        for pk, count, whole, recovery in rows
    }


def window(*, infusion: Infusion, now: datetime) -> Estimate:
    """The middle half of what it took lately, counted from what has happened today; never before the rules let the
    patient leave. As planned where the clinic has too few visits to tell, and once the patient is ready."""
    known = learned(infusions=[infusion], now=now) if infusion.ready_at is None else {}
    if infusion.course.protocol.pk not in known:
        start, end = day.pickup_window(infusion=infusion, now=now)
        return Estimate(start=start, end=end)
    past = known[infusion.course.protocol.pk]
    begins, spread = _counted_from(infusion, past)
    start = max(begins + spread.low, _leaves_from(infusion, begins), now)
    return Estimate(start=start, end=max(begins + spread.high, start + NARROWEST), visits=past.visits)


def _counted_from(infusion: Infusion, past: Learned) -> tuple[datetime, Spread]:
    if infusion.recovering_at is not None:
        return infusion.recovering_at, past.recovery
    if infusion.started_at is not None:
        return infusion.started_at, past.whole
    prep = timedelta(minutes=infusion.course.protocol.prep_minutes)
    return infusion.starts_at + prep + day.behind(infusion=infusion), past.whole


def _leaves_from(infusion: Infusion, begins: datetime) -> datetime:
    """By the rules and the protocol; before the recovery as if the treatment took as long as planned."""
    known = rules.leaves_from(infusion=infusion)
    if known is not None:
        return known
    protocol = infusion.course.protocol
    return calendar.leaves_from(
        protocol=protocol,
        policy=rules.of(infusion=infusion),
        started_at=begins,
        recovering_at=begins + timedelta(minutes=protocol.infusion_minutes),
    )


def _spread(seconds: Sequence[float]) -> Spread:
    low, middle, high = (timedelta(seconds=round(value)) for value in seconds)
    return Spread(low=low, middle=middle, high=high)
