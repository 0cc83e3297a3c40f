"""What the staff shell offers a person: only what the views themselves let their role open."""

from dataclasses import dataclass
from functools import cache

from django.urls import resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinic.access import DESK_AND_CARE, EVERYBODY_AT_WORK
from clinic.enums import Role


@dataclass(frozen=True)
class Entry:
    """One word of the bar. ``page`` names the address; ``under`` are the first words of the addresses it is lit for."""

    page: str
    label: Promise
    under: tuple[str, ...]
    roles: tuple[str, ...] = EVERYBODY_AT_WORK

    @property
    def url(self) -> str:
        return reverse(self.page)


BAR = (
    # It leads an administrator on to the set-up, which the bar names itself.
    Entry("today", _("Today"), ("", "infusions", "calls"), DESK_AND_CARE),
    Entry("schedule", _("Schedule"), ("schedule", "closures", "waitlist")),
    Entry("patients", _("Patients"), ("patients", "courses", "people")),
    Entry("messages", _("Messages"), ("messages", "outbox")),
    Entry("inbox", _("Texts"), ("inbox",)),
    Entry("alerts", _("Alerts"), ("alerts",)),
    Entry("setup", _("Set-up"), ("setup", "policy")),
    Entry("wordings", _("Wordings"), ("wordings",)),
    # The others find them on the schedule.
    Entry("closures", _("Closed times"), ("closures",), (Role.ADMIN,)),
    Entry("library", _("Library"), ("library",)),
)


@cache
def may_open(role: str, page: str) -> bool:
    """Whether the view behind the address called ``page`` names the role."""
    return role in resolve(reverse(page)).func.allows  # type: ignore[attr-defined]


@cache
def bar(role: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in BAR if role in entry.roles and may_open(role, entry.page))


class May:
    """For templates: ``shell.may.<page>``."""

    def __init__(self, role: str) -> None:
        self.role = role

    def __getitem__(self, page: str) -> bool:
        return may_open(self.role, page)
