"""A helper says when they can help and when they cannot, or takes it back; what they were asked follows."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain.errors import Refused
from support.domain import asking, designations, letting_go
from support.models import Availability, Designation, SupportPerson

MOST_ROWS = 60


def state(
    *,
    designation: Designation,
    can: bool,
    actor: str,
    now: datetime,
    weekdays: Iterable[int] = (),
    first_day: date | None = None,
    last_day: date | None = None,
    starts: time = time.min,
    ends: time = time(23, 59),
) -> list[Availability]:
    """Adds one row for every weekday, or one for the days from ``first_day`` to ``last_day``. Said twice, it stands
    once. It holds for everybody who named this person: what they were asked for such a time nobody waits for any more,
    what they said yes to stays theirs. Not inside a transaction that holds a visit. Raises ``Refused``."""
    spans: list[dict[str, Any]] = [
        {"weekday": weekday, "first_day": None, "last_day": None} for weekday in sorted(set(weekdays))
    ]
    if first_day is not None:
        spans = [{"weekday": None, "first_day": first_day, "last_day": last_day or first_day}]
    if not spans:
        raise Refused(_("Say on which day of the week, or from which day."))
    if ends <= starts or (first_day is not None and last_day is not None and last_day < first_day):
        raise Refused(_("The end must be after the beginning."))
    with transaction.atomic():
        person = SupportPerson.objects.select_for_update(no_key=True).get(pk=designation.person_id)
        if person.availability.count() + len(spans) > MOST_ROWS:
            raise Refused(_("There are many times here already. Take some back first."))
        rows = [
            Availability.objects.get_or_create(person=person, can=can, starts=starts, ends=ends, **span)[0]
            for span in spans
        ]
        designations.note(designation, actor, "person.availability_stated", now)
    letting_go.at_times_they_cannot(person_id=designation.person_id, now=now)
    if can:
        _ask_again(designation.person_id, now)
    return rows


def forget(*, designation: Designation, pk: int, actor: str, now: datetime) -> None:
    """Takes one row back: for what suits them now they are asked as everybody is. Pressed twice it is gone once. Not
    inside a transaction that holds a visit."""
    with transaction.atomic():
        gone, _each = Availability.objects.filter(person=designation.person_id, pk=pk).delete()
        if gone:
            designations.note(designation, actor, "person.availability_forgotten", now)
    if gone:
        letting_go.at_times_they_cannot(person_id=designation.person_id, now=now)
        _ask_again(designation.person_id, now)


def _ask_again(person_id: int, now: datetime) -> None:
    for named in Designation.objects.filter(person=person_id, withdrawn_at=None).select_related("person", "patient"):
        with transaction.atomic():
            asking.ask_for_all(designation=named, now=now)
