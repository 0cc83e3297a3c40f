"""What the shells need to know on every page."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from clinic.enums import Role
from education.models import Page
from support.enums import AlertStatus
from support.models import Alert

# Which part of the menu a page belongs to, by the first word of its address.
SECTIONS = {
    "": "today",
    "today": "today",
    "infusions": "today",
    "schedule": "schedule",
    "closures": "schedule",
    "waitlist": "schedule",
    "patients": "patients",
    "courses": "patients",
    "people": "patients",
    "messages": "messages",
    "outbox": "messages",
    "alerts": "alerts",
    "library": "library",
}


def shell(request: HttpRequest) -> dict[str, Any]:
    """``site`` and ``shell``. The count is asked for only when a template shows it."""
    site = getattr(request, "site", None)
    user: Any = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    return {
        "site": site,
        "shell": {
            "demo": settings.DEMO,
            "section": SECTIONS.get(request.path.split("/")[1], ""),
            "me": user.short_name if signed_in else "",
            "role": user.get_role_display() if signed_in else "",
            "may_set_up": signed_in and user.role in {Role.ADMIN, Role.DIRECTOR},
            "rules_missing": site is not None and not getattr(site, "has_rules", True),
            "pages_waiting": lambda: Page.objects.at(site).filter(current=None).count(),
            "alerts_open": lambda: Alert.objects.filter(site=site).exclude(status=AlertStatus.CLOSED).count(),
        },
    }
