"""How a patient wants to be looked after, by their own link; and what whoever sits with them reads about it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic.domain.errors import Refused
from support.domain import comfort
from support.enums import ComfortWish, LinkPurpose, SupportRole, TouchWish
from support.views.by_link import by_link, typed, who


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.PATIENT)
def my_comfort(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return said(request)
    return shown(request)


def said(request: HttpRequest) -> HttpResponse:
    try:
        comfort.say(
            patient=request.link.patient,
            touch=request.POST.get("touch", ""),
            wishes=request.POST.getlist("wishes"),
            note=typed(request, "note", longest=300),
            actor=who(request),
            now=request.now,
        )
    except Refused as refused:
        return shown(request, refused)
    messages.success(request, _("Thank you. We look after you like this."))
    return redirect("link", request.link_key)


def shown(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    wrote = {name: request.POST.get(name, "") for name in ("touch", "note")} | {
        "wishes": request.POST.getlist("wishes")
    }
    context = {
        "key": request.link_key,
        "site": request.link.site,
        "said": wrote if refused else comfort.of(patient_id=request.link.patient.pk),
        "touches": TouchWish.choices,
        "wishes": ComfortWish.choices,
        "refused": refused,
    }
    return render(request, "support/patient/comfort.html", context, status=422 if refused else 200)


@require_safe
@by_link(LinkPurpose.HELPER, asks_who=True)
def in_the_room(request: HttpRequest) -> HttpResponse:
    """For whoever the patient wants beside them; anybody else finds nothing here."""
    named = request.link.designation
    if SupportRole.PRESENCE not in named.roles:
        raise Http404
    context = {
        "key": request.link_key,
        "site": request.link.site,
        "patient": named.patient,
        "wishes": comfort.lines(comfort.of(patient_id=named.patient_id)),
    }
    return render(request, "support/helper/etiquette.html", context)
