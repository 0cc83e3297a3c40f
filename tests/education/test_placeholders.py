import pytest

from education import directory
from education.placeholders import PLACEHOLDERS, measure, preview, values


@pytest.mark.parametrize(
    ("name", "amount", "language", "words"),
    [
        ("solids_hours", 6, "en", "6 hours"),
        ("solids_hours", 1, "es", "1 hora"),
        ("clear_liquids_minutes", 120, "en", "2 hours"),
        ("clear_liquids_minutes", 30, "es", "30 minutos"),
        ("min_recovery_minutes", 90, "en", "90 minutes"),
        ("min_recovery_minutes", 0, "en", "0 minutes"),
        ("helper_min_age", 18, "en", "18"),
    ],
)
def test_a_measure_reads_as_people_say_it(name, amount, language, words):
    assert measure(name=name, amount=amount, language=language) == words


def test_a_site_with_a_policy_gives_every_value(site, policy, now):
    directory.sync(now=now)
    found = values(site=site, policy=policy, audience="helper", language="en")
    assert found.keys() == PLACEHOLDERS.keys()
    assert (found["clinic_phone"], found["crisis_number"]) == ("(410) 555-0142", "988")


def test_without_a_policy_staff_see_what_will_stand_there(site):
    known = values(site=site, policy=None, audience="patient", language="en")
    shown = preview(known=known, text="[[moon_phase]]")
    assert shown["moon_phase"] == "[moon_phase?]"
    assert shown["solids_hours"] == "[time without food]"
    assert shown["clinic_name"] == "Northgate Care"
