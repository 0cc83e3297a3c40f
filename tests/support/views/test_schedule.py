import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from clinic.enums import Role
from clinic.models import AuditEntry, Closure
from support.forms.schedule import address, look_of
from tests.factories import RoomFactory, StaffFactory

AT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # Wednesday, 10:00 in New York
TODAY = date(2026, 3, 3)
QUERIES = 11
POLL = {"HX-Request": "true", "X-Poll": "1"}


def page(client, **asked):
    return client.get(reverse("schedule"), asked).content.decode()


def poll_of(html):
    return unescape(re.search(r'hx-get="([^"]+)"', html).group(1))


@pytest.mark.parametrize(
    "asked",
    [
        {"day": "2026-11-01"},
        {"day": "nonsense", "days": "5", "by": "moon", "room": "x", "clinician": "-1", "q": "\x00", "only": "all"},
        {"day": "9999-12-31", "days": "7"},
        {"day": "0001-01-01", "days": "3", "room": "99999999999999999999"},
        {"by": "clinician", "clinician": "12345"},
        {},
    ],
)
def test_anything_can_be_asked_for(desk, policy, asked):
    assert desk.get(reverse("schedule"), asked).status_code == 200


@pytest.mark.parametrize(
    ("asked", "queries"),
    [
        ({"days": "1"}, QUERIES),
        ({"days": "1", "by": "clinician"}, QUERIES),
        # More than a day has no notes.
        ({"days": "3"}, QUERIES - 1),
        ({"days": "7"}, QUERIES - 1),
    ],
)
@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_depends_on_nothing(desk, book, asked, queries, rows, django_assert_num_queries):
    for number in range(rows):
        book(at=AT + timedelta(hours=number))
    desk.get(reverse("schedule"), asked)
    with django_assert_num_queries(queries):
        desk.get(reverse("schedule"), {"day": "2026-03-04", **asked})


def test_ten_thousand_closures_of_other_days_are_left_out(desk, site, policy):
    room = RoomFactory(site=site)
    Closure.objects.bulk_create(
        Closure(
            site=site, room=room, starts_at=AT + timedelta(days=n), ends_at=AT + timedelta(days=n + 1), reason="Snow"
        )
        for n in range(2, 10_002)
    )
    assert "Snow" not in page(desk, day="2026-03-04")


def test_a_look_keeps_what_else_was_chosen_when_one_thing_changes():
    asked = {"day": "2026-03-04", "days": "3", "by": "clinician", "q": "maya", "only": "risk"}
    look = look_of(asked, today=TODAY)
    assert address(look, days=7) == "?day=2026-03-04&days=7&by=clinician&q=maya&only=risk"


def test_a_week_begins_on_its_monday():
    assert look_of({"day": "2026-03-04", "days": "7"}, today=TODAY).first == date(2026, 3, 2)


def test_a_poll_of_what_is_shown_already_is_sent_nothing(desk, book):
    book(at=AT)
    again = desk.get(poll_of(page(desk, day="2026-03-04")), headers=POLL)
    assert (again.status_code, again.content) == (204, b"")


def test_a_poll_after_a_change_is_sent_the_board(desk, book):
    poll = poll_of(page(desk, day="2026-03-04"))
    visit = book(at=AT)
    again = desk.get(poll, headers=POLL)
    assert f'id="visit-{visit.pk}"' in again.content.decode()


def test_a_schedule_left_open_is_read_once_in_ten_minutes(desk, site, policy, now):
    readings = AuditEntry.objects.filter(subject=f"schedule:{site.pk}:2026-03-03:1", verb="read")
    poll = poll_of(page(desk))
    with time_machine.travel(now + timedelta(minutes=9)):
        desk.get(reverse("alerts"))
        poll = poll_of(desk.get(poll, headers=POLL).content.decode())
        assert readings.count() == 1
    with time_machine.travel(now + timedelta(minutes=10)):
        desk.get(poll, headers=POLL)
    assert readings.count() == 2


def test_what_somebody_else_saw_does_not_count_as_ones_own_reading(desk, sign_in, site, policy):
    sign_in(staff=StaffFactory(sites=[site])).get(poll_of(page(desk)), headers=POLL)
    assert AuditEntry.objects.filter(verb="read").count() == 2


def test_a_made_up_reading_counts_as_none(desk, policy):
    desk.get(reverse("schedule"), {"seen": "W1sxLCJ4Il0sMCwiIl0:1vX:abc"}, headers=POLL)
    assert AuditEntry.objects.filter(verb="read").count() == 1


def test_what_people_wrote_is_shown_as_text(desk, site, book):
    """Names of patients, rooms and clinicians, and why a room is closed."""
    evil = "<b>Maya'\""
    room = RoomFactory(site=site, name=f"{evil} room", guest_places=2)
    clinician = StaffFactory(role=Role.CLINICIAN, sites=[site], full_name=f"{evil}")
    visit = book(at=AT + timedelta(hours=2), room=room, clinician=clinician)
    visit.patient.preferred_name = evil
    visit.patient.save()
    Closure.objects.create(site=site, room=room, starts_at=AT, ends_at=AT + timedelta(hours=1), reason=f"{evil} paints")
    for asked in ({}, {"days": "7"}, {"by": "clinician"}):
        html = page(desk, day="2026-03-04", **asked)
        assert "<b>Maya" not in html
        assert "'\"" not in html
        assert html.count("&lt;b&gt;Maya&#x27;&quot;") >= 6
    assert 'data-name="&lt;b&gt;Maya&#x27;&quot; room, Wed 4 Mar"' in page(desk, day="2026-03-04", days="7")


def test_a_lane_says_how_many_guests_its_room_has_places_for(desk, site, policy):
    RoomFactory(site=site, name="Room 1", guest_places=1)
    RoomFactory(site=site, name="Room 2", guest_places=2)
    RoomFactory(site=site, name="Room 3", guest_places=0)
    html = page(desk)
    assert "Room 1<small>1 guest place</small></h3>" in html
    assert "Room 2<small>2 guest places</small></h3>" in html
    assert "Room 3</h3>" in html


def test_each_day_of_a_week_says_how_full_it_is_and_who_needs_somebody(desk, site, book):
    site.opening_hours.filter(weekday=6).delete()
    book(at=AT)
    book(at=AT + timedelta(hours=2))
    tiles = re.findall(r'<li class="tile.*?</li>', page(desk, day="2026-03-03", days="7"))
    said = [re.sub(r"(<[^>]+>)+", "|", tile).strip("|") for tile in tiles]
    assert len(said) == 7
    assert said[2] == "Wed 4 Mar|2 visits|2 no way home"
    assert said[3] == "Thu 5 Mar|no visits"
    assert said[6] == "Sun 8 Mar|closed"


def test_only_what_can_still_be_moved_can_be_picked_up(desk, book, now):
    waiting = book(at=AT)
    resting = book(
        at=now - timedelta(hours=1),
        status="recovering",
        arrived_at=now - timedelta(hours=1),
        started_at=now - timedelta(minutes=50),
        recovering_at=now - timedelta(minutes=10),
    )
    html = page(desk, days="3")
    assert f'data-visit="{waiting.pk}" data-version="1"' in html
    assert f'data-visit="{resting.pk}"' not in html
    assert reverse("infusion_move", args=[waiting.pk]) in html
