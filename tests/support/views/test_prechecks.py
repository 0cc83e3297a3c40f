"""The nurse's page before a treatment."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import escape

from clinic.domain import gates, prechecks
from clinic.enums import HoldQuestion, InfusionStatus, Role
from clinic.models import AuditEntry, BloodPressure, HoldAnswer, Infusion
from clinic.models.infusion import STAMPS
from support.enums import AlertKind, CommitmentStatus
from support.models import Alert
from tests.factories import CommitmentFactory, PolicyFactory

pytestmark = pytest.mark.django_db

Q = HoldQuestion
ASKS = [Q.ATE, Q.ILL, Q.DARK]
ALL_NO = dict.fromkeys([str(one) for one in ASKS], "no")
QUERIES = 20


@pytest.fixture
def policy(site):
    return PolicyFactory(site=site, hold_questions=ASKS, systolic_max=140, diastolic_max=90)


@pytest.fixture
def visit(book, now) -> Infusion:
    infusion = book(at=now + timedelta(minutes=5), status=InfusionStatus.ARRIVED, arrived_at=now)
    CommitmentFactory(infusion=infusion, status=CommitmentStatus.RECONFIRMED, answered_at=now, reconfirmed_at=now)
    return infusion


@pytest.fixture
def nurse(sign_in):
    return sign_in(Role.NURSE)


def page(client, visit) -> str:
    response = client.get(reverse("infusion_checks", args=[visit.pk]))
    assert response.status_code == 200
    return response.content.decode()


def post(client, what, visit, **data):
    return client.post(reverse(f"infusion_checks_{what}", args=[visit.pk]), data)


def test_the_patients_own_no_hides_no_yes_from_the_nurse_who_takes_it_back(nurse, visit, policy, now):
    for when, is_yes in (("evening", True), ("arrival", False)):
        HoldAnswer.objects.create(
            infusion=visit, question=Q.ILL, asked_when=when, is_yes=is_yes, answered_at=now, answered_by="patient:1"
        )
    assert "The answer is no" in page(nurse, visit)
    post(nurse, "answer", visit, corrects="yes", **ALL_NO)
    assert "The answer is no" not in page(nurse, visit)


def test_from_the_arrival_to_the_start_in_four_presses(nurse, visit):
    """Questions, reading, start: nothing typed but two numbers."""
    assert "The questions before the treatment are not answered yet." in page(nurse, visit)
    assert post(nurse, "answer", visit, **ALL_NO).status_code == 302
    assert post(nurse, "pressure", visit, point="before", systolic="128", diastolic="82").status_code == 302
    assert "Everything is in place." in page(nurse, visit)
    nurse.post(reverse("infusion_start", args=[visit.pk]))
    visit.refresh_from_db()
    assert visit.state is InfusionStatus.STARTED


def test_the_visit_leads_there_and_says_what_is_missing(nurse, desk, visit):
    address = reverse("infusion", args=[visit.pk])
    html = nurse.get(address).content.decode()
    assert f'href="{reverse("infusion_checks", args=[visit.pk])}"' in html
    assert "The blood pressure before the treatment is not recorded yet." in html
    assert reverse("infusion_checks", args=[visit.pk]) not in desk.get(address).content.decode()


def test_all_that_spoke_against_the_start_stays_to_be_read(nurse, sign_in, visit):
    PolicyFactory(site=visit.site, version=2, hold_questions=list(Q))
    Infusion.objects.update(policy=visit.site.policies.get(version=2))
    visit.commitments.update(status=CommitmentStatus.ASKED, answered_at=None, reconfirmed_at=None)
    post(nurse, "answer", visit, **dict.fromkeys([str(one) for one in Q], "yes"))
    against = gates.reasons(infusion=Infusion.objects.get(pk=visit.pk), now=visit.starts_at)
    doctor = sign_in(Role.CLINICIAN)
    doctor.post(reverse("infusion_start", args=[visit.pk]), {"override_reason": "Her sister is on the way."})
    html = doctor.get(reverse("infusion", args=[visit.pk])).content.decode()
    assert len(against) > len(Q)
    assert [sentence for sentence in against if escape(sentence) not in html] == []


@pytest.mark.parametrize("state", [InfusionStatus.STARTED, InfusionStatus.RECOVERING, InfusionStatus.READY])
def test_visit_and_handover_lead_there_while_a_reading_may_still_come(nurse, desk, visit, now, state):
    done = dict.fromkeys([stamp for stamp in STAMPS[state] if stamp != "arrived_at"], now)
    Infusion.objects.filter(pk=visit.pk).update(status=state, **done)
    there = f'href="{reverse("infusion_checks", args=[visit.pk])}"'
    assert [
        there in nurse.get(reverse(name, args=[visit.pk])).content.decode() for name in ("infusion", "handover")
    ] == [
        True,
        True,
    ]
    assert there not in desk.get(reverse("infusion", args=[visit.pk])).content.decode()


def test_a_part_of_the_answers_is_kept_and_the_rest_stays_open(nurse, visit):
    post(nurse, "answer", visit, ate="no")
    assert HoldAnswer.objects.get().question == Q.ATE
    html = page(nurse, visit)
    assert html.count('role="radiogroup"') == 2
    assert "Not answered yet: feeling ill, thoughts of self-harm." in html


def test_a_tablet_whose_clock_is_wrong_changes_no_time(nurse, visit, now):
    wrong = {"answered_at": "2031-01-01T00:00:00Z", "now": "2031-01-01T00:00:00Z", "taken_at": "2031-01-01T00:00:00Z"}
    post(nurse, "answer", visit, **ALL_NO, **wrong)
    post(nurse, "pressure", visit, point="before", systolic="120", diastolic="80", **wrong)
    assert set(HoldAnswer.objects.values_list("answered_at", flat=True)) == {now}
    assert BloodPressure.objects.get().taken_at == now


def test_nothing_chosen_is_said_and_nonsense_is_no_answer(nurse, visit):
    response = post(nurse, "answer", visit, ate="maybe", stranger="yes")
    assert (response.status_code, "Choose yes or no first." in response.content.decode()) == (422, True)
    assert not HoldAnswer.objects.exists()


def test_the_evenings_answer_stands_beside_the_question(nurse, visit, now):
    Infusion.objects.update(status=InfusionStatus.BOOKED, arrived_at=None)
    visit.refresh_from_db()
    prechecks.answer(infusion=visit, answers={Q.ILL: True}, actor="link:x", now=now)
    Infusion.objects.update(status=InfusionStatus.ARRIVED, arrived_at=now)
    assert "yes, Tue 3 Mar, 09:41" in page(nurse, visit)


def test_a_nurse_sees_a_flag_and_a_clinician_clears_it(nurse, sign_in, visit):
    post(nurse, "answer", visit, **ALL_NO | {"ill": "yes"})
    html = page(nurse, visit)
    assert "A clinician or the medical director clears it, with a word." in html
    assert "Why it may go on" not in html
    flag = HoldAnswer.objects.get(is_yes=True)
    assert post(nurse, "clear", visit, answer=flag.pk, note="fine").status_code == 403
    clinician = sign_in(Role.CLINICIAN)
    assert "Why it may go on" in page(clinician, visit)
    assert post(clinician, "clear", visit, answer=flag.pk, note="").status_code == 422
    assert post(clinician, "clear", visit, answer=flag.pk, note="A cold, no fever").status_code == 302
    html = page(nurse, visit)
    assert "A cold, no fever" in html
    assert "A clinician looks at this first" not in html


def test_a_high_reading_is_cleared_the_same_way(nurse, sign_in, visit):
    post(nurse, "pressure", visit, point="before", systolic="150", diastolic="95")
    assert "above the limit" in page(nurse, visit)
    reading = BloodPressure.objects.get()
    post(sign_in(Role.DIRECTOR), "clear", visit, reading=reading.pk, note="Usual for him")
    reading.refresh_from_db()
    assert reading.cleared_note == "Usual for him"


@pytest.mark.parametrize("pk", ["0", "x", "999999"])
def test_what_is_not_of_this_visit_is_not_there(sign_in, visit, pk):
    clinician = sign_in(Role.CLINICIAN)
    assert post(clinician, "clear", visit, answer=pk, note="A cold").status_code == 404
    assert post(clinician, "clear", visit, reading="1", note="A cold").status_code == 404


@pytest.mark.parametrize(
    ("systolic", "diastolic"), [("", ""), ("abc", "80"), ("80", "120"), ("²", "80"), ("12345678901", "80"), ("-5", "3")]
)
def test_a_reading_that_is_none_is_refused_in_words(nurse, visit, systolic, diastolic):
    response = post(nurse, "pressure", visit, point="before", systolic=systolic, diastolic=diastolic)
    assert (response.status_code, "both are in mmHg" in response.content.decode()) == (422, True)


def test_a_yes_is_corrected_on_purpose_only(nurse, visit):
    post(nurse, "answer", visit, **ALL_NO | {"ill": "yes"})
    assert post(nurse, "answer", visit, ill="no").status_code == 422
    post(nurse, "answer", visit, ill="no", corrects="yes")
    assert not HoldAnswer.objects.filter(is_yes=True).exists()


def test_thoughts_of_self_harm_are_somebodys_at_once(nurse, visit):
    post(nurse, "answer", visit, **ALL_NO | {"dark": "yes"})
    alert = Alert.objects.get(kind=AlertKind.URGENT)
    assert alert.says == f"{visit.patient.first_name} answered yes to thoughts of self-harm. Speak with them now."
    assert alert.owner is not None
    post(nurse, "answer", visit, dark="yes")
    assert Alert.objects.filter(kind=AlertKind.URGENT).count() == 1


@pytest.mark.parametrize("question", ["ate", "ill"])
def test_other_answers_only_flag(nurse, visit, question):
    post(nurse, "answer", visit, **ALL_NO | {question: "yes"})
    assert not Alert.objects.filter(kind=AlertKind.URGENT).exists()


def test_the_helper_is_seen(nurse, book, now):
    infusion = book(at=now + timedelta(minutes=5), status=InfusionStatus.ARRIVED, arrived_at=now)
    ride = CommitmentFactory(
        infusion=infusion,
        status=CommitmentStatus.ACCEPTED,
        answered_at=now,
        designation__person__is_adult=None,
        designation__person__given_name="Sam",
    )
    assert "I met Sam: 18 or older" in page(nurse, infusion)
    assert post(nurse, "seen", infusion, commitment=ride.pk).status_code == 302
    ride.designation.person.refresh_from_db()
    assert ride.designation.person.is_adult is True
    assert post(nurse, "seen", infusion, commitment="0").status_code == 404


def test_whoever_said_themselves_that_they_are_an_adult_is_met_too(nurse, book, now):
    infusion = book(at=now + timedelta(minutes=5))
    ride = CommitmentFactory(
        infusion=infusion,
        status=CommitmentStatus.ACCEPTED,
        answered_at=now,
        designation__person__given_name="Sam",
    )
    assert "I met Sam" not in page(nurse, infusion)
    Infusion.objects.update(status=InfusionStatus.ARRIVED, arrived_at=now)
    assert "I met Sam: 18 or older" in page(nurse, infusion)
    post(nurse, "seen", infusion, commitment=ride.pk)
    post(nurse, "seen", infusion, commitment=ride.pk)
    assert AuditEntry.objects.filter(verb="helper.met", subject=f"commitment:{ride.pk}").count() == 1
    html = page(nurse, infusion)
    assert ("I met Sam" in html, "Met here at 09:41." in html) == (False, True)


def test_an_interpreter_is_named(nurse, visit):
    type(visit.patient).objects.filter(pk=visit.patient_id).update(interpreter="Portuguese")
    assert "interpreter: Portuguese" in page(nurse, visit)


@pytest.mark.parametrize("state", ["booked", "started", "recovering", "ready"])
def test_the_page_stands_in_every_phase(nurse, visit, now, state):
    stamps = dict.fromkeys(["arrived_at", "started_at", "recovering_at", "ready_at"], now)
    Infusion.objects.update(status=state, **stamps)
    html = page(nurse, visit)
    assert ('name="point" value="during"' in html) == (state in {"started", "recovering"})
    assert ('name="point" value="leaving"' in html) == (state in {"recovering", "ready"})
    assert 'name="point" value="before"' not in html


@pytest.mark.parametrize("answered", [1, 3])
def test_the_number_of_queries_does_not_depend_on_what_was_answered(nurse, visit, answered, django_assert_num_queries):
    post(nurse, "answer", visit, **dict.fromkeys([str(one) for one in ASKS[:answered]], "no"))
    page(nurse, visit)
    with django_assert_num_queries(QUERIES):
        page(nurse, visit)
