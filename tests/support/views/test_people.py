from datetime import timedelta

import pytest
from django.urls import reverse

from clinic.domain.audit import staff as staff_actor
from clinic.enums import Role
from clinic.models import AuditEntry
from messaging.models import Consent, Message
from support.domain import links, pending
from support.enums import CommitmentStatus, ConsentHow, MayKnow, SupportRole
from support.models import Commitment, Designation, Link, PendingChange, SupportPerson
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    PatientFactory,
    StaffFactory,
    SupportPersonFactory,
)

C = CommitmentStatus


@pytest.fixture
def maya(site, policy):
    return PatientFactory(site=site, given_name="Maya")


def typed(**changes):
    fields = {
        "given_name": "Sam",
        "family_name": "Okoro",
        "phone": "(410) 555-0123",
        "email": "sam@example.org",
        "relationship": "brother",
        "language": "en",
        "is_adult": "on",
        "roles": [SupportRole.RIDE],
        "rank": "1",
        "may_know": [MayKnow.DATES],
        "consent_how": ConsentHow.IN_PERSON,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def name_helper(client, patient, **changes):
    return client.post(reverse("designation_new", args=[patient.pk]), typed(**changes))


def test_naming_a_helper_asks_them_for_every_visit_ahead_and_invites_them(desk, maya, book, now):
    visit = book(at=now + timedelta(days=4), course=CourseFactory(patient=maya))
    assert name_helper(desk, maya).headers["Location"] == reverse("patient", args=[maya.pk])
    named = Designation.objects.select_related("person", "witnessed_by").get(patient=maya)
    assert (named.person.phone, named.roles, named.may_know) == ("+14105550123", ["ride"], ["dates"])
    assert named.witnessed_by is not None
    assert "Sam" in named.consent_wording
    assert Commitment.objects.get(infusion=visit).designation == named
    assert set(Message.objects.filter(kind__startswith="helper").values_list("kind", "channel")) == {
        ("helper_invitation", "sms"),
        ("helper_invitation", "email"),
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phone": "555-12"}, "cannot be dialled"),
        ({"email": "sam at home"}, "Mail cannot be sent"),
        ({"is_adult": None}, "Only an adult can take somebody home."),
        ({"given_name": ""}, "First name"),
        ({"roles": []}, "Helps with"),
    ],
)
def test_what_is_wrong_is_said_and_everything_typed_is_kept(desk, maya, changes, sentence):
    response = name_helper(desk, maya, **changes)
    page = response.content.decode()
    assert (response.status_code, sentence in page, "brother" in page) == (422, True, True)
    assert not SupportPerson.objects.exists()


