"""A yes or no by text, from the question on a phone to the ride it is about."""

from datetime import timedelta

import pytest

from clinic.domain import infusions
from messaging.domain import dispatch, inbound, standing
from messaging.models import Consent, InboundText, Message
from support.domain import commitments, designations
from support.models import Alert
from tests.support.conftest import Clinic, Phones

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER = 15 * MINUTE
SAM = "+14105550123"


class Texter:
    """Sam's phone."""

    def __init__(self, phones: Phones, clinic: Clinic) -> None:
        self.phones, self.clinic, self.sent = phones, clinic, 0

    def wait_for(self, kind: str):
        """The clock goes on until this was sent to Sam: it waits its turn behind others. It, and when that was."""
        message = Message.objects.filter(kind=kind, channel="sms").latest("due_at")
        for quarters in range(9):
            dispatch.run(clock=lambda at=message.due_at + quarters * QUARTER: at)
            message.refresh_from_db()
            if message.status == "sent":
                break
        assert (message.status, message.sent_to) == ("sent", SAM), message.error_text
        return message, message.sent_at

    def says(self, body, now) -> InboundText:
        self.sent += 1
        inbound.receive(provider_id=f"SM{self.sent}", from_number=SAM, body=body, now=now)
        return InboundText.objects.get(provider_id=f"SM{self.sent}")

    def reads(self, now) -> str:
        dispatch.run(clock=lambda: now)
        return self.phones.texts(SAM)[-1]


@pytest.fixture
def phone(phones: Phones, clinic: Clinic) -> Texter:
    return Texter(phones, clinic)


@pytest.fixture
def sam(clinic: Clinic, next_week):
    """Named, agreed to texts, asked for Wednesday the 11th."""
    named = clinic.named("Sam", phone=SAM, email="")
    clinic.visit = clinic.book(next_week)
    return named


def test_yes_to_a_date_takes_it_and_says_so(phone, clinic: Clinic, sam):
    _asked, at = phone.wait_for("helper_ask_again")
    text = phone.says("Yes!", at + MINUTE)
    row = clinic.promise(sam, clinic.visit)
    assert (row.status, row.answered_via) == ("accepted", "text")
    assert (text.handled, text.done_at) == ("yes", at + MINUTE)
    assert phone.reads(at + MINUTE) == "Northgate Care: thank you, noted. Your page: [link] Questions? +14105550142"
    assert Alert.objects.count() == 0


def test_no_to_a_date_is_a_no_to_it(phone, clinic: Clinic, sam):
    _asked, at = phone.wait_for("helper_ask_again")
    phone.says("No, gracias", at + MINUTE)
    row = clinic.promise(sam, clinic.visit)
    assert (row.status, row.answered_via) == ("declined", "text")


def test_yes_to_still_coming_confirms_the_ride(phone, clinic: Clinic, sam):
    clinic.yes(sam, clinic.visit)
    _asked, at = phone.wait_for("helper_reconfirm")
    phone.says("sí", at + MINUTE)
    assert clinic.promise(sam, clinic.visit).status == "reconfirmed"


def test_no_to_still_coming_gives_the_ride_back_and_the_desk_hears(phone, clinic: Clinic, sam):
    clinic.yes(sam, clinic.visit)
    _asked, at = phone.wait_for("helper_reconfirm")
    phone.says("no", at + MINUTE)
    assert clinic.promise(sam, clinic.visit).status == "withdrawn"
    assert Alert.objects.get().says.startswith("Sam stepped back from Wed 11 Mar 13:30.")


def test_a_confirmed_helper_who_says_no_later_has_stepped_back(phone, clinic: Clinic, sam):
    clinic.yes(sam, clinic.visit)
    _asked, at = phone.wait_for("helper_reconfirm")
    phone.says("yes", at + MINUTE)
    phone.says("no", at + HOUR)
    assert clinic.promise(sam, clinic.visit).status == "withdrawn"
    assert Alert.objects.get().kind == "cant_come"


