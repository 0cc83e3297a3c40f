"""What goes wrong around a visit's day, each through the door it would come by: refused or settled in kind words."""

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from clinic.domain import infusions, treatment_consents
from clinic.enums import InfusionStatus, Role
from clinic.models import Infusion
from support.domain import attesting, commitments, designations, quiet_words
from support.enums import AlertStatus, CommitmentStatus
from support.models import Alert, Commitment, Handover
from tests.clinic.test_races import all_at_once
from tests.factories import PatientFactory, PolicyFactory
from tests.support import phone
from tests.support.conftest import new_clinic

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
S, C = InfusionStatus, CommitmentStatus
pytestmark = pytest.mark.django_db


@pytest.fixture
def at(clinic):
    """Puts the clock to a moment, for the views and for the acts of the test."""
    with time_machine.travel(clinic.now, tick=False) as clock:

        def move_to(moment):
            clinic.now = moment
            clock.move_to(moment)

        yield move_to


@pytest.fixture
def visit(clinic, at, next_week):
    return clinic.book(next_week)


@pytest.fixture
def sam(clinic, visit):
    """Named, an adult, has read what it involves; asked for the visit."""
    named = clinic.named("Sam")
    attesting.attest(person=named.person, stay_hours=8, via="link", now=clinic.now)
    return named


@pytest.fixture
def joanna(clinic, sam):
    named = clinic.named("Joanna")
    attesting.attest(person=named.person, stay_hours=8, via="link", now=clinic.now)
    return named


def phone_of(clinic, designation, **how):
    return phone.of_helper(designation, now=clinic.now, **how)


def staff(clinic, role=Role.NURSE):
    browser = Client()
    browser.force_login(clinic.staff[role])
    return browser


def status_of(row):
    return Commitment.objects.get(pk=row.pk).status


# --- accepting what is not theirs to accept ---------------------------------------------------------


def test_a_date_that_was_moved_meanwhile_is_not_taken_at_either_time(clinic, visit, sam, next_week):
    hers, old = phone_of(clinic, sam), clinic.promise(sam, visit)
    clinic.move(visit, next_week + DAY)
    html = hers.tap("link_dates", date=old.pk)
    assert "The time of a date has just changed." in html
    assert status_of(old) == C.VOID
    assert clinic.promise(sam, visit).status == C.ASKED


def test_a_date_somebody_took_meanwhile_is_told_kindly(clinic, visit, sam, joanna):
    hers, mine = phone_of(clinic, sam), clinic.promise(sam, visit)
    clinic.yes(joanna, visit)
    assert "Somebody else has just taken one of these dates." in hers.tap("link_dates", date=mine.pk)
    assert status_of(mine) == C.COVERED


def test_a_date_that_was_called_off_meanwhile_is_taken_by_nobody_and_they_are_told(clinic, visit, sam):
    hers, mine = phone_of(clinic, sam), clinic.promise(sam, visit)
    infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="Flu")
    answer = hers.post("link_dates", date=mine.pk)
    assert answer.status_code == 302
    assert [str(said) for said in get_messages(answer.wsgi_request)] != []
    assert status_of(mine) == C.VOID


@pytest.mark.parametrize("later", [3 * HOUR, 2 * DAY])
def test_a_date_that_is_past_is_taken_by_nobody(clinic, visit, sam, at, later):
    hers, mine = phone_of(clinic, sam), clinic.promise(sam, visit)
    at(visit.ends_at + later)
    answer = hers.post("link_dates", date=mine.pk)
    assert answer.status_code == 302
    assert "Thank you. You have" not in " ".join(map(str, get_messages(answer.wsgi_request)))
    assert status_of(mine) not in {C.ACCEPTED, C.RECONFIRMED}


def test_a_visit_that_is_over_is_confirmed_by_nobody(clinic, visit, sam, at):
    clinic.confirmed(sam, visit)
    hers = phone_of(clinic, sam)
    visit = clinic.until(visit, "ready")
    clinic.hand_over(visit, clinic.promise(sam, visit), now=visit.ready_at + HOUR, accepted_on_paper=True)
    at(visit.ready_at + 2 * HOUR)
    assert hers.post("link_confirm", visit.pk).status_code == 302
    assert clinic.promise(sam, visit).status == C.KEPT


