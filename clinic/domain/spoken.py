"""Days and moments as a refusal says them."""

from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.models import Site


def say_day(day: date) -> str:
    return date_format(day, "l j F")


def say_moment(moment: datetime, site: Site) -> str:
    """Day and clock time at the site."""
    local = moment.astimezone(site.zone)
    return _("%(day)s at %(time)s") % {"day": say_day(local.date()), "time": f"{local:%H:%M}"}