def test_yes_and_no_of_the_same_minutes_change_nothing_more_and_a_person_asks(phone, clinic: Clinic, sam):
    clinic.yes(sam, clinic.visit)
    _asked, at = phone.wait_for("helper_reconfirm")
    phone.says("yes", at + MINUTE)
    phone.says("no", at + 2 * MINUTE)
    assert clinic.promise(sam, clinic.visit).status == "reconfirmed"
    [alert] = Alert.objects.all()
    assert (alert.kind, alert.says) == (
        "text_came",
        "Sam answered by text, and it is not certain what they mean. Please read it and call.",
    )


def test_a_yes_to_an_old_time_is_no_yes_to_the_new_one(phone, clinic: Clinic, sam, next_week):
    _asked, at = phone.wait_for("helper_ask_again")
    clinic.now = at
    clinic.move(clinic.visit, next_week + HOUR)
    text = phone.says("yes", at + MINUTE)
    assert (text.handled, clinic.promise(sam, clinic.visit).status) == ("unclear", "asked")


def test_a_yes_between_two_dates_is_a_link_and_no_guess(phone, clinic: Clinic, next_week):
    sam = clinic.named("Sam", phone=SAM, email="")
    clinic.book(next_week, next_week + 2 * DAY)
    Message.objects.filter(kind="helper_new_dates").delete()
    for message in Message.objects.filter(kind="helper_ask_again").order_by("due_at"):
        dispatch.run(clock=lambda at=message.due_at: at)
    _asked, at = phone.wait_for("helper_ask_again")
    text = phone.says("yes", at + MINUTE)
    assert (text.handled, set(sam.commitments.values_list("status", flat=True))) == ("unclear", {"asked"})
    assert phone.reads(at + MINUTE).startswith("Northgate Care: please answer on your page: [link]")


def test_a_yes_to_a_ride_that_somebody_has_by_now_is_the_link_where_it_says_so(phone, clinic: Clinic, sam):
    _asked, at = phone.wait_for("helper_ask_again")
    lee = clinic.named("Lee", phone="+14105550124", email="")
    clinic.yes(lee, clinic.visit, now=at)
    text = phone.says("yes", at + MINUTE)
    assert (text.handled, clinic.promise(sam, clinic.visit).status) == ("unclear", "covered")


def test_a_yes_from_a_phone_two_people_share_is_taken_for_neither(phone, clinic: Clinic, sam):
    _asked, at = phone.wait_for("helper_ask_again")
    clinic.named("Lee", phone=SAM, email="")
    text = phone.says("yes", at + MINUTE)
    assert (text.handled, clinic.promise(sam, clinic.visit).status) == ("unclear", "asked")
    assert Alert.objects.filter(kind="text_came").count() == 1


def test_an_answer_after_the_visit_was_called_off_is_none(phone, clinic: Clinic, sam):
    _asked, at = phone.wait_for("helper_ask_again")
    infusions.cancel(infusion=clinic.fresh(clinic.visit), reason="Ill", actor=clinic.desk, now=at)
    assert phone.says("yes", at + MINUTE).handled == "unclear"


def test_whoever_was_taken_off_the_list_answers_nothing(phone, clinic: Clinic, sam):
    _asked, at = phone.wait_for("helper_ask_again")
    designations.withdraw(designation=sam, actor="staff:1", now=at)
    assert phone.says("yes", at + MINUTE).handled == "unclear"


def test_what_was_answered_by_link_meanwhile_is_not_answered_again_by_text(phone, clinic: Clinic, sam):
    _asked, at = phone.wait_for("helper_ask_again")
    row = clinic.promise(sam, clinic.visit)
    commitments.decline(commitment=row, via="link", now=at + MINUTE)
    assert phone.says("yes", at + 2 * MINUTE).handled == "unclear"
    assert clinic.promise(sam, clinic.visit).status == "declined"


def test_a_yes_counts_for_every_part_they_were_asked_for(phone, clinic: Clinic, next_week):
    sam = clinic.named("Sam", phone=SAM, email="", roles=("ride", "presence"))
    visit = clinic.book(next_week)
    _asked, at = phone.wait_for("helper_ask_again")
    phone.says("yes", at + MINUTE)
    assert {row.status for row in sam.commitments.filter(infusion=visit)} == {"accepted"}


@pytest.fixture
def invited(clinic: Clinic, next_week):
    """Named for a booked date, invited by text; has said nothing yet."""
    clinic.visit = clinic.book(next_week)
    return clinic.named("Sam", phone=SAM, email="", agreed=False)


