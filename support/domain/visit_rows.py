"""A visit as the pages that show many of them have it: plain values of one row, with what they are judged by."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from clinic import names
from clinic.enums import InfusionStatus
from clinic.models import Policy, Protocol, Site

# Of a visit's rules, when a missing way home is urgent, from when the patient may leave, how far ahead a date nobody
# took is looked after; of its protocol, how long each part takes.
RULES = ("ask_hours", "reconfirm_hours", "min_recovery_minutes", "cover_days")
LENGTHS = ("prep_minutes", "infusion_minutes", "recovery_minutes", "observation_minutes")


class CourseRow(NamedTuple):
    sessions: int
    protocol: Protocol


class VisitRow(NamedTuple):
    """Named as in ``Infusion``, so that both can be asked the same; times UTC.

    ``policy`` and ``course.protocol`` are shared among the visits and hold ``RULES`` and ``LENGTHS``, nothing else.
    """

    pk: int
    patient_id: int
    course_id: int
    room_id: int
    clinician_id: int
    version: int
    number: int
    starts_at: datetime
    ends_at: datetime
    room_free_at: datetime
    arrived_at: datetime | None
    started_at: datetime | None
    recovering_at: datetime | None
    ready_at: datetime | None
    released_at: datetime | None
    home_at: datetime | None
    cancelled_at: datetime | None
    no_show_at: datetime | None
    released_how: str
    off_reason: str
    late_minutes: int | None
    given_name: str
    family_name: str
    preferred_name: str
    room_name: str
    state: InfusionStatus
    site: Site
    policy: Policy | None
    course: CourseRow

    @property
    def site_id(self) -> int:
        return self.site.pk

    @property
    def short_name(self) -> str:
        return names.short(self.given_name, self.family_name, self.preferred_name)

    @property
    def every_name(self) -> str:
        """To look somebody up by."""
        return f"{names.full(self.given_name, self.family_name)} {self.preferred_name}"


ELSEWHERE = {name: f"patient__{name}" for name in ("given_name", "family_name", "preferred_name")}
ELSEWHERE["room_name"] = "room__name"
PLAIN = VisitRow._fields[: VisitRow._fields.index("state")]
COLUMNS = (
    *(ELSEWHERE.get(name, name) for name in PLAIN),
    *("status", "course__sessions", "policy_id", "course__protocol_id"),
    *(f"policy__{name}" for name in RULES),
    *(f"course__protocol__{name}" for name in LENGTHS),
)
STATES = {str(status): status for status in InfusionStatus}


def of(*, values: Iterable[tuple[Any, ...]], site: Site) -> list[VisitRow]:
    """``values`` begin with ``COLUMNS`` of visits of this site, and may go on."""
    policies: dict[int | None, Policy | None] = {None: None}
    protocols: dict[int, Protocol] = {}
    found = []
    for row in values:
        status, sessions, policy, protocol, *judged = row[len(PLAIN) : len(COLUMNS)]
        if policy not in policies:
            policies[policy] = Policy(pk=policy, site=site, **dict(zip(RULES, judged, strict=False)))
        if protocol not in protocols:
            lengths = dict(zip(LENGTHS, judged[len(RULES) :], strict=True))
            protocols[protocol] = Protocol(pk=protocol, site=site, **lengths)
        course = CourseRow(sessions=sessions, protocol=protocols[protocol])
        found.append(VisitRow._make((*row[: len(PLAIN)], STATES[status], site, policies[policy], course)))
    return found
