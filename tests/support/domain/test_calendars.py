"""The iCalendar file itself, read back by a reader that shares no code with the writer."""

from datetime import UTC, datetime, timedelta

import vobject
from hypothesis import given
from hypothesis import strategies as st

from support.domain.calendars import Entry, Sender, write

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)
# Whatever a clinic may type into a field of one line.
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]), min_size=1, max_size=120)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


def entry(**changes) -> Entry:
    values = {
        "visit_id": 7,
        "uid": "visit-7-patient@clinic.example.org",
        "sequence": 3,
        "changed_at": NOW,
        "starts_at": NOW + timedelta(days=1),
        "ends_at": NOW + timedelta(days=1, minutes=100),
        "status": "CONFIRMED",
        "title": "Northgate Care",
        "place": "12 Elm Street",
        "note": "",
    }
    return Entry(**values | changes)


def written(*entries: Entry, name: str = "Northgate Care") -> str:
    return write(entries=entries, sender=Sender(name=name, email="desk@example.org"), now=NOW).decode()


@given(place=TEXT, note=TEXT)
def test_every_text_comes_back_as_it_was(place, note):
    event = vobject.readOne(written(entry(place=f"a{place}z", note=f"a{note}z"))).vevent
    assert (event.location.value, event.description.value) == (f"a{place}z", f"a{note}z")


@given(starts_at=MOMENTS, minutes=st.integers(1, 840), sequence=st.integers(0, 10_000))
def test_every_moment_comes_back_as_it_was(starts_at, minutes, sequence):
    ends_at = starts_at + timedelta(minutes=minutes)
    event = vobject.readOne(written(entry(starts_at=starts_at, ends_at=ends_at, sequence=sequence))).vevent
    assert (event.dtstart.value, event.dtend.value, event.sequence.value) == (starts_at, ends_at, str(sequence))


@given(place=TEXT)
def test_no_line_is_longer_than_75_octets_and_each_ends_as_the_standard_says(place):
    text = written(entry(place=place * 3))
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")


def test_no_text_can_smuggle_a_line_of_its_own_into_the_file():
    text = written(entry(place="Elm Street\r\nATTENDEE:mailto:eve@example.org", note="a\nSUMMARY:b"))
    lines = text.split("\r\n")
    assert not [line for line in lines if line.startswith("ATTENDEE")]
    assert [line for line in lines if line.startswith("SUMMARY")] == ["SUMMARY:Northgate Care"]


def test_the_clinic_publishes_and_nobody_is_invited():
    calendar = vobject.readOne(written(entry()))
    assert (calendar.method.value, calendar.version.value) == ("PUBLISH", "2.0")
    assert calendar.vevent.organizer.value == "mailto:desk@example.org"
    assert not hasattr(calendar.vevent, "attendee")
    assert not hasattr(calendar.vevent, "valarm")


def test_an_event_says_when_it_was_written_and_when_it_last_changed():
    event = vobject.readOne(written(entry(changed_at=NOW - timedelta(days=2)))).vevent
    assert (event.dtstamp.value, event.last_modified.value) == (NOW, NOW - timedelta(days=2))


def test_a_word_that_tells_too_much_leaves_only_a_visit():
    event = vobject.readOne(written(entry(title="Ketamine with Maya", place="Spravato House"), name="Ketamin Klinik"))
    assert (event.vevent.summary.value, event.vevent.location.value) == ("Visit", "Visit")
    assert event.vevent.organizer.params["CN"] == ["Visit"]


def test_a_calendar_without_dates_is_a_calendar_all_the_same():
    assert vobject.readOne(written()).name == "VCALENDAR"
