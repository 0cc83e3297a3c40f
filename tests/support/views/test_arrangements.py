"""Other ways home on the visit's page: shown with their last hour, arranged and ended by one press, or refused."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from clinic.enums import InfusionStatus, Role, Rung
from clinic.models import AuditEntry, Patient, Policy, SecondSignature
from support.enums import CommitmentStatus
from support.models import Arrangement, Commitment, SupportPerson
from tests.factories import CommitmentFactory, CourseFactory, PolicyFactory, StaffFactory, SupportPersonFactory

RIDE = {"ride-ride": "City Cabs, booking 4412", "ride-watcher": "Dana", "ride-home_by": "17:30"}
STAY = {"stay-watcher": "Dana", "stay-home": "by bus"}
EVERY_WAY = [Rung.ADULT_DRIVES, Rung.PAID_ESCORT, Rung.WATCHED_RIDE, Rung.EXTENDED_STAY, Rung.POSTPONE]


@pytest.fixture
def policy(site) -> Policy:
    return PolicyFactory(site=site, rungs=EVERY_WAY)


@pytest.fixture
def visit(book, now):
    """Tomorrow at 11:41."""
    return book(at=now + timedelta(hours=26))


@pytest.fixture
def clinician(sign_in):
    return sign_in(Role.CLINICIAN)


@pytest.fixture
def pat(site) -> SupportPerson:
    return SupportPersonFactory(
        site=site, given_name="Pat", family_name="Homesafe", is_escort=True, escort_terms="Homesafe, $45"
    )


def shown(client, visit) -> str:
    return client.get(reverse("infusion", args=[visit.pk])).content.decode()


def press(client, name, visit, data, part, at=None):
    moment = (at or visit.starts_at).isoformat()
    return client.post(reverse(name, args=[visit.pk]), {**data, f"{part}-for_starts_at": moment})


def test_each_way_of_the_rules_is_shown_with_its_last_hour(clinician, visit, pat):
    page = shown(clinician, visit)
    for label in ("A paid escort from the clinic’s list", "A ride the clinic books", "A longer stay"):
        assert label.replace("’", "&#x27;") in page or label in page
    assert page.count("Can be arranged until") == 3
    assert "Homesafe, $45" in page


def test_what_the_rules_do_not_name_is_not_offered(clinician, visit, site):
    visit.policy = PolicyFactory(site=site, rungs=[Rung.ADULT_DRIVES])
    visit.save(update_fields=["policy"])
    assert "Another way home" not in shown(clinician, visit)


def test_a_watched_ride_is_arranged_by_one_press_and_stands_on_the_page_and_the_board(clinician, visit, now):
    response = press(clinician, "infusion_watched_ride", visit, RIDE, "ride")
    assert response.status_code == 302
    row = Arrangement.objects.get()
    assert row.details == "City Cabs, booking 4412, home by 17:30; Dana watches it"
    assert row.arranged_by == row.authorised_by
    page = shown(clinician, visit)
    assert row.details in page
    assert f"signed off by {row.authorised_by.full_name}" in page
    day = clinician.get(reverse("today"), {"day": f"{visit.starts_at:%Y-%m-%d}"}).content.decode()
    assert "Watched ride" in day


def test_what_is_missing_is_said_on_the_form_and_nothing_is_lost(clinician, visit):
    response = press(clinician, "infusion_watched_ride", visit, {**RIDE, "ride-watcher": ""}, "ride")
    page = response.content.decode()
    assert (response.status_code, Arrangement.objects.count()) == (422, 0)
    assert "Who watches it: This field is required." in page
    assert 'value="City Cabs, booking 4412"' in page


def test_a_page_of_the_time_before_arranges_nothing(clinician, visit, now):
    response = press(clinician, "infusion_watched_ride", visit, RIDE, "ride", at=now)
    assert response.status_code == 422
    assert "The time of this visit has changed." in response.content.decode()


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-03-04T16:41:00", "9" * 400])
def test_a_time_nobody_wrote_is_refused(clinician, visit, moment):
    data = {**RIDE, "ride-for_starts_at": moment}
    response = clinician.post(reverse("infusion_watched_ride", args=[visit.pk]), data)
    assert (response.status_code, Arrangement.objects.count()) == (422, 0)


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE])
def test_who_may_not_sign_sees_who_may_and_cannot_press(sign_in, visit, role):
    client = sign_in(role)
    page = shown(client, visit)
    assert "A ride or a longer stay is signed off by: Clinician, Medical director." in page
    assert reverse("infusion_watched_ride", args=[visit.pk]) not in page
    response = press(client, "infusion_watched_ride", visit, RIDE, "ride")
    assert (response.status_code, Arrangement.objects.count()) == (422, 0)
    assert "signed off by a role" in response.content.decode()


def test_a_longer_stay_says_until_when_and_holds_the_room(clinician, visit):
    planned = visit.ends_at
    assert "is held until" in shown(clinician, visit)
    assert press(clinician, "infusion_longer_stay", visit, STAY, "stay").status_code == 302
    visit.refresh_from_db()
    assert visit.ends_at > planned
    assert "The room is held until" in shown(clinician, visit)


def test_where_the_next_visit_stands_the_page_names_it_and_offers_no_form(clinician, visit, book, site):
    omar = CourseFactory(patient__site=site, patient__given_name="Omar", patient__family_name="Perez")
    book(at=visit.room_free_at, room=visit.room, course=omar)
    page = shown(clinician, visit)
    assert f"{visit.room.name} is needed for Omar P. on" in page
    assert reverse("infusion_longer_stay", args=[visit.pk]) not in page
    response = press(clinician, "infusion_longer_stay", visit, STAY, "stay")
    assert (response.status_code, Arrangement.objects.count()) == (422, 0)


def test_it_ends_with_a_word_which_stays_on_the_page(clinician, visit):
    press(clinician, "infusion_watched_ride", visit, RIDE, "ride")
    end = reverse("arrangement_end", args=[Arrangement.objects.get().pk])
    assert clinician.post(end, {"why": " "}).status_code == 422
    assert clinician.post(end, {"why": "Her sister can come"}).status_code == 302
    assert "Her sister can come" in shown(clinician, visit)
    assert Arrangement.objects.get().ended_at is not None


def test_the_desk_books_an_escort_with_the_patients_word(desk, visit, pat):
    data = {"escort-escort": pat.pk, "escort-has_agreed": "on", "escort-consent_how": "phone"}
    assert press(desk, "infusion_escort", visit, data, "escort").status_code == 302
    yes = Commitment.objects.get()
    assert (yes.designation.person, yes.status) == (pat, CommitmentStatus.ACCEPTED)
    assert yes.designation.consent_wording.startswith("“Pat Homesafe, whom the clinic knows, may take me home")
    assert "Pat Homesafe" in shown(desk, visit)


def test_with_a_guardian_the_desk_asks_them_before_an_escort(desk, visit, pat):
    Patient.objects.update(guardian="Ana Berg")
    assert "Ana Berg" in shown(desk, visit)
    data = {"escort-escort": pat.pk, "escort-has_agreed": "on", "escort-consent_how": "phone"}
    response = press(desk, "infusion_escort", visit, data, "escort")
    assert (response.status_code, Commitment.objects.count()) == (422, 0)
    assert press(desk, "infusion_escort", visit, {**data, "escort-guardian_agreed": "on"}, "escort").status_code == 302
    assert Commitment.objects.get().designation.consent_wording.endswith("The guardian agreed: Ana Berg.")


def test_without_the_escorts_word_nobody_is_booked(desk, visit, pat):
    data = {"escort-escort": pat.pk, "escort-consent_how": "phone"}
    assert press(desk, "infusion_escort", visit, data, "escort").status_code == 422
    assert not Commitment.objects.exists()


def test_who_was_put_away_is_not_offered_and_not_booked(desk, visit, pat):
    SupportPerson.objects.update(is_active=False)
    assert "Pat Homesafe" not in shown(desk, visit)
    data = {"escort-escort": pat.pk, "escort-has_agreed": "on", "escort-consent_how": "phone"}
    response = press(desk, "infusion_escort", visit, data, "escort")
    assert (response.status_code, Commitment.objects.count()) == (422, 0)


def test_another_clinics_visit_and_arrangement_are_not_found(site, visit, clinician):
    press(clinician, "infusion_watched_ride", visit, RIDE, "ride")
    from_elsewhere = StaffFactory(role=Role.DIRECTOR, sites=[PolicyFactory().site])
    clinician.force_login(from_elsewhere)
    assert press(clinician, "infusion_watched_ride", visit, RIDE, "ride").status_code == 404
    assert clinician.post(reverse("arrangement_end", args=[Arrangement.objects.get().pk])).status_code == 404


@pytest.mark.parametrize("name", ["infusion_watched_ride", "infusion_longer_stay", "infusion_escort"])
def test_nothing_is_arranged_by_looking(clinician, visit, name):
    assert clinician.get(reverse(name, args=[visit.pk])).status_code == 405


# --- a start against the rules, signed by two ---------------------------------------------------------------


PASSWORD = "correct horse battery staple"
REASON = {"override_reason": "Her sister is on the way"}


@pytest.fixture
def here(book, now, site):
    """In the house, without a way home, under rules that want two."""
    policy = PolicyFactory(site=site, override_needs_second=True)
    return book(at=now, policy=policy, status=InfusionStatus.ARRIVED, arrived_at=now)


@pytest.fixture
def second(site):
    return StaffFactory(role=Role.DIRECTOR, sites=[site], full_name="Kim Lee")


def start(client, visit, **typed):
    return client.post(reverse("infusion_start", args=[visit.pk]), {**REASON, **typed})


def test_the_form_asks_for_a_second_person_only_where_the_rules_want_one(clinician, here, site):
    assert 'name="second_password"' in shown(clinician, here)
    here.policy = PolicyFactory(site=site)
    here.save(update_fields=["policy"])
    assert 'name="second_password"' not in shown(clinician, here)


def test_with_their_own_password_they_sign_too_and_stay_signed_out(clinician, here, second):
    me = clinician.session["_auth_user_id"]
    assert start(clinician, here, second_email=second.email, second_password=PASSWORD).status_code == 302
    here.refresh_from_db()
    assert (here.state, SecondSignature.objects.get().by) == (InfusionStatus.STARTED, second)
    assert clinician.session["_auth_user_id"] == me
    assert "Kim Lee signed too." in shown(clinician, here)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "A second person who may do this signs too."),
        ({"second_password": "wrong"}, "The e-mail or the password of the second person does not fit."),
        ({"second_email": "nobody@example.org", "second_password": PASSWORD}, "does not fit."),
    ],
)
def test_a_wrong_password_is_a_sentence_and_the_reason_is_kept(clinician, here, second, typed, sentence):
    if "second_password" in typed:
        typed = {"second_email": second.email, **typed}
    response = start(clinician, here, **typed)
    page = response.content.decode()
    assert (response.status_code, sentence in page, REASON["override_reason"] in page) == (422, True, True)
    assert PASSWORD not in page
    here.refresh_from_db()
    assert here.state is InfusionStatus.ARRIVED
    assert AuditEntry.objects.filter(verb="second.refused").count() == bool(typed)


def test_nobody_is_their_own_second_person(sign_in, here, site):
    me = StaffFactory(role=Role.CLINICIAN, sites=[site])
    response = start(sign_in(staff=me), here, second_email=me.email, second_password=PASSWORD)
    assert "The second person must be somebody else than you." in response.content.decode()


def test_passwords_are_not_guessed_at_this_form_either(clinician, here, second):
    cache.clear()
    for _try in range(5):
        start(clinician, here, second_email=second.email, second_password="guess")
    response = start(clinician, here, second_email=second.email, second_password=PASSWORD)
    here.refresh_from_db()
    assert (response.status_code, here.state) == (422, InfusionStatus.ARRIVED)
    assert "Too many failed" in response.content.decode()


def test_a_confirmed_way_home_needs_nobody_else(clinician, here, now):
    CommitmentFactory(infusion=here, status=CommitmentStatus.RECONFIRMED, answered_at=now, reconfirmed_at=now)
    assert clinician.post(reverse("infusion_start", args=[here.pk])).status_code == 302


# --- out of the door ----------------------------------------------------------------------------------------


def test_a_nurse_lets_go_by_what_a_clinician_signed_off_when_it_was_arranged(sign_in, book, now, site):
    clinician, nurse = sign_in(Role.CLINICIAN), sign_in(Role.NURSE)
    visit = book(at=now + timedelta(hours=26))
    press(clinician, "infusion_watched_ride", visit, RIDE, "ride")
    row, begun = Arrangement.objects.get(), now - timedelta(hours=3)
    phases = {"arrived_at": begun, "started_at": begun, "recovering_at": begun + timedelta(hours=1), "ready_at": now}
    times = {"starts_at": begun, "pickup_from": now, "ends_at": now, "room_free_at": now}
    type(visit).objects.filter(pk=visit.pk).update(status=InfusionStatus.READY, **phases, **times)
    Arrangement.objects.update(for_starts_at=begun)
    page = nurse.get(reverse("handover", args=[visit.pk])).content.decode()
    assert f"signed off by {row.authorised_by.full_name} when it was arranged" in page
    response = nurse.post(
        reverse("infusion_release", args=[visit.pk]),
        {"other-how": "watched_ride", "other-evidence": "", "other-score": "10"},
    )
    visit.refresh_from_db()
    assert (response.status_code, visit.state) == (302, InfusionStatus.RELEASED)
    assert (visit.handover.evidence, visit.handover.authorised_by) == (row.details, row.authorised_by)
