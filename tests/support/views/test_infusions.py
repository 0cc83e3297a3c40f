import re
from datetime import timedelta

import pytest
from django.urls import reverse

from clinic.enums import CourseStatus, InfusionStatus, Role
from clinic.models import AuditEntry, Course
from messaging.domain import inbound
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.domain import replan
from support.enums import CommitmentStatus
from tests.factories import CommitmentFactory, DesignationFactory

S = InfusionStatus
QUERIES = 28
STEPS = ["arrive", "start", "recover", "ready", "home", "cancel", "no_show", "stop_early", "late"]


@pytest.fixture
def visit(book, now):
    return book(at=now + timedelta(minutes=5))


@pytest.fixture
def nurse(sign_in):
    return sign_in(Role.NURSE)


def confirm(infusion, now, **fields):
    return CommitmentFactory(
        infusion=infusion, status=CommitmentStatus.RECONFIRMED, answered_at=now, reconfirmed_at=now, **fields
    )


def press(client, step, infusion, **data):
    return client.post(reverse(f"infusion_{step}", args=[infusion.pk]), data)


def state(infusion):
    infusion.refresh_from_db()
    return infusion.state


def test_the_phases_take_one_press_each(nurse, visit, now):
    confirm(visit, now)
    for step in ("arrive", "start", "recover", "ready"):
        assert press(nurse, step, visit).status_code == 302
    assert state(visit) is S.READY


def test_what_a_helper_texted_waits_on_the_page_of_the_visit_too(desk, visit, now):
    """More than a yes: whoever looks at the visit and wonders about the way home sees that they wrote."""
    named = DesignationFactory(patient=visit.patient, person__phone="+14105550777")
    CommitmentFactory(infusion=visit, designation=named, status=CommitmentStatus.ACCEPTED, answered_at=now)
    page = reverse("infusion", args=[visit.pk])
    assert "sent a text about" not in desk.get(page).content.decode()
    inbound.receive(provider_id="SM1", from_number=named.person.phone, body="Yes but 15 min late", now=now)
    assert "sent a text about" in desk.get(page).content.decode()


def test_the_start_is_refused_in_words_while_there_is_no_way_home(nurse, visit):
    press(nurse, "arrive", visit)
    response = press(nurse, "start", visit)
    assert response.status_code == 422
    assert "There is no confirmed way home." in response.content.decode()
    assert state(visit) is S.ARRIVED


@pytest.mark.parametrize("step", ["start", "recover", "ready", "home"])
def test_a_step_out_of_order_is_refused_on_the_page(nurse, visit, step):
    response = press(nurse, step, visit)
    assert (response.status_code, state(visit)) == (422, S.BOOKED)
    assert 'role="alert"' in response.content.decode()


def test_a_clinician_overrides_with_a_reason(sign_in, visit):
    clinician = sign_in(Role.CLINICIAN)
    press(clinician, "arrive", visit)
    page = clinician.get(reverse("infusion", args=[visit.pk])).content.decode()
    assert "Start against the rules" in page
    press(clinician, "start", visit, override_reason="Her sister is on the way")
    visit.refresh_from_db()
    assert (visit.state, visit.override_reason) == (S.STARTED, "Her sister is on the way")


def test_a_nurse_is_not_offered_the_override_and_cannot_use_it(nurse, visit):
    press(nurse, "arrive", visit)
    assert "Start against the rules" not in nurse.get(reverse("infusion", args=[visit.pk])).content.decode()
    response = press(nurse, "start", visit, override_reason="In a hurry today")
    assert (response.status_code, state(visit)) == (422, S.ARRIVED)


def test_an_override_that_is_too_short_keeps_what_was_typed(sign_in, visit):
    clinician = sign_in(Role.CLINICIAN)
    press(clinician, "arrive", visit)
    response = press(clinician, "start", visit, override_reason="ok!")
    assert (response.status_code, "ok!" in response.content.decode()) == (422, True)


@pytest.mark.parametrize("step", ["start", "recover", "ready", "stop_early"])
def test_the_front_desk_does_not_do_the_nurses_steps(desk, visit, step):
    assert press(desk, step, visit).status_code == 403


def test_a_cancellation_needs_a_reason(desk, visit):
    assert press(desk, "cancel", visit, reason=" ").status_code == 422
    assert press(desk, "cancel", visit, reason="A cold").status_code == 302
    assert state(visit) is S.CANCELLED


def test_a_cancelled_visit_leads_to_another_time_while_the_course_goes_on(desk, visit):
    press(desk, "cancel", visit, reason="Has a cold")
    page = desk.get(reverse("infusion", args=[visit.pk])).content.decode()
    assert f'href="{reverse("course_place", args=[visit.course_id])}"' in page
    assert "Nothing can be changed any more." not in page
    Course.objects.update(status=CourseStatus.STOPPED)
    assert "Nothing can be changed any more." in desk.get(reverse("infusion", args=[visit.pk])).content.decode()


