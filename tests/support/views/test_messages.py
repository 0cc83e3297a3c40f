from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.urls import reverse

from clinic.models import AuditEntry
from messaging.domain import kinds
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.domain import ledger_words, links
from support.models import Designation, Link
from tests.factories import CommitmentFactory, DesignationFactory, PatientFactory

S = MessageStatus
QUERIES = 18


@pytest.fixture
def post(site, policy, now):
    def message(status=S.PENDING, patient=None, **fields):
        patient = patient or PatientFactory(site=site)
        named = DesignationFactory(patient=patient)
        about = {"scope": "infusion:1", "subject": "infusion:1", "about_at": now - timedelta(days=1)}
        values = about | {"recipient": f"designation:{named.pk}", "kind": "helper_ask_again", **fields}
        if status in (S.SENT, S.DELIVERED):
            values = {"sent_at": now, "sent_to": "+14105550123", **values}
        if status == S.DEAD:
            values["error_text"] = "The number does not exist."
        return Message.objects.create(
            site=site,
            channel=Channel.SMS,
            status=status,
            **{"due_at": now - timedelta(hours=1), "not_after": now + timedelta(hours=1), **values},
        )

    return message


def groups(client, **asked):
    found = client.get(reverse("messages"), asked).context["groups"]
    return {group.state: [line.message for line in group.lines] for group in found}


def listed(client, **asked):
    return [message for lines in groups(client, **asked).values() for message in lines]


def test_first_what_failed_then_what_goes_next_then_what_went_last(desk, post, now):
    early, late = (post(S.SENT, due_at=now - timedelta(hours=hours)) for hours in (9, 2))
    after, following = (
        post(due_at=now + timedelta(hours=hours), not_after=now + timedelta(days=2)) for hours in (3, 1)
    )
    failed = post(S.DEAD)
    assert listed(desk) == [failed, following, after, late, early]


def test_what_goes_after_tomorrow_is_told_of_and_shown_where_asked_for(desk, post, now):
    far, near = (
        post(due_at=now + timedelta(days=days), not_after=now + timedelta(days=days, hours=1)) for days in (3, 1)
    )
    page = desk.get(reverse("messages"))
    assert "More go after tomorrow." in page.content.decode()
    assert listed(desk) == [near]
    assert listed(desk, state="waiting") == [near, far]
    assert listed(desk, who=ledger_words.lines(messages=[far])[0].patient.family_name) == [far]


def test_todays_are_named_so(desk, post, now):
    post(S.SENT)
    post(S.SENT, sent_at=now - timedelta(days=1), sent_to="+14105550123")
    assert desk.get(reverse("messages")).content.decode().count("<b>Today, ") == 1


def test_what_is_no_longer_needed_is_shown_only_where_asked_for(desk, post):
    dropped = post(S.VOID)
    assert listed(desk) == []
    assert listed(desk, state="dropped") == [dropped]


def test_a_patients_name_finds_what_went_to_them_and_to_their_helpers(desk, post, site):
    maya = PatientFactory(site=site, given_name="Maya", family_name="Gutiérrez")
    to_helper = post(patient=maya)
    to_patient = post(recipient=f"patient:{maya.pk}", kind="patient_1_day")
    post(patient=PatientFactory(site=site, given_name="Omar", family_name="Quist"))
    assert set(listed(desk, who="Gutierez")) == {to_helper, to_patient}


@pytest.mark.parametrize("asked", [{"state": "nonsense"}, {"visit": "x"}, {"page": "999"}])
def test_nonsense_in_the_address_is_no_error(desk, post, asked):
    post()
    assert desk.get(reverse("messages"), asked).status_code == 200


@pytest.fixture
def failed(post, book, now):
    """A question to a helper about a visit of tomorrow that could not arrive."""
    visit = book(at=now + timedelta(days=1))
    named = DesignationFactory(patient=visit.patient, person__given_name="Sam")
    CommitmentFactory(infusion=visit, designation=named, status="asked", for_starts_at=visit.starts_at)
    scope = {"scope": f"infusion:{visit.pk}", "subject": f"infusion:{visit.pk}", "about_at": visit.starts_at}
    return post(S.DEAD, visit.patient, recipient=f"designation:{named.pk}", **scope)


def again(client, message, **typed):
    return client.post(reverse("message_resend", args=[message.pk]), typed)


