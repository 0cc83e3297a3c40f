"""Two records that are one patient: the people around both, what they promised, what was said. There is no way back.

The clinic's own rows go over in ``clinic.domain.merging``. The last word the patient said about a person counts, on
whichever record it was said; a helper on both lists stays once, with every promise given.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.utils.translation import gettext as _

from clinic.domain import attempts, audit
from clinic.domain import merging as clinic_merging
from clinic.domain.errors import Refused
from clinic.domain.merging import Filled
from clinic.models import Course, Infusion, Patient, StaffMember
from messaging.domain import consents
from support.domain import asking, designations, purposes, replan, same_person
from support.domain.same_person import OnBothLists
from support.enums import LinkPurpose
from support.models import Alert, Comfort, Designation, Link, PendingChange

COLUMNS = [column.attname for column in Patient._meta.concrete_fields if column.name not in ("created_at", "folded")]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two records as the page shows it."""

    patient: Patient
    courses: list[Course]
    ahead: list[Infusion]
    past: int
    people: list[Designation]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What joining will do, in sentences. ``why_not`` empty: it can be done. ``edition`` says what was shown."""

    keep: Side
    away: Side
    filled: list[Filled]
    people: list[str]
    why_not: list[str]
    edition: str


def preview(*, keep: Patient, away: Patient, now: datetime) -> Preview:
    """By the same code that will carry it out. Changes nothing; a constant number of queries."""
    return Preview(
        keep=_side(keep, now),
        away=_side(away, now),
        filled=clinic_merging.filled(keep=keep, away=away),
        people=[_told(both) for both in _on_both_lists(keep, away)],
        why_not=clinic_merging.why_not(keep=keep, away=away),
        edition=edition(keep=keep, away=away),
    )


def edition(*, keep: Patient, away: Patient) -> str:
    """The same text only while both records, their visits and the people around them are as they were shown."""
    both = [keep.pk, away.pk]
    seen: list[object] = [getattr(row, name) for row in (keep, away) for name in COLUMNS]
    seen += Infusion.objects.filter(patient__in=both).order_by("pk").values_list("pk", "version")
    named = Designation.objects.filter(patient__in=both).order_by("pk")
    seen += named.values_list("pk", "person", "roles", "may_know", "rank", "call_first", "withdrawn_at")
    return sha256(repr(seen).encode()).hexdigest()[:24]


def merge(*, keep: Patient, away: Patient, actor: StaffMember, now: datetime, as_shown: str | None = None) -> Patient:
    """Everything of ``away`` hangs on ``keep`` afterwards, in one transaction; the record that is left comes back.

    ``as_shown`` is the edition of the preview: refused when something changed since. Refused with sentences where two
    visits overlap, or one of the records was joined before.
    """

    def work() -> Patient:
        left, gone = clinic_merging.locked(keep=keep, away=away)
        if as_shown is not None and as_shown != edition(keep=left, away=gone):
            raise Refused(_("Something on one of the records has changed meanwhile. Look again before you join them."))
        _one_is_called_first(left, gone, audit.staff(actor), now)
        on_both_lists = _on_both_lists(left, gone)
        clinic_merging.join(keep=left, away=gone, actor=actor, now=now)
        _links_go_over(gone, left, now)
        Alert.objects.filter(patient=gone).update(patient=left)
        PendingChange.objects.filter(patient=gone).update(patient=left)
        _last_word_on_comfort(gone, left)
        same_person.renamed(was=f"patient:{gone.pk}", to=f"patient:{left.pk}", now=now)
        consents.rename(was=purposes.name(gone), to=purposes.name(left), now=now)
        # Before anything of it is written.
        off = [both for both in on_both_lists if both.is_off]
        for both in on_both_lists:
            same_person.bring(both, to=left, actor=audit.staff(actor), now=now)
        for both in off:
            same_person.take_off(both, actor=audit.staff(actor), now=now)
        _nobody_takes_themselves_home(left, audit.staff(actor), now)
        for visit in replan.upcoming_for(patient_id=left.pk, now=now):
            asking.ask_everybody(infusion=visit, now=now)
            replan.replan(infusion=visit, now=now)
        return left

    return attempts.run(work)


def _links_go_over(gone: Patient, left: Patient, now: datetime) -> None:
    """A calendar reads on from the address it has; the page of the record put away closes."""
    in_use = Link.objects.filter(patient=gone, withdrawn_at=None)
    in_use.filter(purpose=LinkPurpose.PATIENT_FEED).update(patient=left)
    in_use.update(withdrawn_at=now)


def _last_word_on_comfort(gone: Patient, left: Patient) -> None:
    """Of two wishes about the hours in the room the later one stands."""
    said = list(Comfort.objects.filter(patient__in=[gone, left]).order_by("-said_at", "-pk"))
    for older in said[1:]:
        older.delete()
    for newest in said[:1]:
        newest.patient = left
        newest.save(update_fields=["patient"])


def _one_is_called_first(left: Patient, gone: Patient, actor: str, now: datetime) -> None:
    """Of two people to call first the one the patient agreed to later stays it. Who was on one list for that alone is
    off it, unless the other list has them too."""
    active = Designation.objects.filter(patient__in=[left, gone], withdrawn_at=None).select_related("person")
    for older in active.filter(call_first=True).order_by("-consent_at", "-pk")[1:]:
        same = [row for row in active if row.pk != older.pk and same_person.is_one(row.person, older.person)]
        older.roles = older.roles or list(dict.fromkeys(role for row in same for role in row.roles))
        if older.roles:
            older.call_first = False
            older.save(update_fields=["call_first", "roles"])
        else:
            designations.withdraw(designation=older, actor=actor, now=now)


def _on_both_lists(keep: Patient, away: Patient) -> list[OnBothLists]:
    rows = Designation.objects.filter(patient__in=[keep, away]).select_related("person").order_by("rank", "pk")
    ours, theirs = ([row for row in rows if row.patient_id == side.pk] for side in (keep, away))
    return same_person.on_both_lists(ours=ours, theirs=theirs)


def _nobody_takes_themselves_home(left: Patient, actor: str, now: datetime) -> None:
    for row in Designation.objects.filter(patient=left, withdrawn_at=None).select_related("person"):
        if designations.is_the_patient(row.person, left):
            designations.withdraw(designation=row, actor=actor, now=now)


def _side(patient: Patient, now: datetime) -> Side:
    visits = list(Infusion.objects.filter(patient=patient).select_related("room"))
    ahead = [visit for visit in visits if visit.state.is_live and visit.ends_at > now]
    return Side(
        patient=patient,
        courses=list(patient.courses.select_related("protocol")),
        ahead=ahead,
        past=len(visits) - len(ahead),
        people=list(patient.designations.filter(withdrawn_at=None).select_related("person")),
    )


def _told(both: OnBothLists) -> str:
    name = {"name": both.person.full_name}
    if both.is_off:
        return _("%(name)s was taken off a list, and that is the last word: off.") % name
    if both.folded is not None:
        return _("%(name)s is on both lists: stays once, with every promise given.") % name
    if both.active:
        return _("%(name)s comes along, with every promise given.") % name
    return _("%(name)s was taken off the list before: stays off.") % name
