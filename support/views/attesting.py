"""What staff write down for somebody who said it to them: what it involves to a helper, comfort to a patient."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import DESK_AND_CARE
from clinic.domain import audit
from clinic.views.desk import at_site, done, form_page, patient_of, was_read
from support.domain import attesting, comfort, rules
from support.forms.attesting import AttestingForm, ComfortForm
from support.views.people import designation_of


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def of_helper(request: HttpRequest, pk: int) -> HttpResponse:
    """The words to read out, and what the helper answered."""
    named, now = designation_of(request, pk), timezone.now()
    policy = rules.at(site=request.site)
    usual = {"stay_hours": policy.stay_with_hours, "travel_minutes": named.person.travel_minutes}
    form = AttestingForm(request.POST or None, initial=usual)

    def write_down() -> None:
        fields = {name: form.cleaned_data[name] for name in ("stay_hours", "travel_minutes", "via")}
        attesting.attest(person=named.person, now=now, recorded_by=request.user, **fields)

    if form.is_bound and done(form, write_down):
        said.success(request, _("Written down for %(name)s.") % {"name": named.person.first_name})
        return redirect("patient", named.patient_id)
    was_read(request, patient_id=named.patient_id, subject=named)
    context = {
        "named": named,
        "lines": attesting.read_out(policy=policy),
        "known": attesting.newest(people=[named.person_id]).get(named.person_id),
    }
    return form_page(request, "support/desk/attesting.html", form, **context)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def comfort_of_patient(request: HttpRequest, pk: int) -> HttpResponse:
    patient, now = patient_of(request, pk), timezone.now()
    form = ComfortForm(request.POST or None, said=comfort.of(patient_id=patient.pk))
    by = {"patient": patient, "actor": audit.staff(request.user), "now": now, "witness": request.user}
    if form.is_bound and done(form, lambda: comfort.say(**form.cleaned_data, **by)):
        said.success(request, _("Written down."))
        return redirect("patient", patient.pk)
    was_read(request, patient_id=patient.pk, subject=patient)
    return form_page(request, "support/desk/comfort.html", form, patient=patient)
