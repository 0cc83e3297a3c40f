"""The rows behind promises: read, judged and written while the visit is locked. One door for their status."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from clinic.domain import audit, locks
from clinic.domain.errors import Refused
from clinic.enums import AHEAD_OR_HERE, OFF, InfusionStatus
from clinic.models import Infusion, StaffMember
from support.enums import HOLDING, CommitmentStatus, SupportRole
from support.models import Arrangement, Commitment, NotHandedOverTo

S = CommitmentStatus
LEFT = frozenset({InfusionStatus.RELEASED, InfusionStatus.HOME})


def locked(*, infusion_id: int) -> Infusion:
    """The visit as it is now, held until the transaction ends."""
    return locks.held(Infusion.objects.select_related("site", "patient__site", "policy"), infusion_id)


def fresh(commitment: Commitment) -> Commitment:
    return Commitment.objects.select_related("designation__person", "infusion").get(pk=commitment.pk)


def is_over(visit: Infusion) -> bool:
    return not visit.state.is_live or visit.state in LEFT


def is_past(visit: Infusion, now: datetime) -> bool:
    """Off, over, or nobody came to it, and nobody has written that down yet. Who is here and waits is not past."""
    return is_over(visit) or (visit.state is InfusionStatus.BOOKED and visit.ends_at <= now)


def not_past(now: datetime) -> Q:
    """The same of promises: those to visits that are not past."""
    nobody_came = Q(infusion__status=InfusionStatus.BOOKED, infusion__ends_at__lte=now)
    return Q(infusion__status__in=AHEAD_OR_HERE) & ~nobody_came


def refuse_if_over(visit: Infusion, row: Commitment, now: datetime) -> None:
    if row.status == S.VOID or row.for_starts_at != visit.starts_at:
        raise Refused(_("The time of this visit has changed. Please look at the new time."))
    if InfusionStatus(visit.status) in OFF:
        raise Refused(_("This visit is off. There is nothing for you to do."))
    if is_past(visit, now):
        raise Refused(_("This visit is over."))


def refuse_if_not_named(row: Commitment, now: datetime) -> None:
    if not row.designation.holds_at(max(now, row.for_starts_at)):
        raise Refused(_("This person is no longer on the list."))
    if row.role not in row.designation.roles:
        raise Refused(_("This person is not named for this any more."))


def refuse_if_the_room_is_full(visit: Infusion) -> None:
    """A room holds so many guests; who said yes first has the place."""
    if in_the_room(visit) >= visit.room.guest_places:
        raise Refused(_("The room has no place left for another guest. Thank you for offering."))


def was_turned_away(row: Commitment) -> bool:
    """A nurse did not give the patient to this person."""
    away = NotHandedOverTo.objects.filter(infusion=row.infusion_id, commitment__designation=row.designation_id)
    return away.exists()


def refuse_if_turned_away(row: Commitment) -> None:
    """They are not told so from afar."""
    if row.role == SupportRole.RIDE and was_turned_away(row):
        raise Refused(_("This date is taken care of. Please call us if you have a question."))


def rides(visit: Infusion) -> QuerySet[Commitment]:
    return Commitment.objects.filter(
        infusion=visit, role=SupportRole.RIDE, for_starts_at=visit.starts_at
    ).select_related("designation__person", "infusion")


def holder(visit: Infusion) -> Commitment | None:
    """Who has the way home for the present time."""
    return rides(visit).filter(status__in=HOLDING).first()


def arranged(visit: Infusion) -> Arrangement | None:
    """The way home the clinic arranged for the present time."""
    standing = Arrangement.objects.filter(infusion=visit, for_starts_at=visit.starts_at, ended_at=None)
    return standing.select_related("infusion", "arranged_by", "authorised_by").first()


def ride_is_held(visit: Infusion) -> bool:
    return rides(visit).filter(status__in=HOLDING).exists()


def in_the_room(visit: Infusion) -> int:
    """How many said yes to sitting with the patient, to the visit as it stands."""
    return in_the_rooms([visit.pk])[visit.pk]


def in_the_rooms(visits: Iterable[int]) -> Counter[int]:
    """The same of several visits, by id. One query."""
    rows = sitting(starts_at=F("infusion__starts_at")).filter(infusion__in=list(visits))
    return Counter(rows.values_list("infusion_id", flat=True))


def sitting(*, starts_at: F | OuterRef) -> QuerySet[Commitment]:
    """Who is named and said yes to sitting with the patient, to visits as they stand: at ``starts_at``."""
    return Commitment.objects.filter(
        role=SupportRole.PRESENCE, for_starts_at=starts_at, status__in=HOLDING, designation__withdrawn_at=None
    )


def who_said(row: Commitment, recorded_by: StaffMember | None, actor: str) -> str:
    if recorded_by is not None:
        return audit.staff(recorded_by)
    return actor or f"designation:{row.designation_id}"


def write(row: Commitment, to: CommitmentStatus, actor: str, now: datetime, **fields: object) -> None:
    """The one door of ``status``. Needs the visit's lock."""
    if to not in S(row.status).allowed_next:
        raise Refused(_("This step is not possible any more."))
    for name, value in fields.items():
        setattr(row, name, value)
    row.status = to
    row.save(update_fields=["status", *fields])
    audit.record(
        actor=actor,
        verb=f"commitment.{to}",
        now=now,
        patient_id=row.infusion.patient_id,
        subject=f"commitment:{row.pk}",
    )
