"""A paid escort is somebody of the clinic's list, named for one visit with the patient's word, who keeps a promise."""

from datetime import timedelta

import pytest

from clinic.domain.errors import Refused
from clinic.enums import Role, Rung
from clinic.models import AuditEntry, Infusion, Patient
from messaging.models import Consent
from support.domain import asking, commitments, designations, escorts, links, way_home
from support.models import Alert, Commitment, Designation, SupportPerson
from tests.factories import (
    CourseFactory,
    DesignationFactory,
    InfusionFactory,
    PatientFactory,
    PolicyFactory,
    SiteFactory,
    SupportPersonFactory,
)
from tests.support.conftest import Clinic

DAY = timedelta(days=1)
WORDS = "Pat Homesafe, whom the clinic knows, may take me home after this visit."


@pytest.fixture
def clinic(clinic: Clinic) -> Clinic:
    """Its rules allow a paid escort."""
    rungs = [Rung.ADULT_DRIVES, Rung.PAID_ESCORT, Rung.POSTPONE]
    clinic.policy = PolicyFactory(site=clinic.site, signed_by=clinic.staff[Role.DIRECTOR], rungs=rungs)
    return clinic


@pytest.fixture
def visit(clinic: Clinic, next_week) -> Infusion:
    return clinic.book(next_week)


@pytest.fixture
def pat(clinic: Clinic) -> SupportPerson:
    fields = {"given_name": "Pat", "family_name": "Homesafe", "phone": "+14105550166", "email": ""}
    terms = {"escort_terms": "Homesafe, $45", "is_active": True}
    pk = escorts.keep(site=clinic.site, fields={**fields, **terms}, actor=clinic.desk, now=clinic.now)
    return SupportPerson.objects.get(pk=pk)


def book(clinic: Clinic, visit: Infusion, escort: SupportPerson, **changes) -> Commitment:
    values = {"actor": clinic.desk, "now": clinic.now, "wording": WORDS, **changes}
    return escorts.book(infusion=visit, escort=escort, **values)


def test_somebody_of_the_list_is_an_adult_with_firm_and_price(clinic: Clinic, pat: SupportPerson) -> None:
    assert (pat.is_escort, pat.is_adult, pat.escort_terms) == (True, True, "Homesafe, $45")
    changed = {"given_name": "Pat", "family_name": "Homesafe", "escort_terms": "Homesafe, $50", "is_active": False}
    reach = {"phone": "+14105550167", "email": ""}
    escorts.keep(site=clinic.site, fields={**changed, **reach}, actor=clinic.desk, now=clinic.now, pk=pat.pk)
    pat.refresh_from_db()
    assert (pat.phone, pat.escort_terms, pat.is_active) == ("+14105550167", "Homesafe, $50", False)
    assert [row.pk for row in escorts.listed(site=clinic.site)] == [pat.pk]
    verbs = AuditEntry.objects.filter(subject=f"person:{pat.pk}").values_list("verb", flat=True)
    assert list(verbs.order_by("pk")) == ["escort.added", "escort.changed"]


def test_a_booked_escort_is_named_for_this_visit_with_the_patients_word_and_has_the_way_home(
    clinic: Clinic, visit: Infusion, pat: SupportPerson
) -> None:
    yes = book(clinic, visit, pat, consent_how="phone")
    named = yes.designation
    assert (yes.status, yes.answered_via, yes.recorded_by) == ("accepted", "phone", clinic.desk)
    assert (named.consent_how, named.consent_wording, named.witnessed_by) == ("phone", WORDS, clinic.desk)
    assert (named.roles, named.may_know) == (["ride"], ["dates", "progress", "aftercare"])
    assert way_home.of(infusions=[clinic.fresh(visit)], now=clinic.now)[visit.pk].sentence.startswith("Pat said yes")


