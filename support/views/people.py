"""Support persons: name, correct, withdraw, send the link again, record what was said by phone."""

from django.contrib import messages as said
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access import DESK_AND_CARE
from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.views.desk import at_site, patient_of, was_read
from support.domain import commitments, designations, own_people, pending, people
from support.enums import AnsweredVia
from support.forms.contact import ContactForm
from support.forms.people import DesignationForm, KeptForm, PersonForm, wording
from support.models import Commitment, Designation, PendingChange
from support.views import infusions, patient
from support.views.desk import back
from support.views.refusals import shown_on

EDIT = "support/desk/designation_edit.html"
KEPT = gettext_lazy(
    "Kept, and not done yet: today the patient agrees to nothing new. A clinician can confirm it with them now, or "
    "they do it themselves later. Whatever takes something away is done."
)


def designation_of(request: HttpRequest, pk: int) -> Designation:
    rows = Designation.objects.select_related("person__site", "patient__site", "witnessed_by")
    return get_object_or_404(rows, pk=pk, patient__site=request.site, withdrawn_at=None)


def patients_page(request: HttpRequest, pk: int, refused: Refused) -> HttpResponse:
    return patient.page(request, designation_of(request, pk).patient_id, refused=refused)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, pk: int) -> HttpResponse:
    who = patient_of(request, pk)
    form = PersonForm(
        request.POST or None,
        patient=who,
        next_rank=designations.next_rank(patient_id=who.pk),
        region=request.site.region,
    )
    if form.is_valid():
        try:
            return _named(request, form)
        except Refused as refused:
            form.add_error(None, refused.reasons)
    was_read(request, patient_id=who.pk, subject=who)
    context = {"form": form, "patient": who, "wording": wording(name=_("this person"))}
    return render(request, "support/desk/designation_new.html", context, status=422 if form.is_bound else 200)


def _named(request: HttpRequest, form: PersonForm) -> HttpResponse:
    fields, now = form.person(), timezone.now()
    name = form.chosen.first_name if form.chosen else fields["given_name"]
    named = own_people.name(
        patient=form.patient,
        person=form.chosen,
        person_fields=fields,
        wanted=form.wanted(wording(name=name)),
        actor=audit.staff(request.user),
        consent_how=form.cleaned_data["consent_how"],
        witness=request.user,
        now=now,
    )
    if named is None:
        said.warning(request, KEPT)
        return redirect("patient", form.patient.pk)
    if fields["is_adult"]:
        people.confirm_adult(person=named.person, actor=audit.staff(request.user), now=now)
    said.success(request, _("%(name)s is on the list and is being asked.") % {"name": named.person.first_name})
    return redirect("patient", form.patient.pk)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    named = designation_of(request, pk)
    form = DesignationForm(request.POST or None, designation=named)
    if form.is_valid():
        try:
            return _changed(request, named, form)
        except Refused as refused:
            form.add_error(None, refused.reasons)
    was_read(request, patient_id=named.patient_id, subject=named)
    shown = {"form": form, "named": named, "wording": wording(name=named.person.first_name)}
    return render(request, EDIT, shown, status=422 if form.is_bound else 200)


def _changed(request: HttpRequest, named: Designation, form: DesignationForm) -> HttpResponse:
    actor, now = audit.staff(request.user), timezone.now()
    wanted = form.wanted(wording(name=named.person.first_name))
    with transaction.atomic():
        # First: whoever is known to be younger is refused the way home.
        if form.cleaned_data.get("is_adult"):
            people.confirm_adult(person=named.person, actor=actor, now=now)
        is_done = own_people.change(
            designation=named,
            wanted=wanted,
            actor=actor,
            consent_how=form.cleaned_data["consent_how"],
            witness=request.user,
            now=now,
        )
    if is_done:
        said.success(request, _("Saved."))
    else:
        said.warning(request, KEPT)
    return redirect("patient", named.patient_id)


def _kept_page(request: HttpRequest, pk: int, refused: Refused) -> HttpResponse:
    return patient.page(request, _kept_of(request, pk).patient_id, refused=refused)


