from datetime import date, timedelta

import pytest

from education import directory
from education.models import HelpNumber

CHECKED = date(2026, 11, 22)


@pytest.fixture
def numbers(db, now):
    directory.sync(now=now)


@pytest.mark.parametrize(
    ("region", "dialled"),
    [("US", ["911", "988", "741741"]), ("CA", ["911", "988"]), ("GB", ["999", "116 123", "111", "85258"])],
)
def test_each_region_has_its_emergency_number_first(numbers, region, dialled):
    found = directory.numbers(region=region, audience="patient", language="en")
    assert [number.number for number in found] == dialled


def test_helpers_are_told_that_the_line_is_for_them_too(numbers):
    _emergency, line, *_rest = directory.numbers(region="US", audience="helper", language="es")
    assert line.note.endswith("También ayudan a quien se preocupa por alguien.")


def test_a_language_we_have_no_directory_in_gets_english(numbers):
    found = directory.numbers(region="US", audience="patient", language="fr")
    assert {number.language for number in found} == {"en"}


def test_an_unknown_region_has_no_numbers_rather_than_wrong_ones(numbers):
    assert directory.numbers(region="ZZ", audience="patient", language="en") == []


def test_a_number_for_texts_opens_the_texts(numbers):
    hrefs = [number.href for number in directory.numbers(region="GB", audience="patient", language="en")]
    assert hrefs == ["tel:999", "tel:116123", "tel:111", "sms:85258"]


def test_bringing_numbers_in_again_changes_nothing(numbers, now):
    before = list(HelpNumber.objects.values())
    assert directory.sync(now=now) == 0
    assert list(HelpNumber.objects.values()) == before


def test_a_number_the_clinic_checked_later_is_left_alone(numbers, now):
    number = HelpNumber.objects.filter(region="US", number="988").first()
    number.note = "Our own words"
    number.save()
    directory.confirm(region="US", number="988", today=CHECKED + timedelta(days=30))
    directory.sync(now=now + timedelta(days=400))
    number.refresh_from_db()
    assert number.note == "Our own words"


def test_a_later_check_of_ours_replaces_an_older_one(numbers, now):
    HelpNumber.objects.update(reviewed_on=date(2025, 1, 1), review_due=date(2025, 7, 1), number="000 0000")
    changed = directory.sync(now=now + timedelta(days=400))
    assert changed == HelpNumber.objects.count()
    assert not HelpNumber.objects.filter(number="000 0000").exists()


def test_a_number_is_due_for_a_check_on_its_day(numbers):
    due = date(2027, 5, 22)
    assert directory.overdue(region="US", today=due - timedelta(days=1)).count() == 0
    assert directory.overdue(region="US", today=due).count() == len(directory_rows("US"))


def directory_rows(region):
    return [key for key, _values in directory.shipped() if key["region"] == region]
