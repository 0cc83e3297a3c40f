"""A helper says by their own link when they can help and when not."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.domain.errors import Refused
from clinic.domain.times import local_day
from support.domain import availability, own_times
from support.enums import LinkPurpose
from support.forms.availability import AvailabilityForm
from support.views.by_link import by_link, who


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.HELPER)
def my_times(request: HttpRequest) -> HttpResponse:
    named, site = request.link.designation, request.link.site
    if request.method == "POST":
        say(request)
        return redirect("link_times", request.link_key)
    today = local_day(moment=request.now, zone=site.zone)
    rows = availability.rows_of(people=[named.person_id], today=today)[named.person_id]
    context = {
        "key": request.link_key,
        "site": site,
        "patient": named.patient,
        "lines": [(row, availability.sentence(row=row)) for row in rows],
        "weekdays": [(day, WEEKDAYS_ABBR[day], name) for day, name in WEEKDAYS.items()],
    }
    return render(request, "support/helper/times.html", context)


def say(request: HttpRequest) -> None:
    """One more time, or one taken back; what makes no sense is told and changes nothing."""
    by = {"designation": request.link.designation, "actor": who(request), "now": request.now}
    removed = request.POST.get("remove", "")
    if removed.isascii() and removed.isdigit():
        own_times.forget(pk=int(removed[:18]), **by)
        messages.success(request, _("Taken back."))
        return
    form = AvailabilityForm(request.POST)
    if not form.is_valid():
        messages.info(request, _("Nothing is changed yet. Tick at least one day, and look at the times again."))
        return
    try:
        own_times.state(**form.cleaned_data, **by)
    except Refused as refused:
        messages.info(request, str(refused))
    else:
        messages.success(request, _("Thank you. The clinic plans new dates with it."))
