"""Setting a clinic up, step by step; each step is also the page where it is changed later."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.access import SET_UP, staff_only
from clinic.domain import hours, sites, zones
from clinic.forms.setup import RoomForm, SiteForm
from clinic.forms.week import WeekForm
from clinic.models import Closure, Room
from clinic.views.desk import at_site, done, form_page


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
    """Another time zone is saved once somebody has seen which visits then show another clock time."""
    now, known = timezone.now(), request.site.timezone
    form = SiteForm(request.POST or None, instance=request.site)
    chosen = form.cleaned_data["timezone"] if form.is_valid() else known
    shifted = zones.shifted(site=request.site, before=known, after=chosen, now=now)
    seen = not shifted or request.POST.get("clock") == chosen
    if seen and done(form, lambda: sites.keep(row=form.save(commit=False), actor=request.user, now=now)):
        said.success(request, _("Saved."))
        return redirect("setup")
    request.site.refresh_from_db()
    page = {"form": form, "shifted": shifted, "chosen": chosen}
    return render(request, "clinic/setup_site.html", page, status=422 if form.is_bound else 200)


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def setup_rooms(request: HttpRequest) -> HttpResponse:
    form = RoomForm(request.POST or None, instance=Room(site=request.site))
    now = timezone.now()
    if done(form, lambda: sites.keep(row=form.save(commit=False), actor=request.user, now=now)):
        said.success(request, _("The room is on the list."))
        return redirect("setup_rooms")
    return form_page(request, "clinic/setup_rooms.html", form, rooms=Room.objects.filter(site=request.site))


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def setup_room(request: HttpRequest, pk: int) -> HttpResponse:
    room = get_object_or_404(Room, pk=pk, site=request.site)
    form = RoomForm(request.POST or None, instance=room)
    now = timezone.now()
    if done(form, lambda: sites.keep(row=form.save(commit=False), actor=request.user, now=now)):
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
    ahead = Closure.objects.filter(site=request.site, ends_at__gte=timezone.now()).count()
    return form_page(request, "clinic/setup_hours.html", form, closures=ahead)
