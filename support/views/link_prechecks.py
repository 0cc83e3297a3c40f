"""A patient answers, by their own link, what is asked before a treatment: the evening before, and on arrival."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic.domain.errors import Refused
from clinic.models import Infusion
from education import directory
from support.domain import prechecks
from support.enums import LinkPurpose
from support.views.by_link import by_link, language_of, who
from support.views.link_patient import own_visit
from support.views.prechecks import picked


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.PATIENT)
def questions(request: HttpRequest, pk: int) -> HttpResponse:
    visit = own_visit(request, pk)
    refused = answer(request, visit) if request.method == "POST" else None
    if request.method == "POST" and refused is None:
        # The answer to a yes that cannot wait is on the page itself, also when it is loaded again.
        return redirect("link_questions", request.link_key, pk)
    site, typed = request.link.site, picked(request.POST)
    asked = prechecks.of_patient(infusion=visit, now=request.now)
    numbers = directory.numbers(region=site.region, audience="patient", language=language_of(request.link))
    context = {
        "asked": asked,
        "reasons": refused.reasons if refused else [],
        "still_open": asked.left_open(typed) if asked and refused else [],
        "typed": typed,
        "said_yes": [question for question, is_yes in typed.items() if is_yes],
        "visit": visit,
        "site": site,
        "key": request.link_key,
        "help": True,
        "numbers": [*numbers, {"label": _("Us"), "number": site.phone}],
    }
    return render(request, "support/patient/questions.html", context, status=422 if refused else 200)


def answer(request: HttpRequest, visit: Infusion) -> Refused | None:
    """All that is asked, at once."""
    asked, answers = prechecks.of_patient(infusion=visit, now=request.now), picked(request.POST)
    still_open = asked.left_open(answers) if asked is not None else []
    if still_open:
        prechecks.say_what_cannot_wait(infusion=visit, answers=answers, actor=who(request), now=request.now)
        if len(still_open) > 1:
            return Refused(_("Some questions are still open. What you chose is kept."))
        return Refused(_("One question is still open. What you chose is kept."))
    try:
        prechecks.answer(infusion=visit, answers=answers, actor=who(request), now=request.now)
    except Refused as refused:
        return refused
    messages.success(request, _("Thank you. The nurse reads your answers before you begin."))
    return None
