"""The part of a visit's page that shows other ways home, with its forms as they were sent."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from clinic.models import Infusion
from support.domain import other_ways, rules
from support.forms.arrangements import EscortBookingForm, LongerStayForm, WatchedRideForm


def context(request: HttpRequest, infusion: Infusion, now: datetime) -> dict[str, Any]:
    found = other_ways.of(infusion=infusion, reader=request.user, now=now)
    sent = request.POST
    return {
        "other_ways": found,
        "needs_second": rules.of(infusion=infusion).override_needs_second,
        "ride_form": WatchedRideForm(sent, infusion=infusion),
        "stay_form": LongerStayForm(sent, infusion=infusion),
        "escort_form": EscortBookingForm(sent, infusion=infusion, escorts=found.escorts),
    }
