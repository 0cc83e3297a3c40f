"""At the door it is not as planned: another person, the wrong one, a dead phone, a patient who will not wait."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access import CARE, DESK_AND_CARE
from clinic.domain.errors import Refused
from clinic.enums import ReleasedHow
from clinic.views.desk import at_site, done, form_page, posted, was_read
from education.enums import Stage
from support.domain import handovers, quiet_words, slips, swaps, turned_away
from support.enums import NotHandedOver
from support.forms.handovers import AgainstAdviceForm, NotThemForm, SwapForm
from support.views import handovers as door
from support.views import link_reading
from support.views.by_link import language_of
from support.views.desk import visit_of

NOT_THEM = "not_them"


@at_site(*CARE)
@require_http_methods(["GET", "POST"])
def not_them(request: HttpRequest, pk: int) -> HttpResponse:
    """Not given to whoever stood there. The patient stays."""
    infusion = visit_of(request, pk)
    why = {"why": request.GET.get("why")}
    form = NotThemForm(request.POST or None, takers=door.takers(infusion), initial=why)

    def act() -> None:
        turned_away.not_handed_over(infusion=infusion, actor=request.user, now=timezone.now(), **form.cleaned_data)

    if done(form, act):
        name = {"name": infusion.patient.short_name}
        said.success(request, _("Written down. %(name)s stays, and a clinician is told.") % name)
        return redirect("infusion", pk)
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    return form_page(request, "support/desk/handover_not.html", form, infusion=infusion)


@at_site(*DESK_AND_CARE)
@require_http_methods(["GET", "POST"])
def swap(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody else takes them: their yes is said here, and the words are drawn anew."""
    infusion = visit_of(request, pk)
    form = SwapForm(request.POST or None, named=swaps.may_take(infusion=infusion, now=timezone.now()))
    before = door.takers(infusion)

    def act() -> None:
        swaps.swap(infusion=infusion, actor=request.user, now=timezone.now(), **form.cleaned_data)

    if done(form, act):
        who = {"name": form.cleaned_data["designation"].person.first_name}
        said.success(request, _("%(name)s has the way home now. Older words do not count any more.") % who)
        for row in before:
            said.warning(request, _("Please tell %(name)s.") % {"name": row.designation.person.first_name})
        return redirect("infusion" if request.user.role not in CARE else "handover", pk)
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    return form_page(request, "support/desk/handover_swap.html", form, infusion=infusion)


@at_site(*DESK_AND_CARE)
@require_POST
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    """On paper, for somebody whose phone is dead. The page is the answer to the press, so that nothing is kept."""
    infusion, now = visit_of(request, pk), timezone.now()
    try:
        made = slips.make(infusion=infusion, actor=request.user, now=now)
    except Refused as refused:
        said.error(request, str(refused))
        return redirect("infusion", pk)
    guide = link_reading.whole(made.link, stage=Stage.AFTER)
    context = {"slip": made, "guide": guide, "infusion": infusion, "language": language_of(made.link)}
    return render(request, "support/desk/handover_slip.html", context)


@at_site(*CARE)
@require_http_methods(["GET", "POST"])
def against_advice(request: HttpRequest, pk: int) -> HttpResponse:
    infusion = visit_of(request, pk)
    form = AgainstAdviceForm(request.POST or None, infusion=infusion, actor=request.user)

    def act() -> None:
        handovers.release_otherwise(
            infusion=infusion,
            how=ReleasedHow.AGAINST_ADVICE,
            actor=request.user,
            authorised_by=request.user,
            score=None,
            now=timezone.now(),
            **form.cleaned_data,
        )

    if done(form, act):
        return door.left(request, infusion)
    was_read(request, patient_id=infusion.patient_id, subject=infusion)
    signs = door.who_signs(request, infusion)
    return form_page(request, "support/desk/handover_against_advice.html", form, infusion=infusion, **signs)


@at_site(*CARE)
@require_POST
def hear(request: HttpRequest, pk: int) -> HttpResponse:
    """A nurse spoke with the patient alone. Where they do not want to go with this person, that is written next."""
    infusion = visit_of(request, pk)
    try:
        outcome = posted(request, "outcome")
        quiet_words.hear(infusion=infusion, outcome=outcome, actor=request.user, now=timezone.now())
    except Refused as refused:
        return door.page(request, infusion, refused=refused)
    said.success(request, _("Written down."))
    if request.POST.get("then") == NOT_THEM:
        response = redirect("handover_not", pk)
        response["Location"] += f"?why={NotHandedOver.PATIENT_ASKED}"
        return response
    return redirect("handover", pk)
