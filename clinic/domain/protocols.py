"""Protocols as data: each version is final, editing makes the next one, courses keep theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from clinic.domain import audit, policies, protocol_words
from clinic.domain.calendar import timing
from clinic.domain.errors import Refused, StaleVersion
from clinic.enums import CourseStatus, StageKind
from clinic.models import AuditEntry, Protocol, ProtocolStage, Site, StaffMember
from clinic.models.infusion import LONGEST_VISIT

# Of one course; the longest year known has 56 visits.
MOST_VISITS = 60


class Stage(NamedTuple):
    """A run of visits at one rhythm: how many, and the days between them at least, best and at most."""

    visits: int
    least: int
    best: int
    most: int
    kind: str = StageKind.INDUCTION


@dataclass(frozen=True)
class Version:
    """One version of a protocol: who made it and when, how many courses are under way under it, and in sentences what
    it changed of the version before. ``by`` is empty where nobody wrote it down."""

    protocol: Protocol
    by: str
    at: datetime | None
    under_way: int
    changed: list[str]


def offered(*, site: Site) -> QuerySet[Protocol]:
    """What a new course can be opened under. Two queries, with the stages."""
    return Protocol.objects.filter(site=site, is_active=True).prefetch_related("stages")


def why_not_offered(*, protocol: Protocol) -> str:
    """Asked under the diary's lock, just before a course is opened; empty while this very version is offered."""
    version, is_active = Protocol.objects.values_list("version", "is_active").get(pk=protocol.pk)
    if is_active:
        return ""
    if Protocol.objects.filter(family=protocol.family, version__gt=version, is_active=True).exists():
        return _("This plan was changed meanwhile. Look again.")
    return _("This plan is not offered any more.")


def newest(*, site: Site) -> list[Protocol]:
    """The last version of each protocol, those offered first. Two queries, with the stages."""
    rows = Protocol.objects.filter(site=site).order_by("family", "-version").distinct("family")
    return sorted(rows.prefetch_related("stages"), key=lambda row: (not row.is_active, row.name.casefold()))


def last_of(*, protocol: Protocol) -> Protocol:
    """The last version of its family."""
    return Protocol.objects.filter(family=protocol.family).prefetch_related("stages").order_by("-version")[0]


def add(
    *, site: Site, fields: Mapping[str, Any], stages: Sequence[Stage], actor: StaffMember, now: datetime
) -> Protocol:
    """A new family at its first version. Refused with a sentence for each thing that cannot be."""
    with transaction.atomic():
        locked = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        new = Protocol(site=locked, **fields)
        _refuse(new, stages, now)
        _write(new, stages)
        audit.record(actor=audit.staff(actor), verb="protocol.added", now=now, subject=f"protocol:{new.pk}")
        return new


def revise(
    *,
    protocol: Protocol,
    fields: Mapping[str, Any],
    stages: Sequence[Stage],
    actor: StaffMember,
    now: datetime,
    version: int | None = None,
) -> Protocol:
    """The next version, offered in the place of the others of its family; the same again changes nothing, and to be
    offered or not is no new version.

    Raises ``StaleVersion`` when there is a newer one than ``version``, which the form showed.
    """
    with transaction.atomic():
        site = Site.objects.select_for_update(no_key=True).get(pk=protocol.site_id)
        last = last_of(protocol=protocol)
        if version is not None and last.version != version:
            _say_what_changed(last, version)
        wanted = Protocol(site=site, family=last.family, version=last.version + 1, **fields)
        _refuse(wanted, stages, now)
        if not protocol_words.changes(before=last, after=wanted, steps=_rows(wanted, stages)):
            return _offer(last, wanted.is_active, actor, now)
        Protocol.objects.filter(family=last.family, is_active=True).update(is_active=False)
        _write(wanted, stages)
        audit.record(actor=audit.staff(actor), verb="protocol.changed", now=now, subject=f"protocol:{wanted.pk}")
        return wanted


