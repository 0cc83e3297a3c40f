"""When a helper said they can help, and when not."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import DESK_AND_CARE
from clinic.domain import audit, times
from clinic.views.desk import at_site, done, form_page, was_read
from support.domain import availability, own_times
from support.forms.availability import AvailabilityForm
from support.views.people import designation_of


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def times_of_helper(request: HttpRequest, pk: int) -> HttpResponse:
    """POST adds what they said, or takes the row back that ``remove`` names."""
    named = designation_of(request, pk)
    by = {"designation": named, "actor": audit.staff(request.user), "now": timezone.now()}
    if request.POST.get("remove", "").isdecimal():
        own_times.forget(pk=int(request.POST["remove"][:18]), **by)
        return redirect("designation_times", pk)
    form = AvailabilityForm(request.POST or None)
    if form.is_bound and done(form, lambda: own_times.state(**form.cleaned_data, **by)):
        said.success(request, _("Noted. Nobody waits for them at a time that does not suit them."))
        return redirect("designation_times", pk)
    was_read(request, patient_id=named.patient_id, subject=named)
    today = times.local_day(moment=by["now"], zone=request.site.zone)
    rows = availability.rows_of(people=[named.person_id], today=today)[named.person_id]
    lines = [(row, availability.sentence(row=row)) for row in rows]
    return form_page(request, "support/desk/helper_times.html", form, named=named, lines=lines)
