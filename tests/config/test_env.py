"""Settings are read from the environment by type, and a wrong one is named."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env


def test_a_text_that_is_missing_is_named() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY must be set\.$"):
        Env({}).text("SECRET_KEY")


def test_an_empty_text_counts_as_missing() -> None:
    assert Env({"PHONE_REGION": ""}).text("PHONE_REGION", "US") == "US"


def test_a_file_wins_over_the_value_and_loses_its_last_line_end(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-the-file\n", encoding="utf-8")
    assert Env({"KEY": "from-the-value", "KEY_FILE": str(secret)}).text("KEY") == "from-the-file"


def test_a_file_that_cannot_be_read_is_named_without_its_address() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^KEY_FILE cannot be read: No such file or directory$"):
        Env({"KEY_FILE": "/nowhere/secret"}).text("KEY")


@pytest.mark.parametrize(
    ("value", "meaning"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("no", False), ("", False)]
)
def test_a_flag_is_yes_or_no(value: str, meaning: bool) -> None:
    assert Env({"DEBUG": value}).flag("DEBUG", default=not meaning) is meaning


def test_a_flag_that_is_neither_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DEBUG must be yes or no, not 'maybe'\.$"):
        Env({"DEBUG": "maybe"}).flag("DEBUG")


def test_a_number_that_is_none_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_PORT must be a whole number\.$"):
        Env({"EMAIL_PORT": "smtp"}).whole("EMAIL_PORT", 25)


def test_a_list_is_split_at_commas_and_trimmed() -> None:
    assert Env({"LINK_KEYS": "new, old ,,"}).words("LINK_KEYS") == ["new", "old"]


def test_all_names_with_one_beginning_are_read_together_also_from_files(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s\n")
    source = {"ANYMAIL_POSTMARK_SERVER_TOKEN": "t", "ANYMAIL_WEBHOOK_SECRET_FILE": str(secret), "OTHER": "x"}
    assert Env(source).under("ANYMAIL_") == {"POSTMARK_SERVER_TOKEN": "t", "WEBHOOK_SECRET": "s"}
