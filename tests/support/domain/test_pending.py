"""What a patient asks for on the day of a treatment is kept and asked again; what takes something away acts at once."""

from datetime import timedelta

import pytest

from clinic.domain import infusions
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import AuditEntry, Patient
from messaging.models import Message
from support.domain import designations, impaired, own_people, pending, watch
from support.domain.own_people import Wanted
from support.enums import ConsentHow, MayKnow, PendingKind, SupportRole
from support.models import Commitment, Designation, Link, PendingChange, SupportPerson
from tests.support.conftest import Clinic

WORDS = "I would like this person to stand by me."
JO = {"given_name": "Jo", "family_name": "Lind", "phone": "+14105550177", "email": "", "language": "en"}


def wanted(**changes) -> Wanted:
    fields = {"roles": [SupportRole.RIDE], "may_know": [MayKnow.DATES], "relationship": "friend", "call_first": False}
    return Wanted(**{**fields, "wording": WORDS, **changes})


def name_jo(clinic: Clinic, now, **changes) -> Designation | None:
    return own_people.name(
        patient=Patient.objects.select_related("site").get(pk=clinic.patient.pk),
        person_fields={**JO, "is_adult": True},
        wanted=wanted(**changes),
        actor="link:abc",
        now=now,
    )


def change(designation, now, **changes) -> bool:
    return own_people.change(designation=designation, wanted=wanted(**changes), actor="link:abc", now=now)


@pytest.fixture
def sam(clinic: Clinic) -> Designation:
    return clinic.named("Sam", roles=[SupportRole.RIDE, SupportRole.PRESENCE])


@pytest.fixture
def during(clinic: Clinic, sam, next_week):
    """A quarter of an hour into a treatment."""
    visit = clinic.book(next_week, next_week + timedelta(days=7))
    clinic.confirmed(sam, visit)
    clinic.until(visit, "started")
    return next_week + timedelta(minutes=30)


@pytest.fixture
def clear(clinic: Clinic, sam, during):
    """They leave in time, and this is when the rule says that it is over."""
    visit = clinic.patient.infusions.order_by("starts_at").first()
    for verb, minutes in ((infusions.recover, 60), (infusions.ready, 100)):
        verb(infusion=visit, actor=clinic.nurse, now=visit.starts_at + timedelta(minutes=minutes))
    clinic.hand_over(clinic.fresh(visit), clinic.promise(sam, visit), now=visit.ends_at)
    return impaired.until(patient=clinic.patient, now=visit.ends_at)


def test_on_any_other_day_naming_somebody_is_done_at_once_in_the_words_they_saw(clinic: Clinic, sam):
    jo = name_jo(clinic, clinic.now)
    assert (jo.consent_how, jo.consent_wording, jo.witnessed_by) == (ConsentHow.OWN_LINK, WORDS, None)
    assert (jo.rank, pending.open_of(patient=clinic.patient)) == (2, [])


def test_during_a_treatment_it_is_kept_and_nobody_hears_of_it(clinic: Clinic, during, clear):
    assert name_jo(clinic, during) is None
    kept = PendingChange.objects.get()
    assert (kept.kind, kept.confirm_from, kept.decided_at) == (PendingKind.NAME_PERSON, clear, None)
    assert not SupportPerson.objects.filter(given_name="Jo").exists()
    assert not Message.objects.filter(kind="helper_invitation", created_at__gte=during).exists()
    assert AuditEntry.objects.get(verb="pending.kept").actor == "link:abc"


def test_asked_twice_it_waits_once(clinic: Clinic, during):
    name_jo(clinic, during)
    name_jo(clinic, during + timedelta(minutes=1))
    assert PendingChange.objects.count() == 1


