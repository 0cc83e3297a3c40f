"""Another way home: arranged and ended on the visit's page. Whoever sends it signs it off."""

from collections.abc import Callable

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.access import DESK_AND_CARE, View
from clinic.views.desk import at_site, posted
from support.domain import arrangements, escorts
from support.forms.arrangements import ArrangementForm, EscortBookingForm, LongerStayForm, WatchedRideForm
from support.models import Arrangement
from support.views import infusions
from support.views.desk import visit_of
from support.views.refusals import shown_on


def _again(request: HttpRequest, pk: int) -> HttpResponse:
    """With what is to be mended on the form that was sent."""
    response = infusions.page(request, pk)
    response.status_code = 422
    return response


def _arrange(form_class: Callable[..., ArrangementForm]) -> View:
    @at_site(*DESK_AND_CARE)
    @require_POST
    @shown_on(infusions.page)
    def arrange(request: HttpRequest, pk: int) -> HttpResponse:
        infusion, me = visit_of(request, pk), request.user
        form = form_class(request.POST, infusion=infusion)
        if not form.is_valid():
            return _again(request, pk)
        row = arrangements.arrange(infusion=infusion, actor=me, authorised_by=me, now=timezone.now(), **form.given())
        said.success(request, _("Arranged: %(what)s.") % {"what": row.get_rung_display()})
        return redirect("infusion", pk)

    return arrange


watched_ride = _arrange(WatchedRideForm)
longer_stay = _arrange(LongerStayForm)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(infusions.page)
def book_escort(request: HttpRequest, pk: int) -> HttpResponse:
    infusion = visit_of(request, pk)
    listed = list(escorts.listed(site=request.site))
    form = EscortBookingForm(request.POST, infusion=infusion, escorts=listed)
    if not form.is_valid():
        return _again(request, pk)
    row = escorts.book(infusion=infusion, actor=request.user, now=timezone.now(), **form.given())
    name = row.designation.person.first_name
    said.success(request, _("%(name)s is booked and gets the link.") % {"name": name})
    return redirect("infusion", pk)


def _visits_page(request: HttpRequest, pk: int, **shown: object) -> HttpResponse:
    return infusions.page(request, _arrangement_of(request, pk).infusion_id, **shown)


def _arrangement_of(request: HttpRequest, pk: int) -> Arrangement:
    return get_object_or_404(Arrangement.objects.select_related("infusion"), pk=pk, infusion__site=request.site)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(_visits_page)
def end(request: HttpRequest, pk: int) -> HttpResponse:
    row = _arrangement_of(request, pk)
    arrangements.end(arrangement=row, why=posted(request, "why"), actor=request.user, now=timezone.now())
    said.success(request, _("This way home is no longer arranged."))
    return redirect("infusion", row.infusion_id)
