"""The two ways in without an account: the first administrator's code, and an invitation."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import public
from clinic.domain import people, setup_code, sites
from clinic.domain.errors import Refused
from clinic.forms.people import FirstAdministratorForm, JoinForm
from clinic.models import StaffMember
from clinic.throttle import too_many
from clinic.views import device
from clinic.views.desk import form_page

TRIES, WINDOW = 20, 600


@public
@require_http_methods(["GET", "POST"])
def setup_begin(request: HttpRequest) -> HttpResponse:
    """Open only while nobody has signed up, and only for whoever can read the code."""
    if not sites.nobody_yet():
        raise Http404
    form = FirstAdministratorForm(request.POST or None)
    if request.method == "POST" and too_many(what="setup", who="code", limit=TRIES, seconds=WINDOW):
        return render(request, "429.html", status=429)
    if form.is_valid() and not setup_code.fits(code=form.cleaned_data["code"]):
        form.add_error("code", _("This is not the code. It stands in the window where Homeward was started."))
    staff = _first(form) if form.is_valid() else None
    return _enter(request, staff, "setup") if staff else form_page(request, "clinic/setup_begin.html", form)


def _first(form: FirstAdministratorForm) -> StaffMember | None:
    try:
        staff = sites.first_administrator(now=timezone.now(), **form.fields_of_person())
    except Refused as refused:
        form.add_error(None, refused.reasons)
        return None
    setup_code.spend()
    return staff


def _enter(request: HttpRequest, staff: StaffMember, page: str) -> HttpResponse:
    device.sign_in(request, staff)
    response = redirect(page)
    device.remember(request, response, staff)
    return response


@public
@require_http_methods(["GET", "POST"])
def staff_join(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation leads. Unknown, used and old ones get one and the same page."""
    staff = people.invited(token=token)
    if staff is None:
        return render(request, "clinic/staff_join_closed.html", status=404)
    form = JoinForm(request.POST or None, staff=staff)
    if form.is_valid():
        try:
            people.join(staff=staff, password=form.cleaned_data["password"], now=timezone.now())
        except Refused:
            return render(request, "clinic/staff_join_closed.html", status=404)
        staff.refresh_from_db()
        return _enter(request, staff, "today")
    return form_page(request, "clinic/staff_join.html", form, staff=staff)
