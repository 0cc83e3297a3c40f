"""Who stands by a patient, by the patient's own link: look, name, change, take off, and what still waits."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.domain.errors import Refused
from support.domain import designations, own_people, pending
from support.enums import LinkPurpose
from support.forms.people_own import WORDS, OwnDesignationForm, OwnFields, OwnPersonForm, words
from support.models import Designation, PendingChange
from support.views.by_link import LinkView, by_link, language_of, who


@require_safe
@by_link(LinkPurpose.PATIENT)
def people(request: HttpRequest) -> HttpResponse:
    patient = request.link.patient
    named = own_people.of(patient=patient, now=request.now)
    shown = {"people": [line(row) for row in named], "kept": pending.kept(patient=patient, now=request.now)}
    return render(request, "support/patient/people.html", shown | shared(request))


def line(named: Designation) -> dict[str, object]:
    """One person of the list, in words."""
    return {
        "named": named,
        "helps": [words(role) for role in named.roles],
        "knows": [words(word) for word in named.may_know],
    }


def shared(request: HttpRequest) -> dict[str, object]:
    patient = request.link.patient
    return {
        "key": request.link_key,
        "site": request.link.site,
        "patient": patient,
        "wording": WORDS,
        "waits": pending.waits(patient=patient, now=request.now),
    }


def acts(act: Callable[..., str]) -> LinkView:
    """A button of these pages: it acts and says a sentence, as a refusal does. Then back to the list."""

    @require_POST
    @by_link(LinkPurpose.PATIENT)
    @wraps(act)
    def pressed(request: HttpRequest, pk: int) -> HttpResponseBase:
        try:
            messages.success(request, act(request, pk))
        except Refused as refused:
            messages.info(request, str(refused))
        return redirect("link_people", request.link_key)

    return pressed


def own_designation(request: HttpRequest, pk: int) -> Designation:
    """Somebody on this patient's list; anybody else is the same 404 as nobody."""
    try:
        return own_people.one(patient=request.link.patient, pk=pk, now=request.now)
    except Designation.DoesNotExist as error:
        raise Http404 from error


def own_pending(request: HttpRequest, pk: int) -> PendingChange:
    found = PendingChange.objects.filter(pk=pk, patient=request.link.patient).first()
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.PATIENT)
def new(request: HttpRequest) -> HttpResponse:
    region, language = request.link.site.region, language_of(request.link)
    form = OwnPersonForm(request.POST or None, region=region, language=language)
    if done(request, form, lambda: named(request, form)):
        return redirect("link_people", request.link_key)
    return form_page(request, "support/patient/people_new.html", form)


def named(request: HttpRequest, form: OwnPersonForm) -> str:
    person = form.person()
    found = own_people.name(
        patient=request.link.patient,
        person_fields=person,
        wanted=form.wanted(),
        actor=who(request),
        now=request.now,
    )
    name = {"name": person["given_name"]}
    if found is None:
        return later(request)
    if not found.roles:
        return _("%(name)s is on your list.") % name
    return _("%(name)s is on your list. We ask them for you.") % name


def later(request: HttpRequest) -> str:
    """It is kept: when it will be asked again stands on the list."""
    if request.link.patient.guardian:
        return _("We keep this. Your guardian agrees first: the front desk asks them.")
    return _("We keep this and ask you again tomorrow. Nothing is lost, and nobody is told yet.")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.PATIENT)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    row = own_designation(request, pk)
    form = OwnDesignationForm(request.POST or None, designation=row)
    if done(request, form, lambda: changed(request, row, form)):
        return redirect("link_people", request.link_key)
    is_first = own_people.is_first(designation=row)
    return form_page(request, "support/patient/people_one.html", form, named=row, is_first=is_first)


def changed(request: HttpRequest, row: Designation, form: OwnDesignationForm) -> str:
    is_done = own_people.change(designation=row, wanted=form.wanted(), actor=who(request), now=request.now)
    return _("Saved.") if is_done else later(request)


def done(request: HttpRequest, form: OwnFields, act: Callable[[], str]) -> bool:
    """Whether the form was fine and it is done or kept; a no stands on the form."""
    if not form.is_valid():
        return False
    try:
        messages.success(request, act())
    except Refused as refused:
        form.add_error(None, refused.reasons)
        return False
    return True


def form_page(request: HttpRequest, template: str, form: OwnFields, **more: object) -> HttpResponse:
    shown = {"form": form, **shared(request), **more}
    return render(request, template, shown, status=422 if form.errors else 200)


@acts
def off(request: HttpRequest, pk: int) -> str:
    row = own_designation(request, pk)
    designations.withdraw(designation=row, actor=who(request), now=request.now)
    return _("%(name)s is off your list. Nobody is told.") % {"name": row.person.first_name}


@acts
def confirm(request: HttpRequest, pk: int) -> str:
    change = own_pending(request, pk)
    pending.confirm(change=change, actor=who(request), now=request.now)
    return _("Done. Thank you for looking at it again.")


@acts
def drop(request: HttpRequest, pk: int) -> str:
    pending.drop(change=own_pending(request, pk), actor=who(request), now=request.now)
    return _("All right. Nothing is changed.")