def test_stopping_early_is_a_fact_and_recovery_begins(nurse, visit, now):
    confirm(visit, now)
    press(nurse, "arrive", visit)
    press(nurse, "start", visit)
    press(nurse, "stop_early", visit, reason="Felt sick")
    visit.refresh_from_db()
    assert (visit.state, visit.stopped_early_reason) == (S.RECOVERING, "Felt sick")


def test_no_show_waits_for_the_booked_time(desk, visit, book, now):
    assert press(desk, "no_show", visit).status_code == 422
    missed = book(at=now - timedelta(minutes=30))
    press(desk, "no_show", missed)
    assert state(missed) is S.NO_SHOW


@pytest.mark.parametrize("minutes", ["", "-5", "x", "99999", "²"])
def test_lateness_in_anything_but_minutes_is_refused(desk, visit, minutes):
    assert press(desk, "late", visit, minutes=minutes).status_code == 422


def test_lateness_is_shown(desk, visit):
    press(desk, "late", visit, minutes="20")
    assert "Late, about 20 min" in desk.get(reverse("infusion", args=[visit.pk])).content.decode()


@pytest.mark.parametrize("step", STEPS)
def test_nothing_changes_by_looking(nurse, visit, step):
    response = nurse.get(reverse(f"infusion_{step}", args=[visit.pk]))
    assert (response.status_code, state(visit)) == (405, S.BOOKED)


def test_a_press_on_the_board_leads_back_to_the_board(desk, visit):
    response = press(desk, "arrive", visit, next="/?day=2026-03-03")
    assert response.headers["Location"] == "/?day=2026-03-03"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_press_never_leads_off_the_site(desk, visit, address):
    response = press(desk, "arrive", visit, next=address)
    assert response.headers["Location"] == reverse("infusion", args=[visit.pk])


def test_every_look_is_written_down(desk, visit):
    desk.get(reverse("infusion", args=[visit.pk]))
    entry = AuditEntry.objects.get(verb="read")
    assert (entry.patient_id, entry.subject) == (visit.patient_id, f"infusion:{visit.pk}")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_depend_on_helpers_and_messages(
    desk, visit, now, rows, django_assert_num_queries
):
    for number in range(rows):
        commitment = CommitmentFactory(infusion=visit)
        Message.objects.create(
            site=visit.site,
            kind="helper_ask_again",
            scope=f"infusion:{visit.pk}",
            subject=f"infusion:{visit.pk}",
            about_at=visit.starts_at,
            recipient=f"designation:{commitment.designation_id}",
            channel=Channel.SMS,
            status=MessageStatus.PENDING,
            due_at=now + timedelta(minutes=number),
            not_after=now + timedelta(hours=1),
        )
    desk.get(reverse("infusion", args=[visit.pk]))
    with django_assert_num_queries(QUERIES):
        desk.get(reverse("infusion", args=[visit.pk]))


def test_a_helper_whom_no_message_asks_is_not_said_to_be_asked(desk, visit):
    CommitmentFactory(infusion=visit, designation__person__agreed=False)
    html = desk.get(reverse("infusion", args=[visit.pk])).content.decode()
    promised = html[html.index('id="promise-') :].partition("</small>")[0]
    assert "Invited, not written to again until they answer. Please call." in promised
    assert "Asked Tue" not in promised


def test_a_helper_whom_a_message_asks_is_shown_with_the_time(desk, visit, now):
    CommitmentFactory(infusion=visit, designation__person__agreed=True)
    html = desk.get(reverse("infusion", args=[visit.pk])).content.decode()
    assert "Asked " in html[html.index('id="promise-') :].partition("</small>")[0]


def test_what_will_go_is_told_apart_from_what_went_and_calls_are_among_it(desk, book, now):
    """A patient without a mobile and an e-mail is called; the helper's message waits for its time."""
    visit = book(at=now + timedelta(days=3))
    named = CommitmentFactory(infusion=visit, status="accepted", answered_at=now, answered_via="link").designation
    type(visit.patient).objects.update(phone="", email="")
    about = {"scope": f"infusion:{visit.pk}", "subject": f"infusion:{visit.pk}", "about_at": visit.starts_at}
    Message.objects.create(
        site=visit.site,
        kind="helper_ask_again",
        recipient=f"designation:{named.pk}",
        channel=Channel.SMS,
        status=MessageStatus.SENT,
        sent_at=now,
        sent_to="+14105550123",
        due_at=now,
        not_after=visit.starts_at,
        **about,
    )
    replan.replan(infusion=visit, now=now)
    html = desk.get(reverse("infusion", args=[visit.pk])).content.decode()
    _before, coming, went = re.split(r'<section class="section" aria-labelledby="(?:coming|ledger)">', html)
    assert "Still all right for tomorrow?" in coming
    assert coming.count("Somebody calls") == 1
    assert "Reminder, the day before" in coming
    assert "Asked again" in went
    assert "Asked again" not in coming
