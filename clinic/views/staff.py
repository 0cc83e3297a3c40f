"""The people who sign in: the list, inviting, changing, their working hours."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import SET_UP
from clinic.domain import audit, hours, invitations, people
from clinic.domain.errors import Refused
from clinic.forms.people import InviteForm, StaffForm
from clinic.forms.week import WeekForm
from clinic.models import StaffMember
from clinic.views.desk import at_site, done, form_page


def _colleague(request: HttpRequest, pk: int) -> StaffMember:
    return get_object_or_404(StaffMember, pk=pk, sites=request.site)


@at_site(*SET_UP)
@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    rows = StaffMember.objects.filter(sites=request.site).order_by("-is_active", "full_name")
    return render(request, "clinic/staff_list.html", {"rows": rows})


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def staff_invite(request: HttpRequest) -> HttpResponse:
    """The e-mail leaves within half a minute; the address is also shown on request."""
    form = InviteForm(request.POST or None)

    def invite() -> None:
        people.invite(site=request.site, actor=request.user, now=timezone.now(), **form.cleaned_data)

    if done(form, invite):
        said.success(request, _("%(name)s gets an e-mail.") % {"name": form.cleaned_data["full_name"]})
        return redirect("staff")
    return form_page(request, "clinic/staff_invite.html", form)


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def staff_edit(request: HttpRequest, pk: int) -> HttpResponse:
    colleague = _colleague(request, pk)
    form = StaffForm(request.POST or None, staff=colleague)

    def change() -> None:
        people.change(staff=colleague, actor=request.user, now=timezone.now(), **form.cleaned_data)

    if done(form, change):
        said.success(request, _("Saved."))
        return redirect("staff")
    return form_page(request, "clinic/staff_edit.html", form, colleague=colleague)


@at_site(*SET_UP)
@require_POST
def staff_invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    colleague = _colleague(request, pk)
    try:
        people.invite_again(staff=colleague, actor=request.user, now=timezone.now())
    except Refused as refused:
        said.error(request, str(refused))
    else:
        said.success(request, _("%(name)s gets another e-mail.") % {"name": colleague.full_name})
    return redirect("staff")


@at_site(*SET_UP)
@require_POST
def staff_address(request: HttpRequest, pk: int) -> HttpResponse:
    """The invitation's address, to hand over where no e-mail arrives. Shown once, and written down who saw it."""
    colleague = _colleague(request, pk)
    if people.has_joined(staff=colleague):
        said.error(request, _("%(name)s has signed in already.") % {"name": colleague.full_name})
        return redirect("staff")
    actor, now = audit.staff(request.user), timezone.now()
    audit.record(actor=actor, verb="staff.address_shown", now=now, subject=f"staff:{colleague.pk}")
    context = {"colleague": colleague, "address": invitations.address(staff=colleague)}
    return render(request, "clinic/staff_address.html", context)


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def staff_hours(request: HttpRequest, pk: int) -> HttpResponse:
    colleague = _colleague(request, pk)
    form = WeekForm(request.POST or None, spans=hours.working(staff=colleague, site=request.site))
    if form.is_valid():
        hours.work_at(staff=colleague, site=request.site, spans=form.spans(), actor=request.user, now=timezone.now())
        said.success(request, _("Saved."))
        return redirect("staff")
    return form_page(request, "clinic/staff_hours.html", form, colleague=colleague)
