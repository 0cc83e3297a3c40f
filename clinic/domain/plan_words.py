"""What a plan is good at, in sentences made of facts."""

from collections.abc import Sequence

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.domain.plan_ask import Aim, Plan
from clinic.domain.spoken import say_day
from clinic.domain.study import Start, Study

NOON = 12 * 60


def good_at(study: Study, plan: Plan, starts: Sequence[Start]) -> list[str]:
    found = []
    if Aim.RIDES in plan.aims and any(start.drivers for start in starts):
        found.append(_rides(plan))
    if Aim.REGULAR in plan.aims:
        found.append(_rhythm(plan))
    if Aim.SOONEST in plan.aims:
        found.append(_("Done soonest: %(day)s") % {"day": say_day(study.day(plan.visits[-1][0]))})
    if not plan.aims:
        half = _("Or in the morning") if plan.minute < NOON else _("Or in the afternoon")
        found.append(f"{half}: {_rhythm(plan)}")
    return found or [_rhythm(plan)]


def _rides(plan: Plan) -> str:
    count = len(plan.visits)
    if not plan.uncovered:
        sentence = ngettext("Somebody could drive", "Somebody could drive for all %(count)s visits", count)
        return sentence % {"count": count}
    return _("Somebody could drive for %(some)s of %(count)s visits") % {
        "some": count - plan.uncovered,
        "count": count,
    }


def _rhythm(plan: Plan) -> str:
    named = {
        "days": "/".join(str(WEEKDAYS_ABBR[day]) for day in plan.weekdays),
        "time": f"{plan.minute // 60:02}:{plan.minute % 60:02}",
        "some": len(plan.visits) - plan.irregular,
        "count": len(plan.visits),
    }
    if len(plan.visits) == 1:
        return _("%(days)s %(time)s") % named
    if not plan.irregular:
        return _("Always %(days)s %(time)s") % named
    return _("%(days)s %(time)s for %(some)s of %(count)s visits") % named
