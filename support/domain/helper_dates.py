"""The dates on a helper's page: what is open, what somebody has, what they said maybe to, in words and marks. Pure but
for what was read along."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.utils import formats, timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import Infusion
from messaging.domain import quiet
from support.domain import day, load, promise_rows, rules, texting_hours
from support.enums import HOLDING, CommitmentStatus, SupportRole
from support.models import Commitment


@dataclass(frozen=True, kw_only=True)
class DateRow:
    """One row of components/phone/dates.html. ``says_no``: its ``note`` is that they said no, or stepped back."""

    state: str
    iso: str
    number: int
    spoken: str
    weekday: str
    hours: str
    note: str
    initial: str
    value: int
    checked: bool
    mark: str
    says_no: bool


@dataclass(frozen=True, kw_only=True)
class Month:
    legend: str
    cover: str
    rows: list[DateRow]

    @property
    def marks(self) -> list[str]:
        return [row.mark for row in self.rows]


def is_ahead(commitment: Commitment, *, now: datetime) -> bool:
    """Whether this part of the visit can still be taken or given back. Who sits in the room comes before it begins;
    who takes home or stays the evening is needed until the patient has left, however late it gets."""
    visit = commitment.infusion
    if promise_rows.is_over(visit):
        return False
    if visit.starts_at > now:
        return True
    return commitment.role != SupportRole.PRESENCE and (visit.state.in_the_house or now < visit.ends_at)


def is_to_confirm(commitment: Commitment, *, now: datetime) -> bool:
    """They said yes and it is time for "is it still all right?": when the plan of touches asks by message."""
    visit, person = commitment.infusion, commitment.designation.person
    if commitment.status != CommitmentStatus.ACCEPTED or not is_ahead(commitment, now=now):
        return False
    due = texting_hours.asks_to_confirm_at(
        starts_at=visit.starts_at,
        zone=visit.site.zone,
        rules=rules.of(infusion=visit),
        said_at=commitment.answered_at or commitment.asked_at,
        reader=quiet.zone_or(name=person.timezone, fallback=person.site.timezone),
        hours=texting_hours.window(rules.of(infusion=visit), person),
    )
    return now >= due


def holders(commitments: Iterable[Commitment]) -> dict[int, Commitment]:
    """Who has the way home, by visit."""
    return {c.infusion_id: c for c in commitments if c.status in HOLDING and c.role == SupportRole.RIDE}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a helper said of themselves, read once for all their dates. ``held``: when their rides of about the last
    four weeks and all later ones begin, read only where they said how many they take ``at_most``."""

    at_most: int | None = None
    held: Sequence[datetime] = ()

    def is_too_many(self, commitment: Commitment) -> bool:
        """Whether this ride would be more than they said."""
        if self.at_most is None or commitment.role != SupportRole.RIDE:
            return False
        return load.is_too_many(most=self.at_most, held=self.held, also=commitment.for_starts_at)


def is_maybe(commitment: Commitment) -> bool:
    """They said maybe since they were last asked. It counts as nothing."""
    said = commitment.maybe_at
    return commitment.status == CommitmentStatus.ASKED and said is not None and said >= commitment.asked_at


def is_open(commitment: Commitment, *, riding: dict[int, Commitment]) -> bool:
    """Theirs to take."""
    if commitment.status in HOLDING:
        return False
    return commitment.role != SupportRole.RIDE or commitment.infusion_id not in riding


def months(mine: Iterable[Commitment], *, riding: dict[int, Commitment], known: Known, now: datetime) -> list[Month]:
    """``mine``: one for each visit, what is still ahead."""
    rows = [(local(c.infusion), row_for(c, holder=riding.get(c.infusion_id), known=known, now=now)) for c in mine]
    found = []
    for (_year, _month), group in groupby(rows, key=lambda pair: (pair[0].year, pair[0].month)):
        pairs = list(group)
        month_rows = [row for _moment, row in pairs]
        found.append(Month(legend=formats.date_format(pairs[0][0], "F"), cover=cover_of(month_rows), rows=month_rows))
    return found


def weekdays(rows: Iterable[Commitment]) -> list[tuple[int, str]]:
    """The days of the week these visits are on, on the clinic's calendar."""
    return [(number, str(WEEKDAYS[number])) for number in sorted({local(row.infusion).weekday() for row in rows})]


