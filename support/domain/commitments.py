"""This person, for this visit, in this role: asked, accepted, reconfirmed, kept. A confirmation belongs to a time.

Every function locks the visit's row first, so two people who take the same way home at once wait for each other; the
database's own constraint stands behind that.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus
from clinic.models import Infusion, StaffMember
from support.domain import agreeing, asking, busy, code_words, desk_news, ladder, replan, rules
from support.domain.promise_rows import (
    LEFT,
    fresh,
    locked,
    refuse_if_not_named,
    refuse_if_over,
    refuse_if_the_room_is_full,
    refuse_if_turned_away,
    ride_is_held,
    rides,
    who_said,
    write,
)
from support.enums import HOLDING, OPEN_COMMITMENTS, AnsweredVia, CommitmentStatus, SupportRole
from support.models import Commitment, SupportPerson

S = CommitmentStatus
# Where somebody said they were counts no more once they step back.
NOT_UNDER_WAY = {"on_the_way_at": None, "eta_minutes": None, "outside_at": None, "car": ""}


def accept(
    *,
    commitment: Commitment,
    via: AnsweredVia | str,
    now: datetime,
    recorded_by: StaffMember | None = None,
    actor: str = "",
) -> Commitment:
    """A yes. Within the policy's last hours it counts as reconfirmed. Saying it twice is one yes."""
    with transaction.atomic():
        visit = locked(infusion_id=commitment.infusion_id)
        row = say_yes(visit, fresh(commitment), via, now, recorded_by, actor)
        replan.replan(infusion=visit, now=now)
        return row


def say_yes(
    visit: Infusion,
    row: Commitment,
    via: AnsweredVia | str,
    now: datetime,
    recorded_by: StaffMember | None,
    actor: str,
) -> Commitment:
    """As ``accept``, of a row read under the visit's lock, which this needs; the caller plans anew."""
    refuse_if_over(visit, row, now)
    refuse_if_not_named(row, now)
    person = row.designation.person
    if row.role == SupportRole.RIDE and person.is_adult is False:
        raise Refused(_("Only somebody who is 18 or older can take a patient home."))
    is_near = visit.starts_at - now <= timedelta(hours=rules.of(infusion=visit).reconfirm_hours)
    who = who_said(row, recorded_by, actor)
    if row.status in {S.RECONFIRMED, S.KEPT}:
        return row
    if row.status == S.ACCEPTED:
        if is_near:
            _refuse_if_treated(visit, row, recorded_by)
            write(row, S.RECONFIRMED, who, now, reconfirmed_at=now)
        return row
    if row.role == SupportRole.RIDE and ride_is_held(visit):
        raise Refused(_("Somebody else has this date. There is nothing for you to do."))
    if row.role == SupportRole.RIDE:
        # Two ways home at one time are refused one after the other.
        SupportPerson.objects.select_for_update(no_key=True).get(pk=person.pk)
        busy.refuse(person=person, visit=visit, is_told_by_staff=recorded_by is not None)
    if row.role == SupportRole.PRESENCE:
        refuse_if_the_room_is_full(visit)
    if visit.state.in_the_house:
        refuse_if_turned_away(row)
    had_stepped_back = row.status == S.WITHDRAWN
    fields: dict[str, object] = {"answered_at": now, "answered_via": via, "recorded_by": recorded_by}
    if is_near:
        write(row, S.RECONFIRMED, who, now, reconfirmed_at=now, **fields)
    else:
        write(row, S.ACCEPTED, who, now, **fields)
    agreeing.with_a_date(person=person, via=via, now=now, heard_by=recorded_by)
    if row.role == SupportRole.RIDE:
        for other in rides(visit).filter(status__in=[S.ASKED, S.LAPSED]).exclude(pk=row.pk):
            write(other, S.COVERED, "system", now)
        if had_stepped_back:
            desk_news.comes_after_all(row=row)
        ladder.taken(visit=visit, by=person.first_name, now=now)
        desk_news.comes_besides(visit=visit, row=row, now=now)
        if visit.state is InfusionStatus.READY:
            # The words of whoever had it before are dead.
            code_words.draw(infusion=visit, now=now)
    return row


def reconfirm(
    *,
    commitment: Commitment,
    via: AnsweredVia | str,
    now: datetime,
    recorded_by: StaffMember | None = None,
    actor: str = "",
) -> Commitment:
    """Still coming. Idempotent."""
    with transaction.atomic():
        visit = locked(infusion_id=commitment.infusion_id)
        row = fresh(commitment)
        refuse_if_over(visit, row, now)
        if row.status in {S.RECONFIRMED, S.KEPT}:
            return row
        if row.status != S.ACCEPTED:
            raise Refused(_("There is no yes to confirm yet."))
        _refuse_if_treated(visit, row, recorded_by)
        write(row, S.RECONFIRMED, who_said(row, recorded_by, actor), now, reconfirmed_at=now)
        replan.replan(infusion=visit, now=now)
        return row


