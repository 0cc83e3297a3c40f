from datetime import date
from typing import Any

import pytest

from clinic.domain.fhir.mapping import Incoming, Skipped, Unusable, patient_from
from tests.clinic.fhir.samples import RECORDS, SYSTEM, identifier, patient

TODAY = date(2026, 3, 3)


def read(**fields: Any) -> Incoming:
    return patient_from(resource=patient(1, **fields), today=TODAY, region="US")


def phones(*values: tuple[str, str]) -> list[dict[str, str]]:
    return [{"system": "phone", "value": value, "use": use} for value, use in values]


def test_a_us_core_patient_is_read() -> None:
    assert read() == Incoming(
        given_name="Agatha May",
        family_name="Monahan1",
        birth_date=date(1986, 7, 6),
        record_number="4000001",
        phone="+14105550142",
        email="agatha1@example.org",
        language="es",
        identifiers=[(SYSTEM, "p1"), (RECORDS, "4000001")],
    )


@pytest.mark.parametrize(
    "secret",
    [
        identifier("http://x.example", "999-10-4755"),
        identifier("http://hl7.org/fhir/sid/us-ssn", "999104755"),
        identifier("HTTP://HL7.ORG/fhir/sid/us-ssn/", "999104755", "MR"),
        identifier("urn:oid:2.16.840.1.113883.4.1", "999104755"),
        identifier("urn:oid:2.16.840.1.113883.4.3.25", "S823141439"),
        identifier("https://x.example/passportNumber", "X71435502X"),
        identifier("https://x.example", "S823141439", "dl"),
        identifier("https://x.example", "X71435502X", "PPN"),
        identifier("https://x.example", "999104755", "SS"),
        {"type": {"text": "Social Security Number"}, "system": "https://x.example", "value": "999104755"},
        {"type": {"coding": [{"display": "Driver's License"}]}, "system": "https://x.example", "value": "S8231"},
        {"assigner": {"display": "Social Security Administration"}, "system": "https://x.example", "value": "9991"},
        {"type": {"text": "Pasaporte"}, "system": "https://x.example", "value": "X71435502X"},
        identifier("https://x.example", "999104755", "SSN"),
        identifier("https://x.example", "ABCD800101", "NNMEX"),
        identifier("http://x.example", "999 10 4755"),
        identifier("http://x.example", "999\N{EN DASH}10\N{EN DASH}4755"),
    ],
)
def test_numbers_we_must_never_hold_are_not_read(secret: dict[str, Any]) -> None:
    incoming = read(identifier=[identifier(SYSTEM, "p1"), secret])
    assert (incoming.record_number, incoming.identifiers) == ("", [(SYSTEM, "p1")])


def test_a_number_we_must_never_hold_is_not_kept_from_elsewhere_in_the_record() -> None:
    social = identifier("https://x.example", "999104755", "SS")
    same = identifier("https://x.example", "999104755", "MR")
    phone = [{"system": "phone", "value": "999104755"}, {"system": "phone", "value": "999-10-4755"}]
    incoming = read(id="999104755", identifier=[social, same], telecom=phone)
    assert (incoming.record_number, incoming.identifiers, incoming.phone_as_received) == ("", [], "")
    assert read(id="999-10-4755", identifier=None).identifiers == []


def test_an_oid_that_only_begins_like_a_secret_one_is_kept() -> None:
    kept = identifier("urn:oid:2.16.840.1.113883.4.10", "77")
    assert read(identifier=[kept]).identifiers == [("urn:oid:2.16.840.1.113883.4.10", "77")]


def test_without_any_number_the_other_systems_own_id_stands_in() -> None:
    assert read(identifier=None).identifiers == [("Patient.id", "id-1")]


@pytest.mark.parametrize("death", [{"deceasedBoolean": True}, {"deceasedDateTime": "2019-04-02T10:00:00-05:00"}])
def test_the_deceased_are_skipped(death: dict[str, Any]) -> None:
    with pytest.raises(Skipped, match="has died"):
        read(**death)


def test_a_record_that_says_not_deceased_is_read() -> None:
    assert read(deceasedBoolean=False).family_name == "Monahan1"


def test_a_record_out_of_use_is_skipped() -> None:
    with pytest.raises(Skipped, match="no longer uses"):
        read(active=False)


@pytest.mark.parametrize(
    ("names", "given", "family"),
    [
        ([{"family": "Tran", "given": ["Maya"]}], "Maya", "Tran"),
        (
            [{"use": "usual", "given": ["May"]}, {"use": "official", "family": "Tran", "given": ["Maya"]}],
            "Maya",
            "Tran",
        ),
        ([{"use": "usual", "family": "Tran"}, {"use": "maiden", "family": "Old"}], "", "Tran"),
        ([{"text": "Ms. Maya Linh Tran"}], "Maya Linh", "Tran"),
        ([{"text": "Tran, Maya"}], "Maya", "Tran"),
        ([{"text": "Suharto"}], "", "Suharto"),
        ([{"family": "Gutiérrez Ñandú", "given": ["José"]}], "José", "Gutiérrez Ñandú"),
        ([{"family": "כהן", "given": ["נועה"]}], "נועה", "כהן"),
        ([{"family": "🌻", "given": ["Sun 👩‍🌾"]}], "Sun 👩‍🌾", "🌻"),
        (
            [{"family": "<script>alert(1)</script>", "given": ["'; DROP TABLE"]}],
            "'; DROP TABLE",
            "<script>alert(1)</script>",
        ),
        ([{"family": "Tr\x00an\ud83d", "given": ["Maya\n"]}], "Maya", "Tr an"),
    ],
)
def test_the_name_in_use_is_read_as_it_is_written(names: list[dict[str, Any]], given: str, family: str) -> None:
    incoming = read(name=names)
    assert (incoming.given_name, incoming.family_name) == (given, family)


