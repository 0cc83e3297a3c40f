"""The rules a visit runs under."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from clinic.domain import calendar, policies
from clinic.models import Infusion, Policy, Site
from support.domain.visit_rows import VisitRow


def of(*, infusion: Infusion | VisitRow) -> Policy:
    """The signed version; before the first signature the presets, so that reminders and lists have times to show.

    Nothing can be started under presets: the clinic's own gate sees to that.
    """
    return infusion.policy or at(site=infusion.site)


def of_each(*, infusions: Iterable[Infusion | VisitRow]) -> dict[int, Policy]:
    """The same for each visit by id, with the site asked once for those that carry none."""
    presets: dict[int, Policy] = {}
    found = {}
    for infusion in infusions:
        if infusion.policy is None and infusion.site_id not in presets:
            presets[infusion.site_id] = at(site=infusion.site)
        found[infusion.pk] = infusion.policy or presets[infusion.site_id]
    return found


def at(*, site: Site) -> Policy:
    """The same for a site."""
    return policies.current(site=site) or Policy(site=site, version=0)


def in_good_time(*, infusion: Infusion | VisitRow, now: datetime) -> datetime | None:
    """By when something about a visit that is days away is to be answered; None from the day before on, when it is as
    pressing as any other call."""
    policy = of(infusion=infusion)
    day_before = infusion.starts_at - timedelta(hours=policy.reconfirm_hours)
    return min(now + timedelta(hours=policy.ladder_hours), day_before) if now < day_before else None


def leaves_from(*, infusion: Infusion | VisitRow) -> datetime | None:
    """The earliest time this patient may leave by the rules and the protocol; None before the recovery has begun."""
    if infusion.started_at is None or infusion.recovering_at is None:
        return None
    return calendar.leaves_from(
        protocol=infusion.course.protocol,
        policy=of(infusion=infusion),
        started_at=infusion.started_at,
        recovering_at=infusion.recovering_at,
    )