# --- whose link it is -------------------------------------------------------------------------------


def test_a_forwarded_link_shows_nothing_and_does_nothing_before_somebody_says_who_they_are(clinic, visit, sam):
    theirs = phone_of(clinic, sam, theirs=False)
    html = theirs.look()
    assert "Are you Sam?" in html
    assert "Maya" not in html
    assert theirs.post("link_dates", date=clinic.promise(sam, visit).pk).status_code == 409
    assert clinic.promise(sam, visit).status == C.ASKED


def test_somebody_else_who_says_so_opens_nothing_and_the_desk_hears_of_it(clinic, visit, sam):
    theirs = phone_of(clinic, sam, theirs=False)
    assert theirs.post("link_whose", me="no").status_code == 200
    assert theirs.client.get(reverse("link", args=[theirs.key])).status_code == 404
    assert Alert.objects.filter(designation=sam).exclude(status=AlertStatus.CLOSED).exists()


def test_a_date_of_another_helpers_is_not_taken_with_ones_own_link(clinic, visit, sam, joanna):
    mine = phone_of(clinic, sam)
    assert mine.post("link_dates", date=clinic.promise(joanna, visit).pk).status_code == 302
    assert {clinic.promise(one, visit).status for one in (sam, joanna)} == {C.ASKED}


# --- who cannot take anybody home -------------------------------------------------------------------


def also_a_patient(clinic, designation):
    return PatientFactory(site=clinic.site, given_name="Samuel", preferred_name="Sam", phone=designation.person.phone)


def test_who_is_treated_that_day_cannot_take_the_date(clinic, visit, sam, next_week):
    patient, other = also_a_patient(clinic, sam), new_clinic(now=clinic.now, phone="+14105550177")
    other.patient = patient
    other.site, other.room, other.protocol = clinic.site, clinic.room, clinic.protocol
    other.staff = clinic.staff
    other.book(next_week - 4 * HOUR)
    hers, mine = phone_of(clinic, sam), clinic.promise(sam, visit)
    hers.tap("link_dates", date=mine.pk)
    assert status_of(mine) not in {C.ACCEPTED, C.RECONFIRMED}


def test_who_drives_somebody_else_at_that_time_cannot_take_the_date(clinic, visit, sam, next_week):
    busy = PatientFactory(site=clinic.site, given_name="Ben", phone="+14105550187")
    theirs = designations.name(
        patient=busy,
        person=sam.person,
        roles=["ride"],
        rank=1,
        may_know=["dates"],
        consent_how="in_person",
        wording="Please.",
        witness=clinic.desk,
        now=clinic.now,
    )
    elsewhere = new_clinic(now=clinic.now, phone="+14105550176")
    elsewhere.patient, elsewhere.site, elsewhere.protocol = busy, clinic.site, clinic.protocol
    elsewhere.room, elsewhere.staff = elsewhere.room, clinic.staff | {Role.CLINICIAN: elsewhere.staff[Role.CLINICIAN]}
    elsewhere.room.site = clinic.site
    elsewhere.room.save()
    elsewhere.staff[Role.CLINICIAN].sites.set([clinic.site])
    other = elsewhere.book(next_week)
    elsewhere.yes(theirs, other)
    hers, mine = phone_of(clinic, sam), clinic.promise(sam, visit)
    hers.tap("link_dates", date=mine.pk)
    assert status_of(mine) not in {C.ACCEPTED, C.RECONFIRMED}


def test_who_says_they_are_under_18_takes_nobody_home(clinic, visit):
    lee = clinic.named("Lee", is_adult=None)
    theirs, mine = phone_of(clinic, lee), clinic.promise(lee, visit)
    assert theirs.post("link_dates", date=mine.pk).url.startswith(reverse("link_training", args=[theirs.key]))
    theirs.tap("link_training", answer="under_age")
    theirs.post("link_dates", date=mine.pk)
    assert status_of(mine) not in {C.ACCEPTED, C.RECONFIRMED}
    lee.person.refresh_from_db()
    assert lee.person.is_adult is False


