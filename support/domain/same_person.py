"""One person on the lists of two records of one patient: where they stand, and how that becomes one standing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clinic.domain import merging
from clinic.models import Patient
from education.models import Reading
from messaging.domain import consents, outbox, recipients
from support.domain import alerts, designations, purposes
from support.models import (
    Alert,
    Attestation,
    Availability,
    CheckIn,
    Commitment,
    Designation,
    LadderStep,
    Link,
    PendingChange,
    SupportPerson,
)

# What a row of somebody's times says.
SAID = ("can", "weekday", "first_day", "last_day", "starts", "ends")
# What somebody said before a first ride.
ATTESTED = ("at", "edition", "wording", "stay_hours", "via", "recorded_by_id")
LOAD = ("most_rides", "load_asked_at", "load_answer", "load_answered_at")


@dataclass(frozen=True, kw_only=True)
class OnBothLists:
    """Every word about one person on both lists. ``theirs`` comes over to the list of ``ours``."""

    ours: list[Designation]
    theirs: list[Designation]

    @property
    def person(self) -> SupportPerson:
        return self.theirs[0].person

    @property
    def active(self) -> list[Designation]:
        return [row for row in (*self.ours, *self.theirs) if row.withdrawn_at is None]

    @property
    def stays(self) -> Designation | None:
        """Where both lists have the person: the one of the list that is left."""
        return next((row for row in self.ours if row.withdrawn_at is None), None)

    @property
    def folded(self) -> Designation | None:
        """Of the other list, what becomes one with ``stays``."""
        stays = self.stays
        named = [row for row in self.theirs if row.withdrawn_at is None]
        if stays is None or not named:
            return None
        return next((row for row in named if row.person_id == stays.person_id), named[0])

    @property
    def is_off(self) -> bool:
        """Taken off one list after anybody named them on either."""
        last = max((*self.ours, *self.theirs), key=lambda row: row.withdrawn_at or row.consent_at)
        return last.withdrawn_at is not None and bool(self.active)


def on_both_lists(*, ours: Sequence[Designation], theirs: Sequence[Designation]) -> list[OnBothLists]:
    """One for each person on the list of ``theirs``, in its order. The rows come with their person."""
    found: list[OnBothLists] = []
    for row in theirs:
        known = next((one for one in found if is_one(one.person, row.person)), None)
        if known is not None:
            known.theirs.append(row)
        else:
            found.append(OnBothLists(ours=[one for one in ours if is_one(one.person, row.person)], theirs=[row]))
    return found


def is_one(one: SupportPerson, other: SupportPerson) -> bool:
    """As the list itself tells people apart: by first name and number, without a number by both names and e-mail."""
    if one.pk == other.pk:
        return True
    if one.given_name.casefold() != other.given_name.casefold() or one.phone != other.phone:
        return False
    return bool(one.phone) or (one.email == other.email and one.family_name.casefold() == other.family_name.casefold())


def bring(both: OnBothLists, *, to: Patient, actor: str, now: datetime) -> None:
    """Needs the visits' records joined already, in the caller's transaction."""
    # Before anything is written: what follows changes the rows this is read from.
    stays, folded = both.stays, both.folded
    last = max((row.rank for row in both.ours), default=0)
    for row in both.theirs:
        if row != folded:
            row.patient, row.rank = to, last + row.rank
            row.save(update_fields=["patient", "rank"])
    if stays is not None and folded is not None:
        _fold(folded, stays, actor, now)


def take_off(both: OnBothLists, *, actor: str, now: datetime) -> None:
    """They have no promises left, and the others are asked: so everybody is brought before."""
    for row in both.active:
        designations.withdraw(designation=row, actor=actor, now=now)


def renamed(*, was: str, to: str, now: datetime) -> None:
    """What was said to one name was said to the other, what one has read the other has, and whom the desk was to call
    is not called twice."""
    recipients.rename(was=was, to=to, now=now)
    Reading.objects.filter(reader=was).exclude(revision__readings__reader=to).update(reader=to)
    alerts.rename_calls(was=was, to=to)


def _fold(gone: Designation, stays: Designation, actor: str, now: datetime) -> None:
    """Promises, questions, alerts and open links of one go to the other, and it holds as long as either. What they may
    know is the later yes."""
    for model in (Commitment, CheckIn, Alert, Link, LadderStep, PendingChange):
        model.objects.filter(designation=gone).update(designation=stays)
    stays.roles = [*stays.roles, *(role for role in gone.roles if role not in stays.roles)]
    if gone.consent_at > stays.consent_at:
        stays.may_know = gone.may_know
    ends = [row.valid_until for row in (stays, gone) if row.valid_until is not None]
    stays.valid_until = max(ends) if len(ends) == 2 else None
    stays.call_first = stays.call_first or gone.call_first
    _load(gone, stays)
    gone.withdrawn_at = now
    gone.save(update_fields=["withdrawn_at"])
    stays.save(update_fields=["roles", "may_know", "valid_until", "call_first", *LOAD])
    _one_person(gone.person, stays.person)
    scope = f"designation:{gone.pk}"
    outbox.reconcile(site_id=gone.person.site_id, scope=scope, wanted=[], now=now)
    renamed(was=scope, to=f"designation:{stays.pk}", now=now)
    designations.note(stays, actor, "designation.joined", now)


def _load(gone: Designation, stays: Designation) -> None:
    """The smaller of two limits, and the later word on whether it is still all right."""
    limits = [row.most_rides for row in (stays, gone) if row.most_rides is not None]
    stays.most_rides = min(limits, default=None)
    asked = [row.load_asked_at for row in (stays, gone) if row.load_asked_at is not None]
    stays.load_asked_at = max(asked, default=None)
    answered = [row for row in (stays, gone) if row.load_answered_at is not None]
    if answered:
        last = max(answered, key=lambda row: row.load_answered_at or row.consent_at)
        stays.load_answer, stays.load_answered_at = last.load_answer, last.load_answered_at


def _one_person(gone: SupportPerson, stays: SupportPerson) -> None:
    if gone == stays:
        return
    if gone.designations.filter(withdrawn_at=None).exists():
        # Still on the list of somebody else: what they said of their times is known here too.
        known = set(stays.availability.values_list(*SAID))
        said = [values for values in gone.availability.values_list(*SAID) if values not in known]
        stays.availability.bulk_create(
            Availability(person=stays, **dict(zip(SAID, values, strict=True))) for values in said
        )
        attested = gone.attestations.values(*ATTESTED)
        stays.attestations.bulk_create(Attestation(person=stays, **values) for values in attested)
    else:
        Availability.objects.filter(person=gone).update(person=stays)
        gone.attestations.update(person=stays)
    stays.is_adult = gone.is_adult if stays.is_adult is None else stays.is_adult
    stays.travel_minutes = gone.travel_minutes if stays.travel_minutes is None else stays.travel_minutes
    consents.copy(of=purposes.name(gone), to=purposes.name(stays))
    if not stays.email and (gone.email or not stays.email_as_received):
        stays.email, stays.email_as_received = gone.email, gone.email_as_received
    wishes = merging.wishes(keep=stays, away=gone)
    for name in wishes:
        setattr(stays, name, getattr(gone, name))
    stays.save(update_fields=["is_adult", "travel_minutes", "email", "email_as_received", *wishes])
