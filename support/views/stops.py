"""What somebody said to staff about being written to: no more, or again."""

from collections.abc import Callable

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.access import DESK_AND_CARE
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, patient_of
from support.domain import pending, spoken_stops
from support.domain.same_number import Person
from support.views import patient, people
from support.views.refusals import shown_on


def _say(request: HttpRequest, person: Person) -> None:
    """``say`` is "stop" or "start", ``channel`` the way they spoke of."""
    act: Callable[..., None] | None = {"stop": spoken_stops.stop, "start": spoken_stops.start}.get(
        request.POST.get("say", "")
    )
    if act is None:
        raise Refused(_("Say what was asked for."))
    act(person=person, channel=request.POST.get("channel", ""), heard_by=request.user, now=timezone.now())
    said.success(request, _("Written down. It holds for everybody who has this number or address."))


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(people.patients_page)
def of_helper(request: HttpRequest, pk: int) -> HttpResponse:
    _say(request, people.designation_of(request, pk).person)
    return redirect("designation_contact", pk)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(patient.page)
def of_patient(request: HttpRequest, pk: int) -> HttpResponse:
    who = patient_of(request, pk)
    if request.POST.get("say") == "start":
        pending.refuse_if_it_waits(patient=who, now=timezone.now(), by=request.user)
    _say(request, who)
    return redirect("patient_contact", pk)
