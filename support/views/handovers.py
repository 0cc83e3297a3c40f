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
from support.domain import handover_page, handovers, promise_rows, rules, steps
from support.forms.handovers import HandoverForm, OtherWayForm
from support.models import Commitment
from support.views.desk import visit_of


def page(
    request: HttpRequest,
    infusion: Infusion,
    *,
    form: HandoverForm | None = None,
    other: OtherWayForm | None = None,
    refused: Refused | None = None,
) -> HttpResponse:
    """As it stands now: a refused try may have been counted."""
    infusion = visit_of(request, infusion.pk)
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    form, other = form or form_of(infusion), other or _other(infusion)
    context = {
        "page": handover_page.of(infusion=infusion, now=timezone.now()),
        "infusion": infusion,
        "form": form,
        "other": other,
        "refused": refused,
        "typed": request.POST,
        **who_signs(request, infusion),
    }
    status = 422 if form.is_bound or other.is_bound or refused else 200
    return render(request, "support/desk/handover.html", context, status=status)


def who_signs(request: HttpRequest, infusion: Infusion) -> dict[str, Any]:
    """Whether this person may sign another way off, and who may."""
    policy = rules.of(infusion=infusion)
    return {
        "policy": policy,
        "may_sign_off": request.user.role in policy.override_roles,
        "may_sign": infusion.site.staff.filter(role__in=policy.override_roles, is_active=True).order_by("full_name"),
    }


def takers(infusion: Infusion) -> list[Commitment]:
    holder = promise_rows.holder(infusion)
    return [holder] if holder else []


def form_of(infusion: Infusion, data: Any = None) -> HandoverForm:
    handover = steps.handover_of(infusion)
    return HandoverForm(data, takers=takers(infusion), handover=handover, policy=rules.of(infusion=infusion))


@at_site(*CARE)
@require_http_methods(["GET", "POST"])
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    infusion = visit_of(request, pk)
    form = form_of(infusion, request.POST or None)
    refused = None
    if form.is_valid():
        try:
            handovers.complete(infusion=infusion, actor=request.user, now=timezone.now(), **form.given())
            return left(request, infusion)
        except Refused as no:
            refused = no
    return page(request, infusion, form=form, refused=refused)


def _other(infusion: Infusion, data: Any = None) -> OtherWayForm:
    arranged = promise_rows.arranged(infusion)
    return OtherWayForm(data, infusion=infusion, policy=rules.of(infusion=infusion), arranged=arranged)


def left(request: HttpRequest, infusion: Infusion) -> HttpResponse:
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
            return left(request, infusion)
        except Refused as no:
            refused = no
    return page(request, infusion, other=other, refused=refused)