def test_html_and_sql_in_a_name_stay_text(desk, maya):
    name_helper(desk, maya, given_name="<script>alert(1)</script>", family_name="'; DROP TABLE x; --")
    page = desk.get(reverse("patient", args=[maya.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_helper_for_the_evening_may_be_of_any_age(desk, maya):
    assert name_helper(desk, maya, is_adult=None, roles=[SupportRole.FOLLOWUP]).status_code == 302


def test_a_known_number_asks_whether_it_is_the_same_person(desk, maya, site):
    known = SupportPersonFactory(site=site, given_name="Lee", phone="+14105550123")
    response = name_helper(desk, maya)
    page = response.content.decode()
    assert response.status_code == 422
    assert f"Yes, it is {known.full_name}" in page
    assert 'value="brother"' in page


def test_the_same_person_is_linked_and_not_made_twice(desk, maya, site):
    known = SupportPersonFactory(site=site, given_name="Lee", phone="+14105550123")
    name_helper(desk, maya, same_person=str(known.pk))
    assert Designation.objects.get(patient=maya).person == known
    assert SupportPerson.objects.count() == 1


def test_what_was_asked_of_a_known_person_is_kept(desk, maya, site):
    known = SupportPersonFactory(site=site, given_name="Lee", phone="+14105550123", is_adult=None)
    name_helper(desk, maya, same_person=str(known.pk))
    known.refresh_from_db()
    assert known.is_adult is True
    assert "Lee" in Designation.objects.get(patient=maya).consent_wording


def test_somebody_else_with_the_same_number_is_another_person(desk, maya, site):
    SupportPersonFactory(site=site, given_name="Lee", phone="+14105550123")
    name_helper(desk, maya, same_person="no")
    assert Designation.objects.get(patient=maya).person.given_name == "Sam"


def test_a_known_person_of_another_clinic_is_nobodys_choice(desk, maya):
    elsewhere = SupportPersonFactory(phone="+14105550123")
    assert name_helper(desk, maya, same_person=str(elsewhere.pk)).status_code == 302
    assert Designation.objects.get(patient=maya).person != elsewhere


def test_the_same_person_twice_on_a_list_is_refused_in_words(desk, maya, site):
    named = DesignationFactory(patient=maya, person__phone="+14105550123", person__site=site)
    response = name_helper(desk, maya, same_person=str(named.person_id))
    assert (response.status_code, "already on the list" in response.content.decode()) == (422, True)


def test_changing_what_a_person_may_know(desk, maya):
    named = DesignationFactory(patient=maya)
    data = {"relationship": "aunt", "roles": ["followup"], "rank": "2", "may_know": [], "consent_how": "phone"}
    desk.post(reverse("designation_edit", args=[named.pk]), data)
    named.refresh_from_db()
    assert (named.relationship, named.roles, named.rank, named.may_know) == ("aunt", ["followup"], 2, [])


def test_a_last_day_is_said_to_staff_and_stands_on_the_record(desk, maya):
    named = DesignationFactory(patient=maya)
    said = {"roles": ["ride"], "rank": "1", "may_know": [], "consent_how": "phone", "until": "2026-06-05"}
    assert desk.post(reverse("designation_edit", args=[named.pk]), said).status_code == 302
    assert "until 5 June 2026" in desk.get(reverse("patient", args=[maya.pk])).content.decode()


def test_an_age_that_was_not_known_can_be_recorded(desk, maya):
    named = DesignationFactory(patient=maya, person__is_adult=None)
    data = {"roles": ["ride"], "rank": "1", "is_adult": "on", "consent_how": "phone"}
    desk.post(reverse("designation_edit", args=[named.pk]), data)
    named.person.refresh_from_db()
    assert named.person.is_adult is True


def test_taking_somebody_off_the_list_closes_their_link(desk, maya, now):
    named = DesignationFactory(patient=maya)
    links.for_designation(designation=named, now=now)
    desk.post(reverse("designation_withdraw", args=[named.pk]))
    assert Link.objects.get(designation=named).withdrawn_at == now
    assert desk.get(reverse("designation_edit", args=[named.pk])).status_code == 404


def test_correcting_a_helpers_number(desk, maya):
    named = DesignationFactory(patient=maya, person__phone="", person__phone_as_received="555-WRONG")
    page = desk.get(reverse("designation_contact", args=[named.pk])).content.decode()
    assert "555-WRONG" in page
    desk.post(reverse("designation_contact", args=[named.pk]), {"phone": "410 555 0177", "email": ""})
    named.person.refresh_from_db()
    assert named.person.phone == "+14105550177"


def test_the_link_goes_again_once_a_minute(desk, maya):
    named = DesignationFactory(patient=maya)
    for _press in range(2):
        desk.post(reverse("designation_send_link", args=[named.pk]))
    assert Message.objects.filter(kind="helper_invitation").count() == 1


def test_a_link_that_can_go_nowhere_is_refused_in_words(desk, maya):
    named = DesignationFactory(patient=maya, person__phone="", person__email="")
    response = desk.post(reverse("designation_send_link", args=[named.pk]))
    assert (response.status_code, "no number or e-mail" in response.content.decode()) == (422, True)


def test_a_yes_to_texts_is_written_down(desk, maya, now):
    named = DesignationFactory(patient=maya, person__agreed=False)
    desk.post(reverse("designation_texts", args=[named.pk]))
    rows = Consent.objects.filter(person=f"person:{named.person_id}", purpose="rides", given_at=now)
    assert set(rows.values_list("channel", "address")) == {("sms", named.person.phone), ("email", named.person.email)}


def test_a_yes_of_somebody_without_a_mobile_is_written_down_for_their_e_mail(desk, maya):
    named = DesignationFactory(
        patient=maya, person__given_name="Jo", person__phone="", person__email="Jo@example.org", person__agreed=False
    )
    record = reverse("patient", args=[maya.pk])
    assert "Jo said yes to messages" in desk.get(record).content.decode()
    desk.post(reverse("designation_texts", args=[named.pk]))
    assert "Jo said yes to messages" not in desk.get(record).content.decode()
    rows = Consent.objects.filter(person=f"person:{named.person_id}", purpose="rides")
    assert list(rows.values_list("channel", "address")) == [("email", "jo@example.org")]


@pytest.mark.parametrize(
    ("before", "answer", "after"),
    [
        (C.ASKED, "yes", C.ACCEPTED),
        (C.ASKED, "no", C.DECLINED),
        (C.ACCEPTED, "confirm", C.RECONFIRMED),
        (C.ACCEPTED, "back", C.WITHDRAWN),
    ],
)
def test_what_was_said_by_phone_is_recorded_with_who_heard_it(sign_in, site, book, now, before, answer, after):
    dana = StaffFactory(sites=[site])
    answered = None if before == C.ASKED else now - timedelta(days=1)
    row = CommitmentFactory(infusion=book(at=now + timedelta(days=3)), status=before, answered_at=answered)
    sign_in(staff=dana).post(reverse("commitment_record", args=[row.pk]), {"answer": answer})
    row.refresh_from_db()
    assert row.status == after
    assert AuditEntry.objects.filter(actor=staff_actor(dana), verb=f"commitment.{after}").exists()


def test_a_date_somebody_else_has_is_refused_on_the_visits_page(desk, book, now):
    visit = book(at=now + timedelta(days=3))
    CommitmentFactory(infusion=visit, status=C.ACCEPTED, answered_at=now)
    late = CommitmentFactory(infusion=visit, status=C.COVERED)
    response = desk.post(reverse("commitment_record", args=[late.pk]), {"answer": "yes"})
    assert (response.status_code, "Somebody else has this date." in response.content.decode()) == (422, True)


@pytest.mark.parametrize("answer", ["", "maybe", "delete"])
def test_an_answer_that_is_none_is_refused(desk, book, now, answer):
    row = CommitmentFactory(infusion=book(at=now + timedelta(days=3)))
    assert desk.post(reverse("commitment_record", args=[row.pk]), {"answer": answer}).status_code == 422
    assert Commitment.objects.get().status == C.ASKED


def test_whom_to_call_first_is_written_down_and_shown(desk, maya, site):
    name_helper(desk, maya, roles=None, is_adult=None, call_first="on")
    named = Designation.objects.get(patient=maya)
    assert (named.roles, named.call_first) == ([], True)
    assert "called first in an emergency" in desk.get(reverse("patient", args=[maya.pk])).content.decode()


def test_somebody_for_nothing_is_refused_in_words(desk, maya):
    page = name_helper(desk, maya, roles=None)
    assert (page.status_code, "Say what this person helps with." in page.content.decode()) == (422, True)


def test_with_a_guardian_the_desk_asks_them_first_and_keeps_that_they_agreed(desk, maya):
    maya.guardian = "Ana Berg, 410 555 0100"
    maya.save(update_fields=["guardian"])
    assert "Ask the guardian first, then tick this." in name_helper(desk, maya).content.decode()
    assert not Designation.objects.exists()
    name_helper(desk, maya, guardian_agreed="on")
    assert Designation.objects.get().consent_wording.endswith("The guardian agreed: Ana Berg, 410 555 0100.")


def test_with_a_guardian_less_needs_no_tick_and_more_does_and_is_kept(desk, maya):
    maya.guardian = "Ana Berg"
    maya.save(update_fields=["guardian"])
    named = DesignationFactory(patient=maya, roles=[SupportRole.RIDE], may_know=[MayKnow.DATES])
    url, said = reverse("designation_edit", args=[named.pk]), {"rank": "1", "consent_how": ConsentHow.PHONE}
    assert desk.post(url, said | {"roles": ["ride"], "may_know": []}).status_code == 302
    before = named.consent_at
    named.refresh_from_db()
    assert named.consent_at == before
    assert desk.post(url, said | {"roles": ["ride", "followup"]}).status_code == 422
    assert desk.post(url, said | {"roles": ["ride", "followup"], "guardian_agreed": "on"}).status_code == 302
    named.refresh_from_db()
    assert named.consent_wording.endswith("The guardian agreed: Ana Berg.")
    assert (named.consent_how, named.witnessed_by.role) == (ConsentHow.PHONE, Role.FRONT_DESK)


def under_treatment(book, maya, now):
    begun = {"arrived_at": now - timedelta(minutes=20), "started_at": now - timedelta(minutes=5)}
    return book(at=now - timedelta(minutes=25), course=CourseFactory(patient=maya), status="started", **begun)


def test_during_a_treatment_the_desk_keeps_it_and_a_clinician_confirms_it(desk, sign_in, maya, book, now):
    under_treatment(book, maya, now)
    page = desk.post(reverse("designation_new", args=[maya.pk]), typed(), follow=True).content.decode()
    assert "Kept, and not done yet" in page
    assert "Sam Okoro waits for the patient’s word" in page
    assert not Designation.objects.exists()
    confirm = reverse("kept_confirm", args=[PendingChange.objects.get().pk])
    refused = desk.post(confirm, {"consent_how": ConsentHow.IN_PERSON})
    assert (refused.status_code, "only a clinician can hear it" in refused.content.decode()) == (422, True)
    clinician = sign_in(Role.CLINICIAN)
    assert clinician.post(confirm, {"consent_how": ConsentHow.IN_PERSON}).status_code == 302
    assert Designation.objects.get().witnessed_by.role == Role.CLINICIAN


def test_during_a_treatment_the_desk_still_takes_something_away(desk, maya, book, now):
    under_treatment(book, maya, now)
    named = DesignationFactory(patient=maya)
    desk.post(
        reverse("designation_edit", args=[named.pk]),
        {"roles": ["ride"], "rank": "1", "may_know": [], "consent_how": "phone"},
    )
    named.refresh_from_db()
    assert (named.roles, named.may_know, PendingChange.objects.exists()) == (["ride"], [], False)


def test_what_waits_is_dropped_on_the_patients_word(desk, maya, book, now):
    under_treatment(book, maya, now)
    name_helper(desk, maya)
    kept = PendingChange.objects.get()
    desk.post(reverse("kept_drop", args=[kept.pk]))
    kept.refresh_from_db()
    assert kept.is_confirmed is False
    assert "waits for the patient" not in desk.get(reverse("patient", args=[maya.pk])).content.decode()


def test_an_interpreter_and_a_guardian_stand_on_the_pages_about_the_patient(desk, sign_in, maya, book, now):
    visit = under_treatment(book, maya, now)
    record, visits = reverse("patient", args=[maya.pk]), reverse("infusion", args=[visit.pk])
    nurse = sign_in(Role.NURSE)
    for page in (record, visits):
        assert "interpreter" not in nurse.get(page).content.decode()
    changes = {"given_name": "Maya", "family_name": "T", "birth_date": "1990-05-17", "language": "en"}
    changes |= {"interpreter": "Polish", "guardian": "Ana Berg"}
    assert desk.post(reverse("patient_edit", args=[maya.pk]), changes).status_code == 302
    for page in (record, visits):
        words = nurse.get(page).content.decode()
        assert "Needs an interpreter for Polish." in words
        assert "Legal guardian: Ana Berg." in words
    assert "interpreter: Polish" in nurse.get(reverse("handover", args=[visit.pk])).content.decode()


def test_what_was_not_said_again_within_a_week_stands_on_the_record(desk, maya, book, now):
    under_treatment(book, maya, now)
    name_helper(desk, maya)
    PendingChange.objects.update(asked_at=now - timedelta(days=7))
    pending.sweep(now=now)
    words = desk.get(reverse("patient", args=[maya.pk])).content.decode()
    assert "was not said again within a week, so nothing was changed." in words
    assert "waits for the patient" not in words


def test_who_was_taken_for_under_18_by_mistake_is_put_right_in_one_go(desk, maya):
    """ "Call us, and we put it right": the way home they are named for does not stand in its way."""
    named = DesignationFactory(patient=maya, person__is_adult=False)
    data = {"roles": ["ride"], "rank": "1", "is_adult": "on", "consent_how": "phone"}
    assert desk.post(reverse("designation_edit", args=[named.pk]), data).status_code == 302
    named.person.refresh_from_db()
    assert named.person.is_adult is True


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_last_day_that_no_calendar_knows_is_a_sentence(desk, maya, day):
    named = DesignationFactory(patient=maya)
    said = {"roles": ["ride"], "rank": "1", "consent_how": "phone", "until": day}
    answer = desk.post(reverse("designation_edit", args=[named.pk]), said)
    assert (answer.status_code, "Enter a day in the years to come." in answer.content.decode()) == (422, True)
    assert name_helper(desk, maya, until=day).status_code == 422
