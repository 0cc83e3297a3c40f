from datetime import timedelta

from messaging.domain import dispatch
from messaging.models import Message
from support.domain import commitments, links, people
from tests.support.conftest import Clinic, Phones


def test_a_corrected_number_is_invited_anew_when_the_wrong_one_had_it(phones: Phones, clinic: Clinic):
    sam = clinic.named("Sam", agreed=False, phone="+14105550123", email="")
    dispatch.run(clock=lambda: clinic.now)
    people.correct_contact(person=sam.person, actor="staff:1", now=clinic.now, phone="+14105550177", email="")
    dispatch.run(clock=lambda: clinic.now)
    assert (len(phones.texts("+14105550123")), len(phones.texts("+14105550177"))) == (1, 1)


def test_whoever_has_the_wrong_number_has_no_page_any_more_and_the_right_one_gets_another(clinic: Clinic):
    """The stranger said whose it is not, and kept the address."""
    sam = clinic.named("Sam", phone="+14105550123", email="")
    old = links.for_designation(designation=sam, now=clinic.now)
    people.correct_contact(person=sam.person, actor="staff:1", now=clinic.now, phone="+14105550177", email="")
    old.refresh_from_db()
    new = links.for_designation(designation=sam, now=clinic.now)
    assert (links.is_usable(old, now=clinic.now), links.token(new) == links.token(old)) == (False, False)


def test_where_only_the_wrong_number_is_taken_out_the_new_link_goes_by_mail(phones: Phones, clinic: Clinic):
    """Their old link is closed: without another they would have no page."""
    sam = clinic.named("Sam", agreed=False, phone="+14105550123")
    dispatch.run(clock=lambda: clinic.now)
    later = clinic.now + timedelta(minutes=2)
    people.correct_contact(person=sam.person, actor="staff:1", now=later, phone="", email=sam.person.email)
    waiting = Message.objects.filter(kind="helper_invitation", status="pending")
    assert list(waiting.values_list("channel", flat=True)) == ["email"]


def test_a_number_beside_the_address_changes_no_link(clinic: Clinic):
    sam = clinic.named("Sam", phone="")
    link = links.for_designation(designation=sam, now=clinic.now)
    people.correct_contact(
        person=sam.person, actor="staff:1", now=clinic.now, phone="+14105550177", email=sam.person.email
    )
    assert links.for_designation(designation=sam, now=clinic.now) == link


def test_a_number_found_for_somebody_nobody_could_reach_is_invited(clinic: Clinic):
    lee = clinic.named("Lee", phone="", email="")
    people.correct_contact(person=lee.person, actor="staff:1", now=clinic.now, phone="+14105550177", email="")
    assert [(m.channel, m.status) for m in Message.objects.all()] == [("sms", "pending")]


def test_a_yes_to_staff_turns_the_plan_to_texts(clinic: Clinic, next_week):
    sam = clinic.named("Sam", agreed=False)
    visit = clinic.book(next_week)
    commitments.accept(commitment=clinic.promise(sam, visit), via="phone", now=clinic.now, recorded_by=clinic.desk)
    assert Message.objects.get(kind="helper_reconfirm").channel == "email"
    people.agree_to_messages(person=sam.person, witness=clinic.desk, now=clinic.now)
    assert waits(visit, "helper_reconfirm") == ["sms"]


def test_a_yes_belongs_to_the_number_it_was_given_for(clinic: Clinic, next_week):
    """And holds again where the first number was right after all."""
    sam = clinic.named("Sam", email="")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    channels = []
    for phone in ("+14105550177", sam.person.phone):
        people.correct_contact(person=sam.person, actor="staff:1", now=clinic.now, phone=phone, email="")
        channels.append(waits(visit, "helper_reconfirm"))
    assert channels == [[], ["sms"]]


def waits(visit, kind: str) -> list[str]:
    rows = Message.objects.filter(scope=f"infusion:{visit.pk}", kind=kind, status="pending")
    return sorted(rows.values_list("channel", flat=True))
