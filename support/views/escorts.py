"""The clinic's list of paid escorts, in the set-up."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import SET_UP
from clinic.views.desk import at_site, done, form_page
from support.domain import escorts
from support.forms.arrangements import EscortForm


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    form = EscortForm(request.POST or None, region=request.site.region)
    keep = {"site": request.site, "actor": request.user, "now": timezone.now()}
    if done(form, lambda: escorts.keep(fields=form.kept(), **keep)):
        said.success(request, _("%(name)s is on the list.") % {"name": form.cleaned_data["given_name"]})
        return redirect("escorts")
    return form_page(request, "support/desk/escorts.html", form, escorts=escorts.listed(site=request.site))


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, pk: int) -> HttpResponse:
    escort = get_object_or_404(escorts.listed(site=request.site), pk=pk)
    form = EscortForm(request.POST or None, escort=escort, region=request.site.region)
    keep = {"site": request.site, "actor": request.user, "now": timezone.now(), "pk": pk}
    if done(form, lambda: escorts.keep(fields=form.kept(), **keep)):
        said.success(request, _("Saved."))
        return redirect("escorts")
    return form_page(request, "support/desk/escort.html", form, escort=escort)
