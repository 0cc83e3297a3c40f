import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from clinic.domain import infusions
from clinic.enums import DischargeItem, InfusionStatus, ReleasedHow, Role, Rung
from support.domain import driving, handovers
from support.enums import CommitmentStatus, HandoverCheck
from support.models import Handover
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
    commitment, words = infusion.commitments.first(), Handover.objects.get(infusion=infusion)
    fields = {
        "commitment": commitment.pk if commitment else "",
        "check_by": HandoverCheck.CODE,
        "patient_word": words.patient_word,
        "helper_word": words.helper_word,
        "adult_seen": "on",
        "accepted_on_paper": "on",
        "instructions_given": "on",
        "score": "10",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def hand_over(client, infusion, **changes):
    return client.post(reverse("handover", args=[infusion.pk]), given(infusion, **changes))


def test_the_page_names_the_adult_and_gives_no_helper_their_word(nurse, ready):
    """Who reads the tablet over the nurse's shoulder does not learn what to say."""
    infusion = ready()
    # Without its tags: "button" is one of the words.
    page = strip_tags(nurse.get(reverse("handover", args=[infusion.pk])).content.decode())
    assert "Pat" in page
    assert infusion.handover.helper_word not in page


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
        ({"accepted_on_paper": None}, "Let them accept what they take on"),
        ({"helper_word": "apple"}, "4 more tries with the words."),
        ({"helper_word": ""}, "Write down both words as they were said."),
    ],
)
def test_what_is_missing_is_said_and_nobody_leaves(nurse, ready, missing, sentence):
    infusion = ready()
    response = hand_over(nurse, infusion, **missing)
    infusion.refresh_from_db()
    assert (response.status_code, infusion.state) == (422, S.READY)
    assert sentence in response.content.decode()


def test_after_five_wrong_words_the_page_asks_for_none(nurse, ready):
    infusion = ready()
    for _time in range(5):
        response = hand_over(nurse, infusion, patient_word="apple")
    page = response.content.decode()
    assert "The words were wrong five times." in page
    again = nurse.get(reverse("handover", args=[infusion.pk])).content.decode()
    assert "The words were wrong five times." in again
    assert "patient_word" not in again
    assert hand_over(nurse, infusion).status_code == 422
    assert hand_over(nurse, infusion, check_by=HandoverCheck.KNOWN).status_code == 302


def test_what_was_accepted_on_their_own_phone_is_said_and_not_asked_again(nurse, ready, now):
    infusion = ready()
    handovers.accept(handover=infusion.handover, now=now, actor="link:abc")
    page = nurse.get(reverse("handover", args=[infusion.pk])).content.decode()
    assert "Pat accepted at 09:41 what they take on." in page
    assert "accepted_on_paper" not in page
    assert hand_over(nurse, infusion, accepted_on_paper=None).status_code == 302


def test_each_thing_the_rules_want_looked_at_is_a_box_and_none_is_ticked(nurse, ready, site):
    items = [DischargeItem.STEADY, DischargeItem.QUESTIONS]
    infusion = ready(PolicyFactory(site=site, discharge_items=items))
    page = nurse.get(reverse("handover", args=[infusion.pk])).content.decode()
    assert page.count('name="checked"') == 2
    assert not re.search(r'name="checked"[^>]*checked=', page)
    response = hand_over(nurse, infusion, checked=[DischargeItem.STEADY])
    assert "Not ticked yet: Their questions are answered." in response.content.decode()
    assert hand_over(nurse, infusion, checked=items).status_code == 302
    left = nurse.get(reverse("handover", args=[infusion.pk])).content.decode()
    assert "Walks steadily · Their questions are answered" in left or "answered · Walks steadily" in left


def test_the_visit_leads_to_how_they_left(nurse, desk, ready):
    infusion = ready()
    hand_over(nurse, infusion)
    to_the_evidence = f'<a class="button" href="{reverse("handover", args=[infusion.pk])}">How they left</a>'
    assert to_the_evidence in nurse.get(reverse("infusion", args=[infusion.pk])).content.decode()
    assert "How they left" not in desk.get(reverse("infusion", args=[infusion.pk])).content.decode()


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
    assert (infusion.state, driving.drive_from(infusion=infusion) is not None) == (S.HOME, True)