def test_they_get_the_link_by_text_like_anybody(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    yes = book(clinic, visit, pat)
    assert ("helper_invitation", f"designation:{yes.designation_id}", None) in clinic.waiting()
    assert Consent.objects.filter(person=f"person:{pat.pk}", channel="sms", withdrawn_at=None).exists()


def test_after_the_visit_the_link_is_closed(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    named = book(clinic, visit, pat).designation
    link = links.for_designation(designation=named, now=visit.ends_at)
    link = links.find(link.pk)
    assert links.is_usable(link, now=visit.ends_at + timedelta(hours=11))
    assert not links.is_usable(link, now=visit.ends_at + timedelta(hours=12))


def test_pressed_twice_they_are_booked_once(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    assert book(clinic, visit, pat) == book(clinic, visit, pat)
    assert (Designation.objects.count(), Commitment.objects.count()) == (1, 1)


def test_nobody_asks_them_for_another_visit(clinic: Clinic, visit: Infusion, pat: SupportPerson, next_week) -> None:
    named = book(clinic, visit, pat).designation
    before = clinic.book(next_week - DAY)
    designations.change(designation=named, roles=["ride"], rank=1, may_know=["dates"], actor="staff:1", now=clinic.now)
    assert not Commitment.objects.filter(infusion=before).exists()
    assert asking.active(patient_id=clinic.patient.pk, now=clinic.now) == []


def test_booked_for_two_visits_they_are_named_once_until_the_later_one(
    clinic: Clinic, visit: Infusion, pat: SupportPerson, next_week
) -> None:
    later = clinic.book(next_week + 2 * DAY)
    first, second = book(clinic, later, pat), book(clinic, visit, pat)
    assert first.designation_id == second.designation_id
    assert Designation.objects.get().valid_until == later.ends_at + escorts.OPEN_AFTER


def test_within_the_last_day_their_yes_is_a_confirmation(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    late = visit.starts_at - timedelta(hours=13)
    assert book(clinic, visit, pat, now=late).status == "reconfirmed"
    assert way_home.gate(clinic.fresh(visit), visit.starts_at) == []


def test_who_was_asked_before_is_told_that_it_is_covered(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    sam = clinic.named("Sam")
    book(clinic, visit, pat)
    assert clinic.promise(sam, visit).status == "covered"


def test_when_they_step_back_the_others_are_asked(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    sam = clinic.named("Sam")
    yes = book(clinic, visit, pat)
    commitments.withdraw(commitment=yes, via="phone", now=clinic.now, recorded_by=clinic.desk)
    assert clinic.promise(sam, visit).status == "asked"
    assert book(clinic, visit, pat).status == "accepted"


# --- what cannot be --------------------------------------------------------------------------------------


def no(clinic: Clinic, visit: Infusion, pat: SupportPerson, **changes) -> list[str]:
    with pytest.raises(Refused) as refused:
        book(clinic, visit, pat, **changes)
    return refused.value.reasons


def test_the_last_hour_is_the_rules(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    late = visit.starts_at - timedelta(hours=12) + timedelta(minutes=1)
    assert no(clinic, visit, pat, now=late) == ["This could be arranged until Wednesday 11 March at 01:30."]


def test_once_it_has_begun_nobody_new_can_be_consented_to(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    sam = clinic.named("Sam")
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "started")
    commitments.withdraw(commitment=clinic.promise(sam, visit), via="link", now=visit.started_at)
    assert no(clinic, visit, pat, now=visit.started_at) == ["The treatment has begun: this can no longer be arranged."]


def test_rules_without_escorts_allow_none(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    policy = PolicyFactory(site=clinic.site, rungs=[Rung.ADULT_DRIVES])
    Infusion.objects.filter(pk=visit.pk).update(policy=policy)
    assert no(clinic, visit, pat) == ["The clinic's rules do not allow this way home."]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_active": False}, "Pat is not on the list of paid escorts."),
        ({"is_escort": False}, "Pat is not on the list of paid escorts."),
        ({"is_adult": None}, "Only somebody who is 18 or older can take a patient home."),
        ({"is_adult": False}, "Only somebody who is 18 or older can take a patient home."),
    ],
)
def test_who_cannot_be_booked(clinic: Clinic, visit: Infusion, pat: SupportPerson, fields, sentence) -> None:
    SupportPerson.objects.filter(pk=pat.pk).update(**fields)
    assert no(clinic, visit, pat) == [sentence]
    assert not Designation.objects.exists()


def test_an_escort_of_another_clinic_is_not_on_the_list(clinic: Clinic, visit: Infusion) -> None:
    stranger = SupportPersonFactory(site=SiteFactory(), given_name="Kim", is_escort=True)
    assert no(clinic, visit, stranger) == ["Kim is not on the list of paid escorts."]


def test_somebody_the_patient_named_is_asked_like_the_others(clinic: Clinic, visit: Infusion, pat) -> None:
    DesignationFactory(patient=clinic.patient, person=pat)
    assert no(clinic, visit, pat) == ["The patient has named Pat already. Ask them like the others."]


def test_nor_under_a_second_record_with_the_same_number(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    DesignationFactory(patient=clinic.patient, person__given_name="pat", person__phone=pat.phone)
    assert no(clinic, visit, pat) == ["The patient has named Pat already. Ask them like the others."]


def test_an_escort_who_is_treated_that_day_takes_nobody_home(clinic: Clinic, visit: Infusion, pat, next_week) -> None:
    me = clinic.patient
    clinic.patient = PatientFactory(site=clinic.site, given_name="Pat", phone=pat.phone)
    clinic.book(next_week - timedelta(hours=4))
    clinic.patient = me
    assert no(clinic, visit, pat) == ["Pat has a visit of their own that day."]


def test_nobody_is_their_own_escort(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    type(clinic.patient).objects.update(preferred_name="Pat", phone=pat.phone)
    assert no(clinic, visit, pat) == ["Pat has a visit of their own that day."]


def test_two_visits_at_one_time_are_one_too_many(
    clinic: Clinic, visit: Infusion, pat: SupportPerson, next_week
) -> None:
    book(clinic, visit, pat)
    course = CourseFactory(patient=PatientFactory(site=clinic.site), protocol=clinic.protocol)
    soon, later = (
        InfusionFactory(course=course, starts_at=next_week + wait, policy=clinic.policy)
        for wait in (timedelta(minutes=45), timedelta(hours=6))
    )
    assert no(clinic, soon, pat) == ["Pat takes somebody else home on Wednesday 11 March at 13:30."]
    assert book(clinic, later, pat).status == "accepted"


def test_somebody_who_has_the_way_home_already_keeps_it(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    clinic.confirmed(clinic.named("Sam"), visit)
    assert no(clinic, visit, pat) == ["Somebody has this way home already."]


def test_for_a_time_that_changed_meanwhile_nobody_is_booked(
    clinic: Clinic, visit: Infusion, pat: SupportPerson
) -> None:
    seen = visit.starts_at
    clinic.move(visit, seen + DAY)
    assert no(clinic, visit, pat, for_starts_at=seen) == [
        "The time of this visit has changed. Please look at the new time."
    ]


# --- a move ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, -1])
def test_when_the_visit_moves_the_escort_is_asked_for_the_new_time(
    clinic: Clinic, visit: Infusion, pat: SupportPerson, days: int
) -> None:
    named = book(clinic, visit, pat).designation
    moved = clinic.move(visit, visit.starts_at + days * DAY)
    row = clinic.promise(named, moved)
    assert (row.status, row.for_starts_at) == ("asked", moved.starts_at)
    named.refresh_from_db()
    assert named.holds_at(moved.ends_at)


def test_an_escort_who_is_elsewhere_then_is_a_call(
    clinic: Clinic, visit: Infusion, pat: SupportPerson, next_week
) -> None:
    named = book(clinic, visit, pat).designation
    me, room = clinic.patient, clinic.room
    clinic.patient = PatientFactory(site=clinic.site, given_name="Omar")
    clinic.room = type(room).objects.create(site=clinic.site, name="Room 77")
    clinic.staff[Role.CLINICIAN], one = (
        type(clinic.desk).objects.create(email="two@example.org", full_name="Two", role=Role.CLINICIAN),
        clinic.staff[Role.CLINICIAN],
    )
    clinic.staff[Role.CLINICIAN].sites.set([clinic.site])
    book(clinic, clinic.book(next_week + DAY), pat)
    clinic.patient, clinic.room, clinic.staff[Role.CLINICIAN] = me, room, one
    moved = clinic.move(visit, next_week + DAY)
    assert not Commitment.objects.filter(infusion=moved, designation=named).exclude(status="void").exists()
    assert "takes somebody else home at the new time" in Alert.objects.get(key__startswith="escort-moved:").says


def test_who_was_not_booked_for_it_is_not_asked_by_a_move(
    clinic: Clinic, visit: Infusion, pat: SupportPerson, next_week
) -> None:
    other = clinic.book(next_week + 2 * DAY)
    named = book(clinic, other, pat).designation
    clinic.move(visit, visit.starts_at - DAY)
    assert not Commitment.objects.filter(infusion=visit, designation=named).exists()


def test_during_the_treatment_a_clinician_books_and_nobody_else(
    clinic: Clinic, visit: Infusion, pat: SupportPerson, next_week
) -> None:
    """For the visit after: the patient agrees to nothing new, unless one who may judge hears it."""
    sam, after = clinic.named("Sam"), clinic.book(next_week + 7 * DAY)
    clinic.confirmed(sam, visit)
    clinic.until(visit, "started")
    during = next_week + timedelta(minutes=30)
    with pytest.raises(Refused, match="nothing new"):
        book(clinic, after, pat, now=during)
    assert not Designation.objects.filter(person=pat).exists()
    assert book(clinic, after, pat, now=during, actor=clinic.staff[Role.CLINICIAN]).status == "accepted"


def test_a_guardian_agrees_to_an_escort_first(clinic: Clinic, visit: Infusion, pat: SupportPerson) -> None:
    Patient.objects.update(guardian="Ana Berg")
    with pytest.raises(Refused, match="guardian agrees first"):
        book(clinic, visit, pat)
    named = book(clinic, visit, pat, guardian_agreed=True).designation
    assert named.consent_wording == f"{WORDS} The guardian agreed: Ana Berg."
