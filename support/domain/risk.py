"""How likely a way home comes to nothing, in points that anybody can add up: whom to phone first. Pure.

Nothing is learned from data and nothing is hidden: every point has a sentence, and the page shows this table.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

# From so many points on somebody should phone.
CALL_FROM = 6
FAR_MINUTES = 45
LATE_MINUTES = 15
# More steps back count as this many.
MOST_STEPS_BACK = 3


class Rule(TextChoices):
    """What speaks against relying on a way home, in the words in which the page explains it."""

    NOBODY = "nobody", gettext_lazy("Nobody has said yes")
    NOT_CONFIRMED = "not_confirmed", gettext_lazy("Asked to confirm, and has not")
    AGE_UNKNOWN = "age_unknown", gettext_lazy("Nobody has recorded that they are 18 or older")
    STILL_TO_ASK = "still_to_ask", gettext_lazy("Said yes, and is asked once more before the visit")
    CAME_LATE = "came_late", gettext_lazy("Came 15 minutes late or more last time")
    STEPPED_BACK = "stepped_back", gettext_lazy("Each time they stepped back in half a year, three at most")
    FIRST_TIME = "first_time", gettext_lazy("Takes somebody home for the first time")
    FAR = "far", gettext_lazy("45 minutes away or more")
    NOBODY_ELSE = "nobody_else", gettext_lazy("Nobody else is named who could step in")
    FIRST_VISIT = "first_visit", gettext_lazy("The patient’s first visit")


POINTS = {
    Rule.NOBODY: 10,
    Rule.NOT_CONFIRMED: 6,
    Rule.AGE_UNKNOWN: 5,
    Rule.STILL_TO_ASK: 3,
    Rule.CAME_LATE: 3,
    Rule.STEPPED_BACK: 2,
    Rule.FIRST_TIME: 2,
    Rule.FAR: 2,
    Rule.NOBODY_ELSE: 2,
    Rule.FIRST_VISIT: 1,
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known about one visit's way home. ``helper``: who has it, "" for nobody; what follows about them is
    nothing where there is nobody. ``others``: how many else are named for the way home and could be asked."""

    helper: str = ""
    is_confirmed: bool = False
    is_overdue: bool = False
    is_adult: bool = True
    rides: int = 0
    travel_minutes: int | None = None
    late_minutes: int = 0
    steps_back: int = 0
    others: int = 0
    is_arranged: bool = False
    is_first_visit: bool = False


@dataclass(frozen=True, kw_only=True)
class Reason:
    points: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Risk:
    """``reasons`` with the most points first."""

    reasons: tuple[Reason, ...]
    is_settled: bool

    @property
    def points(self) -> int:
        return sum(reason.points for reason in self.reasons)

    @property
    def needs_a_call(self) -> bool:
        """Whoever is confirmed is believed, however far they have to come."""
        return not self.is_settled and self.points >= CALL_FROM

    @property
    def sentence(self) -> str:
        return ", ".join(reason.sentence for reason in self.reasons)


def of(*, facts: Facts) -> Risk:
    reasons = sorted(_reasons(facts), key=lambda reason: -reason.points)
    settled = facts.is_arranged or (bool(facts.helper) and facts.is_confirmed and facts.is_adult)
    return Risk(reasons=tuple(reasons), is_settled=settled)


def table() -> list[tuple[str, int]]:
    """Every rule and its points, for whoever asks how the order is made."""
    return [(str(rule.label), points) for rule, points in POINTS.items()]


def _reasons(facts: Facts) -> Iterator[Reason]:
    name = {"name": facts.helper}
    if facts.is_arranged:
        pass
    elif not facts.helper:
        yield _said(Rule.NOBODY, _("nobody has said yes yet"))
    else:
        yield from _of_the_promise(facts)
    if facts.helper:
        if not facts.rides:
            yield _said(Rule.FIRST_TIME, _("first time for %(name)s") % name)
        yield from _of_the_past(facts)
        if facts.travel_minutes is not None and facts.travel_minutes >= FAR_MINUTES:
            yield _said(Rule.FAR, _("%(minutes)d minutes away") % {"minutes": facts.travel_minutes})
    if not facts.others:
        words = _("nobody else is named") if facts.helper else _("nobody is named who could be asked")
        yield _said(Rule.NOBODY_ELSE, words)
    if facts.is_first_visit:
        yield _said(Rule.FIRST_VISIT, _("patient’s first visit"))


def _of_the_promise(facts: Facts) -> Iterator[Reason]:
    name = {"name": facts.helper}
    if not facts.is_adult:
        yield _said(Rule.AGE_UNKNOWN, _("nobody has recorded that %(name)s is 18 or older") % name)
    if not facts.is_confirmed:
        rule = Rule.NOT_CONFIRMED if facts.is_overdue else Rule.STILL_TO_ASK
        yield _said(rule, _("not confirmed yet"))


def _of_the_past(facts: Facts) -> Iterator[Reason]:
    if facts.late_minutes >= LATE_MINUTES:
        yield _said(Rule.CAME_LATE, _("came %(minutes)d minutes late last time") % {"minutes": facts.late_minutes})
    if facts.steps_back:
        times = min(facts.steps_back, MOST_STEPS_BACK)
        words = ngettext("stepped back once", "stepped back %(count)d times", facts.steps_back)
        yield Reason(points=POINTS[Rule.STEPPED_BACK] * times, sentence=words % {"count": facts.steps_back})


def _said(rule: Rule, sentence: str) -> Reason:
    return Reason(points=POINTS[rule], sentence=sentence)
