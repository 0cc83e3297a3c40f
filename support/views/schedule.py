"""The week: how full, how safe, what is free."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import times
from clinic.views.desk import at_site
from support.domain import week
from support.domain.board_grid import day_of


@at_site(*DESK_AND_CARE)
@require_safe
def schedule(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    today = times.local_day(moment=now, zone=request.site.zone)
    day = day_of(request.GET.get("week"), today=today)
    first = day - timedelta(days=day.weekday())
    context = {
        "rooms": week.of(site=request.site, first=first, now=now),
        "days": [first + timedelta(days=offset) for offset in range(7)],
        "today": today,
        "first": first,
        "last": first + timedelta(days=6),
        "before": first - timedelta(days=7),
        "after": first + timedelta(days=7),
    }
    return render(request, "support/desk/schedule.html", context)
