import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from clinic.enums import InfusionStatus, ReleasedHow, Role
from clinic.models import AuditEntry, Closure
from support.domain import alerts, board
from support.enums import AlertKind, CommitmentStatus
from support.models import Handover
from tests.factories import CommitmentFactory, InfusionFactory, PatientFactory, RoomFactory, StaffFactory

LATER = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)  # 13:00 in New York
QUERIES = 11


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
    assert [lane.room.pk for lane in board.day(site=site, day=now.date(), now=now).lanes] == [room.pk]


def test_a_closed_room_is_shaded_and_the_others_are_not(site, policy, now):
    one, _other = RoomFactory(site=site, name="Room 1"), RoomFactory(site=site, name="Room 2")
    Closure.objects.create(site=site, room=one, starts_at=LATER, ends_at=LATER + timedelta(hours=2))
    Closure.objects.create(site=site, room=one, starts_at=LATER + timedelta(days=1), ends_at=LATER + timedelta(days=2))
    day = board.day(site=site, day=now.date(), now=now)
    assert [[shade.css for shade in lane.shades] for lane in day.lanes] == [["c61 w24"], []]
    assert not day.is_closed


def test_a_day_the_whole_clinic_is_closed_says_so(desk, site, policy, now):
    RoomFactory(site=site)
    Closure.objects.create(site=site, starts_at=LATER - timedelta(hours=18), ends_at=LATER)
    Closure.objects.create(site=site, starts_at=LATER, ends_at=LATER + timedelta(hours=12))
    assert board.day(site=site, day=now.date(), now=now).is_closed
    assert "closed this day" in desk.get("/").content.decode()


def need_of(html, visit):
    return unescape(re.search(rf'<li class="[^"]+" id="need-visit-{visit.pk}">.*?</li>', html, re.DOTALL).group())


@pytest.mark.parametrize(
    ("status", "is_adult", "button", "address"),
    [
        (CommitmentStatus.ACCEPTED, True, "Rosa confirmed by phone", "commitment_record"),
        (CommitmentStatus.ACCEPTED, None, "Record the age of Rosa", "designation_edit"),
        (CommitmentStatus.ASKED, True, "Rosa said yes by phone", "commitment_record"),
    ],
)
def test_a_helper_who_is_not_sure_can_be_called_and_their_answer_written_down(
    desk, book, now, status, is_adult, button, address
):
    row = CommitmentFactory(
        infusion=book(at=LATER),
        status=status,
        answered_at=None if status == CommitmentStatus.ASKED else now,
        designation__person__given_name="Rosa",
        designation__person__phone="+14105550142",
        designation__person__is_adult=is_adult,
    )
    need = need_of(desk.get("/").content.decode(), row.infusion)
    assert ">Call Rosa</a>" in need
    assert 'href="tel:+14105550142"' in need
    key = row.designation_id if address == "designation_edit" else row.pk
    assert f'"{reverse(address, args=[key])}"' in need
    assert f">{button}</" in need


def test_where_nobody_can_be_asked_a_helper_can_be_named(desk, book):
    visit = book(at=LATER)
    need = need_of(desk.get("/").content.decode(), visit)
    assert f'href="{reverse("designation_new", args=[visit.patient_id])}">Name a helper</a>' in need
    assert f'href="{reverse("infusion", args=[visit.pk])}#way-home"' in need


def test_what_is_written_down_on_the_board_leads_back_to_the_day(desk, book, now):
    row = CommitmentFactory(infusion=book(at=LATER), status=CommitmentStatus.ACCEPTED, answered_at=now)
    page = desk.get("/", {"day": "2026-03-03"}).content.decode()
    form = re.search(r"<form[^>]+>(.*?)</form>", need_of(page, row.infusion), re.DOTALL).group(1)
    assert 'name="next" value="/?day=2026-03-03"' in form
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]{64})"', form).group(1)
    assert token in page.split('id="note-form"')[1]


def left_by_taxi(site, book, *, at, released_at):
    """A visit that began at ``at``; the clinic's ride has taken the patient along."""
    director, how = StaffFactory(role=Role.DIRECTOR, sites=[site]), ReleasedHow.WATCHED_RIDE
    been = {"arrived_at": at, "started_at": at, "recovering_at": at, "ready_at": at}
    visit = book(at=at, status=InfusionStatus.RELEASED, released_at=released_at, released_how=how, **been)
    Handover.objects.create(
        infusion=visit,
        how=how,
        created_at=at,
        done_at=at,
        done_by=director,
        evidence="The taxi rang",
        authorised_by=director,
    )
    return visit


