"""Protocols: the list, the ready-made ones, the next version of each."""

from datetime import timedelta

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.access import SET_UP
from clinic.domain import policies, presets, protocol_words, protocols
from clinic.domain.calendar import timing
from clinic.forms.protocols import PresetForm, ProtocolForm
from clinic.models import Protocol
from clinic.views.desk import at_site, done, form_page


@at_site(*SET_UP)
@require_safe
def protocol_list(request: HttpRequest) -> HttpResponse:
    form = PresetForm(known=presets.known(site=request.site))
    return render(request, "clinic/protocol_list.html", {**_listed(request), "form": form})


@at_site(*SET_UP)
@require_POST
def protocol_presets(request: HttpRequest) -> HttpResponse:
    form = PresetForm(request.POST, known=presets.known(site=request.site))

    def add() -> None:
        names = form.cleaned_data["names"]
        count = presets.add(site=request.site, names=names, actor=request.user, now=timezone.now())
        said.success(request, _("%(count)s added.") % {"count": count})

    if done(form, add):
        return redirect("protocols")
    return form_page(request, "clinic/protocol_list.html", form, **_listed(request))


def _listed(request: HttpRequest) -> dict[str, object]:
    """With how long a visit booked now takes, under the rules that count now."""
    now, policy = timezone.now(), policies.current(site=request.site)
    rows = [
        (protocol, timing(protocol=protocol, policy=policy, starts_at=now).ends_at - now)
        for protocol in protocols.newest(site=request.site)
    ]
    return {"rows": [(protocol, took // timedelta(minutes=1)) for protocol, took in rows]}


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def protocol_new(request: HttpRequest) -> HttpResponse:
    form = ProtocolForm(request.POST or None, instance=Protocol(site=request.site))

    def add() -> None:
        new = protocols.add(site=request.site, actor=request.user, now=timezone.now(), **form.parts())
        _saved(request, new)

    if done(form, add):
        return redirect("protocols")
    return form_page(request, "clinic/protocol_edit.html", form)


@at_site(*SET_UP)
@require_http_methods(["GET", "POST"])
def protocol_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The last version of its family, to be followed by the next; courses under way keep theirs."""
    shown = get_object_or_404(Protocol, pk=pk, site=request.site)
    last = protocols.last_of(protocol=shown)
    if request.method != "POST" and last != shown:
        return redirect("protocol_edit", last.pk)
    form = ProtocolForm(request.POST or None, instance=protocols.last_of(protocol=shown))

    def change() -> None:
        version = form.cleaned_data["version"] or 0
        now = timezone.now()
        new = protocols.revise(protocol=shown, actor=request.user, now=now, version=version, **form.parts())
        _saved(request, new)

    if done(form, change):
        return redirect("protocols")
    context = {
        "last": last,
        "versions": protocols.versions(protocol=last),
        "lacks": protocol_words.lacks(protocol=last),
    }
    return form_page(request, "clinic/protocol_edit.html", form, **context)


def _saved(request: HttpRequest, protocol: Protocol) -> None:
    said.success(request, _("Saved."))
    for sentence in protocol_words.lacks(protocol=protocol):
        said.warning(request, sentence)