def versions(*, protocol: Protocol) -> list[Version]:
    """The newest first. Four queries."""
    under_way = Count("courses", filter=Q(courses__status=CourseStatus.OPEN))
    rows = Protocol.objects.filter(family=protocol.family).annotate(under_way=under_way).order_by("-version")
    found = list(rows.prefetch_related("stages"))
    written = {
        entry.subject: entry
        for entry in AuditEntry.objects.filter(
            subject__in=[f"protocol:{row.pk}" for row in found], verb__in=["protocol.added", "protocol.changed"]
        )
    }
    numbers = [entry.actor.partition(":")[2] for entry in written.values() if entry.actor.startswith("staff:")]
    names = {audit.staff(person): person.full_name for person in StaffMember.objects.filter(pk__in=numbers)}
    listed = []
    for row, before in zip(found, [*found[1:], None], strict=True):
        entry = written.get(f"protocol:{row.pk}")
        listed.append(
            Version(
                protocol=row,
                by=names.get(entry.actor, "") if entry else "",
                at=entry.at if entry else None,
                under_way=row.under_way,
                changed=protocol_words.changes(before=before, after=row) if before else [],
            )
        )
    return listed


def _say_what_changed(last: Protocol, version: int) -> None:
    shown = Protocol.objects.filter(family=last.family, version=version).prefetch_related("stages").first()
    changed = protocol_words.changes(before=shown, after=last) if shown else []
    told = _("Now: %(changes)s.") % {"changes": "; ".join(changed)} if changed else ""
    raise StaleVersion(
        _("Somebody changed this protocol while you had it open. Save again to put yours in the place of theirs."),
        *([told] if told else []),
        changed=told,
    )


def _offer(last: Protocol, is_active: bool, actor: StaffMember, now: datetime) -> Protocol:
    if last.is_active != is_active:
        last.is_active = is_active
        last.save(update_fields=["is_active"])
        verb = "protocol.offered" if is_active else "protocol.withdrawn"
        audit.record(actor=audit.staff(actor), verb=verb, now=now, subject=f"protocol:{last.pk}")
    return last


def _refuse(protocol: Protocol, stages: Sequence[Stage], now: datetime) -> None:
    """Needs the site's lock, so that two never get one name."""
    found = []
    others = Protocol.objects.filter(site=protocol.site, is_active=True).exclude(family=protocol.family)
    if protocol.is_active and others.filter(name__iexact=protocol.name).exists():
        found.append(_("There is a protocol with this name already."))
    if not stages:
        found.append(_("A protocol needs at least one stage."))
    for stage in stages:
        if not 1 <= stage.least <= stage.best <= stage.most <= 366:
            found.append(_("The best number of days lies between the least and the most."))
            break
    visits = [stage.visits for stage in stages]
    if any(count < 1 for count in visits) or sum(visits) > MOST_VISITS:
        found.append(_("A course has between one and %(most)s visits.") % {"most": MOST_VISITS})
    if protocol.infusion_minutes < 1:
        found.append(_("The treatment takes at least one minute."))
    took = timing(protocol=protocol, policy=policies.current(site=protocol.site), starts_at=now)
    if took.room_free_at - now > LONGEST_VISIT:
        hours = LONGEST_VISIT // timedelta(hours=1)
        found.append(_("A visit is over, and its room free, after %(hours)s hours at the latest.") % {"hours": hours})
    if found:
        raise Refused(*found)


def _rows(protocol: Protocol, stages: Sequence[Stage]) -> list[ProtocolStage]:
    return [
        ProtocolStage(
            protocol=protocol,
            position=position,
            kind=stage.kind,
            visits=stage.visits,
            min_days=stage.least,
            target_days=stage.best,
            max_days=stage.most,
        )
        for position, stage in enumerate(stages)
    ]


def _write(protocol: Protocol, stages: Sequence[Stage]) -> None:
    protocol.save()
    ProtocolStage.objects.bulk_create(_rows(protocol, stages))
