"""Another time for a visit, over HTTP: choose, see what it changes, do it, take it back."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.domain import bookings, moves
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.forms import slot_text
from clinic.models import AuditEntry, Closure, Infusion, Move, RuleOverride
from messaging.models import Message
from support.enums import CommitmentStatus, SupportRole
from support.models import Commitment
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    ProtocolFactory,
    RoomFactory,
    StaffFactory,
)

TOMORROW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)  # 10:00 in New York
NIGHT = datetime(2026, 3, 5, 4, 50, tzinfo=UTC)  # 23:50 in New York


@pytest.fixture
def clinic(site, policy):
    """One room, one clinician."""
    return RoomFactory(site=site), StaffFactory(role=Role.CLINICIAN, sites=[site])


@pytest.fixture
def course(site, clinic):
    return CourseFactory(patient__site=site, protocol=ProtocolFactory(site=site, stages=[(2, 1, 3, 9)]))


def slot(clinic, at):
    return Slot(starts_at=at, room=clinic[0], clinician=clinic[1])


@pytest.fixture
def visit(course, clinic, now):
    actor = StaffFactory(role=Role.FRONT_DESK, sites=[course.patient.site])
    return bookings.place(course=course, slot=slot(clinic, TOMORROW), actor=actor, now=now)


@pytest.fixture
def promise(visit, now):
    """Sam said yes to the visit as it stands."""
    return CommitmentFactory(
        infusion=visit,
        designation=DesignationFactory(patient=visit.patient, person__given_name="Sam"),
        status=CommitmentStatus.ACCEPTED,
        answered_at=now,
        for_starts_at=visit.starts_at,
    )


def move(client, visit, clinic, at, version=None, **more):
    data = {"slot": slot_text.written(slot(clinic, at)), "version": visit.version if version is None else version}
    return client.post(reverse("infusion_move", args=[visit.pk]), data | more)


def preview(client, visit, clinic, at, version=None):
    asked = {"slot": slot_text.written(slot(clinic, at)), "version": version or visit.version}
    return client.get(f"{reverse('infusion_move_preview', args=[visit.pk])}?{urlencode(asked)}")


def undo(client, visit, version=2):
    return client.post(reverse("infusion_move_undo", args=[visit.pk]), {"version": version})


def text_of(response):
    return response.content.decode()


# --- choosing --------------------------------------------------------------------------------------


def test_the_page_offers_free_times_but_not_the_present_one(desk, visit):
    page = text_of(desk.get(reverse("infusion_move", args=[visit.pk])))
    assert "2026-03-04T15:30:00+00:00~" in page
    assert "2026-03-04T15:00:00+00:00~" not in page


ANY = {"day": "2026-03-04", "time": "13:20"}


def test_any_time_can_be_written_down(desk, visit, clinic):
    asked = {**ANY, "room": clinic[0].pk, "clinician": clinic[1].pk, "version": 1}
    page = desk.get(f"{reverse('infusion_move_preview', args=[visit.pk])}?{urlencode(asked)}")
    assert (page.status_code, "2026-03-04T18:20:00+00:00~" in text_of(page)) == (200, True)


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("day", "9999-12-31", "Enter a day in the years to come."),
        ("day", "0001-01-01", "Enter a day in the years to come."),
        ("day", "tomorrow", "Enter a valid date."),
        ("time", "25:00", "Enter a valid time."),
        ("time", "1\x003:20", "Enter a valid time."),
        ("room", "0", "Select a valid choice."),
        ("clinician", "\x00", "Null characters are not allowed."),
    ],
)
def test_what_is_no_time_comes_back_with_what_was_typed(desk, visit, clinic, field, text, sentence):
    asked = {**ANY, "room": clinic[0].pk, "clinician": clinic[1].pk, field: text}
    page = desk.get(f"{reverse('infusion_move_preview', args=[visit.pk])}?{urlencode(asked)}")
    assert (page.status_code, sentence in text_of(page)) == (422, True)


def test_a_time_the_clocks_skip_is_told(desk, visit, clinic):
    asked = {"day": "2026-03-08", "time": "02:30", "room": clinic[0].pk, "clinician": clinic[1].pk}
    page = desk.get(f"{reverse('infusion_move_preview', args=[visit.pk])}?{urlencode(asked)}")
    assert (page.status_code, "The clocks skip this time on that day." in text_of(page)) == (422, True)


# --- seeing what it changes ------------------------------------------------------------------------


def test_the_preview_says_who_is_asked_again_and_what_will_be_sent(desk, visit, clinic, promise):
    page = text_of(preview(desk, visit, clinic, TOMORROW + timedelta(hours=3)))
    assert "Sam said yes to Wed 4 Mar 10:00 and is asked again." in page
    assert "Nobody knows yet whether Wednesday 13:00 suits Sam." in page
    assert "Asked for the new time" in page
    assert "Move and tell them" in page


def test_looking_changes_nothing_and_is_logged(desk, visit, clinic, promise):
    before = list(Infusion.objects.values()), list(Commitment.objects.values()), list(Message.objects.values())
    preview(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    after = list(Infusion.objects.values()), list(Commitment.objects.values()), list(Message.objects.values())
    assert after == before
    assert AuditEntry.objects.filter(verb="read", subject=f"infusion:{visit.pk}").count() == 1
    assert AuditEntry.objects.filter(verb="infusion.moved").count() == 0


def test_a_board_from_yesterday_is_told_what_changed_and_keeps_the_time(desk, visit, clinic, now):
    moves.move(
        infusion=visit, slot=slot(clinic, TOMORROW + timedelta(hours=2)), actor=visit.booked_by, now=now, version=1
    )
    page = text_of(preview(desk, visit, clinic, TOMORROW + timedelta(hours=4), version=1))
    assert "It is now on Wednesday 4 March at 12:00" in page
    assert 'name="version" value="2"' in page
    assert slot_text.written(slot(clinic, TOMORROW + timedelta(hours=4))) in page


def test_all_that_speaks_against_it_is_listed_and_the_desk_may_not(desk, visit, clinic):
    page = text_of(preview(desk, visit, clinic, NIGHT))
    assert "This is outside the opening hours on Wednesday 4 March: 08:00–18:00." in page
    assert "With a reason, these may book it all the same: Clinician, Medical director." in page
    assert "Move and tell them" not in page


def test_who_sits_with_the_patient_needs_a_place_in_the_new_room(desk, visit, clinic, site, promise, now):
    promise.role = SupportRole.PRESENCE
    promise.save()
    nook = RoomFactory(site=site, name="Nook", guest_places=0)
    page = text_of(preview(desk, visit, (nook, clinic[1]), TOMORROW))
    assert "Said yes to being in the room: 1. Guest places in Nook: 0." in page


def test_the_director_gives_a_reason(sign_in, visit, clinic):
    director = sign_in(Role.DIRECTOR)
    assert 'name="override_reason"' in text_of(preview(director, visit, clinic, NIGHT))
    assert move(director, visit, clinic, NIGHT, override_reason="Works nights.\x00").status_code == 302
    assert RuleOverride.objects.get().reason == "Works nights."


def test_a_reason_that_is_too_short_is_kept_on_the_page(sign_in, visit, clinic):
    response = move(sign_in(Role.DIRECTOR), visit, clinic, NIGHT, override_reason="shrt")
    assert (response.status_code, ">shrt</textarea>" in text_of(response)) == (422, True)
    assert "Say in a few words why it is booked anyway." in text_of(response)


def test_a_preview_of_nowhere_says_so(desk, visit, clinic):
    page = text_of(preview(desk, visit, clinic, TOMORROW))
    assert "This is where it is already" in page
    assert "Move and tell them" not in page


def test_a_preview_costs_little_more_with_each_helper(desk, visit, clinic):
    counts = []
    for name in ("Sam", "Lee", "Jo", "Pat"):
        CommitmentFactory(
            infusion=visit,
            designation=DesignationFactory(patient=visit.patient, person__given_name=name),
            for_starts_at=visit.starts_at,
        )
        with CaptureQueriesContext(connection) as queries:
            preview(desk, visit, clinic, TOMORROW + timedelta(hours=3))
        counts.append(len(queries))
    assert counts[0] < 118
    assert counts[3] - counts[2] <= 8


# --- doing it --------------------------------------------------------------------------------------


def test_moving_voids_every_yes_and_asks_again(desk, visit, clinic, promise):
    assert move(desk, visit, clinic, TOMORROW + timedelta(hours=3)).status_code == 302
    promise.refresh_from_db()
    visit.refresh_from_db()
    assert (promise.status, visit.starts_at) == (CommitmentStatus.VOID, TOMORROW + timedelta(hours=3))


def test_a_form_that_shows_an_older_state_is_told_what_changed(desk, visit, clinic):
    move(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    response = move(desk, visit, clinic, TOMORROW + timedelta(hours=5), version=visit.version)
    visit.refresh_from_db()
    assert (response.status_code, visit.starts_at) == (422, TOMORROW + timedelta(hours=3))
    assert "It is now on Wednesday 4 March at 13:00" in text_of(response)
    assert 'name="version" value="2"' in text_of(response)


def test_a_time_that_was_just_taken_offers_the_next_ones(desk, visit, clinic, site, now):
    other = CourseFactory(patient__site=site, protocol=visit.course.protocol)
    at = TOMORROW + timedelta(hours=3)
    bookings.place(course=other, slot=slot(clinic, at), actor=visit.booked_by, now=now)
    response = move(desk, visit, clinic, at)
    assert response.status_code == 422
    assert "The next free times" in text_of(response)
    assert f"is taken by {other.patient.short_name} from 13:00 to 14:55." in text_of(response)


def test_a_room_closed_between_preview_and_save_is_refused(desk, visit, clinic, site):
    at = TOMORROW + timedelta(hours=3)
    assert "Move and tell them" in text_of(preview(desk, visit, clinic, at))
    Closure.objects.create(site=site, room=clinic[0], starts_at=at, ends_at=at + timedelta(hours=1), reason="Leak")
    response = move(desk, visit, clinic, at)
    visit.refresh_from_db()
    assert (response.status_code, visit.starts_at) == (422, TOMORROW)
    assert "is closed at that time on Wednesday 4 March." in text_of(response)


def test_moving_nowhere_tells_nobody(desk, visit, clinic, promise):
    response = move(desk, visit, clinic, TOMORROW)
    visit.refresh_from_db()
    promise.refresh_from_db()
    assert (response.status_code, visit.version, promise.status) == (302, 1, CommitmentStatus.ACCEPTED)
    assert not Message.objects.filter(kind="patient_moved").exists()


NO_TIMES = [
    "",
    "nonsense",
    "2026-03-04T15:00:00~1~1",
    "2026-03-04T15:00:00+00:00~0~0",
    "9999-12-31T23:50:00+00:00~1~1",
    "0001-01-01T00:00:00+14:00~1~1",
    "2026-03-04T15:00:00.5+00:00~1~1",
    "2026-03-04T15:00:00+00:00~1~1\x00",
    "~~",
    "a~b~c~d",
]


@pytest.mark.parametrize("text", NO_TIMES)
def test_a_time_nobody_offered_is_refused(desk, visit, text):
    data = {"slot": text, "version": visit.version}
    response = desk.post(reverse("infusion_move", args=[visit.pk]), data)
    assert (response.status_code, "Pick one of the times." in text_of(response)) == (422, True)


def test_a_room_of_another_clinic_is_no_time(desk, visit, clinic):
    strange = Slot(starts_at=TOMORROW, room=RoomFactory(), clinician=clinic[1])
    data = {"slot": slot_text.written(strange), "version": visit.version}
    assert desk.post(reverse("infusion_move", args=[visit.pk]), data).status_code == 422


@pytest.mark.parametrize("version", ["", "x", "-1", "\x00", "9" * 30])
def test_a_form_without_a_version_is_an_old_form(desk, visit, clinic, version):
    assert move(desk, visit, clinic, TOMORROW + timedelta(hours=3), version=version).status_code == 422


# --- taking it back --------------------------------------------------------------------------------


def test_the_visits_page_offers_to_undo_and_undoing_asks_again(desk, visit, clinic, promise):
    move(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    page = text_of(desk.get(reverse("infusion", args=[visit.pk])))
    assert reverse("infusion_move_undo", args=[visit.pk]) in page
    assert "This can be undone until 09:51." in page
    assert undo(desk, visit).status_code == 302
    visit.refresh_from_db()
    rows = Commitment.objects.filter(designation=promise.designation, role="ride").order_by("pk")
    assert visit.starts_at == TOMORROW
    assert [(row.status, row.for_starts_at) for row in rows] == [
        (CommitmentStatus.VOID, TOMORROW),
        (CommitmentStatus.VOID, TOMORROW + timedelta(hours=3)),
        (CommitmentStatus.ASKED, TOMORROW),
    ]
    assert reverse("infusion_move_undo", args=[visit.pk]) not in text_of(desk.get(reverse("infusion", args=[visit.pk])))


def test_undoing_twice_undoes_once(desk, visit, clinic):
    move(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    undo(desk, visit)
    response = undo(desk, visit)
    assert (response.status_code, "This move is undone already." in text_of(response)) == (422, True)


@pytest.mark.parametrize("version", ["", "2", "x"])
def test_only_the_move_that_was_shown_is_undone(desk, visit, clinic, version):
    """A tab that still offers to undo the first move does not undo the second."""
    move(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    move(desk, visit, clinic, TOMORROW + timedelta(hours=5), version=2)
    response = undo(desk, visit, version=version)
    visit.refresh_from_db()
    assert (response.status_code, visit.starts_at) == (422, TOMORROW + timedelta(hours=5))
    assert "It is now on Wednesday 4 March at 15:00" in text_of(response)


def test_undoing_after_somebody_took_the_place_is_refused_in_words(desk, visit, clinic, site, now):
    move(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    other = CourseFactory(patient__site=site, protocol=visit.course.protocol)
    bookings.place(course=other, slot=slot(clinic, TOMORROW), actor=visit.booked_by, now=now)
    response = undo(desk, visit)
    assert (response.status_code, "on Wednesday 4 March, from 10:00 to 11:55." in text_of(response)) == (422, True)
    assert Move.objects.get().undone_at is None


def test_a_tab_left_open_overnight_is_refused_in_words_and_overwrites_nothing(sign_in, visit, clinic, now):
    """Opened on Monday; on Tuesday another desk moves the visit; on Wednesday the old tab is sent off."""
    desk_of_monday = sign_in()
    with time_machine.travel(now - timedelta(days=1), tick=False):
        shown = text_of(preview(desk_of_monday, visit, clinic, TOMORROW + timedelta(days=9)))
        assert 'name="version" value="1"' in shown
    moves.move(
        infusion=visit, slot=slot(clinic, TOMORROW + timedelta(days=8)), actor=visit.booked_by, now=now, version=1
    )
    with time_machine.travel(now + timedelta(days=1), tick=False):
        answer = move(sign_in(), visit, clinic, TOMORROW + timedelta(days=9), version=1)
    visit.refresh_from_db()
    assert (answer.status_code, visit.starts_at, visit.version) == (422, TOMORROW + timedelta(days=8), 2)
    assert "It is now on Thursday 12 March at 11:00" in text_of(answer)


def test_a_time_that_was_ahead_when_the_tab_was_opened_is_refused_in_words_when_it_is_over(sign_in, visit, clinic, now):
    with time_machine.travel(now + timedelta(days=3), tick=False):
        answer = move(sign_in(), visit, clinic, TOMORROW + timedelta(days=1))
    visit.refresh_from_db()
    assert (answer.status_code, visit.starts_at, visit.version) == (422, TOMORROW, 1)
    assert "Thursday 5 March at 10:00 is in the past." in text_of(answer)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (CommitmentStatus.ACCEPTED, "Moved. Everybody who had said yes is asked again for the new time."),
        (CommitmentStatus.ASKED, "Moved. The helpers are asked about the new time."),
        (None, "Moved."),
    ],
)
def test_who_is_asked_after_a_move_is_said_as_it_is(desk, visit, clinic, now, status, sentence):
    if status is not None:
        answered = now if status == CommitmentStatus.ACCEPTED else None
        CommitmentFactory(
            infusion=visit,
            designation=DesignationFactory(patient=visit.patient),
            for_starts_at=visit.starts_at,
            status=status,
            answered_at=answered,
        )
    move(desk, visit, clinic, TOMORROW + timedelta(hours=3))
    page = desk.get(reverse("infusion", args=[visit.pk]))
    assert [str(message) for message in page.context["messages"]] == [sentence]
