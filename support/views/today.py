"""Today's board."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access import EVERYBODY_AT_WORK
from clinic.domain import notes, times
from clinic.enums import Role
from clinic.views.desk import at_site
from support.domain import board
from support.domain.board_grid import day_of
from support.views import readings


@at_site(*EVERYBODY_AT_WORK)
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    if request.user.role == Role.ADMIN:
        return redirect("setup")
    now = timezone.now()
    this_day = times.local_day(moment=now, zone=request.site.zone)
    day = day_of(request.GET.get("day"), today=this_day)
    subject = f"board:{request.site.pk}:{day.isoformat()}"
    context = {
        "board": board.day(site=request.site, day=day, now=now),
        "notes": notes.of(site=request.site, day=day),
        "today": this_day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "reading": readings.note(request, subject=subject, stamp="", now=now),
    }
    return render(request, "support/desk/today.html", context)
