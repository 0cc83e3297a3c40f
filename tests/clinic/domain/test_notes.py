from datetime import date, timedelta

import pytest

from clinic.domain import notes
from clinic.domain.errors import Refused
from clinic.models import AuditEntry, DeskNote
from tests.factories import PatientFactory, SiteFactory, StaffFactory

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 3, 3)


@pytest.fixture
def site():
    return SiteFactory()


@pytest.fixture
def morning(site):
    return StaffFactory(sites=[site])


@pytest.fixture
def afternoon(site):
    return StaffFactory(sites=[site])


def texts(site, day: date) -> list[str]:
    return [note.text for note in notes.of(site=site, day=day)]


def test_a_note_is_handed_from_the_morning_to_the_afternoon_desk(site, morning, afternoon, now):
    patient = PatientFactory(site=site)
    notes.write(site=site, day=TUESDAY, text="Bring the  form", actor=morning, now=now, patient=patient)
    [note] = notes.of(site=site, day=TUESDAY)
    assert (note.text, note.patient, note.written_by) == ("Bring the form", patient, morning)
    notes.done(note=note, actor=afternoon, now=now + timedelta(hours=5))
    [note] = notes.of(site=site, day=TUESDAY)
    assert (note.done_by, note.done_at) == (afternoon, now + timedelta(hours=5))
    written = AuditEntry.objects.filter(patient_id=patient.pk).values_list("actor", "verb")
    assert set(written) == {
        (f"staff:{morning.pk}", "note.written"),
        (f"staff:{afternoon.pk}", "note.done"),
    }


def test_what_nobody_has_done_is_still_there_the_next_day(site, morning, now):
    done = notes.write(site=site, day=TUESDAY, text="Done", actor=morning, now=now)
    notes.done(note=done, actor=morning, now=now)
    notes.write(site=site, day=TUESDAY, text="Open", actor=morning, now=now)
    wednesday = TUESDAY + timedelta(days=1)
    notes.write(site=site, day=wednesday, text="Tomorrow's", actor=morning, now=now + timedelta(minutes=1))
    assert texts(site, TUESDAY) == ["Open", "Done"]
    assert texts(site, wednesday) == ["Open", "Tomorrow's"]
    assert texts(SiteFactory(), wednesday) == []


def test_a_form_sent_twice_is_one_note(site, morning, now):
    one = notes.write(site=site, day=TUESDAY, text="Call the lab", actor=morning, now=now)
    assert notes.write(site=site, day=TUESDAY, text="Call the lab", actor=morning, now=now) == one
    assert DeskNote.objects.count() == 1


def test_the_first_who_says_done_has_done_it(site, morning, afternoon, now):
    note = notes.write(site=site, day=TUESDAY, text="Call the lab", actor=morning, now=now)
    notes.done(note=note, actor=morning, now=now)
    assert notes.done(note=note, actor=afternoon, now=now + timedelta(hours=1)).done_by == morning


@pytest.mark.parametrize("text", ["", "  \n "])
def test_a_note_says_something(text, site, morning, now):
    with pytest.raises(Refused, match="Write what the next desk should know"):
        notes.write(site=site, day=TUESDAY, text=text, actor=morning, now=now)


def test_a_note_names_nobody_of_another_clinic(site, morning, now):
    with pytest.raises(Refused, match="belongs to another clinic"):
        notes.write(site=site, day=TUESDAY, text="x", actor=morning, now=now, patient=PatientFactory())


@pytest.mark.parametrize("count", [1, 3])
def test_the_notes_of_a_day_are_one_query(count, site, morning, now, django_assert_num_queries):
    for number in range(count):
        notes.write(site=site, day=TUESDAY, text=f"{number}", actor=morning, now=now, patient=PatientFactory(site=site))
    with django_assert_num_queries(1):
        assert len({note.patient.full_name for note in notes.of(site=site, day=TUESDAY)}) == count
