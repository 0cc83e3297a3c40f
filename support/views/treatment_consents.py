"""Consent to the treatment, on the patient's record."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.access import DESK_AND_CARE
from clinic.domain import treatment_consents
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, patient_of
from support.domain import pending
from support.views.patient import page
from support.views.refusals import shown_on


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def record(request: HttpRequest, pk: int) -> HttpResponse:
    patient, now = patient_of(request, pk), timezone.now()
    try:
        signed_on = parse_date(request.POST.get("signed_on", ""))
    except ValueError:
        signed_on = None
    if signed_on is None:
        raise Refused(_("Give the day that stands on the paper."))
    pending.refuse_if_it_waits(patient=patient, now=now, by=request.user, said_on=signed_on)
    treatment_consents.record(patient=patient, signed_on=signed_on, actor=request.user, now=now)
    said.success(request, _("Consent to the treatment is on record."))
    return redirect("patient", pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    treatment_consents.withdraw(patient=patient_of(request, pk), actor=request.user, now=timezone.now())
    said.success(request, _("Consent to the treatment is taken back. Nothing starts until there is a new one."))
    return redirect("patient", pk)
