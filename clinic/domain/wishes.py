"""When a patient likes to come, and when they cannot."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import audit, patient_rows
from clinic.domain.errors import Refused
from clinic.domain.times import end_minute, minute_of_day
from clinic.models import Patient, StaffMember, TimeWish

Minutes = tuple[int, int]


class Wishes:
    """A week of wishes, ready to be asked often. Minutes are the clinic's wall clock."""

    def __init__(self, rows: Iterable[TimeWish], *, but: Iterable[int] = ()) -> None:
        """``but`` are weekdays whose bad times are not counted this once."""
        left_out = set(but)
        self._good: dict[int, list[Minutes]] = {}
        self._bad: dict[int, list[Minutes]] = {}
        for row in rows:
            if row.suits:
                self._good.setdefault(row.weekday, []).append(_minutes(row))
            elif row.weekday not in left_out:
                self._bad.setdefault(row.weekday, []).append(_minutes(row))

    @property
    def bad_weekdays(self) -> list[int]:
        return sorted(self._bad)

    def allows(self, weekday: int, begin: int, end: int) -> bool:
        """Whether a visit from minute ``begin`` to ``end`` keeps clear of every bad time."""
        return not any(bad[0] < end and begin < bad[1] for bad in self._bad.get(weekday, ()))

    def likes(self, weekday: int, begin: int) -> bool:
        """Whether it begins in a good time."""
        return any(good[0] <= begin < good[1] for good in self._good.get(weekday, ()))


def of(*, patient: Patient) -> list[TimeWish]:
    return list(TimeWish.objects.filter(patient=patient))


def add(
    *,
    patient: Patient,
    weekdays: Sequence[int],
    starts: time,
    ends: time,
    suits: bool,
    actor: StaffMember,
    now: datetime,
) -> None:
    """The same wish for each of these weekdays. Said twice it stands once. Raises ``Refused``."""
    if not weekdays:
        raise Refused(_("Choose at least one day."))
    if ends <= starts:
        raise Refused(_("The end must be after the beginning."))
    with transaction.atomic():
        patient_rows.held(patient=patient)
        for weekday in sorted(set(weekdays)):
            TimeWish.objects.get_or_create(patient=patient, weekday=weekday, starts=starts, ends=ends, suits=suits)
        _note(patient, "patient.times_wished", actor, now)


def remove(*, patient: Patient, pk: int, actor: StaffMember, now: datetime) -> None:
    """Pressed twice it is gone once."""
    with transaction.atomic():
        gone, _each = TimeWish.objects.filter(patient=patient, pk=pk).delete()
        if gone:
            _note(patient, "patient.times_unwished", actor, now)


def _note(patient: Patient, verb: str, actor: StaffMember, now: datetime) -> None:
    audit.record(actor=audit.staff(actor), verb=verb, now=now, patient_id=patient.pk, subject=f"patient:{patient.pk}")


def _minutes(row: TimeWish) -> Minutes:
    return minute_of_day(row.starts), end_minute(row.ends)
