"""Protocols as data: each version is final, editing makes the next one, courses keep theirs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from clinic.domain import audit
from clinic.enums import StageKind
from clinic.models import Protocol, ProtocolStage, Site, StaffMember

# Visits, and days between them: at least, best, at most.
Rhythm = tuple[int, int, int, int]


def offered(*, site: Site) -> QuerySet[Protocol]:
    """What a new course can be opened under. Two queries, with the stages."""
    return Protocol.objects.filter(site=site, is_active=True).prefetch_related("stages")


def add(*, site: Site, fields: Mapping[str, Any], stages: Sequence[Rhythm]) -> Protocol:
    """A new family at its first version. The first stage is the induction, the others maintenance."""
    with transaction.atomic():
        return _write(Protocol(site=site, **fields), stages)


def revise(
    *, protocol: Protocol, fields: Mapping[str, Any], stages: Sequence[Rhythm], actor: StaffMember, now: datetime
) -> Protocol:
    """The next version, offered in the place of the others of its family; the same again changes nothing."""
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=protocol.site_id)
        family = Protocol.objects.filter(family=protocol.family).prefetch_related("stages")
        newest = family.order_by("-version")[0]
        if _same(newest, fields, stages):
            return newest
        family.filter(is_active=True).update(is_active=False)
        new = _write(
            Protocol(site_id=protocol.site_id, family=protocol.family, version=newest.version + 1, **fields), stages
        )
        audit.record(actor=audit.staff(actor), verb="protocol.changed", now=now, subject=f"protocol:{new.pk}")
        return new


def _write(protocol: Protocol, stages: Sequence[Rhythm]) -> Protocol:
    protocol.save()
    ProtocolStage.objects.bulk_create(
        ProtocolStage(
            protocol=protocol,
            position=position,
            kind=StageKind.MAINTENANCE if position else StageKind.INDUCTION,
            visits=visits,
            min_days=least,
            target_days=best,
            max_days=most,
        )
        for position, (visits, least, best, most) in enumerate(stages)
    )
    return protocol


def _same(protocol: Protocol, fields: Mapping[str, Any], stages: Sequence[Rhythm]) -> bool:
    return all(getattr(protocol, name) == value for name, value in fields.items()) and [
        (stage.visits, *stage.gap) for stage in protocol.steps
    ] == list(stages)
