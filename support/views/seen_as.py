"""What a helper sees but for their word, for the patient who named them and for staff. Logged as a read; the helper's
own link is neither opened nor touched."""

from copy import copy
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.http import require_safe

from clinic.access import DESK_AND_CARE
from clinic.views.desk import at_site, was_read
from support.domain import helper_page, links, seen_as
from support.enums import LinkPurpose
from support.models import Designation, Link
from support.views import link_helper, link_people, people
from support.views.by_link import by_link, language_of

# Instead of the helper's word at the handover: each of the two knows one.
HIDDEN = "· · ·"


@at_site(*DESK_AND_CARE)
@require_safe
def by_staff(request: HttpRequest, pk: int) -> HttpResponse:
    named = people.designation_of(request, pk)
    was_read(request, patient_id=named.patient_id, subject=named)
    return page(request, named, now=timezone.now(), back=reverse("patient", args=[named.patient_id]))


@require_safe
@by_link(LinkPurpose.PATIENT)
def by_patient(request: HttpRequest, pk: int) -> HttpResponse:
    named = link_people.own_designation(request, pk)
    # What a helper says of how much they take on is not for the patient. Never saved.
    named.most_rides = named.load_asked_at = None
    back = reverse("link_people", args=[request.link_key])
    return page(request, named, now=request.now, back=back, to_patient=True)


def page(
    request: HttpRequest, named: Designation, *, now: datetime, back: str, to_patient: bool = False
) -> HttpResponse:
    """The helper's own templates, context and language, without their word; the band is in the reader's."""
    opened = seen_as.last_opened(designation=named)
    about = {"name": named.person.first_name, "site": named.person.site, "opened": opened, "back": back}
    band = render_to_string("support/seen_as.html", about)
    theirs = copy(request)
    theirs.link = Link(purpose=LinkPurpose.HELPER, designation=named, site=named.person.site)
    theirs.link_key, theirs.now = links.NOBODYS, now
    with override(language_of(theirs.link)):
        built = helper_page.build(designation=named, now=now)
        if built.handover is not None:
            # Never saved.
            built.handover.helper_word = HIDDEN
        if to_patient:
            built = seen_as.to_patient(built)
        shown = link_helper.context(theirs, built) | {"refresh": None, "messages": ()}
        text = render_to_string(link_helper.TEMPLATES[built.stage], shown, request=theirs)
    return HttpResponse(seen_as.inert(page=text, band=band))
