"""A yes to being written to: heard by staff, given with a date, in the words of the language they read."""

import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from messaging.models import Consent
from support.domain import agreeing, commitments
from support.enums import AnsweredVia
from tests.factories import PatientFactory, SupportPersonFactory
from tests.support.conftest import Clinic


def test_a_patients_yes_has_a_witness_and_is_noted_once(clinic: Clinic):
    patient = PatientFactory(site=clinic.site, agreed=False)
    before = AuditEntry.objects.count()
    for _again in range(2):
        agreeing.patient_said_yes(patient=patient, witness=clinic.desk, now=clinic.now)
    assert AuditEntry.objects.count() == before + 1
    rows = Consent.objects.filter(person=f"patient:{patient.pk}")
    assert {(row.channel, row.recorded_by, row.given_at) for row in rows} == {("sms", clinic.desk, clinic.now)}


@pytest.mark.parametrize("fields", [{"phone": ""}, {"is_landline": True}])
def test_nobody_agrees_to_texts_on_a_phone_that_gets_none(clinic: Clinic, fields):
    patient = PatientFactory(site=clinic.site, agreed=False, **fields)
    with pytest.raises(Refused, match="no number that can get texts"):
        agreeing.patient_said_yes(patient=patient, witness=clinic.desk, now=clinic.now)


@pytest.mark.parametrize(
    ("via", "ways"),
    [(AnsweredVia.LINK, {"sms", "email"}), (AnsweredVia.TEXT, {"sms"}), (AnsweredVia.PHONE, {"email"})],
)
def test_a_yes_to_a_date_opens_the_ways_its_words_were_about(clinic: Clinic, next_week, via, ways):
    sam = clinic.named("Sam", agreed=False)
    row = clinic.promise(sam, clinic.book(next_week))
    heard_by = clinic.desk if via == AnsweredVia.PHONE else None
    commitments.accept(commitment=row, via=via, now=clinic.now, recorded_by=heard_by)
    rows = Consent.objects.filter(person=f"person:{sam.person_id}")
    assert {row.channel for row in rows} == ways
    assert {(row.purpose, row.how, row.recorded_by) for row in rows} == {
        (purpose, via, heard_by) for purpose in ("rides", "checkins")
    }


def test_a_no_is_no_yes(clinic: Clinic, next_week):
    sam = clinic.named("Sam", agreed=False)
    commitments.decline(commitment=clinic.promise(sam, clinic.book(next_week)), via="link", now=clinic.now)
    assert not Consent.objects.filter(person=f"person:{sam.person_id}").exists()


def test_the_words_are_kept_with_the_language_they_were_read_in(clinic: Clinic):
    person = SupportPersonFactory(site=clinic.site, agreed=False, language="es")
    agreeing.helper_said_yes(person=person, witness=clinic.desk, now=clinic.now)
    assert set(Consent.objects.filter(person=f"person:{person.pk}").values_list("language", flat=True)) == {"es"}