def test_a_nickname_is_what_they_are_called() -> None:
    names = [{"use": "official", "family": "Tran", "given": ["Margaret"]}, {"use": "nickname", "given": ["Maggie"]}]
    assert read(name=names).preferred_name == "Maggie"


@pytest.mark.parametrize(
    "names",
    [
        None,
        [],
        "Maya Tran",
        [{}],
        [{"use": "maiden", "family": "Old"}],
        [{"use": "old", "text": "Old"}],
        [{"text": "  "}],
    ],
)
def test_a_patient_without_a_name_in_use_is_refused(names: object) -> None:
    with pytest.raises(Unusable, match="There is no name"):
        read(name=names)


@pytest.mark.parametrize(
    ("born", "sentence"),
    [
        (None, "There is no date of birth."),
        ("", "There is no date of birth."),
        ("1987-02", "The date of birth is not complete: year, month and day are needed."),
        ("1987", "The date of birth is not complete: year, month and day are needed."),
        ("2026-03-04", "The date of birth is in the future."),
        ("1987-02-30", "The date of birth is not a date, such as 1987-02-03."),
        ("03/02/1987", "The date of birth is not a date, such as 1987-02-03."),
        ("1870-01-01", "The date of birth is more than 130 years ago."),
    ],
)
def test_a_date_of_birth_that_is_none_is_refused_in_words(born: str | None, sentence: str) -> None:
    with pytest.raises(Unusable) as refusal:
        read(birthDate=born)
    assert str(refusal.value) == sentence


def test_a_child_born_today_is_read() -> None:
    assert read(birthDate="2026-03-03").birth_date == TODAY


@pytest.mark.parametrize(
    ("telecom", "phone", "as_received"),
    [
        (phones(("410-555-0101", "work"), ("410-555-0102", "home"), ("410-555-0103", "mobile")), "+14105550103", ""),
        (phones(("410-555-0101", "work"), ("410-555-0102", "home")), "+14105550102", ""),
        (phones(("410-555-0101", "old"), ("410-555-0102", "work")), "+14105550102", ""),
        (phones(("555-975-1082", "home")), "", "555-975-1082"),
        (phones(("555-975-1082", "mobile"), ("410-555-0102", "work")), "+14105550102", "555-975-1082"),
        ([{"system": "phone", "value": "410-555-0101", "period": {"end": "2020-01-01"}}], "", ""),
        ("410-555-0101", "", ""),
    ],
)
def test_the_mobile_is_preferred_and_no_number_is_lost(telecom: Any, phone: str, as_received: str) -> None:
    incoming = read(telecom=telecom)
    assert (incoming.phone, incoming.phone_as_received) == (phone, as_received)


def test_an_address_nobody_can_write_to_is_kept_as_received() -> None:
    incoming = read(telecom=[{"system": "email", "value": "adán@example.org"}])
    assert (incoming.email, incoming.email_as_received) == ("", "adán@example.org")


@pytest.mark.parametrize(
    ("codes", "language"), [(["es-MX"], "es"), (["en_US"], "en"), (["ZH-hant-TW"], "zh"), (["!!"], ""), ([], "")]
)
def test_the_language_is_the_first_part_of_its_tag(codes: list[str], language: str) -> None:
    spoken = [{"language": {"coding": [{"code": code} for code in codes]}}]
    assert read(communication=spoken).language == language


def test_a_preferred_language_comes_first() -> None:
    spoken = [
        {"language": {"coding": [{"code": "en"}]}},
        {"language": {"coding": [{"code": "vi"}]}, "preferred": True},
    ]
    assert read(communication=spoken).language == "vi"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": [{"family": "x" * 121}]}, "The name is longer than 120 letters."),
        ({"identifier": [identifier(RECORDS, "9" * 65, "MR")]}, "The record number is longer than 64 characters."),
        ({"identifier": [identifier(SYSTEM, "9" * 129)]}, "One of the identifiers is too long."),
    ],
)
def test_what_does_not_fit_is_refused_rather_than_cut(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Unusable) as refusal:
        read(**fields)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("name", ["identifier", "telecom", "communication", "extension", "active", "deceasedBoolean"])
@pytest.mark.parametrize("value", [7, "text", {}, [], [7, None, "text", [], {}], {"coding": 7}, [{"coding": "x"}]])
def test_nonsense_in_any_field_breaks_nothing(name: str, value: object) -> None:
    assert read(**{name: value}).family_name == "Monahan1"
