"""One patient's page, with everybody who stands by them."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import DESK_AND_CARE
from clinic.domain.errors import Refused
from clinic.models import Patient
from clinic.views.desk import at_site, patient_of, was_read
from support.domain import agreeing, pending, people, record_page, same_number, spoken_stops
from support.domain.same_number import Person
from support.forms.contact import ContactForm
from support.forms.people import KeptForm
from support.views.refusals import shown_on


def page(request: HttpRequest, pk: int, refused: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    patient = patient_of(request, pk)
    was_read(request, patient_id=patient.pk, subject=patient)
    context = {
        "patient": patient,
        "page": record_page.of(patient=patient, now=now),
        "refused": refused,
        "here": reverse("patient", args=[pk]),
        "ways": KeptForm.base_fields["consent_how"].choices,
    }
    return render(request, "support/desk/patient.html", context)


@at_site(*DESK_AND_CARE)
@require_safe
def patient(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, pk)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(page)
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    patient = patient_of(request, pk)
    form = ContactForm(request.POST or None, person=patient, region=request.site.region)
    if form.is_valid():
        people.correct_patients_contact(patient=patient, actor=request.user, now=now, **form.cleaned_data)
        said.success(request, _("Saved. Messages that have not gone yet use it."))
        return redirect("patient", pk)
    was_read(request, patient_id=patient.pk, subject=patient)
    return contact_page(request, form, person=patient, of=patient, stop_url=reverse("patient_stop", args=[pk]))


def contact_page(
    request: HttpRequest, form: ContactForm, *, person: Person, of: Patient, stop_url: str
) -> HttpResponse:
    """How ``person`` is reached: the patient, or somebody who helps them."""
    context = {
        "form": form,
        "person": person,
        "patient": of,
        "title": _("Number and e-mail"),
        "ways": spoken_stops.ways(person=person),
        "warnings": same_number.warnings(people=[person]),
        "stop_url": stop_url,
    }
    return render(request, "support/desk/contact.html", context, status=422 if form.is_bound else 200)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(page)
def agree_to_texts(request: HttpRequest, pk: int) -> HttpResponse:
    patient, now = patient_of(request, pk), timezone.now()
    pending.refuse_if_it_waits(patient=patient, now=now, by=request.user)
    patient = agreeing.patient_said_yes(patient=patient, witness=request.user, now=now)
    said.success(request, _("%(name)s gets texts from now on.") % {"name": patient.first_name})
    return redirect("patient", pk)
