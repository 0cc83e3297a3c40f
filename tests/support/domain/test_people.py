from messaging.domain import dispatch
from messaging.models import Message
from support.domain import people
from support.models import Commitment
from tests.support.conftest import Clinic, Phones


def test_a_corrected_number_is_invited_anew_when_the_wrong_one_had_it(phones: Phones, clinic: Clinic):
    sam = clinic.named("Sam", agreed=False, phone="+14105550123", email="")
    dispatch.run(clock=lambda: clinic.now)
    people.correct_contact(person=sam.person, actor="staff:1", now=clinic.now, phone="+14105550177", email="")
    dispatch.run(clock=lambda: clinic.now)
    assert (len(phones.texts("+14105550123")), len(phones.texts("+14105550177"))) == (1, 1)


def test_a_number_found_for_somebody_nobody_could_reach_is_invited(clinic: Clinic):
    lee = clinic.named("Lee", phone="", email="")
    people.correct_contact(person=lee.person, actor="staff:1", now=clinic.now, phone="+14105550177", email="")
    assert [(m.channel, m.status) for m in Message.objects.all()] == [("sms", "pending")]


def test_texts_agreed_to_with_staff_turn_the_plan_to_texts(clinic: Clinic, next_week):
    sam = clinic.named("Sam", agreed=False)
    visit = clinic.book(next_week)
    clinic.promise(sam, visit)
    row = Commitment.objects.get()
    row.status, row.answered_at = "accepted", clinic.now
    row.save()
    people.agree_to_texts(person=sam.person, actor="staff:1", now=clinic.now)
    assert Message.objects.get(kind="helper_reconfirm").channel == "sms"
