"""Who stands by a patient, by the patient's own link: look, name, change, take off, and what still waits."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.domain.errors import Refused
from support.domain import designations, impaired, own_people, pending
from support.enums import LinkPurpose
from support.forms.people_own import WORDS, OwnDesignationForm, OwnFields, OwnPersonForm, words
from support.models import Designation, PendingChange
from support.views.by_link import LinkView, by_link, language_of, who


@require_safe
@by_link(LinkPurpose.PATIENT)
def people(request: HttpRequest) -> HttpResponse:
    patient = request.link.patient
    named = own_people.of(patient=patient, now=request.now)
    first = own_people.asked_first(named) if len(named) > 1 else None
    shown = {
        "people": [line(row, is_first=row == first) for row in named],
        "kept": pending.kept(patient=patient, now=request.now),
        "let_go": [(pending.name_in(row), row.asked_at) for row in pending.let_go(patient=patient, now=request.now)],
    }
    return render(request, "support/patient/people.html", shown | shared(request))


def line(named: Designation, *, is_first: bool) -> dict[str, object]:
    """One person of the list, in words."""
    return {
        "named": named,
        "is_first": is_first,
        "helps": [words(role) for role in named.roles],
        "knows": [words(word) for word in named.may_know],
    }


def shared(request: HttpRequest) -> dict[str, object]:
    patient = request.link.patient
    return {
        "key": request.link_key,
        "site": request.link.site,
        "patient": patient,
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
    only_first = own_people.only_called_first(patient=request.link.patient)
    if done(request, form, lambda: named(request, form) + who_went(only_first)):
        return redirect("link_people", request.link_key)
    return form_page(request, "support/patient/people_new.html", form, only_first=only_first)


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
    """It is kept: from when they can say it again stands on the list."""
    if request.link.patient.guardian:
        return _("We keep this. Your guardian agrees first: the front desk asks them.")
    return _("We keep this for a week. Nobody is told yet: please say yes to it here once more.")


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.PATIENT)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    row = own_designation(request, pk)
    form = OwnDesignationForm(request.POST or None, designation=row)
    only_first = own_people.only_called_first(patient=request.link.patient, but=row.pk)
    if done(request, form, lambda: changed(request, row, form) + who_went(only_first)):
        return redirect("link_people", request.link_key)
    is_first = own_people.is_first(designation=row, now=request.now)
    return form_page(
        request, "support/patient/people_one.html", form, named=row, only_first=only_first, is_first=is_first
    )


def changed(request: HttpRequest, row: Designation, form: OwnDesignationForm) -> str:
    is_done = own_people.change(designation=row, wanted=form.wanted(), actor=who(request), now=request.now)
    return _("Saved.") if is_done else later(request)


def who_went(was: Designation | None) -> str:
    """A second sentence where ``was`` is off the list, because another is called first now."""
    if was is None or own_people.is_listed(designation=was):
        return ""
    words = _("%(name)s was only to be called first, and is not on your list any more.")
    return " " + words % {"name": was.person.first_name}


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
    patient = request.link.patient
    shown = {
        "form": form,
        "wording": WORDS,
        # A guardian is asked on any day; else it is a matter of hours.
        "waits_until": None if patient.guardian else impaired.until(patient=patient, now=request.now),
        **shared(request),
        **more,
    }
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