def test_what_sending_again_would_do_is_said_before(desk, failed):
    before = Link.objects.count()
    html = desk.get(reverse("message_resend", args=[failed.pk])).content.decode()
    assert "within a minute" in html
    assert "[link]" in html
    assert (Message.objects.count(), Link.objects.count()) == (1, before)


def test_a_failed_one_goes_again_once_with_its_reason_and_leaves_a_trace(desk, failed, now):
    named = Designation.objects.get(pk=int(failed.recipient.partition(":")[2]))
    assert again(desk, failed, reason="new number").status_code == 302
    assert again(desk, failed, reason="new number").status_code == 422
    with time_machine.travel(now + timedelta(minutes=5), tick=False):
        assert "It was sent again already." in again(desk, failed, reason="new number").content.decode()
    row = Message.objects.exclude(pk=failed.pk).get()
    assert (row.status, row.about_at, row.rule) == (S.PENDING, now, "resent: new number")
    trace = AuditEntry.objects.get(verb="message.resent")
    assert (trace.patient_id, trace.subject) == (named.patient_id, f"message:{failed.pk}")


@pytest.mark.parametrize("reason", ["", "  ", "x"])
def test_without_a_reason_it_does_not_go_and_the_page_says_so_in_place(desk, failed, reason):
    response = again(desk, failed, reason=reason, next="/messages/?state=failed")
    html = response.content.decode()
    assert (response.status_code, Message.objects.count()) == (422, 1)
    assert "Say in a few words why it goes again." in html
    assert 'name="next" value="/messages/?state=failed"' in html


def test_one_that_went_is_not_sent_again(desk, post):
    assert again(desk, post(S.SENT), reason="she asked").status_code == 422
    assert Message.objects.count() == 1


def test_what_the_rules_would_stop_is_not_offered(desk, failed):
    Designation.objects.update(withdrawn_at=failed.due_at)
    html = desk.get(reverse("message_resend", args=[failed.pk])).content.decode()
    assert "This person is no longer on the list." in html
    assert "<form class=" not in html.partition("<main")[2]
    assert again(desk, failed, reason="she asked").status_code == 422


def test_a_text_that_would_go_at_night_waits_and_the_page_says_until_when(sign_in, failed, now):
    with time_machine.travel(now + timedelta(hours=12), tick=False):
        html = sign_in().get(reverse("message_resend", args=[failed.pk])).content.decode()
    assert "at Wed 4 Mar, 08:00, when texts may go again" in html


def test_the_page_comes_back_where_the_button_was(desk, failed):
    address = f"{reverse('messages')}?state=failed"
    assert f"next={quote(address)}" in desk.get(address).content.decode()
    assert again(desk, failed, reason="new number", next=address).url == address


def test_every_registered_kind_has_a_name_in_words():
    # The tests of messaging register kinds of their own in the same process.
    assert {name for name in kinds.names() if not name.startswith("test-")} <= set(ledger_words.LABELS)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_depend_on_the_number_of_messages(desk, post, rows, django_assert_num_queries):
    for _each in range(rows):
        post()
    desk.get(reverse("messages"))
    with django_assert_num_queries(QUERIES):
        desk.get(reverse("messages"))


def test_the_outbox_is_not_there_in_a_real_clinic(desk, policy, settings):
    settings.DEMO = False
    assert desk.get(reverse("outbox")).status_code == 404


def test_the_demonstrations_outbox_makes_the_link_work_again(desk, post, settings, now):
    settings.DEMO = True
    message = post(S.SENT, body="Can you help? [link] STOP to opt out")
    named = DesignationFactory._meta.model.objects.get(pk=int(message.recipient.partition(":")[2]))
    link = links.for_designation(designation=named, now=now)
    assert f'href="{links.address(link)}"' in desk.get(reverse("outbox")).content.decode()


@pytest.mark.parametrize(
    ("status", "heading", "may_resend"), [(S.DEAD, "What it was to say", True), (S.SENT, "What it said", False)]
)
def test_the_look_at_one_says_whether_it_was_said_and_lets_a_failed_one_go_again(
    desk, post, status, heading, may_resend
):
    message = post(status, body="Northgate Care: please call us.")
    page = desk.get(reverse("message_look", args=[message.pk])).content.decode()
    assert f">{heading}</h2>" in page
    assert (reverse("message_resend", args=[message.pk]) in page) == may_resend
