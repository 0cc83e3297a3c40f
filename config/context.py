"""What the shells need to know on every page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config import menu
from education.models import Page
from support.enums import AlertStatus
from support.models import Alert

# Pages with a field of their own to look for patients: the bar's would be the same again.
LOOK_FOR_PATIENTS = {"patients", "patient_search"}


def shell(request: HttpRequest) -> dict[str, Any]:
    """``site`` and ``shell``. The count is asked for only when a template shows it."""
    site = getattr(request, "site", None)
    user: Any = getattr(request, "user", None)
    match = getattr(request, "resolver_match", None)
    signed_in = bool(user and user.is_authenticated)
    return {
        "site": site,
        "shell": {
            "demo": settings.DEMO,
            "bar": menu.bar(user.role) if signed_in else (),
            "may": menu.May(user.role if signed_in else ""),
            "under": request.path.split("/")[1],
            "finds": getattr(match, "url_name", "") not in LOOK_FOR_PATIENTS,
            "me": user.short_name if signed_in else "",
            "role": user.get_role_display() if signed_in else "",
            "rules_missing": site is not None and not getattr(site, "has_rules", True),
            "pages_waiting": lambda: Page.objects.at(site).filter(current=None).count(),
            "alerts_open": lambda: Alert.objects.filter(site=site).exclude(status=AlertStatus.CLOSED).count(),
        },
    }
