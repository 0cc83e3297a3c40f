"""A patient has nobody for a date: the other ways home, and words to ask somebody with."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.domain.errors import Refused
from support.domain import solo
from support.enums import LinkPurpose
from support.views.by_link import by_link, who
from support.views.link_patient import own_visit


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.PATIENT)
def nobody(request: HttpRequest, pk: int) -> HttpResponse:
    visit = own_visit(request, pk)
    if request.method == "POST":
        try:
            solo.wish(infusion=visit, rung=request.POST.get("way", ""), actor=who(request), now=request.now)
        except Refused as refused:
            messages.info(request, str(refused))
        else:
            messages.success(request, _("We see to it and call you. Nothing is cancelled."))
        return redirect("link", request.link_key)
    if not solo.is_offered(infusion=visit, now=request.now):
        messages.info(request, _("This visit has begun or is over. Please call us."))
        return redirect("link", request.link_key)
    context = {
        "key": request.link_key,
        "site": request.link.site,
        "visit": visit,
        "solo": solo.of(infusion=visit, now=request.now),
    }
    return render(request, "support/patient/nobody.html", context)
