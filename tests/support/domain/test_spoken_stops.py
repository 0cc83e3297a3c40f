import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from messaging.domain import opt_outs
from messaging.models import Message, OptOut
from support.domain import spoken_stops
from tests.support.conftest import Clinic

SAM = "+14105550123"


@pytest.fixture
def sam(clinic: Clinic, next_week):
    named = clinic.named("Sam", phone=SAM, email="")
    clinic.visit = clinic.book(next_week)
    clinic.yes(named, clinic.visit)
    return named


def texts_waiting() -> int:
    return Message.objects.filter(status="pending", recipient__startswith="designation:", channel="sms").count()


def test_no_more_texts_said_aloud_holds_at_once_and_names_who_heard_it(clinic: Clinic, sam, now):
    assert texts_waiting() > 0
    spoken_stops.stop(person=sam.person, channel="sms", heard_by=clinic.nurse, now=now)
    row = OptOut.objects.get()
    assert (row.address, row.how, row.recorded_by, row.since) == (SAM, "spoken", clinic.nurse, now)
    # What was planned goes another way: nothing waits to be texted.
    assert Message.objects.filter(status="pending", kind="helper_reconfirm", channel="sms").count() == 0
    assert AuditEntry.objects.filter(verb="messages.stopped", patient_id=clinic.patient.pk).count() == 1


def test_wanting_texts_again_ends_it_and_keeps_that_it_was(clinic: Clinic, sam, now):
    spoken_stops.stop(person=sam.person, channel="sms", heard_by=clinic.nurse, now=now)
    spoken_stops.start(person=sam.person, channel="sms", heard_by=clinic.desk, now=now)
    assert not opt_outs.holds(address=SAM)
    assert OptOut.objects.get().ended_how == f"spoken, staff:{clinic.desk.pk}"
    assert Message.objects.filter(status="pending", kind="helper_reconfirm", channel="sms").count() == 1


def test_a_patients_word_about_e_mail_stops_no_text(clinic: Clinic, now):
    spoken_stops.stop(person=clinic.patient, channel="email", heard_by=clinic.desk, now=now)
    assert [(way.channel, way.is_stopped) for way in spoken_stops.ways(person=clinic.patient)] == [
        ("sms", False),
        ("email", True),
    ]


@pytest.mark.parametrize("channel", ["email", "pigeon", ""])
def test_what_there_is_not_cannot_be_stopped(clinic: Clinic, sam, now, channel):
    with pytest.raises(Refused):
        spoken_stops.stop(person=sam.person, channel=channel, heard_by=clinic.desk, now=now)
