"""The schedule: some days of rooms or clinicians, a free place to book, a visit carried to another."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import notes, times
from clinic.views.desk import at_site
from support.domain import diary_board
from support.domain.diary_shapes import CLINICIAN, DAYS, ROOM
from support.forms.schedule import address, look_of
from support.views import readings


@at_site(*DESK_AND_CARE)
@require_safe
def schedule(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    today = times.local_day(moment=now, zone=request.site.zone)
    look = look_of(request.GET, today=today)
    board = diary_board.of(site=request.site, look=look, now=now)
    left = notes.of(site=request.site, day=look.first) if look.days == 1 else []
    stamp = board.stamp + "".join(f"-{note.pk}{'x' * bool(note.done_at)}" for note in left)
    subject = f"schedule:{request.site.pk}:{look.first}:{look.days}"
    reading = readings.note(request, subject=subject, stamp=stamp, now=now)
    if reading.is_unchanged:
        return HttpResponse(status=204)
    context = {
        "board": board,
        "notes": left,
        "look": look,
        "now": now,
        "reading": reading,
        "before": address(look, first=look.first - timedelta(days=look.days)),
        "after": address(look, first=look.first + timedelta(days=look.days)),
        "now_here": address(look, first=today),
        "zooms": [(days, address(look, days=days)) for days in DAYS],
        "sides": [(by, address(look, by=by)) for by in (ROOM, CLINICIAN)],
        "all": address(look, room=None, clinician=None, name="", only_risk=False),
        "visits": reverse("infusion", args=[0]).removesuffix("0/"),
    }
    return render(request, "support/desk/schedule.html", context)
