"""What a template writes: times on the clinic's clock, numbers as people write them, marks told apart by shape."""

from datetime import UTC, date, datetime

from clinic.templatetags import homeward

SPRING = datetime(2026, 3, 8, 7, 30, tzinfo=UTC)  # half an hour after New York's clocks went forward
NEW_YORK = "America/New_York"


def test_a_time_is_the_clinics_and_in_24_hours():
    assert homeward.at(datetime(2026, 3, 3, 19, 5, tzinfo=UTC), NEW_YORK) == "14:05"


def test_a_time_after_the_clock_change_is_an_hour_on():
    assert homeward.at(SPRING, NEW_YORK) == "03:30"


def test_half_hour_zones_keep_their_half_hour():
    assert homeward.at(SPRING, "Asia/Kolkata") == "13:00"


def test_no_time_is_nothing():
    assert homeward.at(None, NEW_YORK) == ""


def test_a_day_is_the_clinics_day_not_greenwichs():
    late = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
    assert homeward.day_at(late, NEW_YORK) == "Tuesday 3 March"


def test_a_plain_date_stays_itself():
    assert homeward.short_day_at(date(2026, 3, 4), NEW_YORK) == "Wed 4 Mar"


def test_day_and_time_stand_together():
    assert homeward.when_at(SPRING, NEW_YORK) == "Sun 8 Mar, 03:30"


def test_a_machine_reads_the_offset():
    assert homeward.iso_at(SPRING, NEW_YORK) == "2026-03-08T03:30-04:00"


def test_a_number_of_this_country_is_written_as_here():
    assert homeward.spoken_number("+14105550142") == "(410)\N{NO-BREAK SPACE}555-0142"


def test_a_number_from_abroad_keeps_its_country():
    assert (
        homeward.spoken_number("+442079460018") == "+44\N{NO-BREAK SPACE}20\N{NO-BREAK SPACE}7946\N{NO-BREAK SPACE}0018"
    )


def test_a_short_number_is_left_alone():
    assert homeward.spoken_number("988") == "988"


def test_a_tel_address_holds_digits_and_the_plus_only():
    assert homeward.tel("+1 (410) 555-0142") == "+14105550142"


def test_a_face_shows_the_first_letter_of_any_script():
    assert [homeward.initial(name) for name in (" maya", "ülkü", "李")] == ["M", "Ü", "李"]


def test_every_level_has_a_shape_of_its_own():
    assert len({homeward.shape(level) for level in ("ok", "risk", "stop", "calm")}) == 4


def test_icons_are_not_read_aloud():
    assert 'aria-hidden="true"' in homeward.icon("phone")
