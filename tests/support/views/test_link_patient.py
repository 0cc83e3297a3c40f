"""A patient's own page, at the hours at which the wrong words would hurt."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from support.domain import commitments, handovers, links

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(clinic, next_week):
    return clinic.book(next_week)


def page(clinic, at, act="", **fields) -> str:
    """The patient's page at this moment, or what an answer given then leads to."""
    with time_machine.travel(at, tick=False):
        browser, address = Client(), f"/l/{links.token(links.for_patient(patient=clinic.patient, now=at))}/"
        shown = browser.get(address, follow=True)
        if act:
            shown = browser.post(f"{shown.request['PATH_INFO']}{act}/", fields)
    assert shown.status_code == 200
    return shown.content.decode()


def lost(clinic, visit, status):
    """Somebody had the way home, steps back once the visit is this far."""
    row = clinic.confirmed(clinic.named("Sam"), visit)
    here = clinic.until(visit, status)
    commitments.withdraw(commitment=row, via="link", now=visit.ends_at)
    return here


@pytest.mark.parametrize("status", ["started", "recovering", "ready"])
def test_who_rests_is_never_told_that_nobody_takes_them_home(clinic, visit, status):
    lost(clinic, visit, status)
    html = page(clinic, visit.ends_at)
    assert "We are seeing to it. You stay with us until somebody is here." in html
    assert "Nobody yet" not in html
    assert "We are asking the people you named." not in html


def test_before_it_begins_the_page_says_that_somebody_is_looked_for(clinic, visit):
    html = page(clinic, clinic.now)
    assert "Nobody yet" in html
    assert "We are seeing to it" not in html


def test_who_has_nobody_to_ask_reads_so_and_is_shown_what_can_help(clinic, visit):
    html = page(clinic, clinic.now)
    who = html.partition('id="who"')[2].partition("</section>")[0]
    assert ["Nobody is asked right now." in who, f"visit/{visit.pk}/nobody/" in who] == [True, True]
    clinic.named("Sam")
    who = page(clinic, clinic.now).partition('id="who"')[2].partition("</section>")[0]
    assert ["We are asking the people you named." in who, "/nobody/" in who] == [True, False]


def test_who_has_arrived_is_not_asked_to_come(clinic, visit):
    assert "Please come at" in page(clinic, visit.starts_at)
    clinic.confirmed(clinic.named("Sam"), visit)
    clinic.until(visit, "arrived")
    html = page(clinic, visit.starts_at + timedelta(minutes=1))
    assert "Please come at" not in html
    assert "You are here. We come and get you." in html


def test_a_yes_on_the_day_itself_is_not_asked_again_the_day_before(clinic, visit):
    clinic.yes(clinic.named("Sam"), visit)
    assert "Said yes. We ask again the day before." in page(clinic, clinic.now)
    html = page(clinic, visit.starts_at - timedelta(hours=1))
    assert "Said yes." in html
    assert "the day before" not in html


def test_who_left_another_way_did_not_leave_together(clinic, visit):
    ready = lost(clinic, visit, "ready")
    handovers.release_otherwise(
        infusion=ready,
        how="against_advice",
        evidence="Would not wait; told of the risks by Noor, took a taxi.",
        authorised_by=clinic.staff["clinician"],
        witness=clinic.desk,
        score=10,
        actor=clinic.nurse,
        now=visit.ends_at,
    )
    html = page(clinic, visit.ends_at)
    assert "Who takes me home" not in html
    assert "You left together" not in html


def test_what_was_promised_with_the_question_is_promised_again_with_the_answer(clinic, visit):
    clinic.confirmed(clinic.named("Sam"), visit)
    clinic.until(visit, "started")
    minutes = f"We call you within {clinic.policy.call_back_minutes} minutes"
    assert minutes in page(clinic, visit.ends_at)
    assert f"{minutes}." in page(clinic, visit.ends_at, "how-are-you", answer="call")


def test_an_urgent_answer_promises_a_call_now(clinic, visit):
    assert "We call you now." in page(clinic, visit.ends_at, "how-are-you", answer="urgent")
