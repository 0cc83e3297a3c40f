"""Finding patients among ten thousand, taking them in once, keeping their contact right."""

import random
from datetime import date, datetime
from time import perf_counter

import pytest
from django.db import connection

from clinic.domain import patients
from clinic.domain.dates import read_birth_date
from clinic.domain.errors import Refused
from clinic.models import AuditEntry, Patient, Site, StaffMember
from tests.factories import PatientFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db

GIVEN = ["Maria", "José", "Linh", "Ahmed", "Olga", "Kofi", "Anna", "Peter", "Zoë", "Søren", "Mei", "Ivan", "Aoife"]
FAMILY = ["García", "Nguyễn", "Smith", "Okafor", "Müller", "Kowalski", "Larsen", "Haddad", "Silva", "O'Brien", "Tran"]


@pytest.fixture
def site() -> Site:
    return SiteFactory()


@pytest.fixture
def ten_thousand(site: Site) -> Site:
    dice = random.Random(7)
    Patient.objects.bulk_create(
        Patient(
            site=site,
            given_name=dice.choice(GIVEN),
            family_name=f"{dice.choice(FAMILY)}{dice.choice('aeiou')}{dice.choice('lmnrst')}{dice.choice('aeo')}",
            birth_date=date(1930 + dice.randrange(75), dice.randrange(1, 13), dice.randrange(1, 29)),
            record_number=f"MRN{n:06d}",
        )
        for n in range(10_000)
    )
    PatientFactory(
        site=site, given_name="Rosa", family_name="Gutiérrez", birth_date=date(1987, 2, 3), record_number="X-77"
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE clinic_patient")
    return site


def found(site: Site, query: str) -> list[str]:
    return [patient.full_name for patient in patients.search(site=site, query=query)]


@pytest.mark.parametrize(
    "query", ["Gutierez", "gutierrez", "GUTIÉRREZ", "utierr", "rosa guti", "Gutierres Rosa", "x-77"]
)
def test_a_fragment_or_a_slip_finds_her_first(site: Site, query: str) -> None:
    PatientFactory(site=site, given_name="Rosa", family_name="Gutiérrez", record_number="X-77")
    PatientFactory(site=site, given_name="Ruth", family_name="Gunther")
    assert found(site, query)[0] == "Rosa Gutiérrez"


@pytest.mark.parametrize(
    "query", ["1987-02-03", "2/3/1987", "3.2.1987", "3 Feb 1987", "February 3, 1987", "Feb. 3 1987"]
)
def test_a_birth_date_in_any_usual_form(site: Site, query: str) -> None:
    PatientFactory(site=site, given_name="Rosa", family_name="Gutiérrez", birth_date=date(1987, 2, 3))
    PatientFactory(site=site, birth_date=date(1987, 2, 4))
    assert found(site, query) == ["Rosa Gutiérrez"]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("13/2/1987", [date(1987, 2, 13)]),
        ("2/3/1987", [date(1987, 2, 3), date(1987, 3, 2)]),
        ("3.2.1987", [date(1987, 2, 3), date(1987, 3, 2)]),
        ("2/2/1987", [date(1987, 2, 2)]),
        ("31/31/1987", []),
        ("1987-02", []),
        ("Maya", []),
        ("", []),
    ],
)
def test_dates_that_can_be_meant(text: str, days: list[date]) -> None:
    assert read_birth_date(text=text) == days


@pytest.mark.parametrize("query", ["", " ", "a", "%", "\x00", "' OR 1=1 --", "<script>", "\\", "🙂🙂", "الاسم"])
def test_odd_input_finds_nobody_and_breaks_nothing(site: Site, query: str) -> None:
    PatientFactory(site=site)
    assert found(site, query) == []


def test_names_in_every_script_are_found(site: Site) -> None:
    PatientFactory(site=site, given_name="מיכל", family_name="לוי")
    assert found(site, "מיכל") == ["מיכל לוי"]


def test_other_sites_and_archived_records_are_not_found(site: Site) -> None:
    PatientFactory(family_name="Gutiérrez")
    PatientFactory(site=site, family_name="Gutiérrez", is_archived=True)
    assert found(site, "Gutiérrez") == []