def test_it_is_not_confirmed_a_minute_early_and_is_done_from_then_on(clinic: Clinic, during, clear):
    name_jo(clinic, during)
    [kept] = pending.open_of(patient=clinic.patient)
    with pytest.raises(Refused, match="can be said from Thursday 12 March at"):
        pending.confirm(change=kept, actor="link:abc", now=clear - timedelta(minutes=1))
    jo = pending.confirm(change=kept, actor="link:abc", now=clear)
    assert (jo.person.given_name, jo.consent_how, jo.consent_at) == ("Jo", ConsentHow.OWN_LINK, clear)
    assert Commitment.objects.filter(designation=jo).exists()
    kept.refresh_from_db()
    assert (kept.is_confirmed, kept.decided_by, kept.decided_at) == (True, "link:abc", clear)


def test_confirmed_twice_it_is_done_once(clinic: Clinic, during, clear):
    name_jo(clinic, during)
    [kept] = pending.open_of(patient=clinic.patient)
    pending.confirm(change=kept, actor="link:abc", now=clear)
    with pytest.raises(Refused, match="done already"):
        pending.confirm(change=kept, actor="link:abc", now=clear)
    assert Designation.objects.filter(person__given_name="Jo").count() == 1


def test_a_nurse_and_the_desk_cannot_hear_it_early_and_a_clinician_can(clinic: Clinic, during):
    name_jo(clinic, during)
    [kept] = pending.open_of(patient=clinic.patient)
    for role in (Role.FRONT_DESK, Role.NURSE):
        with pytest.raises(Refused, match="only a clinician"):
            pending.confirm(change=kept, actor="staff:1", now=during, witness=clinic.staff[role])
    clinician = clinic.staff[Role.CLINICIAN]
    jo = pending.confirm(change=kept, actor=f"staff:{clinician.pk}", now=during, witness=clinician)
    assert (jo.consent_how, jo.witnessed_by) == (ConsentHow.IN_PERSON, clinician)


@pytest.mark.parametrize(("role", "waits"), [(Role.FRONT_DESK, True), (Role.NURSE, True), (Role.CLINICIAN, False)])
def test_what_is_said_to_staff_during_a_treatment_waits_too_unless_a_clinician_hears_it(clinic, during, role, waits):
    heard = own_people.name(
        patient=clinic.patient,
        person_fields={**JO, "is_adult": True},
        wanted=wanted(rank=2),
        actor="staff:1",
        now=during,
        consent_how=ConsentHow.IN_PERSON,
        witness=clinic.staff[role],
    )
    assert (heard is None, PendingChange.objects.exists()) == (waits, waits)


def test_less_to_know_and_a_role_taken_away_act_at_once(clinic: Clinic, sam, during):
    assert change(sam, during, roles=[SupportRole.RIDE], may_know=[MayKnow.DATES])
    sam.refresh_from_db()
    assert (sam.roles, sam.may_know, PendingChange.objects.exists()) == (["ride"], ["dates"], False)
    assert sam.consent_how == ConsentHow.IN_PERSON


def test_of_a_change_that_takes_and_gives_the_taking_acts_and_the_giving_waits(clinic: Clinic, sam, during, clear):
    both = {"roles": [SupportRole.RIDE, SupportRole.FOLLOWUP], "may_know": [MayKnow.DATES]}
    assert not change(sam, during, **both)
    sam.refresh_from_db()
    assert (sam.roles, sam.may_know) == (["ride"], ["dates"])
    [kept] = pending.open_of(patient=clinic.patient)
    pending.confirm(change=kept, actor="link:abc", now=clear)
    sam.refresh_from_db()
    assert (sam.roles, sam.may_know, sam.consent_how) == (["ride", "followup"], ["dates"], ConsentHow.OWN_LINK)


def test_a_change_said_again_to_staff_is_kept_as_a_yes_they_heard(clinic: Clinic, sam, during, clear):
    change(sam, during, roles=[SupportRole.RIDE, SupportRole.FOLLOWUP])
    [kept] = pending.open_of(patient=clinic.patient)
    pending.confirm(change=kept, actor="staff:1", now=clear, witness=clinic.nurse, consent_how=ConsentHow.PHONE)
    sam.refresh_from_db()
    assert (sam.consent_how, sam.consent_at, sam.witnessed_by) == (ConsentHow.PHONE, clear, clinic.nurse)
    assert sam.consent_wording == WORDS


