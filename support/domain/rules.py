"""The rules a visit runs under."""

from clinic.domain import policies
from clinic.models import Infusion, Policy, Site


def of(*, infusion: Infusion) -> Policy:
    """The signed version; before the first signature the presets, so that reminders and lists have times to show.

    Nothing can be started under presets: the clinic's own gate sees to that.
    """
    return policies.under(infusion=infusion) or Policy(site=infusion.site, version=0)


def at(*, site: Site) -> Policy:
    """The same for a site."""
    return policies.current(site=site) or Policy(site=site, version=0)
