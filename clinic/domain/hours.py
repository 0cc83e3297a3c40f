"""When a site is open and when a clinician works, week by week, and when not."""

from collections.abc import Iterable
from datetime import datetime, time

from django.db import transaction

from clinic.domain import attempts, audit
from clinic.models import Closure, OpeningHours, Room, Site, StaffMember, WorkingHours

Span = tuple[int, time, time]


def opening(*, site: Site) -> list[Span]:
    return list(OpeningHours.objects.filter(site=site).values_list("weekday", "opens", "closes"))


def open_at(*, site: Site, spans: Iterable[Span], actor: StaffMember, now: datetime) -> None:
    """The whole week anew. Visits already booked stay where they are."""
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        OpeningHours.objects.filter(site=site).delete()
        rows = [OpeningHours(site=site, weekday=day, opens=start, closes=end) for day, start, end in spans]
        OpeningHours.objects.bulk_create(rows)
        audit.record(actor=audit.staff(actor), verb="hours.changed", now=now, subject=f"site:{site.pk}")


def working(*, staff: StaffMember, site: Site) -> list[Span]:
    return list(WorkingHours.objects.filter(staff=staff, site=site).values_list("weekday", "starts", "ends"))


def work_at(*, staff: StaffMember, site: Site, spans: Iterable[Span], actor: StaffMember, now: datetime) -> None:
    """The whole week anew; an empty one means all opening hours."""
    with transaction.atomic():
        StaffMember.objects.select_for_update(no_key=True).get(pk=staff.pk)
        WorkingHours.objects.filter(staff=staff, site=site).delete()
        rows = [WorkingHours(staff=staff, site=site, weekday=day, starts=start, ends=end) for day, start, end in spans]
        WorkingHours.objects.bulk_create(rows)
        audit.record(actor=audit.staff(actor), verb="hours.changed", now=now, subject=f"staff:{staff.pk}")


def close(
    *,
    site: Site,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: StaffMember,
    now: datetime,
    room: Room | None = None,
    clinician: StaffMember | None = None,
) -> Closure:
    """Nothing new is offered in this time. Visits already booked stay. The same time closed twice is one closure."""
    what = {"site": site, "starts_at": starts_at, "ends_at": ends_at, "room": room, "clinician": clinician}

    def work() -> Closure:
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        known = Closure.objects.filter(**what).first()
        if known is not None:
            return known
        closure = Closure.objects.create(**what, reason=reason, created_at=now)
        audit.record(actor=audit.staff(actor), verb="closure.added", now=now, subject=f"closure:{closure.pk}")
        return closure

    return attempts.run_or_refuse(work)


def reopen(*, closure: Closure, actor: StaffMember, now: datetime) -> None:
    def work() -> None:
        audit.record(actor=audit.staff(actor), verb="closure.removed", now=now, subject=f"closure:{closure.pk}")
        closure.delete()

    attempts.run_or_refuse(work)
