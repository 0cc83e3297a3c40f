from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from clinic.enums import Role
from clinic.models import DeskNote, Site
from tests.factories import PatientFactory

DAY = "2026-03-03"


def test_the_afternoon_desk_reads_and_ticks_what_the_morning_left(
    site: Site, desk: Client, sign_in: Callable[..., Client]
) -> None:
    patient = PatientFactory(site=site)
    desk.post(reverse("note_add"), {"text": "Bring the form", "day": DAY, "patient": patient.pk})
    afternoon = sign_in(Role.NURSE)
    page = afternoon.get(reverse("today")).content.decode()
    assert ("Bring the form" in page, patient.short_name in page) == (True, True)
    note = DeskNote.objects.get()
    answer = afternoon.post(reverse("note_done", args=[note.pk]), {"next": "/?day=2026-03-04"})
    note.refresh_from_db()
    assert (answer.url, note.done_at is not None) == ("/?day=2026-03-04", True)


def test_whoever_comes_second_is_told_who_has_done_it(site: Site, desk: Client, sign_in: Callable[..., Client]) -> None:
    desk.post(reverse("note_add"), {"text": "Bring the form", "day": DAY})
    address = reverse("note_done", args=[DeskNote.objects.get().pk])
    desk.post(address)
    page = sign_in(Role.NURSE).post(address, follow=True).content.decode()
    assert "has done this already." in page


def test_an_empty_note_and_another_clinics_patient_are_refused(site: Site, desk: Client) -> None:
    desk.post(reverse("note_add"), {"text": " ", "day": DAY})
    desk.post(reverse("note_add"), {"text": "x", "day": DAY, "patient": PatientFactory().pk})
    desk.post(reverse("note_add"), {"text": "x", "day": "tomorrow"})
    assert not DeskNote.objects.exists()
