from dataclasses import replace
from datetime import timedelta

import pytest

from messaging.domain import answers, inbound, kinds
from messaging.models import InboundText, Message
from tests.factories import SiteFactory
from tests.messaging.kinds import REMINDER

pytestmark = pytest.mark.django_db
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
SAM = "+14105550101"
taken: list[tuple[str, bool]] = []
closed: set[str] = set()
untakable: set[str] = set()


def on_answer(message, text, is_yes, now) -> bool:
    if message.scope == "visit:broken":
        raise LookupError("Dana")
    taken.append((message.scope, is_yes))
    # What it wrote before it found out is undone.
    InboundText.objects.filter(pk=text.pk).update(keyword="written")
    return message.scope not in untakable


ASKS = replace(
    REMINDER, name="test-asks", on_answer=on_answer, is_open=lambda message, now: message.scope not in closed
)
kinds.register(ASKS)
kinds.register(replace(REMINDER, name="test-reply", is_reply=True))


@pytest.fixture(autouse=True)
def _nothing_was_said():
    taken.clear()
    closed.clear()
    untakable.clear()


@pytest.fixture
def asked(now):
    """``asked("visit:1")``: a question about it went to Sam's phone an hour ago."""
    site = SiteFactory()

    def send(scope="visit:1", *, at=now - 60 * MINUTE, to=SAM, kind="test-asks", status="sent", **fields) -> Message:
        values = {"recipient": "helper:1", "subject": f"{scope}:{at}", "channel": "sms"} | fields
        return Message.objects.create(
            site=site,
            kind=kind,
            scope=scope,
            due_at=at,
            not_after=at + 60 * MINUTE,
            status=status,
            posted_at=at,
            sent_at=at,
            sent_to=to,
            **values,
        )

    return send


def says(body, now, *, sid="SM1") -> tuple[str, Message | None]:
    inbound.receive(provider_id=sid, from_number=SAM, body=body, now=now)
    text = InboundText.objects.get(provider_id=sid)
    return text.handled, text.question


@pytest.mark.parametrize(("body", "answer"), [("YES", "yes"), ("sí, gracias", "yes"), ("No thanks", "no")])
def test_a_yes_or_no_answers_the_one_question_of_its_number(asked, now, body, answer):
    message = asked()
    assert says(body, now) == (answer, message)
    message.refresh_from_db()
    assert (message.answer, message.answered_at) == (answer, now)
    assert taken == [("visit:1", answer == "yes")]


def test_nothing_is_guessed_where_nothing_was_asked(asked, now):
    asked(kind="test-reminder")
    asked(to="+14105550999")
    asked("visit:2", channel="email")
    assert says("yes", now) == ("unclear", None)
    assert taken == []


def test_nothing_is_guessed_between_two_questions(asked, now):
    asked("visit:1")
    asked("visit:2", at=now - 30 * MINUTE)
    assert says("yes", now) == ("unclear", None)
    assert taken == []


def test_what_is_settled_meanwhile_is_no_question(asked, now):
    asked("visit:1")
    closed.add("visit:2")
    asked("visit:2", at=now - 90 * MINUTE)
    assert says("yes", now)[0] == "yes"
    assert taken == [("visit:1", True)]


@pytest.mark.parametrize("kind", ["test-asks", "test-reminder"])
def test_nothing_is_guessed_once_the_number_was_written_to_about_something_else(asked, now, kind):
    """They may say yes to that: a reminder of today's ride, a question that has its answer on a page."""
    asked("visit:1")
    closed.add("visit:2")
    asked("visit:2", at=now - 30 * MINUTE, kind=kind)
    assert says("yes", now) == ("unclear", None)
    assert taken == []


def test_what_was_written_since_about_the_same_matter_or_as_a_reply_leaves_the_question(asked, now):
    question = asked("visit:1")
    asked("visit:1", at=now - 30 * MINUTE, kind="test-reminder")
    asked("inbound:1", at=now - 20 * MINUTE, kind="test-reply")
    assert says("yes", now) == ("yes", question)


def test_several_messages_about_one_matter_are_one_question_and_the_newest_is_answered(asked, now):
    asked()
    newest = asked(at=now - 10 * MINUTE)
    assert says("yes", now) == ("yes", newest)


def test_what_was_asked_two_weeks_ago_no_longer_stands(asked, now):
    asked(at=now - timedelta(days=15))
    assert says("yes", now) == ("unclear", None)


@pytest.mark.parametrize("status", ["delivered", "undelivered"])
def test_whoever_answers_has_got_it_whatever_the_receipt_says(asked, now, status):
    failed = {"error_text": "No answer."} if status == "undelivered" else {"delivered_at": now}
    message = asked(status=status, **failed)
    assert says("yes", now) == ("yes", message)


def test_a_question_that_leaves_as_the_answer_comes_is_not_what_was_answered(asked, now):
    first = asked("visit:1")
    asked("visit:2", at=now - SECOND)
    assert says("yes", now) == ("yes", first)


def test_a_second_question_is_answered_by_itself_once_the_first_is(asked, now):
    asked("visit:1")
    says("yes", now)
    second = asked("visit:2", at=now + MINUTE)
    assert says("no", now + 2 * MINUTE, sid="SM2") == ("no", second)
    assert taken == [("visit:1", True), ("visit:2", False)]


def test_yes_and_no_within_minutes_may_have_overtaken_each_other(asked, now):
    message = asked()
    says("yes", now)
    assert says("no", now + 9 * MINUTE, sid="SM2") == ("unclear", None)
    message.refresh_from_db()
    assert (message.answer, taken) == ("yes", [("visit:1", True)])


def test_people_change_their_mind_later(asked, now):
    message = asked()
    says("yes", now)
    assert says("no", now + 10 * MINUTE, sid="SM2") == ("no", message)
    message.refresh_from_db()
    assert (message.answer, message.answered_at) == ("no", now + 10 * MINUTE)


def test_the_same_answer_again_is_put_to_the_question_again(asked, now):
    """Something else may have happened to it by link meanwhile."""
    message = asked()
    says("yes", now)
    assert says("yes!", now + MINUTE, sid="SM2") == ("yes", message)
    assert taken == [("visit:1", True), ("visit:1", True)]


def test_what_could_not_be_taken_leaves_no_trace_and_is_unclear(asked, now):
    message = asked()
    untakable.add("visit:1")
    assert says("yes", now) == ("unclear", None)
    message.refresh_from_db()
    assert (message.answer, InboundText.objects.get().keyword) == ("", "yes")


def test_a_broken_kind_loses_no_text(asked, now, caplog):
    asked("visit:broken")
    assert says("yes", now) == ("unclear", None)
    assert "Dana" not in caplog.text


def test_the_same_text_come_again_answers_nothing_again(asked, now):
    asked()
    says("yes", now)
    inbound.receive(provider_id="SM1", from_number=SAM, body="yes", now=now + MINUTE)
    assert taken == [("visit:1", True)]


def test_the_question_of_a_number_can_be_asked_for(asked, now):
    assert answers.question(number=SAM, now=now) is None
    message = asked()
    assert answers.question(number=SAM, now=now) == message