def test_an_earlier_last_day_acts_at_once_and_a_later_one_waits(clinic: Clinic, sam, during, clear):
    both = {"roles": [SupportRole.RIDE, SupportRole.PRESENCE], "may_know": list(MayKnow.values)}
    day = during.date() + timedelta(days=20)
    assert change(sam, during, **both, until=day)
    assert not change(sam, during, **both, until=day + timedelta(days=1))
    sam.refresh_from_db()
    assert sam.last_day == day
    [kept] = pending.open_of(patient=clinic.patient)
    assert pending.confirm(change=kept, actor="link:abc", now=clear).last_day == day + timedelta(days=1)


def test_asking_somebody_else_first_is_a_swap_and_waits(clinic: Clinic, sam, during):
    lee = clinic.named("Leeann")
    assert not change(lee, during, roles=[SupportRole.RIDE], may_know=list(MayKnow.values), ask_first=True)
    lee.refresh_from_db()
    assert (lee.rank, PendingChange.objects.get().designation) == (1, lee)


def test_everything_swapped_at_once_is_refused_in_words_and_changes_nothing(clinic: Clinic, sam, during):
    with pytest.raises(Refused, match="only take something away"):
        change(sam, during, roles=[SupportRole.FOLLOWUP])
    sam.refresh_from_db()
    assert (sam.roles, PendingChange.objects.exists()) == (["ride", "presence"], False)


def test_a_later_wish_about_the_same_person_takes_the_place_of_the_first(clinic: Clinic, sam, during):
    change(sam, during, roles=[SupportRole.RIDE, SupportRole.FOLLOWUP])
    change(sam, during + timedelta(minutes=1), roles=[*SupportRole.values])
    [kept] = pending.open_of(patient=clinic.patient)
    assert kept.asked_for["roles"] == SupportRole.values


def test_taking_somebody_off_acts_at_once_and_ends_what_waited_about_them(clinic: Clinic, sam, during):
    change(sam, during, roles=[*SupportRole.values])
    designations.withdraw(designation=sam, actor="link:abc", now=during)
    assert (pending.open_of(patient=clinic.patient), Link.objects.filter(withdrawn_at=None).count()) == ([], 0)


def test_another_treatment_before_it_was_confirmed_makes_it_wait_longer(clinic: Clinic, sam, during, clear):
    name_jo(clinic, during)
    second = clinic.patient.infusions.order_by("starts_at").last()
    clinic.confirmed(sam, second)
    clinic.until(second, "started")
    now = second.starts_at + timedelta(hours=1)
    [kept] = pending.kept(patient=clinic.patient, now=now)
    assert kept.wait_until > now > clear
    with pytest.raises(Refused):
        pending.confirm(change=kept.change, actor="link:abc", now=now)


def test_unconfirmed_for_a_week_it_is_dropped_by_the_sweep_and_the_record_says_so(clinic: Clinic, during):
    name_jo(clinic, during)
    watch.run(now=during + timedelta(days=7) - timedelta(minutes=1))
    assert len(pending.open_of(patient=clinic.patient)) == 1
    now = during + timedelta(days=7)
    watch.run(now=now)
    assert pending.open_of(patient=clinic.patient) == []
    [gone] = pending.let_go(patient=clinic.patient, now=now)
    assert (gone.is_confirmed, gone.decided_by, pending.name_in(gone)) == (False, "system", "Jo Lind")
    assert not SupportPerson.objects.filter(given_name="Jo").exists()


def test_what_was_dropped_is_not_done_any_more(clinic: Clinic, during, clear):
    name_jo(clinic, during)
    [kept] = pending.open_of(patient=clinic.patient)
    for _twice in range(2):
        pending.drop(change=kept, actor="link:abc", now=during)
    with pytest.raises(Refused, match="does not wait"):
        pending.confirm(change=kept, actor="link:abc", now=clear)


