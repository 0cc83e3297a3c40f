"""The patient leaves: with a named adult, or another way the signed rules allow."""

from typing import Any

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access import CARE
from clinic.domain.errors import Refused
from clinic.models import Infusion
from clinic.views.desk import at_site, was_read
from support.domain import commitments, handovers, rules, steps, way_home
from support.forms.handovers import HandoverForm, OtherWayForm
from support.models import Commitment
from support.views.desk import visit_of


def _page(
    request: HttpRequest, infusion: Infusion, form: HandoverForm, other: OtherWayForm, refused: Refused | None
) -> HttpResponse:
    now = timezone.now()
    policy = rules.of(infusion=infusion)
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    context = {
        "infusion": infusion,
        "policy": policy,
        "phase": steps.phase(infusion=infusion, zone=infusion.site.zone, now=now),
        "handover": steps.handover_of(infusion),
        "way": way_home.of(infusions=[infusion], now=now)[infusion.pk],
        "form": form,
        "other": other,
        "may_sign_off": request.user.role in policy.override_roles,
        "may_sign": infusion.site.staff.filter(role__in=policy.override_roles, is_active=True).order_by("full_name"),
        "refused": refused,
    }
    status = 422 if form.is_bound or other.is_bound else 200
    return render(request, "support/desk/handover.html", context, status=status)


def _takers(infusion: Infusion) -> list[Commitment]:
    holder = commitments.holder(infusion=infusion)
    return [holder] if holder else []


def _form(infusion: Infusion, data: Any = None) -> HandoverForm:
    least = rules.of(infusion=infusion).discharge_score_min
    return HandoverForm(data, takers=_takers(infusion), least=least)


@at_site(*CARE)
@require_http_methods(["GET", "POST"])
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    infusion = visit_of(request, pk)
    form = _form(infusion, request.POST or None)
    refused = None
    if form.is_valid():
        try:
            handovers.complete(infusion=infusion, actor=request.user, now=timezone.now(), **form.given())
            return _left(request, infusion)
        except Refused as no:
            refused = no
    return _page(request, infusion, form, _other(infusion), refused)


def _other(infusion: Infusion, data: Any = None) -> OtherWayForm:
    return OtherWayForm(data, infusion=infusion, policy=rules.of(infusion=infusion))


def _left(request: HttpRequest, infusion: Infusion) -> HttpResponse:
    said.success(request, _("%(name)s is on the way home.") % {"name": infusion.patient.short_name})
    return redirect("today")


@at_site(*CARE)
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Another way home. Whoever sends it signs it off; the rules name the roles that may."""
    infusion = visit_of(request, pk)
    other = _other(infusion, request.POST)
    refused = None
    if other.is_valid():
        try:
            handovers.release_otherwise(
                infusion=infusion,
                actor=request.user,
                authorised_by=request.user,
                now=timezone.now(),
                **other.cleaned_data,
            )
            return _left(request, infusion)
        except Refused as no:
            refused = no
    return _page(request, infusion, _form(infusion), other, refused)
