"""What a booking must keep to before PostgreSQL is asked: sentences for what no free room could help."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic.domain import premises
from clinic.domain.calendar import Calendar, Timing
from clinic.domain.premises import Span
from clinic.domain.slots import Slot
from clinic.domain.times import local_day
from clinic.models import Patient, Protocol, Site


def say_day(day: date) -> str:
    return date_format(day, "l j F")


def say_moment(moment: datetime, site: Site) -> str:
    """Day and clock time at the site."""
    local = moment.astimezone(site.zone)
    return _("%(day)s at %(time)s") % {"day": say_day(local.date()), "time": f"{local:%H:%M}"}


def against(
    *,
    site: Site,
    slots: Sequence[tuple[Slot, Timing]],
    now: datetime,
    past_is_fine: bool = False,
) -> list[str]:
    """Why these starts can never be booked, one sentence each; empty if only a free room is needed. One query."""
    here = premises.of(site=site)
    rooms, clinicians = set(here.rooms), set(here.clinicians)
    days = [local_day(moment=slot.starts_at, zone=site.zone) for slot, _when in slots]
    calendar = Calendar(here)
    minute = now.replace(second=0, microsecond=0)
    found: list[str] = []
    for (slot, when), day in zip(slots, days, strict=True):
        if slot.room not in rooms:
            found.append(_("%(room)s is not a room of this clinic that can be booked.") % {"room": slot.room})
        if slot.clinician not in clinicians:
            found.append(_("%(name)s does not treat patients at this clinic.") % {"name": slot.clinician})
        if slot.starts_at < minute and not past_is_fine:
            found.append(_("%(moment)s is in the past.") % {"moment": say_moment(slot.starts_at, site)})
        else:
            found += _closed(calendar, slot, (slot.starts_at, when.ends_at), day)
    return found


def about_patient(*, patient: Patient, protocol: Protocol) -> list[str]:
    found = []
    if patient.is_archived:
        found.append(_("This record is archived. Nothing can be booked for it."))
    if protocol.site_id != patient.site_id:
        found.append(_("This plan belongs to another clinic."))
    return found


def _closed(calendar: Calendar, slot: Slot, span: Span, day: date) -> list[str]:
    named = {"day": say_day(day), "room": slot.room, "name": slot.clinician}
    hours = calendar.open_spans(day)
    if not hours or calendar.site_closure(span):
        return [_("The clinic is closed on %(day)s.") % named]
    if span[1] - span[0] > max(end - begin for begin, end in hours):
        minutes = int((span[1] - span[0]).total_seconds() // 60)
        sentence = _("A visit takes %(minutes)s minutes. The clinic is not open that long on %(day)s.")
        return [sentence % {**named, "minutes": minutes}]
    if not calendar.is_open(span):
        open_from = ", ".join(
            f"{begin.astimezone(calendar.zone):%H:%M}–{end.astimezone(calendar.zone):%H:%M}" for begin, end in hours
        )
        return [_("This is outside the opening hours on %(day)s: %(hours)s.") % {**named, "hours": open_from}]
    found = []
    if calendar.room_closure(slot.room.pk, span):
        found.append(_("%(room)s is closed at that time on %(day)s.") % named)
    if not calendar.works(slot.clinician.pk, span) or calendar.absence(slot.clinician.pk, span):
        found.append(_("%(name)s does not work at that time on %(day)s.") % named)
    return found