def test_with_a_guardian_the_patients_own_link_waits_until_staff_heard_the_guardian(clinic: Clinic):
    Patient.objects.update(guardian="Ana Berg, 410 555 0100")
    clinic.patient.refresh_from_db()
    assert name_jo(clinic, clinic.now) is None
    [kept] = pending.open_of(patient=clinic.patient)
    assert kept.confirm_from is None
    with pytest.raises(Refused, match="guardian agrees first"):
        pending.confirm(change=kept, actor="link:abc", now=clinic.now + timedelta(days=1))
    heard = {"change": kept, "actor": "staff:1", "now": clinic.now, "witness": clinic.desk}
    with pytest.raises(Refused, match="guardian agrees first"):
        pending.confirm(**heard)
    jo = pending.confirm(**heard, consent_how=ConsentHow.PHONE, guardian_agreed=True)
    assert jo.consent_wording == f"{WORDS} The guardian agreed: Ana Berg, 410 555 0100."


def test_with_a_guardian_taking_somebody_off_needs_nobody(clinic: Clinic, sam):
    Patient.objects.update(guardian="Ana Berg")
    clinic.patient.refresh_from_db()
    assert change(sam, clinic.now, roles=[SupportRole.RIDE], may_know=[])
    assert not change(sam, clinic.now, roles=[SupportRole.RIDE], may_know=[MayKnow.DATES])
    sam.refresh_from_db()
    assert (sam.roles, sam.may_know) == (["ride"], [])


def test_what_could_never_be_done_is_refused_on_the_day_too(clinic: Clinic, sam, during):
    with pytest.raises(Refused, match="already on the list"):
        own_people.name(
            patient=clinic.patient,
            person_fields={**JO, "given_name": "sam", "phone": sam.person.phone, "is_adult": True},
            wanted=wanted(),
            actor="link:abc",
            now=during,
        )
    assert not PendingChange.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_what_waits_takes_as_many_questions_for_three_as_for_one(
    clinic, during, count, django_assert_num_queries
):
    for number in range(count):
        own_people.name(
            patient=clinic.patient,
            person_fields={**JO, "given_name": f"Jo{number}", "is_adult": True},
            wanted=wanted(),
            actor="link:abc",
            now=during,
        )
    with django_assert_num_queries(2):
        assert len(pending.kept(patient=clinic.patient, now=during)) == count


def test_what_was_taken_away_does_not_come_back_with_what_was_kept_before(clinic: Clinic, sam, during, clear):
    """During the treatment Sam should know more; then Sam should know nothing at all."""
    Designation.objects.filter(pk=sam.pk).update(may_know=[MayKnow.DATES])
    assert not change(sam, during, roles=sam.roles, may_know=[MayKnow.DATES, MayKnow.REPORT])
    [kept] = pending.kept(patient=clinic.patient, now=during)
    assert kept.may_know == "Dates and times of visits · May tell the clinic how it is going"
    assert change(sam, during + timedelta(minutes=1), roles=sam.roles, may_know=[])
    with pytest.raises(Refused, match="does not wait"):
        pending.confirm(change=kept.change, actor="link:abc", now=clear)
    sam.refresh_from_db()
    assert sam.may_know == []


def test_what_staff_change_after_it_takes_the_place_of_what_was_kept(clinic: Clinic, sam, during):
    Designation.objects.filter(pk=sam.pk).update(may_know=[MayKnow.DATES])
    assert not change(sam, during, roles=sam.roles, may_know=[MayKnow.DATES, MayKnow.REPORT])
    by = {"actor": "staff:1", "witness": clinic.staff[Role.CLINICIAN], "now": during}
    assert own_people.change(designation=sam, wanted=wanted(roles=sam.roles, may_know=[]), **by)
    assert pending.open_of(patient=clinic.patient) == []
