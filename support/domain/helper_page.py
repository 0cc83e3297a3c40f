"""What a helper sees behind their link, no more than the patient allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeGuard

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.enums import OFF, InfusionStatus
from support.domain import helper_dates, load, rules, whole_visit
from support.domain.helper_dates import Known, Month
from support.enums import HOLDING, AnsweredVia, CommitmentStatus, MayKnow, SupportRole
from support.models import Commitment, Designation, Handover, NotHandedOverTo

# Before the visit the page turns to the day itself; it stays with the helper through the night after.
DAY_BEGINS = timedelta(hours=12)
STAYS = timedelta(hours=30)
# So long after stepping back the page offers to take it back; the date itself can be taken until it is over.
UNDO_FOR = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class HelperPage:
    """``today`` is the visit this helper has taken and that the page is now about; else the page is about dates.

    ``stepped_back`` are the dates just given back that nobody else has taken yet, ``maybe`` those they said maybe to.
    ``never``: days of the week that may not suit them, as number and name. ``is_ride_open``: one of the dates to take
    is a way home. ``share``: how many each has taken, where they may know.
    """

    designation: Designation
    is_ride_open: bool
    months: list[Month]
    mine: list[Commitment]
    to_confirm: list[Commitment]
    maybe: list[Commitment]
    never: list[tuple[int, str]]
    share: str
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
    """Three queries, however many dates; one more where the rules are not signed yet or they said a highest number."""
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
    own = [c for c in commitments if c.designation_id == designation.pk and can_be_theirs(c)]
    mine = whole_visit.leading(own)
    today = next(iter(whole_visit.leading(c for c in own if is_about_today(c, now=now))), None)
    riding = helper_dates.holders(commitments)
    ahead = [c for c in mine if helper_dates.is_ahead(c, now=now)]
    known = known_of(designation, ahead, now=now)
    to_take = [c for c in ahead if helper_dates.is_open(c, riding=riding)]
    asked = [c for c in to_take if c.status == CommitmentStatus.ASKED]
    knows_dates = designation.allows(MayKnow.DATES)
    # Who is paid for one ride does not read who else helps.
    knows_others = knows_dates and not designation.person.is_escort
    return HelperPage(
        designation=designation,
        is_ride_open=any(c.role == SupportRole.RIDE for c in to_take),
        months=helper_dates.months(ahead, riding=riding, known=known, now=now) if knows_dates or mine else [],
        mine=[c for c in ahead if c.status in HOLDING],
        to_confirm=[c for c in mine if helper_dates.is_to_confirm(c, now=now)],
        maybe=[c for c in asked if helper_dates.is_maybe(c)],
        never=helper_dates.weekdays(asked),
        share=helper_dates.share(riding.values(), of=designation.pk) if knows_others else "",
        stepped_back=[c for c in mine if is_just_given_back(c, now=now) and c.infusion_id not in riding],
        today=today,
        handover=Handover.objects.filter(infusion=today.infusion_id).first() if takes_home(today) else None,
    )


def can_be_theirs(commitment: Commitment) -> bool:
    """What the patient named them for. Who is under 18 takes nobody home; what they have is theirs to give back."""
    if commitment.status in HOLDING:
        return True
    return commitment.designation.names_for(commitment.role, commitment.for_starts_at)


def known_of(designation: Designation, ahead: Sequence[Commitment], *, now: datetime) -> Known:
    """One query where a date is ahead and they said how many they take at most."""
    most = designation.most_rides
    if not ahead or most is None:
        return Known()
    return Known(at_most=most, held=load.held_starts(designation=designation, since=now - load.WINDOW))


def takes_home(commitment: Commitment | None) -> TypeGuard[Commitment]:
    """The word for the front desk is for them alone."""
    return commitment is not None and commitment.role == SupportRole.RIDE


def says_home(commitment: Commitment) -> bool:
    """Whether they know when the patient is home: who took them there, or waits for them there."""
    if commitment.role == SupportRole.RIDE:
        return commitment.status == CommitmentStatus.KEPT
    return commitment.role == SupportRole.FOLLOWUP


def is_about_today(commitment: Commitment, *, now: datetime) -> bool:
    """The helper holds it and it is the day, or the night after; who sits in the room is done once they leave."""
    visit = commitment.infusion
    if commitment.status not in HOLDING:
        return False
    if visit.released_at is not None and takes_home(commitment) and commitment.status != CommitmentStatus.KEPT:
        # The patient left in another way.
        return False
    if visit.released_at is not None:
        return commitment.role != SupportRole.PRESENCE and now < visit.released_at + STAYS
    return visit.starts_at - DAY_BEGINS <= now < visit.ends_at + STAYS


def is_just_given_back(commitment: Commitment, *, now: datetime) -> bool:
    """By their own tap, a moment ago."""
    if commitment.status != CommitmentStatus.WITHDRAWN or commitment.answered_via != AnsweredVia.LINK:
        return False
    at = commitment.answered_at
    return at is not None and now < at + UNDO_FOR and helper_dates.is_ahead(commitment, now=now)


def involves(commitment: Commitment) -> list[dict[str, str]]:
    """What a day asks of a helper for what they have on it, as steps of components/phone/hours.html."""
    visit = commitment.infusion
    zone = visit.site.zone

    def clock(moment: datetime) -> str:
        return f"{timezone.localtime(moment, zone):%H:%M}"

    begins, ends = (clock(moment) for moment in helper_dates.own_window(commitment))
    stays = rules.of(infusion=visit).stay_with_hours > 0
    name = {"name": visit.patient.first_name, "street": visit.site.street}
    if commitment.role == SupportRole.PRESENCE:
        return [
            {"at": begins, "text": _("Be at %(street)s. You stay with %(name)s in the room.") % name},
            {"at": ends, "text": _("Your part ends when %(name)s is ready to leave, at about this time.") % name},
        ]
    if commitment.role == SupportRole.FOLLOWUP:
        there = {"at": begins, "text": _("Be there when %(name)s comes home: at about this time, or later.") % name}
        return [there, {"at": ends, "text": _("Your part ends.")}] if stays else [there]
    home = _("See %(name)s in at home.")
    if stays:
        home = _("See %(name)s in at home. Somebody stays until %(until)s: you, or a person they pick.")
    until = clock(helper_dates.stay_until(visit))
    return [
        {"at": begins, "text": _("Be near %(street)s. We text you when %(name)s is ready.") % name},
        {
            "at": ends,
            "tag": _("at the latest"),
            "text": _("Meet %(name)s at the front desk. Walk out together.") % name,
        },
        {"at": clock(visit.ends_at + timedelta(minutes=30)), "text": home % {**name, "until": until}},
    ]
