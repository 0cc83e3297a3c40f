import pytest

from clinic.domain import contacts


@pytest.mark.parametrize("text", ["410-555-0142", "(410) 555 0142", "+1 410 555 0142", "tel:+14105550142"])
def test_a_number_is_kept_in_one_form(text: str) -> None:
    assert contacts.read_phone(text=text) == ("+14105550142", "")


@pytest.mark.parametrize("text", ["555-975-1082", "12", "ask her sister", "410 555 0142 ext. 12", "☎️"])
def test_a_number_that_cannot_be_texted_is_kept_as_received(text: str) -> None:
    assert contacts.read_phone(text=text) == ("", text)


def test_the_region_decides_how_a_national_number_reads() -> None:
    assert contacts.read_phone(text="020 7946 0958", region="GB") == ("+442079460958", "")


def test_an_empty_number_is_empty() -> None:
    assert contacts.read_phone(text="") == ("", "")


def test_what_postgresql_cannot_store_is_left_out() -> None:
    assert contacts.read_phone(text="555\x00 call\ud83d me") == ("", "555 call me")


def test_an_address_is_kept() -> None:
    assert contacts.read_email(text=" maya@example.org ") == ("maya@example.org", "")


@pytest.mark.parametrize("text", ["adán@example.org", "maya tran@example.org", "maya", "maya@münchen.example"])
def test_an_address_nobody_can_write_to_is_kept_as_received(text: str) -> None:
    assert contacts.read_email(text=text) == ("", text)


def test_an_endless_address_is_cut_to_what_fits() -> None:
    assert contacts.read_email(text="a" * 400) == ("", "a" * 254)
