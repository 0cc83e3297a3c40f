"""A second person who signs beside whoever is signed in: their own e-mail and password, with the brake of the door."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.models import StaffMember
from clinic.views.desk import posted


def who_signs(request: HttpRequest, *, subject: str) -> StaffMember | None:
    """Whoever typed ``second_email`` and ``second_password``; None where nothing was typed. Refused, and written down
    against ``subject``, where they do not fit or were tried too often. Nobody is signed in by it."""
    email, password = posted(request, "second_email").strip(), request.POST.get("second_password", "")
    if not email and not password:
        return None
    try:
        second: StaffMember | None = get_adapter(request).authenticate(request, email=email, password=password)
    except ValidationError as error:
        _was_refused(request, subject)
        raise Refused(*error.messages) from error
    if second is None or not second.is_active:
        _was_refused(request, subject)
        raise Refused(_("The e-mail or the password of the second person does not fit."))
    return second


def _was_refused(request: HttpRequest, subject: str) -> None:
    audit.record(actor=audit.staff(request.user), verb="second.refused", now=timezone.now(), subject=subject)
