"""The start of a visit, and the start against the rules: with a reason, and signed by two where the rules want it."""

from django.contrib import messages as said
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from clinic.access import CARE
from clinic.domain import infusions
from clinic.views import second
from clinic.views.desk import at_site, posted
from support.views.desk import back, visit_of
from support.views.infusions import page
from support.views.refusals import shown_on


@at_site(*CARE)
@require_POST
@shown_on(page)
@sensitive_post_parameters("second_password")
def start(request: HttpRequest, pk: int) -> HttpResponse:
    reason = posted(request, "override_reason")
    signs = second.who_signs(request, subject=f"infusion:{pk}") if reason else None
    row = infusions.start(
        infusion=visit_of(request, pk),
        actor=request.user,
        now=timezone.now(),
        override_reason=reason,
        second=signs,
    )
    said.success(request, _("%(name)s: %(state)s.") % {"name": row.patient.short_name, "state": row.state.label})
    return back(request, "infusion", pk)