def decline(
    *,
    commitment: Commitment,
    via: AnsweredVia | str,
    now: datetime,
    recorded_by: StaffMember | None = None,
    actor: str = "",
) -> Commitment:
    """A no. After a yes it is stepping back, with what follows from that. Idempotent."""
    with transaction.atomic():
        visit = locked(infusion_id=commitment.infusion_id)
        row = fresh(commitment)
        if row.status in HOLDING:
            return _step_back(visit, row, via, now, recorded_by, actor)
        if row.status == S.ASKED:
            fields = {"answered_at": now, "answered_via": via, "recorded_by": recorded_by}
            write(row, S.DECLINED, who_said(row, recorded_by, actor), now, **fields)
            _climb(visit, row, now)
            replan.replan(infusion=visit, now=now)
        return row


def withdraw(
    *,
    commitment: Commitment,
    via: AnsweredVia | str,
    now: datetime,
    recorded_by: StaffMember | None = None,
    actor: str = "",
) -> Commitment:
    """Steps back. A way home is open again: the others are asked as the rules say, the desk is told with a deadline.
    Idempotent."""
    with transaction.atomic():
        visit = locked(infusion_id=commitment.infusion_id)
        row = fresh(commitment)
        if row.status not in OPEN_COMMITMENTS:
            return row
        return _step_back(visit, row, via, now, recorded_by, actor)


def end_here(*, commitment: Commitment, recorded_by: StaffMember, now: datetime) -> Commitment:
    """The clinic ends a promise itself: whoever made it does not take the patient, and knows why from the nurse or not
    at all. The others are asked; the caller tells the staff. Idempotent."""
    with transaction.atomic():
        visit = locked(infusion_id=commitment.infusion_id)
        row = fresh(commitment)
        if row.status not in OPEN_COMMITMENTS:
            return row
        return _step_back(visit, row, AnsweredVia.DESK, now, recorded_by, "", is_news=False)


def lapse(*, commitment: Commitment, now: datetime) -> Commitment:
    """Silence is not consent: a question without an answer ends with the start of the visit."""
    with transaction.atomic():
        visit = locked(infusion_id=commitment.infusion_id)
        row = fresh(commitment)
        if row.status == S.ASKED:
            write(row, S.LAPSED, "system", now)
            _climb(visit, row, now)
            replan.replan(infusion=visit, now=now)
        return row


def void_for_move(*, infusion: Infusion, now: datetime) -> int:
    """Every word given for another time is void; nothing revives it. How many were."""
    with transaction.atomic():
        visit = locked(infusion_id=infusion.pk)
        rows = Commitment.objects.filter(infusion=visit).exclude(status__in=[S.VOID, S.KEPT])
        return _void(rows.exclude(for_starts_at=visit.starts_at), now)


def void_all(*, infusion: Infusion, now: datetime) -> int:
    """The visit is off: what was open is void. Who had said no already is left alone."""
    with transaction.atomic():
        visit = locked(infusion_id=infusion.pk)
        return _void(Commitment.objects.filter(infusion=visit, status__in=[*OPEN_COMMITMENTS, S.COVERED]), now)


def keep(*, commitment: Commitment, actor: str, now: datetime) -> Commitment:
    """They came. Needs the visit's lock."""
    row = fresh(commitment)
    if row.status != S.KEPT:
        write(row, S.KEPT, actor, now)
    return row


def _step_back(
    visit: Infusion,
    row: Commitment,
    via: AnsweredVia | str,
    now: datetime,
    recorded_by: StaffMember | None,
    actor: str,
    *,
    is_news: bool = True,
) -> Commitment:
    if row.status == S.KEPT or InfusionStatus(visit.status) in LEFT:
        raise Refused(_("This visit is over."))
    held_the_ride = row.role == SupportRole.RIDE and row.status in HOLDING
    fields: dict[str, object] = {"answered_at": now, "answered_via": via, "recorded_by": recorded_by}
    write(row, S.WITHDRAWN, who_said(row, recorded_by, actor), now, reconfirmed_at=None, **NOT_UNDER_WAY, **fields)
    if held_the_ride:
        asking.ask_the_others(visit=visit, now=now)
        if is_news:
            tell = desk_news.stepped_back if via else desk_news.taken_off
            tell(visit=visit, row=row, now=now)
    _climb(visit, row, now)
    replan.replan(infusion=visit, now=now)
    return row


def _refuse_if_treated(visit: Infusion, row: Commitment, recorded_by: StaffMember | None) -> None:
    """A visit of their own may have been booked after their yes."""
    if row.role == SupportRole.RIDE:
        person = row.designation.person
        busy.refuse_if_treated(person=person, visit=visit, is_told_by_staff=recorded_by is not None)


def _climb(visit: Infusion, row: Commitment, now: datetime) -> None:
    """Somebody does not take the patient home: what is tried next."""
    if row.role == SupportRole.RIDE:
        ladder.climb(visit=visit, now=now)


def _void(rows: Iterable[Commitment], now: datetime) -> int:
    count = 0
    for row in rows:
        write(row, S.VOID, "system", now)
        count += 1
    return count
