"""After some rides: is it still all right? A helper says how they go on."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.domain.errors import Refused
from support.domain import going_on
from support.enums import LinkPurpose, LoadAnswer
from support.views.by_link import by_link, who
from support.views.link_helper import stopped
from support.views.link_training import number


@require_POST
@by_link(LinkPurpose.HELPER, asks_who=True)
def answer(request: HttpRequest) -> HttpResponse:
    said = request.POST.get("answer", "")
    try:
        most = number(request.POST.get("most", "")) if said == LoadAnswer.LESS else None
        named = request.link.designation
        going_on.answer(designation=named, said=said, most=most, actor=who(request), now=request.now)
    except Refused as refused:
        messages.info(request, str(refused))
        return redirect("link", request.link_key)
    if said == LoadAnswer.STEP_BACK:
        return stopped(request)
    messages.success(request, thanks(said, most))
    return redirect("link", request.link_key)


def thanks(said: str, most: int | None) -> str:
    if said == LoadAnswer.LESS:
        words = _("Thank you for saying so. We ask you for at most %(count)d in four weeks.")
        return words % {"count": most or 0}
    return _("Thank you. That helps a lot.")
