"""The people who stand by a patient, on the patient's word: by their own link, or said to staff. The list, naming,
changing; what cannot count yet is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.domain import locks, times
from clinic.domain.errors import Refused
from clinic.models import Patient, StaffMember
from support.domain import designations, links, pending
from support.domain.designations import Consent
from support.enums import ConsentHow, PendingKind, SupportRole
from support.models import Designation, PendingChange, SupportPerson

# Named by the patient's own link within a day, whether they stayed on the list or not.
MOST_A_DAY = 8


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the patient says about a person. ``wording`` is what they agreed to, as it was shown or read out; ``rank``
    None: the last of the list, or as it is; ``until``: the last day, or None."""

    roles: Sequence[str]
    may_know: Sequence[str]
    relationship: str
    call_first: bool
    wording: str
    ask_first: bool = False
    rank: int | None = None
    until: date | None = None


def of(*, patient: Patient, now: datetime) -> list[Designation]:
    """Whom the patient names now, who is asked first before the others, each with ``opened_at``: when they last looked
    at their page. One query."""
    rows = Designation.objects.filter(patient=patient, withdrawn_at=None).select_related(
        "person__site", "patient__site"
    )
    named = rows.annotate(opened_at=links.LAST_OPENED)
    return [row for row in named.order_by("rank", "pk") if row.holds_at(now) and not row.person.is_escort]


def one(*, patient: Patient, pk: int, now: datetime) -> Designation:
    """One of them; raises ``Designation.DoesNotExist`` for anybody else."""
    found = next((row for row in of(patient=patient, now=now) if row.pk == pk), None)
    if found is None:
        raise Designation.DoesNotExist
    return found


def name(
    *,
    patient: Patient,
    person_fields: Mapping[str, Any],
    wanted: Wanted,
    actor: str,
    now: datetime,
    person: SupportPerson | None = None,
    consent_how: ConsentHow | str = ConsentHow.OWN_LINK,
    witness: StaffMember | None = None,
) -> Designation | None:
    """None where it is kept and asked again later. Refused, then too, where it could never be done.

    ``person``: somebody known, where ``witness`` found out that it is the same.
    """
    with transaction.atomic():
        # Whoever is named at this moment counts too.
        locks.diary(rooms=[], clinicians=[], patients=[patient.pk])
        if witness is None:
            _refuse_too_many(patient, now)
        known = person if witness is not None else _known(patient, person_fields)
        who = known or SupportPerson(site=patient.site, **dict(person_fields))
        designations.refuse_who_cannot(who, patient, wanted.roles, call_first=wanted.call_first)
        _refuse_listed(known, patient)
        fields = _fields(wanted, patient, rank=designations.next_rank(patient_id=patient.pk))
        if pending.waits(patient=patient, now=now, by=witness):
            asked_for = {**_kept(fields, wanted), "person_fields": dict(person_fields)}
            if known is not None:
                asked_for["person_id"] = known.pk
            pending.keep(patient=patient, kind=PendingKind.NAME_PERSON, asked_for=asked_for, actor=actor, now=now)
            return None
        return designations.name(
            patient=patient,
            person=known,
            person_fields=person_fields,
            consent_how=consent_how,
            wording=wanted.wording,
            witness=witness,
            now=now,
            **fields,
        )


def change(
    *,
    designation: Designation,
    wanted: Wanted,
    actor: str,
    now: datetime,
    consent_how: ConsentHow | str = ConsentHow.OWN_LINK,
    witness: StaffMember | None = None,
) -> bool:
    """Whether all of it is done. What takes something away always is, at once; what gives more may be kept.
    What was asked about this person before gives way: nothing that is taken away comes back with it. What ``witness``
    heard is kept as the patient's yes where it gives more."""
    with transaction.atomic():
        locks.diary(rooms=[], clinicians=[], patients=[designation.patient_id])
        row = Designation.objects.select_related("patient__site", "person__site").get(pk=designation.pk)
        fields = _fields(wanted, row.patient, rank=row.rank)
        if not pending.waits(patient=row.patient, now=now, by=witness):
            consent = Consent(how=consent_how, words=wanted.wording, witness=witness)
            is_agreed = witness is None or gives_more(wanted=fields, designation=row)
            designations.change(designation=row, actor=actor, now=now, consent=consent if is_agreed else None, **fields)
            _drop_older(row, actor, now)
            return True
        less = {
            **fields,
            "roles": [role for role in row.roles if role in wanted.roles],
            "may_know": [word for word in row.may_know if word in wanted.may_know],
            "call_first": row.call_first and wanted.call_first,
            "rank": row.rank,
            "ask_first": False,
            "valid_until": row.valid_until if is_longer(fields["valid_until"], row) else fields["valid_until"],
        }
        if not less["roles"] and not less["call_first"]:
            words = _(
                "Right now we can only take something away. Leave one thing %(name)s helps with, or take %(name)s off "
                "the list. Nothing is changed yet."
            )
            raise Refused(words % {"name": row.person.first_name})
        is_all = _is_all(less, fields, row, now)
        designations.change(designation=row, actor=actor, now=now, **less)
        if is_all:
            _drop_older(row, actor, now)
        else:
            asked_for = _kept(fields, wanted)
            kind = PendingKind.CHANGE_PERSON
            pending.keep(patient=row.patient, kind=kind, designation=row, asked_for=asked_for, actor=actor, now=now)
        return is_all