def person_form(**fields):
    return {
        "given_name": "Rosa",
        "family_name": "Marín",
        "phone": "+1 410 555 0166",
        "relationship": "sister",
        "is_adult": "on",
        "roles": ["ride"],
        "may_know": ["dates"],
        "consent": "on",
    } | fields


def test_the_same_person_is_not_named_twice_by_the_patients_own_link(clinic, visit, sam):
    hers = phone.of_patient(clinic.patient, now=clinic.now)
    names = person_form(given_name="Sam", family_name="", phone=sam.person.phone)
    hers.post("link_person_new", **names)
    hers.post("link_person_new", **names)
    named = clinic.patient.designations.filter(withdrawn_at=None, person__phone=sam.person.phone)
    assert named.count() == 1


def test_a_patient_does_not_name_themselves_by_their_own_link(clinic, visit):
    hers = phone.of_patient(clinic.patient, now=clinic.now)
    names = person_form(given_name="Maya", family_name=clinic.patient.family_name, phone=clinic.patient.phone)
    hers.post("link_person_new", **names)
    assert not clinic.patient.designations.exists()


# --- at the handover and between the phases ---------------------------------------------------------


@pytest.fixture
def ready(clinic, visit, sam, at):
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    at(visit.ready_at + HOUR)
    return visit


def handed_over(visit, row, **fields):
    words = Handover.objects.get(infusion=visit)
    return {
        "commitment": row.pk,
        "check_by": "code",
        "patient_word": words.patient_word,
        "helper_word": words.helper_word,
        "adult_seen": "on",
        "score": "10",
        "instructions_given": "on",
        "accepted_on_paper": "on",
    } | fields


def test_after_five_wrong_words_the_right_ones_do_not_open_the_door_either(clinic, ready, sam):
    nurse, url = staff(clinic), reverse("handover", args=[ready.pk])
    row = clinic.promise(sam, ready)
    for _try in range(5):
        nurse.post(url, handed_over(ready, row, helper_word="teapot"))
    nurse.post(url, handed_over(ready, row))
    assert clinic.fresh(ready).status == S.READY
    nurse.post(url, handed_over(ready, row, check_by="photo_id"))
    assert clinic.fresh(ready).status == S.RELEASED


@pytest.mark.parametrize(("step", "before"), [("start", S.BOOKED), ("recover", S.BOOKED), ("ready", S.BOOKED)])
def test_a_phase_that_was_skipped_is_refused_in_words(clinic, visit, at, step, before):
    at(visit.starts_at)
    answer = staff(clinic).post(reverse(f"infusion_{step}", args=[visit.pk]))
    assert answer.status_code < 500
    assert clinic.fresh(visit).status == before


@pytest.mark.parametrize(
    ("door", "sent", "status"),
    [
        ("infusion_start", {"override_reason": "Nobody\x00 else is left"}, 302),
        ("infusion_start", {"override_reason": "Nobody", "second_email": "a\x00@b.org", "second_password": "x"}, 422),
        ("infusion_cancel", {"reason": "Fl\x00u"}, 302),
        ("infusion_ladder_next", {"note": "Jo\x00 is away"}, 422),
        ("quiet_word_hear", {"outcome": "All is\x00 well"}, 302),
    ],
)
def test_a_sign_that_cannot_be_kept_is_left_out_of_what_staff_write(clinic, visit, at, door, sent, status):
    at(visit.starts_at)
    clinic.until(visit, "arrived")
    quiet_words.say(infusion=visit, now=visit.starts_at, actor="link:abc")
    answer = staff(clinic, Role.CLINICIAN).post(reverse(door, args=[visit.pk]), sent)
    assert answer.status_code == status


def test_the_clock_of_a_tablet_decides_nothing(clinic, visit, sam, at):
    """Whatever time a form carries, phases are stamped by the server."""
    clinic.confirmed(sam, visit)
    at(visit.starts_at)
    tablet = staff(clinic)
    claims = {"now": "2031-01-01T00:00", "at": "2031-01-01T00:00", "arrived_at": "2031-01-01T00:00"}
    for step in ("arrive", "start", "recover", "ready"):
        tablet.post(
            reverse(f"infusion_{step}", args=[visit.pk]), claims, headers={"date": "Wed, 01 Jan 2031 00:00:00 GMT"}
        )
    row = clinic.fresh(visit)
    assert row.status == S.READY
    assert {row.arrived_at, row.started_at, row.recovering_at, row.ready_at} == {visit.starts_at}


