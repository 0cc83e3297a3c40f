"""The page from which the desk phones."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from clinic.enums import InfusionStatus, Role
from clinic.models import AuditEntry
from support.enums import CommitmentStatus
from tests.factories import CommitmentFactory, DesignationFactory, InfusionFactory

DAY = timedelta(days=1)


@pytest.fixture
def asked(book, now):
    """Tomorrow at 13:30; Rosa said yes and has not confirmed."""
    return CommitmentFactory(
        infusion=book(at=now + DAY - timedelta(hours=1)),
        status=CommitmentStatus.ACCEPTED,
        answered_at=now - 3 * DAY,
        designation__person__given_name="Rosa",
        designation__person__phone="+14105550142",
    )


def page(client, **asked):
    answer = client.get(reverse("calls"), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_opens_on_tomorrow_with_number_reasons_and_answers(desk, asked):
    html = page(desk)
    assert "Calls for Wed 4 Mar" in html
    assert 'href="tel:+14105550142"' in html
    assert "Not confirmed yet, first time for Rosa" in html
    for answer, words in (("confirm", "Rosa confirmed by phone"), ("back", "Rosa stepped back")):
        assert re.search(rf'name="answer" value="{answer}">{words}<', html)
    assert "0 of 1 called" in html


def test_what_is_said_is_recorded_and_leads_back_to_the_list(desk, asked):
    here = f"{reverse('calls')}?day=2026-03-04"
    answer = desk.post(reverse("commitment_record", args=[asked.pk]), {"answer": "confirm", "next": here})
    assert answer.headers["Location"] == here
    html = page(desk)
    assert "1 of 1 called" in html
    assert "Settled by a call today" in html
    assert "Nobody needs a call" in html


def test_nobody_picked_up_is_recorded(desk, asked):
    here = f"{reverse('calls')}?day=2026-03-04"
    answer = desk.post(reverse("commitment_no_answer", args=[asked.pk]), {"next": here}, follow=True)
    html = answer.content.decode()
    assert "Noted: Rosa did not answer." in html
    assert "no answer 09:41, Dana R." in html
    assert "1 of 1 called" in html


def test_a_time_that_moved_meanwhile_comes_back_as_a_sentence(desk, asked):
    CommitmentFactory._meta.model.objects.filter(pk=asked.pk).update(status=CommitmentStatus.VOID)
    answer = desk.post(reverse("commitment_no_answer", args=[asked.pk]))
    assert answer.status_code == 422
    assert "The time of this visit has changed" in answer.content.decode()


def test_where_nobody_is_left_to_ask_the_page_leads_to_the_other_ways(desk, book, now):
    visit = book(at=now + DAY)
    html = page(desk)
    assert f'href="{reverse("infusion", args=[visit.pk])}#way-home"' in html
    assert f'href="{reverse("designation_new", args=[visit.patient_id])}"' in html


def test_who_is_asked_and_others_who_could_be_are_all_there(desk, book, now):
    visit = book(at=now + DAY)
    for name in ("Lee", "Jo"):
        named = DesignationFactory(patient=visit.patient, person__given_name=name)
        CommitmentFactory(infusion=visit, designation=named)
    html = page(desk)
    assert "Call Lee" in html
    assert "Call Jo" in html
    assert "Nobody has said yes yet" in html


def test_with_nobody_to_phone_it_says_so(desk, policy):
    html = page(desk)
    assert html.count("Nobody needs a call") == 2
    assert "No visits on this day." in html


@pytest.mark.parametrize("day", ["nonsense", "0001-01-01", "9999-99-99"])
def test_a_day_that_is_none_is_tomorrow(desk, asked, day):
    assert "Calls for Wed 4 Mar" in page(desk, day=day)


def test_how_the_order_is_made_can_be_read(desk, asked):
    html = page(desk)
    assert "From 6 points on, please call" in html
    assert '<th scope="row">Nobody has said yes</th><td class="is-number">10</td>' in html


def test_opening_the_list_is_logged(desk, asked, site):
    page(desk)
    assert AuditEntry.objects.filter(verb="read", subject=f"calls:{site.pk}:2026-03-04").count() == 1


def test_another_clinics_call_is_not_there(desk):
    elsewhere = CommitmentFactory(infusion=InfusionFactory())
    assert desk.post(reverse("commitment_no_answer", args=[elsewhere.pk])).status_code == 404


def test_the_board_leads_to_it(sign_in, asked):
    html = sign_in(Role.NURSE).get("/").content.decode()
    assert f'href="{reverse("calls")}"' in html


def test_a_day_that_has_begun_for_everybody_is_not_called_empty(desk, book, now):
    book(at=now - timedelta(hours=2), status=InfusionStatus.STARTED, arrived_at=now, started_at=now)
    html = page(desk, day="2026-03-03")
    assert ["Nobody of this day is still to come." in html, "No visits on this day." in html] == [True, False]
