"""Setting a clinic up."""

from datetime import datetime

from clinic.models import Site

UNNAMED = "Clinic"


def begin(*, now: datetime) -> Site:
    """The first site, still without address, phone and hours: set-up asks for them."""
    return Site.objects.create(name=UNNAMED, public_name=UNNAMED, timezone="UTC", phone="", street="")
