from datetime import timedelta

import pytest
from django.urls import reverse

from clinic.domain import infusions
from clinic.enums import InfusionStatus, ReleasedHow, Role, Rung
from support.domain import handovers
from support.enums import CommitmentStatus, HandoverCheck
from tests.factories import CommitmentFactory, PolicyFactory, StaffFactory

S = InfusionStatus


@pytest.fixture
def nurse(sign_in):
    return sign_in(Role.NURSE)


@pytest.fixture
def ready(book, site, now):
    """Kim is ready to leave, Pat has the way home."""

    def visit(policy=None, covered=True):
        fields = {"policy": policy} if policy else {}
        infusion = book(at=now - timedelta(hours=2), **fields)
        if covered:
            CommitmentFactory(
                infusion=infusion,
                status=CommitmentStatus.RECONFIRMED,
                answered_at=now,
                reconfirmed_at=now,
                designation__person__given_name="Pat",
            )
        by = StaffFactory(role=Role.CLINICIAN, sites=[site])
        early = now - timedelta(minutes=90)
        infusions.arrive(infusion=infusion, actor=by, now=early)
        infusions.start(infusion=infusion, actor=by, now=early, override_reason="" if covered else "For the test")
        infusions.recover(infusion=infusion, actor=by, now=early)
        return infusions.ready(infusion=infusion, actor=by, now=now - timedelta(minutes=5))

    return visit


def given(infusion, **changes):
    commitment = infusion.commitments.first()
    fields = {
        "commitment": commitment.pk if commitment else "",
        "check_by": HandoverCheck.CODE,
        "adult_seen": "on",
        "instructions_given": "on",
        "score": "10",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def hand_over(client, infusion, **changes):
    return client.post(reverse("handover", args=[infusion.pk]), given(infusion, **changes))


def test_the_page_shows_the_two_words_and_the_named_adult(nurse, ready):
    infusion = ready()
    page = nurse.get(reverse("handover", args=[infusion.pk])).content.decode()
    words = infusion.handover
    assert all(word in page for word in (words.patient_word, words.helper_word, "Pat"))


def test_handing_over_to_the_named_adult(nurse, ready):
    infusion = ready()
    assert hand_over(nurse, infusion).headers["Location"] == reverse("today")
    infusion.refresh_from_db()
    assert (infusion.state, infusion.released_how) == (S.RELEASED, ReleasedHow.HANDOVER)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"adult_seen": None}, "in person first"),
        ({"instructions_given": None}, "Give the instructions"),
        ({"score": "7"}, "The discharge score is below 9."),
    ],
)
def test_what_is_missing_is_said_and_nobody_leaves(nurse, ready, missing, sentence):
    infusion = ready()
    response = hand_over(nurse, infusion, **missing)
    infusion.refresh_from_db()
    assert (response.status_code, infusion.state) == (422, S.READY)
    assert sentence in response.content.decode()


def test_who_may_sign_off_another_way_is_named_and_comes_back_to_this_page(nurse, ready):
    infusion = ready()
    doctor = StaffFactory(role=Role.CLINICIAN, sites=[infusion.site], full_name="Kwame Osei")
    page = nurse.get(reverse("handover", args=[infusion.pk])).content.decode()
    address = f"{reverse('switch_person')}?next={reverse('handover', args=[infusion.pk])}"
    assert doctor.full_name in page
    assert address in page


def test_the_score_names_its_scale_and_holds_to_it(nurse, ready):
    infusion = ready()
    page = nurse.get(reverse("handover", args=[infusion.pk])).content.decode()
    assert "PADSS: five items of 0 to 2 points. At least 9 of 10 under the signed rules." in page
    assert hand_over(nurse, infusion, score="11").status_code == 422


@pytest.mark.parametrize("missing", ["check_by", "score", "commitment"])
def test_an_empty_field_is_pointed_at(nurse, ready, missing):
    infusion = ready()
    response = hand_over(nurse, infusion, **{missing: None})
    assert (response.status_code, "form-errors" in response.content.decode()) == (422, True)


def test_a_promise_for_another_visit_is_no_choice(nurse, ready):
    infusion, other = ready(), ready()
    response = hand_over(nurse, infusion, commitment=other.commitments.get().pk)
    infusion.refresh_from_db()
    assert (response.status_code, infusion.state) == (422, S.READY)


def test_with_nobody_the_patient_stays(nurse, ready):
    page = nurse.get(reverse("handover", args=[ready(covered=False).pk])).content.decode()
    assert "The patient stays here until somebody does." in page


def test_before_the_start_there_is_no_handover(nurse, book, now):
    infusion = book(at=now + timedelta(minutes=5))
    assert "The visit has not started" in nurse.get(reverse("handover", args=[infusion.pk])).content.decode()


def otherwise(client, infusion, how, **changes):
    fields = {"other-how": how, "other-evidence": "Ride 4711, her brother opens the door", "other-score": "10"}
    return client.post(reverse("infusion_release", args=[infusion.pk]), {**fields, **changes})


def test_only_ways_the_policy_allows_are_offered(sign_in, ready, site):
    clinician = sign_in(Role.CLINICIAN)
    strict, wide = ready(), ready(PolicyFactory(site=site, rungs=[Rung.ADULT_DRIVES, Rung.WATCHED_RIDE]))
    assert "Watched ride" not in clinician.get(reverse("handover", args=[strict.pk])).content.decode()
    assert "Watched ride" in clinician.get(reverse("handover", args=[wide.pk])).content.decode()
    assert otherwise(clinician, strict, ReleasedHow.WATCHED_RIDE).status_code == 422


def test_a_watched_ride_leaves_with_its_evidence(sign_in, ready, site):
    infusion = ready(PolicyFactory(site=site, rungs=[Rung.ADULT_DRIVES, Rung.WATCHED_RIDE]))
    assert otherwise(sign_in(Role.CLINICIAN), infusion, ReleasedHow.WATCHED_RIDE).status_code == 302
    infusion.refresh_from_db()
    assert infusion.handover.evidence == "Ride 4711, her brother opens the door"


def test_no_other_way_without_evidence(sign_in, ready):
    response = otherwise(sign_in(Role.CLINICIAN), ready(), ReleasedHow.AGAINST_ADVICE, **{"other-evidence": ""})
    assert response.status_code == 422


def test_a_nurse_cannot_sign_off(nurse, ready):
    infusion = ready()
    response = otherwise(nurse, infusion, ReleasedHow.AGAINST_ADVICE)
    infusion.refresh_from_db()
    assert (response.status_code, infusion.state) == (422, S.READY)


def test_the_front_desk_hands_nobody_over(desk, ready):
    assert hand_over(desk, ready()).status_code == 403


def test_staff_can_write_down_that_they_are_home(desk, nurse, ready, now):
    infusion = ready()
    hand_over(nurse, infusion)
    desk.post(reverse("infusion_home", args=[infusion.pk]))
    infusion.refresh_from_db()
    assert (infusion.state, handovers.drive_from(infusion=infusion) is not None) == (S.HOME, True)
