"""Today's board."""

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access import EVERYBODY_AT_WORK
from clinic.domain import notes, times
from clinic.enums import Role
from clinic.views.desk import at_site, was_read
from support.domain import board
from support.domain.board_grid import day_of

# A board that stays open and refreshes itself is one reading, noted again after this time.
READING = timedelta(minutes=10)


@at_site(*EVERYBODY_AT_WORK)
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    if request.user.role == Role.ADMIN:
        return redirect("setup")
    now = timezone.now()
    this_day = times.local_day(moment=now, zone=request.site.zone)
    day = day_of(request.GET.get("day"), today=this_day)
    _note(request, day, now)
    context = {
        "board": board.day(site=request.site, day=day, now=now),
        "notes": notes.of(site=request.site, day=day),
        "today": this_day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "here": request.get_full_path(),
    }
    return render(request, "support/desk/today.html", context)


def _note(request: HttpRequest, day: date, now: datetime) -> None:
    subject = f"board:{request.site.pk}:{day.isoformat()}"
    last = request.session.get("board_read", ["", 0])
    if request.htmx and last[0] == subject and now.timestamp() - last[1] < READING.total_seconds():
        return
    was_read(request, patient_id=None, subject=subject)
    request.session["board_read"] = [subject, now.timestamp()]
