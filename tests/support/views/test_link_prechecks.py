"""A patient answers before a visit, on their own phone."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from clinic.domain import infusions
from clinic.enums import HoldQuestion
from clinic.models import HoldAnswer
from education import directory
from support.domain import alerts, links
from support.enums import AlertKind
from support.models import Alert
from tests.factories import PatientFactory, PolicyFactory

pytestmark = pytest.mark.django_db

Q = HoldQuestion
ASKS = [Q.ATE, Q.ILL, Q.DARK]
ALL_NO = dict.fromkeys([str(one) for one in ASKS], "no")


@pytest.fixture
def visit(clinic, next_week):
    directory.sync(now=clinic.now)
    clinic.policy = PolicyFactory(site=clinic.site, hold_questions=ASKS)
    return clinic.book(next_week)


@pytest.fixture
def evening(next_week) -> datetime:
    """16:00 in New York, the day before."""
    return next_week - timedelta(hours=21, minutes=30)


def at(clinic, moment: datetime, path: str = "", *, patient=None, **data):
    """What the patient's link shows at this moment, or what a POST leads to."""
    with time_machine.travel(moment, tick=False):
        browser, link = Client(), links.for_patient(patient=patient or clinic.patient, now=moment)
        home = browser.get(f"/l/{links.token(link)}/", follow=True).request["PATH_INFO"]
        return browser.post(f"{home}{path}", data, follow=True) if data else browser.get(f"{home}{path}")


def test_the_questions_are_offered_from_four_in_the_afternoon(clinic, visit, evening):
    assert "Answer the questions" not in at(clinic, evening - timedelta(seconds=1)).content.decode()
    assert "Answer the questions" in at(clinic, evening).content.decode()


def test_answered_once_the_page_says_so_and_asks_no_more(clinic, visit, evening):
    path = f"visit/{visit.pk}/questions/"
    html = at(clinic, evening, path).content.decode()
    assert html.count("<fieldset") == 3
    assert "No food after Wed 11 Mar, 07:30, no drinks after Wed 11 Mar, 11:30." in html
    html = at(clinic, evening, path, **ALL_NO).content.decode()
    assert "Thank you. The nurse reads your answers before you begin." in html
    assert "<fieldset" not in html
    assert "We have your answers. Thank you." in at(clinic, evening).content.decode()
    assert set(HoldAnswer.objects.values_list("asked_when", "answered_by")) == {
        ("evening", f"patient:{clinic.patient.pk}")
    }


def test_on_arrival_the_same_is_asked_once_more(clinic, visit, evening):
    path = f"visit/{visit.pk}/questions/"
    at(clinic, evening, path, **ALL_NO)
    infusions.arrive(infusion=visit, actor=clinic.nurse, now=visit.starts_at)
    assert at(clinic, visit.starts_at, path).content.decode().count("<fieldset") == 3
    at(clinic, visit.starts_at, path, **ALL_NO | {"ill": "yes"})
    assert HoldAnswer.objects.filter(asked_when="arrival", is_yes=True).get().question == Q.ILL


def test_a_question_left_open_keeps_what_was_chosen(clinic, visit, evening):
    response = at(clinic, evening, f"visit/{visit.pk}/questions/", ate="yes", ill="no")
    html = response.content.decode()
    assert response.status_code == 422
    assert "One question is still open. What you chose is kept." in html
    assert '<li><a href="#ask-dark">' in html
    assert 'id="ask-dark"' in html
    assert html.count('aria-invalid="true"') == 2
    assert 'name="ate" value="yes" required checked' in html
    assert 'name="ill" value="no" required checked' in html
    assert not HoldAnswer.objects.exists()


def test_a_yes_that_cannot_wait_brings_the_numbers_onto_the_same_screen(clinic, visit, evening):
    path = f"visit/{visit.pk}/questions/"
    for html in (
        at(clinic, evening, path, **ALL_NO | {"dark": "yes"}).content.decode(),
        at(clinic, evening + timedelta(hours=1), path).content.decode(),
    ):
        before_the_foot = html.partition('id="help"')[0]
        assert "We call you now." in before_the_foot
        assert 'href="tel:988"' in before_the_foot
    alert = Alert.objects.get(kind=AlertKind.URGENT)
    assert alert.deadline == evening + timedelta(minutes=clinic.policy.urgent_minutes)
    assert at(clinic, evening).content.decode().count("<title>") == 1


