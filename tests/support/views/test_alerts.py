import re
from datetime import timedelta

import pytest
from django.urls import reverse

from clinic.enums import InfusionStatus, Role
from clinic.models import Patient
from support.domain import alerts, asking, commitments, nobody_came
from support.enums import AlertKind, AlertStatus, CheckInKind, CheckInStatus, HelperAnswer, SupportRole
from support.models import Alert, CheckIn, Commitment
from tests.factories import DesignationFactory, PatientFactory, StaffFactory

QUERIES = 7


@pytest.fixture
def ines(site, policy, now):
    StaffFactory(role=Role.NURSE, sites=[site], full_name="Noor Haddad")
    return alerts.open_alert(
        kind=AlertKind.CALL_ME, key="a", says="Asked for a call.", patient=PatientFactory(site=site), now=now
    )


def test_the_list_names_owner_and_deadline(desk, ines):
    page = desk.get(reverse("alerts")).content.decode()
    assert all(words in page for words in ("Noor H.", "10:41", "Asked for a call."))


def test_an_empty_list_says_so(desk, policy):
    assert "Nothing waits for an answer" in desk.get(reverse("alerts")).content.decode()


def test_who_calls_reads_which_interpreter_and_guardian_the_patient_has(desk, ines):
    assert "interpreter" not in desk.get(reverse("alert", args=[ines.pk])).content.decode()
    Patient.objects.filter(pk=ines.patient_id).update(interpreter="Polish", guardian="Ana Berg")
    page = desk.get(reverse("alert", args=[ines.pk])).content.decode()
    assert ("Needs an interpreter for Polish." in page, "Legal guardian: Ana Berg." in page) == (True, True)


def test_taking_it_makes_it_mine(sign_in, site, ines):
    dana = StaffFactory(sites=[site])
    sign_in(staff=dana).post(reverse("alert_acknowledge", args=[ines.pk]))
    ines.refresh_from_db()
    assert (ines.status, ines.owner) == (AlertStatus.ACKNOWLEDGED, dana)


def test_closing_needs_a_word_on_what_was_done(desk, ines):
    assert desk.post(reverse("alert_close", args=[ines.pk]), {"outcome": ""}).status_code == 422
    desk.post(reverse("alert_close", args=[ines.pk]), {"outcome": "Called, all well"})
    ines.refresh_from_db()
    assert (ines.status, ines.outcome) == (AlertStatus.CLOSED, "Called, all well")


def test_closing_twice_is_told_kindly(desk, ines):
    close = reverse("alert_close", args=[ines.pk])
    desk.post(close, {"outcome": "Called, all well"})
    response = desk.post(close, {"outcome": "Called again"})
    assert (response.status_code, "This is done already." in response.content.decode()) == (422, True)


def test_what_a_helper_noticed_can_be_read(desk, book, now):
    visit = book(at=now - timedelta(hours=6))
    CheckIn.objects.create(
        infusion=visit,
        designation=DesignationFactory(patient=visit.patient),
        kind=CheckInKind.EVENING,
        due_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=9),
        status=CheckInStatus.ANSWERED,
        answer=HelperAnswer.WORRIED,
        note="She <b>cries</b> a lot",
        answered_at=now,
    )
    alert = alerts.open_alert(
        kind=AlertKind.WORRIED, key="w", says="A helper is worried.", patient=visit.patient, infusion=visit, now=now
    )
    for url in (reverse("alert", args=[alert.pk]), reverse("infusion", args=[visit.pk])):
        page = desk.get(url).content.decode()
        assert "She &lt;b&gt;cries&lt;/b&gt; a lot" in page
        assert "Worried" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_alerts(
    desk, site, ines, now, rows, django_assert_num_queries
):
    for number in range(1, rows):
        alerts.open_alert(
            kind=AlertKind.CALL_ME,
            key=f"k{number}",
            says="x",
            patient=PatientFactory(site=site),
            now=now - timedelta(hours=number),
        )
    desk.get(reverse("alerts"))
    with django_assert_num_queries(QUERIES):
        desk.get(reverse("alerts"))


