"""The signed rules of a site: which version counts, the next draft, the signature."""

from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import attempts, audit, followers
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus, Role
from clinic.models import Infusion, Policy, Site, StaffMember

NOT_COPIED = {"id", "site", "version", "signed_by", "signed_at", "created_at"}


def current(*, site: Site) -> Policy | None:
    """The newest signed version; None until the first is signed."""
    return Policy.objects.filter(site=site, signed_at__isnull=False).order_by("-version").first()


def under(*, infusion: Infusion) -> Policy | None:
    """The version this infusion runs under: its own, or the site's current one where none was signed at booking."""
    return infusion.policy or current(site=infusion.site)


def draft(*, site: Site, now: datetime) -> Policy:
    """The unsigned version to work on. Starts from the newest version; asking again gives the same draft."""
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        newest = Policy.objects.filter(site=site).order_by("-version").first()
        if newest is None:
            return Policy.objects.create(site=site, version=1)
        if not newest.is_signed:
            return newest
        copied = {f.name: getattr(newest, f.name) for f in Policy._meta.concrete_fields if f.name not in NOT_COPIED}
        return Policy.objects.create(site=site, version=newest.version + 1, **copied)


def edition(*, policy: Policy) -> str:
    """The version and a digest of every rule in it: the same text only for the same rules."""
    rules = [f"{f.name}={getattr(policy, f.name)!s}" for f in Policy._meta.concrete_fields if f.name not in NOT_COPIED]
    return f"{policy.version}-{sha256(repr(rules).encode()).hexdigest()[:24]}"


def sign(*, policy: Policy, actor: StaffMember, now: datetime, as_read: str | None = None) -> Policy:
    """The director's signature. Visits that have not started follow the new version; started ones keep theirs.

    ``as_read`` is the edition that was shown: refused when the draft was changed since.
    """

    def work() -> Policy:
        Site.objects.select_for_update(no_key=True).get(pk=policy.site_id)
        row = Policy.objects.select_for_update().select_related("site").get(pk=policy.pk)
        if actor.role != Role.DIRECTOR or not actor.is_active or not actor.sites.filter(pk=row.site_id).exists():
            raise Refused(_("Only this clinic's medical director can sign the rules."))
        if row.is_signed:
            raise Refused(_("Version %(version)s is signed already.") % {"version": row.version})
        if as_read is not None and as_read != edition(policy=row):
            raise Refused(_("The draft has changed since you opened this page. Read it again."))
        if not row.rungs:
            raise Refused(_("The rules need at least one way home."))
        row.signed_by, row.signed_at = actor, now
        row.save(update_fields=["signed_by", "signed_at"])
        ahead = Infusion.objects.filter(site=row.site, status__in=[InfusionStatus.BOOKED, InfusionStatus.ARRIVED])
        ahead.update(policy=row)
        followers.outdated(visits=list(ahead.order_by("pk").values_list("pk", flat=True)))
        audit.record(actor=audit.staff(actor), verb="policy.signed", now=now, subject=f"policy:{row.pk}")
        return row

    # It touches visits of every room without their locks: should that meet a booking, it is tried again.
    return attempts.run(work)