@pytest.mark.parametrize("rest", [{"ate": "no", "ill": "no"}, {"ate": "no"}], ids=["refused", "left open"])
def test_a_yes_that_cannot_wait_is_kept_whatever_is_wrong_with_the_form(clinic, visit, evening, rest):
    path = f"visit/{visit.pk}/questions/"
    if "ill" in rest:
        at(clinic, evening, path, **ALL_NO | {"ill": "yes"})
    response = at(clinic, evening, path, dark="yes", **rest)
    assert (response.status_code, "We call you now." in response.content.decode()) == (422, True)
    assert HoldAnswer.objects.get(question=Q.DARK).is_yes
    assert Alert.objects.get().key == f"hold:{visit.pk}:dark"


def test_what_is_promised_to_a_yes_that_cannot_wait_is_what_happens_now(clinic, visit, evening):
    path = f"visit/{visit.pk}/questions/"
    at(clinic, evening, path, **ALL_NO | {"dark": "yes"})
    later = evening + timedelta(hours=1)
    alerts.close(alert=Alert.objects.get(), outcome="Called, and is safe", actor=clinic.nurse, now=later)
    assert "We call you now." not in at(clinic, later, path).content.decode()
    infusions.arrive(infusion=visit, actor=clinic.nurse, now=visit.starts_at)
    html = at(clinic, visit.starts_at, path).content.decode()
    assert ["We ask this before each visit." in html, "Thank you for telling us." in html] == [True, False]
    html = at(clinic, visit.starts_at, path, **ALL_NO | {"dark": "yes"}).content.decode()
    assert ["Somebody comes and speaks with you." in html, "We call you now." in html] == [True, False]


def test_a_yes_is_not_taken_back_by_sending_the_form_again(clinic, visit, evening):
    path = f"visit/{visit.pk}/questions/"
    at(clinic, evening, path, **ALL_NO | {"ill": "yes"})
    response = at(clinic, evening, path, **ALL_NO)
    assert (response.status_code, "Tell the nurse." in response.content.decode()) == (422, True)
    assert HoldAnswer.objects.get(question=Q.ILL).is_yes


def test_a_yes_of_the_evening_outlives_the_patients_own_no_on_arrival(clinic, visit, evening):
    path = f"visit/{visit.pk}/questions/"
    at(clinic, evening, path, **ALL_NO | {"ill": "yes"})
    infusions.arrive(infusion=visit, actor=clinic.nurse, now=visit.starts_at)
    html = at(clinic, visit.starts_at, path, **ALL_NO).content.decode()
    assert "This was answered with yes meanwhile: feeling ill. Tell the nurse." in html
    assert "<dd>Yes</dd>" in html


def test_too_early_and_after_the_start_nothing_is_asked_or_kept(clinic, visit, evening):
    path = f"visit/{visit.pk}/questions/"
    early = at(clinic, evening - timedelta(hours=1), path, **ALL_NO)
    assert (early.status_code, "It is too early" in early.content.decode()) == (422, True)
    assert "Nothing to answer now" in at(clinic, evening - timedelta(hours=1), path).content.decode()
    assert not HoldAnswer.objects.exists()


def test_somebody_elses_visit_is_not_there(clinic, visit, evening):
    other = PatientFactory(site=clinic.site, given_name="Noor")
    response = at(clinic, evening, f"visit/{visit.pk}/questions/", patient=other, **ALL_NO)
    assert response.status_code == 404
    assert not HoldAnswer.objects.exists()


def test_a_clinic_that_asks_nothing_shows_nothing(clinic, next_week, evening):
    clinic.book(next_week)
    assert "Answer the questions" not in at(clinic, evening).content.decode()


def test_the_title_says_nothing_of_it(clinic, visit, evening):
    html = at(clinic, evening, f"visit/{visit.pk}/questions/").content.decode()
    assert html.partition("<title>")[2].partition("</title>")[0].strip().startswith("Before your visit")