def _kept_of(request: HttpRequest, pk: int) -> PendingChange:
    return get_object_or_404(PendingChange, pk=pk, patient__site=request.site)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(_kept_page)
def confirm_kept(request: HttpRequest, pk: int) -> HttpResponse:
    """The patient says it once more, to whoever is signed in."""
    change, form = _kept_of(request, pk), KeptForm(request.POST)
    if not form.is_valid():
        raise Refused(_("Say how the patient said so."))
    actor = audit.staff(request.user)
    pending.confirm(change=change, actor=actor, now=timezone.now(), witness=request.user, **form.cleaned_data)
    said.success(request, _("Done, on the patient’s word."))
    return redirect("patient", change.patient_id)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(_kept_page)
def drop_kept(request: HttpRequest, pk: int) -> HttpResponse:
    change = pending.drop(change=_kept_of(request, pk), actor=audit.staff(request.user), now=timezone.now())
    said.success(request, _("It is not done, on the patient’s word."))
    return redirect("patient", change.patient_id)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
@shown_on(patients_page)
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    named = designation_of(request, pk)
    form = ContactForm(request.POST or None, person=named.person, region=request.site.region)
    if form.is_valid():
        actor = audit.staff(request.user)
        people.correct_contact(person=named.person, actor=actor, now=now, **form.cleaned_data)
        said.success(request, _("Saved. Messages that have not gone yet use it."))
        return redirect("patient", named.patient_id)
    was_read(request, patient_id=named.patient_id, subject=named)
    stop_url = reverse("designation_stop", args=[pk])
    return patient.contact_page(request, form, person=named.person, of=named.patient, stop_url=stop_url)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(patients_page)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    named = designation_of(request, pk)
    designations.withdraw(designation=named, actor=audit.staff(request.user), now=timezone.now())
    said.success(
        request, _("%(name)s was taken off the list. Their link is closed.") % {"name": named.person.first_name}
    )
    return redirect("patient", named.patient_id)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(patients_page)
def send_link(request: HttpRequest, pk: int) -> HttpResponse:
    named = designation_of(request, pk)
    designations.send_link_again(designation=named, actor=audit.staff(request.user), now=timezone.now())
    said.success(request, _("The link is on its way to %(name)s.") % {"name": named.person.first_name})
    return back(request, "patient", named.patient_id)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(patients_page)
def agree_to_messages(request: HttpRequest, pk: int) -> HttpResponse:
    named = designation_of(request, pk)
    people.agree_to_messages(person=named.person, witness=request.user, now=timezone.now())
    said.success(request, _("%(name)s gets messages from now on.") % {"name": named.person.first_name})
    return redirect("patient", named.patient_id)


def _visits_page(request: HttpRequest, pk: int, refused: Refused) -> HttpResponse:
    return infusions.page(request, _commitment_of(request, pk).infusion_id, refused=refused)


def _commitment_of(request: HttpRequest, pk: int) -> Commitment:
    rows = Commitment.objects.select_related("infusion__site", "designation__person", "designation__patient")
    return get_object_or_404(rows, pk=pk, infusion__site=request.site)


@at_site(*DESK_AND_CARE)
@require_POST
@shown_on(_visits_page)
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """What a helper said by phone: "yes", "confirm", "no" or "back"."""
    commitment = _commitment_of(request, pk)
    record = {
        "yes": commitments.accept,
        "confirm": commitments.reconfirm,
        "no": commitments.decline,
        "back": commitments.withdraw,
    }.get(request.POST.get("answer", ""))
    if record is None:
        raise Refused(_("Say what was answered."))
    row = record(commitment=commitment, via=AnsweredVia.PHONE, now=timezone.now(), recorded_by=request.user)
    words = {"name": row.designation.person.first_name, "answer": row.get_status_display()}
    said.success(request, _("Recorded for %(name)s: %(answer)s.") % words)
    return back(request, "infusion", commitment.infusion_id)
