"""What the clinic's messages say, and saying it in the clinic's own words."""

from typing import Any

from django.conf import settings
from django.contrib import messages as said
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import DESK_AND_CARE, SET_UP
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, done, was_read
from messaging.enums import Channel
from support.domain import wording_look, wording_page
from support.domain.wording_look import Which
from support.forms.wordings import WordingFilter, WordingForm

PAGE = "support/desk/wording.html"


@at_site(*SET_UP)
@require_safe
def wordings(request: HttpRequest) -> HttpResponse:
    form = WordingFilter(request.GET)
    asked = form.asked()
    context = {
        "form": form,
        "rows": wording_page.rows(site=request.site, **asked),
        "channels": Channel.labels,
        "narrowed": any(asked.values()),
    }
    return render(request, "support/desk/wordings.html", context)


@at_site(*SET_UP)
@require_http_methods(["GET", "HEAD", "POST"])
def wording(request: HttpRequest, kind: str, channel: str, language: str) -> HttpResponse:
    which = which_of(request, kind, channel, language)
    form = form_of(which, request.POST or None)
    if request.method == "POST" and done(form, lambda: write(request, which, form)):
        said.success(request, _("Saved. The next message says it like this."))
        return to(which)
    words = form.typed() if form.is_bound else form.initial
    return render(request, PAGE, page(request, which, form, words), status=422 if form.errors else 200)


@at_site(*SET_UP)
@require_POST
def preview(request: HttpRequest, kind: str, channel: str, language: str) -> HttpResponse:
    """The words as they are being typed; nothing is kept. Alone for htmx, else on the whole page."""
    which = which_of(request, kind, channel, language)
    typed = form_of(which, request.POST).typed()
    if request.htmx:
        return render(request, f"{PAGE}#look", look_at(which, typed))
    based_on = request.POST.get("based_on", "")
    form = form_of(which, initial=typed | ({"based_on": based_on} if based_on.isdecimal() else {}))
    return render(request, PAGE, page(request, which, form, typed))


@at_site(*SET_UP)
@require_POST
def restore(request: HttpRequest, kind: str, channel: str, language: str, number: int) -> HttpResponse:
    which = which_of(request, kind, channel, language)
    try:
        wording_page.restore(which=which, version=number, **by(request))
        said.success(request, _("The older words are in use again."))
    except LookupError as nothing:
        raise Http404 from nothing
    except Refused as refused:
        said.error(request, str(refused))
    return to(which)


@at_site(*SET_UP)
@require_POST
def reset(request: HttpRequest, kind: str, channel: str, language: str) -> HttpResponse:
    which = which_of(request, kind, channel, language)
    try:
        wording_page.reset(which=which, **by(request))
        said.success(request, _("The words it comes with are in use again."))
    except Refused as refused:
        said.error(request, str(refused))
    return to(which)


def page(request: HttpRequest, which: Which, form: WordingForm, words: dict[str, str]) -> dict[str, Any]:
    original, used = wording_page.shipped(which=which), wording_page.in_use(which=which)
    return {
        "which": which,
        "channel": Channel(which.channel).label,
        "language": dict(settings.LANGUAGES)[which.language],
        "title": wording_page.title(name=which.name),
        "about": wording_page.about(name=which.name),
        "form": form,
        **look_at(which, words),
        "names": wording_page.names(which=which),
        "script": wording_page.script(which=which),
        "shipped": original,
        "used": used,
        "differences": wording_page.differences(before=original, after=used),
        "history": wording_page.history(which=which),
        **withheld(request, which),
    }


def withheld(request: HttpRequest, which: Which) -> dict[str, Any]:
    """Who gets the neutral words instead: their number, and their names for who may read of patients."""
    if not which.is_withheld:
        return {}
    helpers = wording_page.told_neutrally(site=request.site, now=timezone.now())
    if request.user.role not in DESK_AND_CARE:
        return {"withheld": len(helpers)}
    was_read(request, subject=f"withheld:{request.site.pk}")
    return {"withheld": len(helpers), "helpers": helpers}


def which_of(request: HttpRequest, kind: str, channel: str, language: str) -> Which:
    try:
        return wording_page.find(site=request.site, name=kind, channel=channel, language=language)
    except LookupError as nothing:
        raise Http404 from nothing


def form_of(which: Which, data: Any = None, **kwargs: Any) -> WordingForm:
    used = wording_page.in_use(which=which)
    return WordingForm(data, which=which, used=used, looks_at=address(which, "wording_preview"), **kwargs)


def look_at(which: Which, words: dict[str, str]) -> dict[str, Any]:
    typed = {"subject": words["subject"], "text": words["text"]}
    return {
        "look": wording_look.look(which=which, **typed),
        "left_out": wording_page.left_out(which=which, **typed),
    }


def write(request: HttpRequest, which: Which, form: WordingForm) -> None:
    words = {"subject": "", **form.cleaned_data}
    wording_page.write(which=which, actor=request.user, now=timezone.now(), **words)


def by(request: HttpRequest) -> dict[str, Any]:
    """Who acts, when, and from which version they began."""
    based_on = request.POST.get("based_on", "")
    return {"based_on": int(based_on[:9]) if based_on.isdecimal() else 0, "actor": request.user, "now": timezone.now()}


def address(which: Which, name: str) -> str:
    return reverse(name, args=[which.name, which.channel, which.language])


def to(which: Which) -> HttpResponse:
    return redirect(address(which, "wording"))
