"""Setting a clinic up, step by step; each step is also the page where it is changed later."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access import SET_UP, staff_only
from clinic.domain import audit, hours, sites
from clinic.forms.setup import ClosureForm, RoomForm, SiteForm
from clinic.forms.week import WeekForm
from clinic.models import Closure, Room
from clinic.views.desk import at_site, form_page


@staff_only(*SET_UP)
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """How far it is. A person without a site begins one by POST."""
    if request.method == "POST" and request.site is None:
        request.user.sites.add(sites.begin(now=timezone.now()))
        return redirect("setup_site")
    if request.site is None:
        return render(request, "clinic/setup_begin_site.html")
    steps = sites.steps(site=request.site)
    following = next((step for step in steps if not step.done), None)
    done = sum(step.done for step in steps)
    return render(request, "clinic/setup.html", {"steps": steps, "following": following, "done": done})


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def setup_site(request: HttpRequest) -> HttpResponse:
    form = SiteForm(request.POST or None, instance=request.site)
    if form.is_valid():
        form.save()
        audit.record(
            actor=audit.staff(request.user), verb="site.changed", now=timezone.now(), subject=f"site:{request.site.pk}"
        )
        said.success(request, _("Saved."))
        return redirect("setup")
    request.site.refresh_from_db()
    return form_page(request, "clinic/setup_site.html", form)


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def setup_rooms(request: HttpRequest) -> HttpResponse:
    form = RoomForm(request.POST or None, instance=Room(site=request.site))
    if form.is_valid():
        form.save()
        said.success(request, _("The room is on the list."))
        return redirect("setup_rooms")
    return form_page(request, "clinic/setup_rooms.html", form, rooms=Room.objects.filter(site=request.site))


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def setup_room(request: HttpRequest, pk: int) -> HttpResponse:
    room = get_object_or_404(Room, pk=pk, site=request.site)
    form = RoomForm(request.POST or None, instance=room)
    if form.is_valid():
        form.save()
        said.success(request, _("Saved."))
        return redirect("setup_rooms")
    return form_page(request, "clinic/setup_room.html", form)


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def setup_hours(request: HttpRequest) -> HttpResponse:
    form = WeekForm(request.POST or None, spans=hours.opening(site=request.site))
    if form.is_valid():
        hours.open_at(site=request.site, spans=form.spans(), actor=request.user, now=timezone.now())
        said.success(request, _("Saved."))
        return redirect("setup_hours")
    return form_page(request, "clinic/setup_hours.html", form, **_closures(request))


def _closures(request: HttpRequest, form: ClosureForm | None = None) -> dict[str, object]:
    rows = Closure.objects.filter(site=request.site, ends_at__gte=timezone.now()).select_related("room", "clinician")
    return {"closures": rows, "closure_form": form or ClosureForm(site=request.site, prefix="closure")}


@at_site(*SET_UP)
@require_POST
def setup_close(request: HttpRequest) -> HttpResponse:
    form = ClosureForm(request.POST, site=request.site, prefix="closure")
    if form.is_valid():
        hours.close(site=request.site, actor=request.user, now=timezone.now(), **form.closure())
        said.success(request, _("Closed. Visits already booked stay: move them on the schedule."))
        return redirect("setup_hours")
    week = WeekForm(spans=hours.opening(site=request.site))
    context = {"form": week, **_closures(request, form)}
    return render(request, "clinic/setup_hours.html", context, status=422)


@at_site(*SET_UP)
@require_POST
def setup_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    closure = get_object_or_404(Closure, pk=pk, site=request.site)
    hours.reopen(closure=closure, actor=request.user, now=timezone.now())
    said.success(request, _("Open again."))
    return redirect("setup_hours")
