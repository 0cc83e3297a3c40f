"""Days that people type."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def in_our_time(day: date) -> None:
    """For a field's ``validators``: no calendar reckons with the year 1 or 9999."""
    if not 2000 < day.year < 2200:
        raise ValidationError(_("Enter a day in the years to come."))