def gives_more(*, wanted: Mapping[str, Any], designation: Designation) -> bool:
    """Whether it is more than what the patient agreed to before."""
    lists = any(set(wanted[name]) - set(getattr(designation, name)) for name in ("roles", "may_know"))
    is_called = bool(wanted["call_first"]) and not designation.call_first
    return lists or is_called or is_longer(wanted["valid_until"], designation)


def is_longer(until: datetime | None, designation: Designation) -> bool:
    """Whether it holds longer than what the patient said before. None: until it is taken back. For whom the clinic
    booked the end is none of theirs."""
    before = designation.valid_until
    return before is not None and not designation.person.is_escort and (until is None or until > before)


def end_of(*, day: date | None, patient: Patient) -> datetime | None:
    """When that day is over at the clinic."""
    return times.day_bounds(day=day, zone=patient.site.zone)[1] if day is not None else None


def asked_first(named: Sequence[Designation]) -> Designation | None:
    """Who of the list is asked for the way home before the others."""
    return next((row for row in named if SupportRole.RIDE in row.roles), None)


def is_first(*, designation: Designation, now: datetime) -> bool:
    """Whether nobody on the list is asked for the way home before this person."""
    return asked_first(of(patient=designation.patient, now=now)) == designation


def only_called_first(*, patient: Patient, but: int = 0) -> Designation | None:
    """Who is on the list for nothing else: off it once somebody else is called first."""
    rows = Designation.objects.filter(patient=patient, withdrawn_at=None, call_first=True, roles=[])
    return rows.exclude(pk=but).select_related("person").first()


def is_listed(*, designation: Designation) -> bool:
    """Whether they were not taken off meanwhile."""
    return Designation.objects.filter(pk=designation.pk, withdrawn_at=None).exists()


def _drop_older(row: Designation, actor: str, now: datetime) -> None:
    for older in PendingChange.objects.filter(designation=row, decided_at=None).order_by("pk"):
        pending.drop(change=older, actor=actor, now=now)


def _fields(wanted: Wanted, patient: Patient, *, rank: int) -> dict[str, Any]:
    return {
        "roles": list(wanted.roles),
        "rank": rank if wanted.rank is None else wanted.rank,
        "may_know": list(wanted.may_know),
        "relationship": wanted.relationship,
        "call_first": wanted.call_first,
        "ask_first": wanted.ask_first,
        "valid_until": end_of(day=wanted.until, patient=patient),
    }


def _kept(fields: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """``fields`` as they are kept until they are said again."""
    until = fields["valid_until"]
    return {**fields, "valid_until": until.isoformat() if until is not None else None, "wording": wanted.wording}


def _is_all(less: Mapping[str, Any], fields: Mapping[str, Any], row: Designation, now: datetime) -> bool:
    """Whether nothing of ``fields`` is more than what acts at once."""
    is_asked_earlier = fields["rank"] < row.rank or (fields["ask_first"] and not is_first(designation=row, now=now))
    same_lists = all(set(less[name]) == set(fields[name]) for name in ("roles", "may_know"))
    same = all(less[name] == fields[name] for name in ("call_first", "valid_until"))
    return not is_asked_earlier and same_lists and same


def _known(patient: Patient, person_fields: Mapping[str, Any]) -> SupportPerson | None:
    """Somebody here with these names at this number: whoever names them learns nothing they did not say."""
    if not person_fields["phone"]:
        return None
    names = {f"{name}__iexact": person_fields[name] for name in ("given_name", "family_name")}
    same = SupportPerson.objects.filter(site=patient.site, phone=person_fields["phone"], is_escort=False, **names)
    return same.select_related("site").order_by("-pk").first()


def _refuse_too_many(patient: Patient, now: datetime) -> None:
    """Each of them gets a message: a link in wrong hands must not become a way to write to strangers."""
    since = now - timedelta(days=1)
    named = Designation.objects.filter(patient=patient, consent_how=ConsentHow.OWN_LINK, valid_from__gt=since).count()
    kept = PendingChange.objects.filter(patient=patient, kind=PendingKind.NAME_PERSON, asked_at__gt=since).count()
    if named + kept >= MOST_A_DAY:
        raise Refused(_("That is many people for one day. Please call us, and we do it together."))


def _refuse_listed(known: SupportPerson | None, patient: Patient) -> None:
    if known is not None and Designation.objects.filter(patient=patient, person=known, withdrawn_at=None).exists():
        raise Refused(_("This person is already on the list."))
