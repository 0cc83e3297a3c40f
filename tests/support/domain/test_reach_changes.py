"""Whoever is reached in another way is planned for anew at once, whoever made the change."""

from datetime import time, timedelta
from io import BytesIO

import pytest

from clinic.domain import imports, policies
from clinic.domain.errors import Refused
from clinic.domain.fhir import importer
from clinic.enums import Role
from clinic.models import Patient, Policy
from config.celery import app
from messaging.domain import opt_outs
from messaging.models import Message
from support.domain import agreeing, people
from support.enums import Purpose
from support.models import SupportPerson
from tests.clinic.fhir.samples import ndjson
from tests.clinic.fhir.samples import patient as as_sent
from tests.support.conftest import Clinic


@pytest.fixture
def visit(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    return visit


def ways(kind: str) -> list[str]:
    return sorted(Message.objects.filter(kind=kind, status="pending").values_list("channel", flat=True))


@pytest.mark.parametrize("who", ["patient_1_day", "helper_reconfirm"])
def test_a_number_that_was_stopped_turns_the_plan_to_e_mail_and_back(clinic: Clinic, visit, who):
    """Also where the provider says so, or staff heard it: nobody waits for the sweep."""
    number = clinic.patient.phone if who == "patient_1_day" else visit.commitments.get().designation.person.phone
    opt_outs.record(address=number, how="provider", now=clinic.now)
    stopped = ways(who)
    opt_outs.end(address=number, how="phone", now=clinic.now)
    assert (stopped, ways(who)) == (["email"], ["sms"])


def test_an_address_is_found_however_it_is_written(clinic: Clinic, visit):
    opt_outs.record(address=clinic.patient.phone, how="text", now=clinic.now)
    opt_outs.record(address=clinic.patient.email.upper(), how="phone", now=clinic.now)
    assert ways("patient_1_day") == []


def test_a_yes_taken_back_is_planned_for_at_once(clinic: Clinic, visit):
    agreeing.take_back(contact=clinic.patient, about=[Purpose.VISITS], how="own_link", now=clinic.now)
    assert ways("patient_1_day") == ["email"]
    agreeing.patient_said_yes(patient=clinic.patient, witness=clinic.desk, now=clinic.now)
    assert ways("patient_1_day") == ["sms"]


def test_a_patients_corrected_number_is_planned_for_at_once(clinic: Clinic, visit):
    said = {"actor": clinic.desk, "now": clinic.now, "email": clinic.patient.email}
    people.correct_patients_contact(patient=clinic.patient, phone="+14105550177", **said)
    assert ways("patient_1_day") == ["email"]


def test_a_new_number_gets_texts_again_after_one_that_could_not_show_them(clinic: Clinic, visit):
    """What was said of a phone does not hold for another one; for the same one it still does."""
    Patient.objects.update(is_landline=True)
    said = {"actor": clinic.desk, "now": clinic.now, "email": clinic.patient.email}
    people.correct_patients_contact(patient=clinic.patient, phone=clinic.patient.phone, **said)
    with pytest.raises(Refused):
        agreeing.patient_said_yes(patient=clinic.patient, witness=clinic.desk, now=clinic.now)
    people.correct_patients_contact(patient=clinic.patient, phone="+14105550177", **said)
    agreeing.patient_said_yes(patient=clinic.patient, witness=clinic.desk, now=clinic.now)
    assert ways("patient_1_day") == ["sms"]


def test_a_helpers_new_number_gets_texts_again(clinic: Clinic, visit):
    sam = visit.commitments.get().designation.person
    SupportPerson.objects.update(is_landline=True)
    said = {"person": sam, "actor": "staff:1", "now": clinic.now}
    assert people.correct_contact(phone=sam.phone, email="other@example.org", **said).is_landline
    row = people.correct_contact(phone="+14105550177", email=sam.email, **said)
    people.agree_to_messages(person=row, witness=clinic.desk, now=clinic.now)
    assert ways("helper_reconfirm") == ["sms"]


def test_one_person_around_two_patients_is_planned_for_everywhere(clinic: Clinic, visit, next_week):
    sam = visit.commitments.get().designation.person
    agreeing.take_back(contact=sam, about=Purpose.values, how="own_link", now=clinic.now)
    assert ways("helper_reconfirm") == []
    agreeing.helper_said_yes(person=sam, witness=clinic.desk, now=clinic.now)
    assert ways("helper_reconfirm") == ["sms"]


@pytest.fixture
def when_committed(django_capture_on_commit_callbacks, time_machine, now):
    """What a worker does once the change is committed."""
    time_machine.move_to(now, tick=False)
    app.conf.task_always_eager = True
    yield lambda: django_capture_on_commit_callbacks(execute=True)
    app.conf.task_always_eager = False


def due(kind: str) -> list[time]:
    rows = Message.objects.filter(kind=kind, status="pending").select_related("site")
    return [row.due_at.astimezone(row.site.zone).time() for row in rows]


def test_new_rules_are_planned_for_as_soon_as_they_are_signed(clinic: Clinic, visit, now, next_week, when_committed):
    """Months ahead too, where no sweep looks."""
    far = clinic.book(next_week + timedelta(days=63))
    assert due("patient_1_day") == [time(10), time(10)]
    draft = policies.draft(site=clinic.site, now=now)
    Policy.objects.filter(pk=draft.pk).update(texts_from=time(11))
    with when_committed():
        policies.sign(policy=draft, actor=clinic.staff[Role.DIRECTOR], now=now)
    # What lies before the hours goes the evening before.
    assert due("patient_1_day") == [time(19, 30), time(19, 30)]
    assert clinic.fresh(far).policy_id == draft.pk


def test_a_number_that_an_import_brings_is_planned_for_at_once(
    clinic: Clinic, next_week, when_committed, settings, tmp_path
):
    """The yes was for the number before."""
    settings.IMPORT_DIR = tmp_path

    def take_in(number: str) -> None:
        mail = {"system": "email", "value": "agatha@example.org"}
        sent = as_sent(1, telecom=[{"system": "phone", "value": number}, mail])
        run = imports.start(site=clinic.site, file_name="export.ndjson", now=clinic.now)
        importer.import_file(run=run, file=BytesIO(ndjson(sent)), now=clinic.now, rejects=imports.rejects(run=run))

    take_in("410-555-0142")
    clinic.patient = Patient.objects.get(record_number="4000001")
    agreeing.patient_said_yes(patient=clinic.patient, witness=clinic.desk, now=clinic.now)
    clinic.book(next_week)
    before = ways("patient_1_day")
    Patient.objects.update(is_landline=True)
    with when_committed():
        take_in("410-555-0143")
    assert (before, ways("patient_1_day")) == (["sms"], ["email"])
    agreeing.patient_said_yes(patient=clinic.patient, witness=clinic.desk, now=clinic.now)
    assert ways("patient_1_day") == ["sms"]
