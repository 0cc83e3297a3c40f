"""The rules a visit runs under."""

from collections.abc import Iterable

from clinic.domain import policies
from clinic.models import Infusion, Policy, Site


def of(*, infusion: Infusion) -> Policy:
    """The signed version; before the first signature the presets, so that reminders and lists have times to show.

    Nothing can be started under presets: the clinic's own gate sees to that.
    """
    return policies.under(infusion=infusion) or Policy(site=infusion.site, version=0)


def of_each(*, infusions: Iterable[Infusion]) -> dict[int, Policy]:
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