def share(riding: Iterable[Commitment], *, of: int) -> str:
    """ "You have 3, Lee has 1": how many of the dates each has taken; ``of`` is the reader's designation. Empty where
    nobody else has one."""
    rows = list(riding)
    counts = Counter(row.designation_id for row in rows)
    names = {row.designation_id: row.designation.person.first_name for row in rows}
    others = [
        _("%(name)s has %(count)d") % {"name": names[pk], "count": count}
        for pk, count in counts.most_common()
        if pk != of
    ]
    if not others:
        return ""
    return ", ".join([_("You have %(count)d") % {"count": counts[of]}, *others]) + "."


def local(visit: Infusion) -> datetime:
    return timezone.localtime(visit.starts_at, visit.site.zone)


def own_window(commitment: Commitment) -> tuple[datetime, datetime]:
    """From when until when a visit asks something of this helper."""
    visit = commitment.infusion
    begins = day.needed_from(role=commitment.role, visit=visit)
    return begins, stay_until(visit) if commitment.role == SupportRole.FOLLOWUP else visit.ends_at


def stay_until(visit: Infusion) -> datetime:
    """Until when somebody stays with the patient, by the rules the visit runs under: from when they left, or as soon as
    they are ready."""
    left = visit.released_at or day.leaves_at(visit=visit)
    return left + timedelta(hours=rules.of(infusion=visit).stay_with_hours)


def row_for(commitment: Commitment, *, holder: Commitment | None, known: Known, now: datetime) -> DateRow:
    visit = commitment.infusion
    zone = visit.site.zone
    starts = local(visit)
    begins, ends = own_window(commitment)
    own = commitment.status in HOLDING
    is_ride = commitment.role == SupportRole.RIDE
    theirs = is_ride and holder is not None and holder.designation_id != commitment.designation_id
    who = commitment if own else holder
    name = who.designation.person.first_name if who is not None else ""
    return DateRow(
        state="taken" if theirs else "fixed" if own else "open",
        iso=starts.date().isoformat(),
        number=starts.day,
        spoken=formats.date_format(starts, _("j F")),
        weekday=formats.date_format(starts, "l"),
        hours=""
        if theirs
        else _("%(from)s to %(until)s")
        % {
            "from": f"{timezone.localtime(begins, zone):%H:%M}",
            "until": f"{timezone.localtime(ends, zone):%H:%M}",
        },
        note=note_for(commitment, theirs=theirs, own=own, name=name, known=known, now=now),
        initial=name[:1].upper() if theirs or own else "",
        value=commitment.pk,
        checked=False,
        mark="full" if theirs or own else "half" if is_maybe(commitment) else "open",
        says_no=not theirs and commitment.status in {CommitmentStatus.DECLINED, CommitmentStatus.WITHDRAWN},
    )


def note_for(commitment: Commitment, *, theirs: bool, own: bool, name: str, known: Known, now: datetime) -> str:
    if theirs:
        return _("%(name)s has this one") % {"name": name}
    if is_to_confirm(commitment, now=now):
        return _("You have this one. Please confirm it above.")
    if own and commitment.status == CommitmentStatus.ACCEPTED:
        return _("You have this one. We ask you again the day before.")
    if own:
        return _("You have this one. Confirmed.")
    if is_maybe(commitment):
        return _("You said maybe.")
    if known.is_too_many(commitment):
        return _("More than the %(count)d in four weeks you said.") % {"count": known.at_most or 0}
    if commitment.status == CommitmentStatus.DECLINED:
        return _("You said no. You can still take it.")
    if commitment.status == CommitmentStatus.WITHDRAWN:
        return _("You stepped back. You can still take it.")
    return ""


def cover_of(rows: list[DateRow]) -> str:
    marks = Counter(row.mark for row in rows)
    parts = [ngettext("%(count)d taken", "%(count)d taken", marks["full"]) % {"count": marks["full"]}]
    if marks["half"]:
        parts.append(ngettext("%(count)d maybe", "%(count)d maybe", marks["half"]) % {"count": marks["half"]})
    parts.append(ngettext("%(count)d open", "%(count)d open", marks["open"]) % {"count": marks["open"]})
    return ", ".join(parts)
