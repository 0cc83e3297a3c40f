import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.urls import reverse

from clinic.enums import InfusionStatus, Role
from clinic.models import AuditEntry
from support.domain import alerts, board
from support.enums import AlertKind, CommitmentStatus
from tests.factories import CommitmentFactory, InfusionFactory, PatientFactory, RoomFactory

LATER = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)  # 13:00 in New York
QUERIES = 12


@pytest.fixture
def covered(book, now):
    def visit(at=LATER, **fields):
        infusion = book(at=at, **fields)
        CommitmentFactory(
            infusion=infusion,
            status=CommitmentStatus.RECONFIRMED,
            answered_at=now,
            reconfirmed_at=now,
            designation__person__given_name="Rosa",
        )
        return infusion

    return visit


def test_the_sum_line_counts_who_has_a_way_home(desk, site, book, covered, now):
    covered()
    covered()
    book(at=LATER)
    day = board.day(site=site, day=now.date(), now=now)
    assert (day.total, day.covered, day.at_risk, day.none) == (3, 2, 0, 1)
    assert "<b>2 have a way home</b>, <b>1 has none</b>." in desk.get("/").content.decode()


def test_a_yes_without_a_confirmation_is_at_risk_on_the_day(site, book, now):
    CommitmentFactory(infusion=book(at=LATER), status=CommitmentStatus.ACCEPTED, answered_at=now)
    day = board.day(site=site, day=now.date(), now=now)
    assert [(need.level, need.visit.mark_word) for need in day.needs] == [("risk", "Not confirmed")]


def test_needs_are_sorted_by_urgency(site, book, now):
    CommitmentFactory(infusion=book(at=LATER), status=CommitmentStatus.ACCEPTED, answered_at=now)
    book(at=LATER + timedelta(minutes=15))
    patient = PatientFactory(site=site)
    alerts.open_alert(kind=AlertKind.CALL_ME, key="a", says="Asked for a call.", patient=patient, now=now)
    alerts.open_alert(kind=AlertKind.URGENT, key="b", says="Urgent.", patient=patient, now=now)
    needs = board.day(site=site, day=now.date(), now=now).needs
    assert [need.word for need in needs] == ["Urgent", "No way home", "At risk", "Asked for a call"]


def test_an_overdue_alert_is_no_longer_calm(site, book, now):
    alerts.open_alert(
        kind=AlertKind.CALL_ME, key="a", says="x", patient=PatientFactory(site=site), now=now - timedelta(hours=3)
    )
    need = board.day(site=site, day=now.date(), now=now).needs[0]
    assert (need.level, need.is_overdue) == ("risk", True)


def test_another_clinics_visits_are_not_there(desk, site, now, policy):
    elsewhere = InfusionFactory(starts_at=LATER)
    assert board.day(site=site, day=now.date(), now=now).total == 0
    assert elsewhere.patient.short_name not in desk.get("/").content.decode()


@pytest.mark.parametrize("visits", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_visits(
    desk, site, covered, now, visits, django_assert_num_queries
):
    for _each in range(visits):
        covered()
        alerts.open_alert(kind=AlertKind.CALL_ME, key=f"a{_each}", says="x", patient=PatientFactory(site=site), now=now)
    desk.get("/")
    with django_assert_num_queries(QUERIES):
        desk.get("/")


def test_the_front_desk_records_the_arrival_and_not_the_start(desk, sign_in, book):
    infusion = book(at=LATER - timedelta(hours=2))
    start = reverse("infusion_start", args=[infusion.pk])
    assert reverse("infusion_arrive", args=[infusion.pk]) in desk.get("/").content.decode()
    desk.post(reverse("infusion_arrive", args=[infusion.pk]))
    assert start not in desk.get("/").content.decode()
    assert start in sign_in(Role.NURSE).get("/").content.decode()


def test_the_administrator_is_led_to_the_set_up(sign_in):
    assert sign_in(Role.ADMIN).get("/").headers["Location"] == reverse("setup")


@pytest.mark.parametrize("day", ["2026-03-09", "1066-10-14", "tomorrow", ""])
def test_any_day_can_be_asked_for(desk, policy, day):
    response = desk.get("/", {"day": day})
    assert response.status_code == 200
    assert "No visits" in response.content.decode()


def test_a_board_left_open_is_read_once_in_ten_minutes(desk, site, policy):
    poll = {"headers": {"HX-Request": "true", "X-Poll": "1"}}
    address = re.search(r'hx-get="([^"]+)"', desk.get("/").content.decode()).group(1)
    desk.get(unescape(address), **poll)
    desk.get(unescape(address), **poll)
    assert list(AuditEntry.objects.filter(verb="read").values_list("subject", flat=True)) == [
        f"board:{site.pk}:2026-03-03"
    ]


def test_opening_the_board_again_is_read_again(desk, policy):
    desk.get("/")
    desk.get("/")
    assert AuditEntry.objects.filter(verb="read").count() == 2


def test_a_visit_that_is_off_is_named_below_and_not_on_the_grid(site, book, now):
    book(at=LATER, status=InfusionStatus.CANCELLED, cancelled_at=now, off_reason="A cold")
    day = board.day(site=site, day=now.date(), now=now)
    assert (day.total, [visit.mark_word for visit in day.off]) == (0, ["Cancelled"])


def test_a_room_taken_out_of_use_is_shown_while_it_holds_a_visit(site, book, now):
    room = RoomFactory(site=site, is_active=False)
    RoomFactory(site=site, is_active=False)
    book(at=LATER, room=room)
    assert [lane.room for lane in board.day(site=site, day=now.date(), now=now).lanes] == [room]