def test_yes_to_the_invitation_is_a_yes_to_texts_in_answer_to_the_words_that_were_sent(phone, clinic: Clinic, invited):
    asked, at = phone.wait_for("helper_invitation")
    phone.says("YES", at + MINUTE)
    given = standing.of(people=[f"person:{invited.person_id}"], addresses=[]).agreed
    assert {(yes.purpose, yes.channel, yes.address) for yes in given} == {
        ("rides", "sms", SAM),
        ("checkins", "sms", SAM),
    }
    kept = Consent.objects.filter(person=f"person:{invited.person_id}").values_list("wording", "how", "given_at")
    assert set(kept) == {(asked.body, "text", at + MINUTE)}
    assert phone.reads(at + MINUTE).startswith("Northgate Care: thank you, noted. Your page: [link]")
    assert clinic.promise(invited, clinic.visit).status == "asked"
    # And from now on they are asked by text.
    assert Message.objects.filter(kind="helper_ask_again", channel="sms", status="pending").exists()


def test_no_to_the_invitation_is_a_no_to_its_dates_and_nothing_more_goes(phone, clinic: Clinic, invited):
    _asked, at = phone.wait_for("helper_invitation")
    phone.says("no", at + MINUTE)
    assert clinic.promise(invited, clinic.visit).status == "declined"
    assert standing.of(people=[f"person:{invited.person_id}"], addresses=[]).agreed == set()
    assert not Message.objects.filter(kind__startswith="helper_", status="pending").exists()


@pytest.fixture
def booked_again(clinic: Clinic, sam, next_week):
    """A second series, a day later."""

    def book(*starts):
        clinic.yes(sam, clinic.visit)
        clinic.now += DAY
        return clinic.book(*starts)

    return book


def test_a_yes_to_new_dates_takes_the_one_there_is(phone, clinic: Clinic, sam, booked_again, next_week):
    visit = booked_again(next_week + 14 * DAY)
    _asked, at = phone.wait_for("helper_new_dates")
    phone.says("yes", at + MINUTE)
    assert clinic.promise(sam, visit).status == "accepted"


def test_a_yes_to_several_new_dates_is_for_their_page(phone, clinic: Clinic, sam, booked_again, next_week):
    visit = booked_again(next_week + 14 * DAY, next_week + 21 * DAY)
    _asked, at = phone.wait_for("helper_new_dates")
    assert phone.says("yes", at + MINUTE).handled == "unclear"
    assert clinic.promise(sam, visit).status == "asked"
    assert phone.reads(at + MINUTE).startswith("Northgate Care: please answer on your page: [link]")


def test_an_ok_to_our_thanks_is_not_thanked_for_again(phone, phones: Phones, clinic: Clinic, sam):
    """Else two machines would thank each other without end."""
    _asked, at = phone.wait_for("helper_ask_again")
    phone.says("yes", at + MINUTE)
    phone.reads(at + MINUTE)
    had = len(phones.texts(SAM))
    for minute in range(2, 6):
        assert phone.says("OK", at + minute * MINUTE).handled == "yes"
        phone.reads(at + minute * MINUTE)
    assert len(phones.texts(SAM)) == had
    phone.says("no", at + HOUR)
    assert phone.reads(at + HOUR).startswith("Northgate Care: thank you, noted.")


def test_a_yes_after_the_reminder_of_another_ride_is_for_their_page(phone, clinic: Clinic, sam, next_week):
    asked, at = phone.wait_for("helper_ask_again")
    Message.objects.create(
        site=clinic.site,
        kind="helper_3_hours",
        scope="infusion:0",
        subject="infusion:0",
        recipient=asked.recipient,
        channel="sms",
        due_at=at,
        not_after=at + DAY,
        status="sent",
        posted_at=at + HOUR,
        sent_at=at + HOUR,
        sent_to=SAM,
    )
    assert phone.says("yes", at + 2 * HOUR).handled == "unclear"
    assert clinic.promise(sam, clinic.visit).status == "asked"
    assert phone.reads(at + 2 * HOUR).startswith("Northgate Care: please answer on your page: [link]")