def test_who_is_ready_and_who_has_left_stand_on_the_floor_with_their_step(sign_in, site, book, covered):
    at = LATER - timedelta(hours=5)
    been = {"arrived_at": at, "started_at": at, "recovering_at": at}
    ready = covered(at=at, status=InfusionStatus.READY, ready_at=at, **been)
    left = left_by_taxi(site, book, at=at, released_at=at + timedelta(hours=1))
    html = sign_in(Role.NURSE).get("/").content.decode()
    now_row, left_row = (
        re.search(rf'<tr id="floor-{visit.pk}">.*?</tr>', html, re.DOTALL).group() for visit in (ready, left)
    )
    assert '<td class="is-time">Now</td>' in now_row
    assert f'href="{reverse("handover", args=[ready.pk])}">Hand over<span' in now_row
    assert '<td class="is-time">09:00</td>' in left_row
    assert f'action="{reverse("infusion_home", args=[left.pk])}"' in left_row


def test_home_can_be_taken_back_from_the_board_where_it_was_pressed(desk, site, book, now):
    gone = left_by_taxi(site, book, at=now - timedelta(hours=4), released_at=now)
    desk.post(reverse("infusion_home", args=[gone.pk]))
    row = desk.get("/").content.decode().partition(f'id="floor-{gone.pk}"')[2].partition("</tr>")[0]
    assert f'action="{reverse("infusion_undo", args=[gone.pk])}"' in row
    with time_machine.travel(now + timedelta(minutes=2), tick=False):
        assert f'id="floor-{gone.pk}"' not in desk.get("/").content.decode()


def test_nobody_on_the_way_home_falls_off_the_floor(desk, site, book, now):
    """Nine are booked within three hours; the two who have left still wait for "Home safe"."""
    for number in range(9):
        book(at=now + timedelta(minutes=10 * number))
    gone = [left_by_taxi(site, book, at=now - timedelta(hours=4), released_at=now) for _ in range(2)]
    html = desk.get("/").content.decode()
    assert all(f'action="{reverse("infusion_home", args=[left.pk])}"' in html for left in gone)
    assert html.count('<tr id="floor-') == 2 + board.FLOOR_COMING
    assert "4 more come within three hours." in html


def test_an_alert_says_since_when_and_no_time_of_a_visit(desk, site, policy, now):
    patient = PatientFactory(site=site)
    for key, opened in (("a", now), ("b", now - timedelta(days=1))):
        alerts.open_alert(kind=AlertKind.CALL_ME, key=key, says="Asked for a call.", patient=patient, now=opened)
    html = desk.get("/").content.decode()
    assert "needs__time" not in html
    assert re.findall(r'"needs__room">([^<]+)<', html) == ["since Mon 09:41", "since 09:41"]


def test_nobody_arrives_today_for_a_visit_of_another_day(desk, book, now):
    far = book(at=LATER + timedelta(days=7))
    html = desk.get(reverse("infusion", args=[far.pk])).content.decode()
    assert reverse("infusion_arrive", args=[far.pk]) not in html
    assert "Still to come before it can start:" in html
    assert 'class="panel" aria-labelledby="before"' in html


def test_who_is_asked_in_good_time_is_no_risk_yet(desk, site, book, now):
    CommitmentFactory(infusion=book(at=LATER + timedelta(days=20)))
    day = (LATER + timedelta(days=20)).date()
    seen = board.day(site=site, day=day, now=now)
    assert (seen.at_risk, seen.asking, seen.none) == (0, 1, 0)
    assert "1 is still being asked about" in desk.get("/", {"day": day.isoformat()}).content.decode()


def test_what_people_wrote_is_shown_as_text(desk, site, book, now):
    """Names of patients, rooms and helpers, and what an alert says, wherever the board draws them."""
    evil = "<b>Maya'\""
    patient = PatientFactory(site=site, given_name=evil, preferred_name=evil, family_name="<i>")
    room = RoomFactory(site=site, name="<u>Room")
    early, asked = (book(at=LATER + timedelta(hours=hours), room=room) for hours in (0, 2))
    for visit, status, answered in ((early, CommitmentStatus.ACCEPTED, now), (asked, CommitmentStatus.ASKED, None)):
        visit.patient.preferred_name, visit.patient.family_name = evil, "<i>"
        visit.patient.save()
        CommitmentFactory(
            infusion=visit,
            status=status,
            answered_at=answered,
            designation__person__given_name="<s>Rosa",
            designation__person__phone="+14105550142",
        )
    alerts.open_alert(kind=AlertKind.URGENT, key="a", says="<em>Come", patient=patient, infusion=early, now=now)
    html = desk.get("/").content.decode()
    assert not [tag for tag in ("<b>Maya", "<i>", "<u>", "<s>", "<em>", "'\"") if tag in html]
    assert html.count("&lt;b&gt;Maya&#x27;&quot;") >= 10
    for words in ("Call &lt;s&gt;Rosa", "&lt;s&gt;Rosa said yes by phone", "&lt;u&gt;Room", "&lt;em&gt;Come"):
        assert words in html