def test_the_nearest_come_first_and_not_more_than_asked(site: Site) -> None:
    for name in ("Martinez", "Marin", "Martin"):
        PatientFactory(site=site, given_name="A", family_name=name)
    assert found(site, "martin")[:2] == ["A Martin", "A Martinez"]
    assert len(patients.search(site=site, query="mar", limit=2)) == 2


def test_a_record_number_is_not_forgiven(site: Site) -> None:
    PatientFactory(site=site, given_name="A", family_name="B", record_number="MRN000124")
    assert found(site, "MRN000123") == []
    assert found(site, "mrn0001") == ["A B"]


def test_among_ten_thousand_at_once(ten_thousand: Site) -> None:
    for query in ("Gutierez", "rosa", "1987-02-03", "X-77", "MRN004", "garcia maria"):
        patients.search(site=ten_thousand, query=query)
        took = []
        for _turn in range(5):
            began = perf_counter()
            assert patients.search(site=ten_thousand, query=query)
            took.append(perf_counter() - began)
        # The best of five: the machine may be busy, the question is not slow.
        assert min(took) < 0.05, query
    assert found(ten_thousand, "Gutierez")[0] == "Rosa Gutiérrez"


def test_the_search_uses_its_index(ten_thousand: Site) -> None:
    here = Patient.objects.filter(site=ten_thousand, is_archived=False)
    plan = patients.named_like(here=here, words="Gutierez").explain()
    assert "patient_folded_trgm" in plan


# --- taking in -------------------------------------------------------------------------------------


@pytest.fixture
def desk(site: Site) -> StaffMember:
    return StaffFactory(sites=[site])


def register(site: Site, desk: StaffMember, now: datetime, **fields) -> Patient:
    given = {"given_name": "Rosa", "family_name": "Gutiérrez", "birth_date": date(1987, 2, 3)}
    return patients.register(site=site, actor=desk, now=now, **{**given, **fields})


def test_what_was_said_is_kept_even_if_it_cannot_be_used(site: Site, desk: StaffMember, now: datetime) -> None:
    patient = register(site, desk, now, phone="555", email="josé@", record_number=" A1 ")
    assert (patient.phone, patient.phone_as_received) == ("", "555")
    assert (patient.email, patient.email_as_received, patient.record_number) == ("", "josé@", "A1")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.patient_id) == ("patient.registered", patient.pk)


def test_a_form_sent_twice_makes_one_patient(site: Site, desk: StaffMember, now: datetime) -> None:
    register(site, desk, now)
    with pytest.raises(Refused, match="There is a patient with this name and date of birth already"):
        register(site, desk, now, given_name="ROSA")
    assert register(site, desk, now, known_is_fine=True).pk
    assert register(SiteFactory(), desk, now).pk


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"given_name": " ", "family_name": "\x00"}, "A patient needs a name."),
        ({"birth_date": date(2026, 3, 4)}, "This cannot be a date of birth."),
        ({"birth_date": date(1899, 12, 31)}, "This cannot be a date of birth."),
        ({"record_number": "9" * 65}, "Ensure this value has at most 64 characters (it has 65)."),
    ],
)
def test_what_cannot_be_is_refused(
    site: Site, desk: StaffMember, now: datetime, fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        register(site, desk, now, **fields)
    assert refused.value.reasons == [sentence]
    assert Patient.objects.count() == 0


def test_a_record_number_belongs_to_one_patient(site: Site, desk: StaffMember, now: datetime) -> None:
    register(site, desk, now, record_number="A1")
    with pytest.raises(Refused, match="Another patient has this record number"):
        register(site, desk, now, given_name="Ana", record_number="A1")


def test_a_corrected_number_asks_for_consent_again(site: Site, desk: StaffMember, now: datetime) -> None:
    patient = PatientFactory(site=site, phone="+14105550142")
    same = patients.correct_contact(patient=patient, actor=desk, now=now, phone="(410) 555-0142", language="es")
    assert same.language == "es"
    other = patients.correct_contact(patient=patient, actor=desk, now=now, phone="410 555 0143")
    assert (other.phone, other.email) == ("+14105550143", patient.email)
