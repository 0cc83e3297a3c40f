"""A helper answers how the evening goes. One way: what is said here is read by the clinic, nothing comes back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from clinic.domain.errors import Refused
from education import directory
from support.domain import checkins
from support.enums import CheckInStatus, HelperAnswer, LinkPurpose
from support.models import CheckIn
from support.views.by_link import by_link, language_of, typed, who


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(LinkPurpose.HELPER)
def checkin(request: HttpRequest, pk: int) -> HttpResponse:
    asked = get_object_or_404(
        CheckIn.objects.select_related("infusion__site", "infusion__patient", "infusion__policy"),
        pk=pk,
        designation=request.link.designation,
    )
    refused = answer(request, asked) if request.method == "POST" else None
    return render(
        request, "support/helper/checkin.html", context(request, asked, refused), status=422 if refused else 200
    )


def answer(request: HttpRequest, asked: CheckIn) -> Refused | None:
    said = request.POST.get("answer", "")
    try:
        checkins.answer(
            checkin=asked,
            answer=said,
            note=typed(request, "note", longest=1000),
            now=request.now,
            actor=who(request),
        )
    except Refused as refused:
        return refused
    asked.refresh_from_db()
    return None


def context(request: HttpRequest, asked: CheckIn, refused: Refused | None) -> dict[str, object]:
    site = request.link.site
    return {
        "asked": asked,
        "key": request.link_key,
        "site": site,
        "patient": asked.infusion.patient,
        "is_answered": asked.status == CheckInStatus.ANSWERED,
        "is_closed": asked.status == CheckInStatus.CLOSED,
        "said": HelperAnswer(asked.answer) if asked.answer else None,
        "reasons": refused.reasons if refused else [],
        "note": request.POST.get("note", ""),
        "answers": answers(),
        "numbers": directory.numbers(region=site.region, audience="helper", language=language_of(request.link)),
    }


def answers() -> list[dict[str, object]]:
    """The three answers of components/phone/answers.html."""
    levels = {HelperAnswer.AS_EXPECTED: "ok", HelperAnswer.NOT_SURE: "risk", HelperAnswer.WORRIED: "stop"}
    return [{"value": said, "level": level, "title": said.label, "note": ""} for said, level in levels.items()]