def test_an_alert_about_a_lost_way_home_calls_the_next_helper_first(desk, book, now):
    visit = book(at=now + timedelta(days=4))
    lee, jo = (DesignationFactory(patient=visit.patient, person__given_name=name) for name in ("Lee", "Jo"))
    for named in (lee, jo):
        asking.ask(infusion=visit, designation=named, role="ride", now=now)
    row = commitments.accept(commitment=lee.commitments.get(), via="link", now=now)
    commitments.withdraw(commitment=row, via="link", now=now)
    html = desk.get(reverse("alert", args=[visit.alerts.get(kind=AlertKind.CANT_COME).pk])).content.decode()
    assert re.findall(r'class="(button[^"]*)"[^>]*>.*?Call (\w+),', html) == [
        ("button button--main", "Jo"),
        ("button", visit.patient.first_name),
        ("button", "Lee"),
    ]
    assert "Lee stepped back. Asked: Jo." in html


def test_whoever_does_not_come_is_let_go_there_and_the_others_are_asked(desk, book, now, policy):
    visit = book(
        at=now - timedelta(hours=4),
        status=InfusionStatus.READY,
        arrived_at=now,
        started_at=now,
        recovering_at=now,
        ready_at=now - timedelta(hours=2),
    )
    StaffFactory(role=Role.NURSE, sites=[visit.site])
    sam, jo = (DesignationFactory(patient=visit.patient, person__given_name=name) for name in ("Sam", "Jo"))
    asking.ask_everybody(infusion=visit, now=now)
    promised = {row.designation: row for row in visit.commitments.filter(role=SupportRole.RIDE)}
    commitments.accept(commitment=promised[sam], via="link", now=now - timedelta(hours=2))
    nobody_came.find(now=now)
    page = reverse("alert", args=[Alert.objects.get(kind=AlertKind.NOBODY_CAME).pk])
    label = "Sam does not come: ask the others"
    assert label in desk.get(page).content.decode()
    response = desk.post(
        reverse("commitment_record", args=[promised[sam].pk]), {"answer": "back", "next": page}, follow=True
    )
    assert [label in response.content.decode(), "Call Jo" in response.content.decode()] == [False, True]
    assert [fresh.status for fresh in (Commitment.objects.get(pk=promised[who].pk) for who in (sam, jo))] == [
        "withdrawn",
        "asked",
    ]


def test_the_button_of_a_line_is_not_called_what_its_state_is_called(desk, ines):
    html = desk.get(reverse("alerts")).content.decode()
    assert re.findall(r'<a class="button[^>]*>(\w+)<', html) == ["Answer"]
    assert html.count(">Open<") == 1


def test_what_to_say_stands_on_the_call_until_it_is_done(desk, site, policy, now):
    StaffFactory(role=Role.NURSE, sites=[site])
    call = alerts.open_alert(
        kind=AlertKind.CALL_TASK,
        key="call",
        says="Please call Maya.",
        script="Hello <Maya>, this is Northgate Care.\n\nIf a machine answers, say only: “Please call us back.”",
        patient=PatientFactory(site=site),
        now=now,
    )
    html = desk.get(reverse("alert", args=[call.pk])).content.decode()
    assert "<p>Hello &lt;Maya&gt;, this is Northgate Care.</p>" in html
    assert "<p>If a machine answers, say only: “Please call us back.”</p>" in html
    desk.post(reverse("alert_close", args=[call.pk]), {"outcome": "Called, all well"})
    assert "What to say" not in desk.get(reverse("alert", args=[call.pk])).content.decode()


def test_an_alert_that_messages_do_not_go_out_leads_to_what_waits(desk, site, policy, now):
    stopped = alerts.open_alert(kind=AlertKind.TEXTS_STOPPED, key="s", says="Texts do not go out.", site=site, now=now)
    for page in (reverse("alert", args=[stopped.pk]), reverse("alerts"), reverse("today")):
        assert "Messages do not go out" in desk.get(page).content.decode()
    assert "/messages/?state=waiting" in desk.get(reverse("alert", args=[stopped.pk])).content.decode()
