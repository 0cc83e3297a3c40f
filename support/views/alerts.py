"""What waits for a person: who answers it, by when, and what was done."""

from django.contrib import messages as said
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, posted, was_read
from support.domain import alerts as domain
from support.domain import answers, board, handovers, homeward, inbox, nobody_came, whom_to_call
from support.enums import AlertKind, AlertStatus
from support.models import Alert
from support.views.desk import back
from support.views.refusals import shown_on

DONE_LINES = 30


@at_site(*DESK_AND_CARE)
@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    done = Alert.objects.filter(site=request.site, status=AlertStatus.CLOSED).select_related("patient", "closed_by")
    waiting = board.open_alerts(site=request.site).select_related("patient", "owner", "designation__person")
    rows = [(row, board.alert_level(alert=row, now=now)) for row in waiting]
    was_read(request, patient_id=None, subject=f"alerts:{request.site.pk}")
    context = {"rows": rows, "done": done.order_by("-closed_at")[:DONE_LINES], "now": now}
    return render(request, "support/desk/alerts.html", context)


def alert_of(request: HttpRequest, pk: int) -> Alert:
    rows = Alert.objects.select_related(
        "patient",
        "owner",
        "closed_by",
        "infusion__site",
        "infusion__policy",
        "infusion__patient",
        "designation__person",
    )
    return get_object_or_404(rows, pk=pk, site=request.site)


def page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    row = alert_of(request, pk)
    was_read(request, patient_id=row.patient_id, subject=row)
    calls = whom_to_call.of(alert=row, now=now)
    context = {
        "alert": row,
        "calls": calls,
        "absent": nobody_came.absent(alert=row, way=calls.way),
        "level": board.alert_level(alert=row, now=now),
        "is_overdue": row.status != AlertStatus.CLOSED and row.deadline <= now,
        "answers": answers.of(infusion=row.infusion) if row.infusion else [],
        "text": inbox.newest_of(alert=row),
        "may_be_home": homeward.may_be_home(alert=row),
        "is_about_words": row.kind == AlertKind.QUIET_WORD,
        "refused": refused,
        "outcome": posted(request, "outcome"),
    }
    return render(request, "support/desk/alert.html", context)


@at_site(*DESK_AND_CARE)
@require_safe
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    domain.acknowledge(alert=alert_of(request, pk), actor=request.user, now=timezone.now())
    said.success(request, _("It is yours now."))
    return back(request, "alert", pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def close(request: HttpRequest, pk: int) -> HttpResponse:
    row, now = alert_of(request, pk), timezone.now()
    with transaction.atomic():
        # The visit is locked before its alerts, as everywhere.
        if request.POST.get("home") and homeward.may_be_home(alert=row):
            handovers.say_home(infusion=row.infusion, now=now, actor=audit.staff(request.user))
        domain.close(alert=row, outcome=posted(request, "outcome"), actor=request.user, now=now)
    said.success(request, _("Done and written down."))
    return redirect("alerts")