def test_consent_withdrawn_between_the_page_and_the_press_holds_the_start(clinic, at, next_week):
    PolicyFactory(
        site=clinic.site, version=clinic.policy.version + 1, signed_by=clinic.staff[Role.DIRECTOR], consent_days=90
    )
    treatment_consents.record(patient=clinic.patient, signed_on=clinic.now.date(), actor=clinic.desk, now=clinic.now)
    visit, sam = clinic.book(next_week), clinic.named("Sam")
    clinic.confirmed(sam, visit)
    at(next_week)
    nurse = staff(clinic)
    nurse.post(reverse("infusion_arrive", args=[visit.pk]))
    assert nurse.get(reverse("infusion", args=[visit.pk])).status_code == 200
    treatment_consents.withdraw(patient=clinic.patient, actor=clinic.desk, now=clinic.now)
    nurse.post(reverse("infusion_start", args=[visit.pk]))
    assert clinic.fresh(visit).status == S.ARRIVED


def test_whom_the_patient_took_off_the_list_between_two_taps_takes_nothing(clinic, visit, sam):
    hers, mine = phone_of(clinic, sam), clinic.promise(sam, visit)
    assert "Maya" in hers.look()
    designations.withdraw(designation=sam, actor=f"patient:{clinic.patient.pk}", now=clinic.now)
    answer = hers.post("link_dates", date=mine.pk)
    assert answer.status_code in {404, 410}
    assert "Maya" not in answer.content.decode()
    assert status_of(mine) not in {C.ACCEPTED, C.RECONFIRMED}


def test_a_yes_is_taken_back_between_two_taps_of_two_phones(clinic, visit, sam):
    """Confirming what was given back on another phone is refused with a sentence."""
    clinic.yes(sam, visit)
    hers = phone_of(clinic, sam)
    commitments.withdraw(commitment=clinic.promise(sam, visit), via="link", now=clinic.now)
    hers.post("link_confirm", visit.pk)
    assert clinic.promise(sam, visit).status == C.WITHDRAWN


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["arrive", "start", "recover", "ready"])
def test_two_nurses_press_the_same_step_at_once_and_it_is_made_once(next_week, step):
    clinic = new_clinic(now=next_week - 8 * DAY, phone="+14105550199")
    visit = clinic.book(next_week)
    clinic.confirmed(clinic.named("Sam"), visit)
    with time_machine.travel(next_week, tick=False):
        steps = ["arrive", "start", "recover", "ready"]
        for done in steps[: steps.index(step)]:
            getattr(infusions, done)(infusion=clinic.fresh(visit), actor=clinic.nurse, now=next_week)
        before = clinic.fresh(visit).version
        nurses = [staff(clinic), staff(clinic, Role.CLINICIAN)]
        url = reverse(f"infusion_{step}", args=[visit.pk])
        answers = all_at_once([lambda one=one: one.post(url).status_code for one in nurses])
    assert all(isinstance(answer, int) and answer < 500 for answer in answers), answers
    assert Infusion.objects.get(pk=visit.pk).version == before + 1


@pytest.mark.django_db(transaction=True)
def test_two_nurses_hand_over_at_once_and_the_patient_leaves_once(next_week):
    clinic = new_clinic(now=next_week - 8 * DAY, phone="+14105550199")
    visit = clinic.book(next_week)
    sam = clinic.named("Sam")
    clinic.confirmed(sam, visit)
    visit = clinic.until(visit, "ready")
    row = clinic.promise(sam, visit)
    with time_machine.travel(visit.ready_at + HOUR, tick=False):
        url, form = reverse("handover", args=[visit.pk]), handed_over(visit, row)
        nurses = [staff(clinic), staff(clinic, Role.CLINICIAN)]
        answers = all_at_once([lambda one=one: one.post(url, form).status_code for one in nurses])
    assert Counter(type(answer) for answer in answers) == {int: 2}, answers
    assert all(answer < 500 for answer in answers)
    assert clinic.fresh(visit).status == S.RELEASED
    assert Handover.objects.filter(infusion=visit, done_at__isnull=False).count() == 1
