"""Taking over a shared tablet with a quick PIN, and choosing that PIN."""

from django.contrib import messages as said
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import EVERYBODY_AT_WORK, public, staff_only
from clinic.domain import audit, people
from clinic.forms.people import PinForm, SwitchForm
from clinic.models import StaffMember
from clinic.throttle import forgive, too_many
from clinic.views import device
from clinic.views.desk import done, form_page

TRIES, WINDOW = 5, 900


@public
@require_http_methods(["GET", "POST"])
def switch_person(request: HttpRequest) -> HttpResponse:
    """Names who else signed in on this device today; a PIN and one press change hands, and ``next`` opens."""
    if "password" in request.POST:
        return _to_the_door(request)
    others = [pk for pk in device.people(request) if pk != request.user.pk]
    form = SwitchForm(request.POST or None, people=others)
    if not form.is_valid():
        return form_page(request, "clinic/switch_person.html", form, nobody=not form.fields["staff"].queryset.exists())
    staff: StaffMember = form.cleaned_data["staff"]
    if too_many(what="pin", who=str(staff.pk), limit=TRIES, seconds=WINDOW):
        return _locked_out(request, staff)
    if not people.pin_matches(staff=staff, pin=form.cleaned_data["pin"]):
        form.add_error("pin", _("This PIN does not fit."))
        return form_page(request, "clinic/switch_person.html", form)
    forgive(what="pin", who=str(staff.pk))
    device.sign_in(request, staff)
    audit.record(actor=audit.staff(staff), verb="signed_in.pin", now=timezone.now(), subject=f"staff:{staff.pk}")
    return redirect(_asked_for(request) or "today")


def _to_the_door(request: HttpRequest) -> HttpResponse:
    """To the full sign-in, which is shut for whoever is signed in already."""
    asked = _asked_for(request)
    logout(request)
    return redirect_to_login(asked) if asked else redirect("account_login")


def _asked_for(request: HttpRequest) -> str:
    """The page of ours to go on with, or nothing."""
    asked = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None, require_https=request.is_secure())
    return asked if ours else ""


def _locked_out(request: HttpRequest, staff: StaffMember) -> HttpResponse:
    response = render(request, "clinic/switch_locked.html", {"staff": staff}, status=429)
    device.forget(request, response, staff)
    return response


@staff_only(*EVERYBODY_AT_WORK)
@require_http_methods(["GET", "POST"])
def pin(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and too_many(what="password", who=str(request.user.pk), limit=10, seconds=WINDOW):
        return render(request, "429.html", status=429)
    form = PinForm(request.POST or None, staff=request.user)

    def choose() -> None:
        people.set_pin(staff=request.user, pin=form.cleaned_data["pin"], now=timezone.now())

    if done(form, choose):
        said.success(request, _("Your PIN works on every device where you signed in today."))
        return redirect("switch_person")
    return form_page(request, "clinic/pin.html", form)
