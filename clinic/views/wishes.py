"""When a patient likes to come, and when they cannot."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import DESK_AND_CARE
from clinic.domain import wishes
from clinic.forms.wishes import WishForm
from clinic.views.desk import at_site, done, form_page, patient_of, was_read


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def patient_times(request: HttpRequest, pk: int) -> HttpResponse:
    """POST adds wishes, or takes the one back that ``remove`` names."""
    patient, by = patient_of(request, pk), {"actor": request.user, "now": timezone.now()}
    if request.POST.get("remove", "").isdecimal():
        wishes.remove(patient=patient, pk=int(request.POST["remove"][:18]), **by)
        return redirect("patient_times", pk)
    form = WishForm(request.POST or None)
    if form.is_bound and done(form, lambda: wishes.add(patient=patient, **form.cleaned_data, **by)):
        said.success(request, _("Noted. Plans for new visits keep to it."))
        return redirect("patient_times", pk)
    was_read(request, patient_id=patient.pk, subject=patient)
    rows = wishes.of(patient=patient)
    return form_page(request, "clinic/patient_times.html", form, patient=patient, wishes=rows)
