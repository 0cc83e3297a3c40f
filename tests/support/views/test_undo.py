"""The button that takes a step back: on the board, on the visit, for two minutes, to whoever may make the step."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from clinic.domain import infusions
from clinic.enums import InfusionStatus, Role
from clinic.models import Infusion
from messaging.enums import MessageStatus
from messaging.models import Message
from support.domain import handovers
from support.enums import CommitmentStatus
from support.models import Commitment, Handover
from tests.factories import CommitmentFactory

pytestmark = pytest.mark.django_db

S = InfusionStatus
MINUTE = timedelta(minutes=1)


@pytest.fixture
def visit(book, now):
    infusion = book(at=now + 5 * MINUTE)
    CommitmentFactory(infusion=infusion, status=CommitmentStatus.RECONFIRMED, answered_at=now, reconfirmed_at=now)
    return infusion


@pytest.fixture
def nurse(sign_in):
    return sign_in(Role.NURSE)


def press(client, step, infusion, **data):
    return client.post(reverse(f"infusion_{step}", args=[infusion.pk]), data)


def page(client, infusion) -> str:
    return client.get(reverse("infusion", args=[infusion.pk])).content.decode()


def shown_version(html: str) -> str:
    return re.search(r'/undo/".*?name="version" value="(\d+)"', html, re.S)[1]


@pytest.mark.parametrize("where", ["visit", "board"])
def test_the_step_just_made_can_be_taken_back_from_where_it_was_made(nurse, visit, where):
    press(nurse, "arrive", visit)
    html = page(nurse, visit) if where == "visit" else nurse.get(reverse("today")).content.decode()
    assert "Undo (until 09:43)" in html
    press(nurse, "undo", visit, version=shown_version(html))
    visit.refresh_from_db()
    assert (visit.state, visit.arrived_at) == (S.BOOKED, None)


def test_after_two_minutes_it_is_not_offered_and_refused_in_words(nurse, visit, now):
    press(nurse, "arrive", visit)
    version = shown_version(page(nurse, visit))
    with time_machine.travel(now + 2 * MINUTE, tick=False):
        assert "Undo (until" not in page(nurse, visit)
        response = press(nurse, "undo", visit, version=version)
    assert (response.status_code, "for two minutes" in response.content.decode()) == (422, True)


def test_a_page_that_was_drawn_before_the_next_step_undoes_nothing(nurse, visit):
    press(nurse, "arrive", visit)
    version = shown_version(page(nurse, visit))
    press(nurse, "start", visit)
    response = press(nurse, "undo", visit, version=version)
    assert response.status_code == 422
    assert "Somebody changed this visit meanwhile." in response.content.decode()
    visit.refresh_from_db()
    assert visit.state is S.STARTED


@pytest.mark.parametrize("version", ["", "x", "-1", "²", "99999999999"])
def test_without_the_version_the_page_showed_nothing_is_undone(nurse, visit, version):
    press(nurse, "arrive", visit)
    assert press(nurse, "undo", visit, version=version).status_code == 422


def test_whoever_may_not_make_a_step_may_not_take_it_back(nurse, desk, visit):
    press(nurse, "arrive", visit)
    assert "Undo (until" in page(desk, visit)
    press(nurse, "start", visit)
    assert "Undo (until" not in page(desk, visit)
    assert press(desk, "undo", visit, version="3").status_code == 403


def test_a_patient_who_came_after_all_is_expected_again_and_the_helpers_are_asked(desk, book, now):
    missed = book(at=now - 20 * MINUTE)
    sam = CommitmentFactory(infusion=missed, status=CommitmentStatus.RECONFIRMED, answered_at=now, reconfirmed_at=now)
    press(desk, "no_show", missed)
    html = desk.get(reverse("today")).content.decode()
    press(desk, "undo", missed, version=shown_version(html))
    missed.refresh_from_db()
    assert missed.state is S.BOOKED
    rows = Commitment.objects.filter(infusion=missed, designation=sam.designation).order_by("pk")
    assert [row.status for row in rows.filter(role="ride")] == ["void", "asked"]


def test_who_was_told_that_nobody_is_needed_is_named(desk, book, now):
    missed = book(at=now - 20 * MINUTE)
    sam = CommitmentFactory(
        infusion=missed,
        status=CommitmentStatus.RECONFIRMED,
        answered_at=now,
        reconfirmed_at=now,
        designation__person__given_name="Sam",
    )
    press(desk, "no_show", missed)
    told = Message.objects.filter(kind="helper_cancelled", recipient=f"designation:{sam.designation_id}")
    assert told.update(status=MessageStatus.SENT, posted_at=now, sent_at=now, sent_to="+14105550123") == 1
    press(desk, "undo", missed, version=shown_version(desk.get(reverse("today")).content.decode()))
    assert "Sam was told at 09:41 that nobody is needed. Please call: the visit takes place." in page(desk, missed)


def test_the_text_that_waits_is_void_and_the_one_that_went_is_said_on_the_page(nurse, visit, now):
    for step in ("arrive", "start", "recover", "ready"):
        press(nurse, step, visit)
    come_in = Message.objects.get(kind="helper_come_in")
    press(nurse, "undo", visit, version=shown_version(page(nurse, visit)))
    come_in.refresh_from_db()
    assert come_in.status == MessageStatus.VOID
    press(nurse, "ready", visit)
    Message.objects.filter(kind="helper_come_in").update(
        status=MessageStatus.SENT, posted_at=now, sent_at=now, sent_to="+14105550123"
    )
    press(nurse, "undo", visit, version=shown_version(page(nurse, visit)))
    assert "was told at 09:41 to come in. Please call: it takes longer." in page(nurse, visit)
    with time_machine.travel(now + MINUTE, tick=False):
        press(nurse, "ready", visit)
        assert "it takes longer" not in page(nurse, visit)
    again = Message.objects.filter(kind="helper_come_in").order_by("due_at").values_list("status", "due_at")
    assert list(again) == [("sent", now), ("pending", now + MINUTE)]


# --- leaving and home, where handovers are -----------------------------------------------------------


@pytest.fixture
def left(clinic, next_week) -> Infusion:
    booked = clinic.book(next_week)
    sam = clinic.confirmed(clinic.named("Sam"), booked)
    ready = clinic.until(booked, "ready")
    drawn = Handover.objects.get(infusion=ready)
    handovers.accept(handover=drawn, now=ready.ready_at, actor="link:x")
    clinic.hand_over(ready, sam, now=ready.ready_at)
    return clinic.fresh(ready)


def test_home_is_taken_back_with_the_word_that_said_so(clinic, left):
    at = left.released_at + 30 * MINUTE
    handovers.say_home(infusion=left, now=at, actor="staff:1")
    row = infusions.undo(infusion=left, actor=clinic.desk, now=at + MINUTE)
    assert (row.state, row.home_at, Handover.objects.get().home_said_at) == (S.RELEASED, None, None)
    assert row.released_at == left.released_at


def test_leaving_is_evidence_and_stays(clinic, left):
    with pytest.raises(infusions.Refused, match="on record and stays"):
        infusions.undo(infusion=left, actor=clinic.nurse, now=left.released_at)
