"""What a helper sees behind their link, no more than the patient allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeGuard

from django.db.models import Exists, OuterRef
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.enums import OFF, InfusionStatus
from clinic.models import Infusion, Policy
from messaging.domain import quiet
from support.domain import promise_rows, rules, texting_hours, whole_visit
from support.enums import HOLDING, AnsweredVia, CommitmentStatus, MayKnow, SupportRole
from support.models import Commitment, Designation, Handover, NotHandedOverTo

# Before the visit the page turns to the day itself; it stays with the helper through the night after.
DAY_BEGINS = timedelta(hours=12)
STAYS = timedelta(hours=30)
# So long after stepping back the page offers to take it back; the date itself can be taken until it is over.
UNDO_FOR = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class DateRow:
    """One row of components/phone/dates.html."""

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


@dataclass(frozen=True, kw_only=True)
class Month:
    legend: str
    cover: str
    rows: list[DateRow]

    @property
    def marks(self) -> list[str]:
        return [row.mark for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class HelperPage:
    """``today`` is the visit this helper has taken and that the page is now about; else the page is about dates.

    ``stepped_back`` are the dates just given back that nobody else has taken yet.
    """

    designation: Designation
    months: list[Month]
    mine: list[Commitment]
    to_confirm: list[Commitment]
    stepped_back: list[Commitment]
    today: Commitment | None
    handover: Handover | None

    @property
    def open_dates(self) -> int:
        return sum(row.state == "open" for month in self.months for row in month.rows)

    @property
    def stage(self) -> str:
        """Which of the pages it is: series, day, handover or tonight."""
        if self.today is None:
            return "series"
        status = InfusionStatus(self.today.infusion.status)
        if status in {InfusionStatus.RELEASED, InfusionStatus.HOME}:
            return "tonight"
        return "handover" if status == InfusionStatus.READY and self.handover is not None else "day"


def build(*, designation: Designation, now: datetime) -> HelperPage:
    """Three queries, however many dates; one more where the rules are not signed yet."""
    commitments = list(
        Commitment.objects.filter(
            infusion__patient=designation.patient_id, infusion__ends_at__gt=now - timedelta(days=2)
        )
        .exclude(status=CommitmentStatus.VOID)
        .exclude(infusion__status__in=OFF)
        # Who was turned away at the door reads nothing of it.
        .exclude(Exists(NotHandedOverTo.objects.filter(commitment=OuterRef("pk"))))
        .select_related("infusion__site", "infusion__room", "infusion__policy", "designation__person__site")
        .order_by("infusion__starts_at", "pk")
    )
    mine = whole_visit.leading(c for c in commitments if c.designation_id == designation.pk)
    today = next((c for c in mine if is_about_today(c, now=now)), None)
    return HelperPage(
        designation=designation,
        months=months(mine, everybody=commitments, now=now) if designation.allows(MayKnow.DATES) or mine else [],
        mine=[c for c in mine if c.status in HOLDING and is_ahead(c, now=now)],
        to_confirm=[c for c in mine if is_to_confirm(c, now=now)],
        stepped_back=[c for c in mine if is_just_given_back(c, now=now) and c.infusion_id not in holders(commitments)],
        today=today,
        handover=Handover.objects.filter(infusion=today.infusion_id).first() if takes_home(today) else None,
    )


def takes_home(commitment: Commitment | None) -> TypeGuard[Commitment]:
    """The word for the front desk is for them alone."""
    return commitment is not None and commitment.role == SupportRole.RIDE


def is_about_today(commitment: Commitment, *, now: datetime) -> bool:
    """The helper holds it and it is the day, or the night after."""
    visit = commitment.infusion
    if commitment.status not in HOLDING:
        return False
    if visit.released_at is not None:
        return now < visit.released_at + STAYS
    return visit.starts_at - DAY_BEGINS <= now < visit.ends_at + STAYS


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


def is_just_given_back(commitment: Commitment, *, now: datetime) -> bool:
    """By their own tap, a moment ago."""
    if commitment.status != CommitmentStatus.WITHDRAWN or commitment.answered_via != AnsweredVia.LINK:
        return False
    at = commitment.answered_at
    return at is not None and now < at + UNDO_FOR and is_ahead(commitment, now=now)


def holders(commitments: Iterable[Commitment]) -> dict[int, Commitment]:
    """Who has the way home, by visit."""
    return {c.infusion_id: c for c in commitments if c.status in HOLDING and c.role == SupportRole.RIDE}


def months(mine: list[Commitment], *, everybody: list[Commitment], now: datetime) -> list[Month]:
    riding = holders(everybody)
    ahead = {c.infusion_id: c for c in mine if is_ahead(c, now=now)}
    rows = [(local(c.infusion), row_for(c, holder=riding.get(c.infusion_id), now=now)) for c in ahead.values()]
    found = []
    for (_year, _month), group in groupby(rows, key=lambda pair: (pair[0].year, pair[0].month)):
        pairs = list(group)
        month_rows = [row for _moment, row in pairs]
        found.append(Month(legend=formats.date_format(pairs[0][0], "F"), cover=cover_of(month_rows), rows=month_rows))
    return found


def local(visit: Infusion) -> datetime:
    return timezone.localtime(visit.starts_at, visit.site.zone)


def own_window(commitment: Commitment) -> tuple[datetime, datetime]:
    """From when until when a visit asks something of this helper: who drives comes for its end, who is there in the
    evening for the hours after it."""
    visit = commitment.infusion
    if commitment.role == SupportRole.FOLLOWUP:
        return visit.ends_at, stay_until(visit)
    return visit.pickup_from if commitment.role == SupportRole.RIDE else visit.starts_at, visit.ends_at


def stay_until(visit: Infusion) -> datetime:
    """Until when somebody stays with the patient; before the first signature as the presets say."""
    return visit.ends_at + timedelta(hours=(visit.policy or Policy()).stay_with_hours)


def row_for(commitment: Commitment, *, holder: Commitment | None, now: datetime) -> DateRow:
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
        note=note_for(commitment, theirs=theirs, own=own, name=name, now=now),
        initial=name[:1].upper() if theirs or own else "",
        value=commitment.pk,
        checked=False,
        mark="full" if theirs or own else "open",
    )


def note_for(commitment: Commitment, *, theirs: bool, own: bool, name: str, now: datetime) -> str:
    if theirs:
        return _("%(name)s has this one") % {"name": name}
    if is_to_confirm(commitment, now=now):
        return _("You have this one. Please confirm it above.")
    if own and commitment.status == CommitmentStatus.ACCEPTED:
        return _("You have this one. We ask you again the day before.")
    if own:
        return _("You have this one. Confirmed.")
    if commitment.status == CommitmentStatus.DECLINED:
        return _("You said no. You can still take it.")
    if commitment.status == CommitmentStatus.WITHDRAWN:
        return _("You stepped back. You can still take it.")
    return ""


def cover_of(rows: list[DateRow]) -> str:
    open_rows = sum(row.mark == "open" for row in rows)
    taken = ngettext("%(count)d taken", "%(count)d taken", len(rows) - open_rows) % {"count": len(rows) - open_rows}
    still = ngettext("%(count)d open", "%(count)d open", open_rows) % {"count": open_rows}
    return f"{taken}, {still}"


def involves(commitment: Commitment) -> list[dict[str, str]]:
    """What a day asks of a helper, as steps of components/phone/hours.html."""
    visit = commitment.infusion
    zone = visit.site.zone

    def clock(moment: datetime) -> str:
        return f"{timezone.localtime(moment, zone):%H:%M}"

    name = {"name": visit.patient.first_name, "street": visit.site.street}
    home = visit.ends_at + timedelta(minutes=30)
    stay_hours = visit.policy.stay_with_hours if visit.policy is not None else 0
    steps = [
        {"at": clock(visit.pickup_from), "text": _("Be near %(street)s. We text you when %(name)s is ready.") % name},
        {
            "at": clock(visit.ends_at),
            "tag": _("at the latest"),
            "text": _("Meet %(name)s at the front desk. Walk out together.") % name,
        },
        {"at": clock(home), "text": _("See %(name)s in at home.") % name},
    ]
    if stay_hours:
        until = {**name, "until": clock(visit.ends_at + timedelta(hours=stay_hours))}
        steps[-1]["text"] = (
            _("See %(name)s in at home. Somebody stays until %(until)s: you, or a person they pick.") % until
        )
    return steps


def lines_to_accept(commitment: Commitment, *, drive_from: datetime | None) -> list[str]:
    """Five lines the escort accepts before leaving; times are the clinic's."""
    visit = commitment.infusion
    zone = visit.site.zone
    name = visit.patient.first_name
    driving = _("%(name)s does not drive before %(when)s. No alcohol, no papers to sign.") % {
        "name": name,
        "when": formats.date_format(timezone.localtime(drive_from, zone), "D H:i") if drive_from else _("tomorrow"),
    }
    return [
        _("I am 18 or older. I have had no alcohol."),
        _("I take %(name)s home and go in too.") % {"name": name},
        _("Somebody stays with %(name)s until %(until)s.")
        % {"name": name, "until": f"{timezone.localtime(stay_until(visit), zone):%H:%M}"},
        driving,
        _("If I am worried, I call."),
    ]
