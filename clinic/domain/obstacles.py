"""Why a series does not fit, and what would make it fit."""

from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.domain.plan_ask import Ask
from clinic.domain.plan_search import members
from clinic.domain.plans import choices, dead_end, last_days
from clinic.domain.spoken import say_day
from clinic.domain.study import Relaxed, Study
from clinic.domain.wishes import Wishes
from clinic.enums import Attendant, Equipment, Weekday

WIDER = (1, 2, 3)
CLOSEST = 3
SENTENCES_SHOWN = 5
ON_WEEKDAYS = {
    Weekday.MONDAY: gettext_lazy("Mondays"),
    Weekday.TUESDAY: gettext_lazy("Tuesdays"),
    Weekday.WEDNESDAY: gettext_lazy("Wednesdays"),
    Weekday.THURSDAY: gettext_lazy("Thursdays"),
    Weekday.FRIDAY: gettext_lazy("Fridays"),
    Weekday.SATURDAY: gettext_lazy("Saturdays"),
    Weekday.SUNDAY: gettext_lazy("Sundays"),
}


@dataclass(frozen=True)
class WayOut:
    """``relaxed`` is what to plan with, for so many plans from the day ``first`` on."""

    sentence: str
    plans: int
    first: date
    relaxed: Relaxed


def missing(study: Study) -> list[str]:
    """What no other day can help."""
    diary, protocol = study.diary, study.protocol
    found = []
    if not diary.premises.rooms:
        found.append(_("No room is in use."))
    elif not diary.rooms:
        needs = [str(Equipment(need).label) for need in protocol.needs]
        needs += [_("a guest place")] if Attendant.COMPANION in protocol.present else []
        found.append(_("No room has what this protocol needs: %(needs)s.") % {"needs": ", ".join(needs)})
    if not diary.clinicians:
        found.append(_("No clinician works here yet."))
    if not diary.calendar.has_hours:
        found.append(_("The clinic has no opening hours yet."))
    elif diary.visit > diary.calendar.longest_span:
        minutes = int(diary.visit.total_seconds() // 60)
        found.append(_("A visit takes %(minutes)s minutes. The clinic is never open that long.") % {"minutes": minutes})
    return found


def reasons(study: Study, ask: Ask, relaxed: Relaxed) -> list[str]:
    """The visit that finds no day, and for the days it could take what stands in the way."""
    visit, wanted = dead_end(ask)
    offsets = [offset for offset in members(wanted) if offset < len(ask.days)]
    named = {
        "visit": study.stretch.done + visit + 1,
        "first": say_day(study.day(offsets[0])),
        "last": say_day(study.day(offsets[-1])),
    }
    if visit:
        named["least"], _best, named["most"] = ask.gaps[visit - 1]
        sentence = _(
            "Visit %(visit)s finds no day between %(first)s and %(last)s: visits are %(least)s to %(most)s days apart."
        )
    elif study.stretch.done:
        sentence = _("Visit %(visit)s finds no day between %(first)s and %(last)s.")
    else:
        sentence = _("The first visit finds no day between %(first)s and %(last)s.")
    week = Wishes(study.wishes, but=relaxed.weekdays)
    grouped: dict[tuple[str, str], list[date]] = {}
    for offset in offsets:
        grouped.setdefault(_why(study, week, offset), []).append(study.day(offset))
    # What stands in the way of few days is what somebody might change; many days are a rule of the house.
    rarest_first = sorted(grouped.items(), key=lambda one: len(one[1]))
    said = [why % {"day": _on(days, part)} for (why, part), days in rarest_first]
    return [sentence % named, *said[:SENTENCES_SHOWN]]


def ways_out(study: Study, *, visits: int, relaxed: Relaxed) -> list[WayOut]:
    """One constraint given way at a time, each by as little as helps. ``study`` reads the whole horizon."""
    found = [
        _first_that_fits(study, visits, [replace(relaxed, wider=relaxed.wider + days) for days in WIDER]),
        _first_that_fits(study, visits, [replace(relaxed, closer=days) for days in _closer(study, visits, relaxed)]),
        *(
            _first_that_fits(study, visits, [replace(relaxed, weekdays=(*relaxed.weekdays, weekday))])
            for weekday in Wishes(study.wishes, but=relaxed.weekdays).bad_weekdays
        ),
        _first_that_fits(study, visits, [replace(relaxed, later=True)]),
    ]
    if not any(found):
        found.append(_first_that_fits(study, visits, [replace(relaxed, weekdays=tuple(range(7)))]))
    return [way for way in found if way is not None]


def _first_that_fits(study: Study, visits: int, tried: list[Relaxed]) -> WayOut | None:
    for relaxed in tried:
        ask = study.ask(visits=visits, relaxed=relaxed)
        if last_days(ask):
            found = choices(ask)
            first = study.day(min(plan.visits[0][0] for plan in found))
            return WayOut(_gives(ask, relaxed, first, len(found)), len(found), first, relaxed)
    return None


def _closer(study: Study, visits: int, relaxed: Relaxed) -> range:
    widest = max((least for least, _best, _most in study.stretch.gaps[: visits - 1]), default=1)
    return range(relaxed.closer + 1, min(widest - 1, CLOSEST) + 1)


def _gives(ask: Ask, relaxed: Relaxed, first: date, count: int) -> str:
    gives = ngettext("gives %(count)s plan", "gives %(count)s plans", count) % {"count": count}
    named = {
        "gives": gives,
        "most": max((gap[2] for gap in ask.gaps), default=0),
        "least": min((gap[0] for gap in ask.gaps), default=0),
        "first": say_day(first),
        "days": ", ".join(str(Weekday(day).label) for day in relaxed.weekdays),
    }
    if relaxed.closer:
        return _("Allowing %(least)s days only between visits %(gives)s.") % named
    if relaxed.wider:
        return _("Allowing %(most)s days between visits %(gives)s.") % named
    if len(relaxed.weekdays) == len(Weekday):
        return _("Coming at times that do not suit the patient %(gives)s.") % named
    if relaxed.weekdays:
        return _("Coming on %(days)s, though it does not suit the patient, %(gives)s.") % named
    return _("Beginning later, on %(first)s, %(gives)s.") % named


def _why(study: Study, week: Wishes, offset: int) -> tuple[str, str]:
    """A sentence for a day without a start the patient can take, and which part of the day it is about."""
    diary, day = study.diary, study.day(offset)
    if day in diary.patient_days:
        return _("The patient has another visit on %(day)s."), ""
    if not diary.calendar.open_spans(day):
        return _("The clinic is closed on %(day)s."), ""
    starts = list(diary.calendar.starts(day, diary.visit))
    if not starts:
        return _("The clinic is not open long enough on %(day)s."), ""
    ahead = [start for start in starts if start >= diary.now]
    if not ahead:
        return _("There is no time left on %(day)s."), ""
    open_starts = [start for start in ahead if not diary.calendar.site_closure((start, start + diary.visit))]
    if not open_starts:
        return _("The clinic is closed on %(day)s."), ""
    clocks = [start.astimezone(study.site.zone) for start in open_starts]
    suiting = [at for at in clocks if study.allows(week, offset, at.hour * 60 + at.minute)]
    if not suiting:
        return _("It does not suit the patient on %(day)s."), ""
    part = ""
    if suiting[0] > clocks[0]:
        part = _("%%(day)s from %(time)s") % {"time": f"{suiting[0]:%H:%M}"}
    elif suiting[-1] < clocks[-1]:
        part = _("%%(day)s until %(time)s") % {"time": f"{suiting[-1]:%H:%M}"}
    openings = [diary.opening(start) for start in suiting]
    if not any(opening.clinicians for opening in openings):
        return _("No clinician is free on %(day)s."), part
    if not any(opening.rooms for opening in openings):
        return _("No room is free on %(day)s."), part
    return _("No room and clinician are free at the same time on %(day)s."), part


def _on(days: list[date], part: str) -> str:
    """One day by its date, several by their weekdays."""
    weekdays = sorted({day.weekday() for day in days})
    if len(days) == 1:
        names = [say_day(days[0])]
    elif len(weekdays) == len(Weekday):
        names = [_("each of these days")]
    else:
        names = [str(ON_WEEKDAYS[Weekday(day)]) for day in weekdays]
    return (part or "%(day)s") % {"day": ", ".join(names)}
