from datetime import timedelta

import pytest
from django.urls import reverse

from clinic.enums import Role
from support.domain import board, ladder
from support.enums import StepEnd
from support.models import LadderStep
from tests.factories import CommitmentFactory, DesignationFactory

HOUR = timedelta(hours=1)


@pytest.fixture
def visit(book, now):
    """Tomorrow, and Jo is asked."""
    visit = book(at=now + 20 * HOUR)
    named = DesignationFactory(patient=visit.patient, person__given_name="Jo")
    CommitmentFactory(infusion=visit, designation=named, asked_at=now)
    ladder.sweep(now=now)
    return visit


def page(client, visit):
    return client.get(reverse("infusion", args=[visit.pk])).content.decode()


def press(client, verb, visit, **data):
    return client.post(reverse(f"infusion_ladder_{verb}", args=[visit.pk]), data)


def test_the_page_of_the_visit_says_who_is_asked_until_when_and_what_comes_next(desk, visit):
    shown = page(desk, visit)
    assert "Asking Jo until 13:41." in shown
    assert "A paid escort is to be booked until 17:41." in shown


def test_the_desk_goes_on_with_a_word_and_it_stands_on_the_page(desk, visit):
    assert press(desk, "next", visit, note="Jo is away").status_code == 302
    assert LadderStep.objects.get(ended_at=None).rung == "paid_escort"
    shown = page(desk, visit)
    assert "Now: Booking a paid escort." in shown
    assert "Jo is away" in shown


def test_not_possible_without_a_word_comes_again_with_the_reason(desk, visit):
    answer = press(desk, "not_possible", visit)
    assert answer.status_code == 422
    assert "Say in a few words why it is not possible." in answer.content.decode()
    assert not LadderStep.objects.exclude(end="").exists()


def test_not_possible_with_a_word_goes_on(desk, visit):
    press(desk, "not_possible", visit, note="Jo has no car")
    assert LadderStep.objects.get(end=StepEnd.NOT_POSSIBLE).note == "Jo has no car"


def test_pressed_where_nothing_comes_after_it_says_so(desk, visit):
    press(desk, "next", visit)
    press(desk, "next", visit)
    answer = press(desk, "next", visit)
    assert (answer.status_code, LadderStep.objects.filter(ended_at=None).get().rung) == (422, "postpone")
    assert "There is nothing after this." in answer.content.decode()


def test_a_link_in_a_message_cannot_press_it(desk, visit):
    assert desk.get(reverse("infusion_ladder_next", args=[visit.pk])).status_code == 405


def test_pressed_twice_from_one_page_it_goes_on_once(desk, visit):
    shown = LadderStep.objects.get().pk
    press(desk, "next", visit, step=shown)
    press(desk, "next", visit, step=shown)
    assert LadderStep.objects.get(ended_at=None).rung == "paid_escort"


def test_only_the_desk_and_care_go_on(sign_in, visit):
    assert press(sign_in(Role.ADMIN), "next", visit).status_code == 403


@pytest.mark.parametrize("visits", [1, 3])
def test_the_board_asks_once_however_many_are_asked(desk, book, site, now, visits, django_assert_num_queries):
    for _each in range(visits):
        visit = book(at=now + 2 * HOUR)
        CommitmentFactory(infusion=visit, designation=DesignationFactory(patient=visit.patient), asked_at=now)
    ladder.sweep(now=now)
    board.day(site=site, day=now.date(), now=now)
    with django_assert_num_queries(6):
        assert len(board.day(site=site, day=now.date(), now=now).needs) == visits


def test_the_board_says_whom_a_visit_asks_and_until_when(desk, visit):
    shown = desk.get(reverse("today"), {"day": f"{visit.starts_at:%Y-%m-%d}"}).content.decode()
    assert "Asking Jo until 13:41." in shown
