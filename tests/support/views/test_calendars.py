"""Calendar feeds and files: who reads which dates, in which words, and how a change arrives."""

from datetime import UTC, datetime, timedelta

import pytest
import vobject
from django.conf import settings
from django.test import Client

from clinic.domain import infusions
from clinic.enums import Role
from clinic.models import AuditEntry
from clinic.throttle import too_many
from messaging.domain import telling
from support.domain import commitments, designations, feeds, links
from support.enums import MayKnow, SupportRole
from support.models import Designation, Link
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic(clinic, clock):
    return clinic


@pytest.fixture
def visit(clinic, next_week):
    return clinic.book(next_week)


def fed(owner, clinic) -> Link:
    return feeds.make(owner=owner, site=clinic.site, actor="staff:1", now=clinic.now)


def read(link: Link) -> list:
    """The feed's events, as a reader that is not the writer understands them."""
    response = Client().get(f"/c/{links.token(link)}.ics")
    assert response.status_code == 200
    return events(response)


def cancel(clinic, visit) -> None:
    infusions.cancel(infusion=clinic.fresh(visit), actor=clinic.desk, now=clinic.now, reason="Ill")


def events(response) -> list:
    text = response.content.decode()
    assert "\r\n" in text
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    calendar = vobject.readOne(text)
    assert calendar.method.value == "PUBLISH"
    return list(getattr(calendar, "vevent_list", []))


def only(link: Link):
    (event,) = read(link)
    return event


def test_a_helper_who_said_yes_has_a_firm_event_for_their_own_time(clinic, visit):
    sam = clinic.named()
    clinic.yes(sam, visit)
    event = only(fed(sam, clinic))
    assert event.summary.value == "Lift for Maya"
    assert event.status.value == "CONFIRMED"
    assert event.dtstart.value == visit.pickup_from
    assert event.dtend.value == visit.ends_at
    assert event.location.value == "12 Elm Street"
    assert event.dtstart.value.tzinfo.utcoffset(None) == timedelta()


def test_a_date_that_is_only_asked_is_tentative(clinic, visit):
    event = only(fed(clinic.named(), clinic))
    assert event.status.value == "TENTATIVE"
    assert event.summary.value == "Asked: lift for Maya"


def test_a_moved_visit_is_the_same_event_with_a_higher_number(clinic, visit):
    sam = clinic.named()
    link, patients = fed(sam, clinic), fed(clinic.patient, clinic)
    before, patients_before = only(link), only(patients)
    moved = clinic.move(visit, visit.starts_at + timedelta(hours=2))
    after, patients_after = only(link), only(patients)
    assert after.uid.value == before.uid.value
    assert int(after.sequence.value) > int(before.sequence.value)
    assert after.dtstart.value == moved.pickup_from
    assert patients_after.uid.value == patients_before.uid.value
    assert int(patients_after.sequence.value) > int(patients_before.sequence.value)
    assert patients_after.dtstart.value == moved.starts_at


def test_after_a_yes_the_number_is_higher_too(clinic, visit):
    sam = clinic.named()
    link = fed(sam, clinic)
    before = int(only(link).sequence.value)
    clinic.yes(sam, visit)
    assert int(only(link).sequence.value) > before


def test_a_date_the_helper_gave_back_stays_as_cancelled(clinic, visit):
    sam = clinic.named()
    link = fed(sam, clinic)
    row = clinic.yes(sam, visit)
    held = only(link)
    commitments.withdraw(commitment=row, via="link", now=clinic.now)
    event = only(link)
    assert event.status.value == "CANCELLED"
    assert event.uid.value == held.uid.value
    assert int(event.sequence.value) > int(held.sequence.value)


def test_a_date_somebody_else_has_stays_as_cancelled(clinic, visit):
    sam, lee = clinic.named(), clinic.named("Lee")
    link = fed(lee, clinic)
    clinic.yes(sam, visit)
    assert only(link).status.value == "CANCELLED"


def test_a_cancelled_visit_stays_for_thirty_days(clinic, visit):
    link = fed(clinic.patient, clinic)
    clinic.now += timedelta(minutes=1)
    cancel(clinic, visit)
    assert only(link).status.value == "CANCELLED"
    assert len(feeds.entries(link=link, now=clinic.now + timedelta(days=29))) == 1
    assert feeds.entries(link=link, now=clinic.now + timedelta(days=31)) == []


def test_what_was_lost_before_the_address_was_made_is_not_told(clinic, visit):
    cancel(clinic, visit)
    assert read(fed(clinic.patient, clinic)) == []


def test_a_helper_who_may_not_know_dates_sees_only_what_they_have_and_no_name(clinic, visit):
    sam = clinic.named()
    Designation.objects.filter(pk=sam.pk).update(may_know=[MayKnow.CONTACT])
    link = fed(sam, clinic)
    assert read(link) == []
    clinic.yes(sam, visit)
    event = only(link)
    assert event.summary.value == "Northgate Care"
    assert "Maya" not in event.serialize()


@pytest.mark.parametrize("what", ["somebody else has it", "cancelled", "moved"])
def test_what_a_helper_without_dates_never_had_is_not_told_as_lost_either(what, clinic, visit):
    lee, sam = clinic.named("Lee"), clinic.named()
    Designation.objects.filter(pk=lee.pk).update(may_know=[MayKnow.CONTACT])
    link = fed(lee, clinic)
    clinic.now += timedelta(minutes=1)
    if what == "somebody else has it":
        clinic.yes(sam, visit)
    elif what == "cancelled":
        cancel(clinic, visit)
    else:
        clinic.yes(sam, clinic.move(visit, visit.starts_at + timedelta(hours=1)))
    assert read(link) == []
    token = links.token(links.for_designation(designation=lee, now=clinic.now))
    assert Client().get(f"/l/{token}/visit/{visit.pk}.ics").status_code == 404


def test_what_a_helper_without_dates_had_is_told_as_lost_at_the_time_they_had(clinic, visit):
    sam = clinic.named()
    Designation.objects.filter(pk=sam.pk).update(may_know=[MayKnow.CONTACT])
    link = fed(sam, clinic)
    clinic.yes(sam, visit)
    held = only(link)
    clinic.move(visit, visit.starts_at + timedelta(hours=2))
    lost = only(link)
    assert (lost.status.value, lost.uid.value) == ("CANCELLED", held.uid.value)
    assert int(lost.sequence.value) > int(held.sequence.value)
    assert (lost.dtstart.value, lost.dtend.value) == (held.dtstart.value, held.dtend.value)
    assert lost.description.value == held.description.value


def test_a_helper_for_the_room_comes_for_the_start(clinic, visit):
    sam = clinic.named(roles=(SupportRole.PRESENCE,))
    event = only(fed(sam, clinic))
    assert event.summary.value == "Asked: be with Maya"
    assert event.dtstart.value == visit.starts_at


def test_the_evening_with_somebody_begins_when_the_visit_ends(clinic, visit):
    jo = clinic.named("Jo", roles=(SupportRole.FOLLOWUP,))
    event = only(fed(jo, clinic))
    assert event.summary.value == "Asked: evening with Maya"
    assert (event.dtstart.value, event.dtend.value) == (visit.ends_at, visit.ends_at + timedelta(hours=8))


def test_a_patients_event_says_where_and_when_and_nothing_else(clinic, visit):
    event = only(fed(clinic.patient, clinic))
    assert event.summary.value == "Northgate Care"
    assert (event.dtstart.value, event.dtend.value) == (visit.starts_at, visit.ends_at)
    assert event.description.value.startswith("Clinic time: 13:30 to 15:10 in New York.")


@pytest.mark.parametrize("whose", ["room", "clinician"])
def test_rooms_and_clinicians_calendars_name_no_patient(clinic, visit, whose):
    clinician = clinic.staff[Role.CLINICIAN]
    event = only(fed(clinic.room if whose == "room" else clinician, clinic))
    title = clinician.short_name if whose == "room" else clinic.room.name
    assert event.summary.value == f"Visit, {title}"
    assert clinic.patient.first_name not in event.serialize()
    assert clinic.patient.family_name not in event.serialize()


def test_a_visit_that_went_to_another_room_leaves_the_first_ones_calendar(clinic, visit):
    other = factories.RoomFactory(site=clinic.site)
    here, there = fed(clinic.room, clinic), fed(other, clinic)
    clinic.room = other
    clinic.now += timedelta(minutes=1)
    clinic.move(visit, visit.starts_at)
    assert only(here).status.value == "CANCELLED"
    assert only(there).status.value == "CONFIRMED"


def test_no_event_holds_a_word_that_tells_too_much(clinic, visit):
    clinic.room.name = "Ketamine 2"
    clinic.room.save()
    clinic.site.public_name = "Spravato House"
    clinic.site.never_say = ["elm str"]
    clinic.site.save()
    for owner in (clinic.patient, clinic.room, clinic.staff[Role.CLINICIAN], clinic.named()):
        response = Client().get(f"/c/{links.token(fed(owner, clinic))}.ics")
        text = response.content.decode()
        assert (telling.word(text=text), "Elm" in text) == ("", False)


def test_every_kind_of_wrong_address_is_one_and_the_same_404(clinic, visit):
    sam = clinic.named()
    gone = fed(sam, clinic)
    feeds.withdraw(owner=sam, site=clinic.site, actor="staff:1", now=clinic.now)
    old = fed(clinic.patient, clinic)
    Link.objects.filter(pk=old.pk).update(expires_at=clinic.now)
    page = links.for_designation(designation=sam, now=clinic.now)
    token = links.token(page)
    keys = [links.token(gone), links.token(old), token, token[:-1] + "_", "x" * links.TOKEN_LENGTH, "nonsense", gone.id]
    answers = {(r.status_code, r.content) for r in (Client().get(f"/c/{key}.ics") for key in keys)}
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def tries_from_here(*, times: int = 1) -> list[bool]:
    """Whether the brake on addresses holds, asked so many times; each asking counts as a try."""
    return [too_many(what="link", who="127.0.0.1", limit=300, seconds=60) for _time in range(times)]


def test_a_right_address_is_read_however_much_is_tried_from_the_same_place(clinic, visit):
    link = fed(clinic.patient, clinic)
    assert tries_from_here(times=301)[-1] is True
    assert len(read(link)) == 1


def test_only_wrong_addresses_count_as_tries(clinic, visit):
    link = fed(clinic.patient, clinic)
    tries_from_here(times=298)
    read(link)
    assert Client().get(f"/c/{'x' * links.TOKEN_LENGTH}.ics").status_code == 404
    assert tries_from_here(times=2) == [False, True]


def test_a_calendars_address_opens_no_page(clinic, visit):
    token = links.token(fed(clinic.named(), clinic))
    for address in (f"/l/{token}/", f"/l/{token}/dates/", f"/l/{token}/calendar/", f"/l/{token}/renew/"):
        assert {Client().get(address).status_code, Client().post(address).status_code} <= {404, 405}


def test_taking_a_helper_off_the_list_closes_their_calendar_at_once(clinic, visit):
    sam = clinic.named()
    link = fed(sam, clinic)
    designations.withdraw(designation=sam, actor="staff:1", now=clinic.now)
    assert Client().get(f"/c/{links.token(link)}.ics").status_code == 404


def test_somebody_who_left_and_a_room_out_of_use_have_no_calendar(clinic, visit):
    clinician = clinic.staff[Role.CLINICIAN]
    theirs, rooms = fed(clinician, clinic), fed(clinic.room, clinic)
    clinician.is_active = clinic.room.is_active = False
    clinician.save()
    clinic.room.save()
    for link in (theirs, rooms):
        assert Client().get(f"/c/{links.token(link)}.ics").status_code == 404


def test_reading_writes_the_read_log_and_when_and_nothing_else(clinic, visit, django_assert_num_queries):
    link = fed(clinic.named(), clinic)
    Client().get(f"/c/{links.token(link)}.ics")
    link.refresh_from_db()
    assert link.last_opened_at == clinic.now
    entry = AuditEntry.objects.get(actor=f"link:{link.id}")
    assert (entry.verb, entry.patient_id, entry.subject) == ("read", clinic.patient.pk, "feed")
    # Read again within minutes: the link and who holds it, and the entries.
    with django_assert_num_queries(4):
        response = Client().get(f"/c/{links.token(link)}.ics")
    assert response.headers["Cache-Control"] == "no-store"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert AuditEntry.objects.filter(actor=f"link:{link.id}").count() == 1


@pytest.mark.parametrize("dates", [1, 3])
def test_a_feed_asks_as_much_for_three_dates_as_for_one(clinic, next_week, dates, django_assert_num_queries):
    clinic.book(*(next_week + timedelta(days=2 * day) for day in range(dates)))
    helper, patient = fed(clinic.named(), clinic), fed(clinic.patient, clinic)
    with django_assert_num_queries(4):
        assert len(feeds.entries(link=links.find(helper.id), now=clinic.now)) == dates
    with django_assert_num_queries(3):
        assert len(feeds.entries(link=links.find(patient.id), now=clinic.now)) == dates


def test_a_calendar_that_asks_all_the_time_is_slowed(clinic, visit):
    link = fed(clinic.patient, clinic)
    answers = [Client().get(f"/c/{links.token(link)}.ics").status_code for _time in range(121)]
    assert answers == [200] * 120 + [429]


def test_a_spanish_reader_gets_spanish_events(clinic, visit):
    sam = clinic.named(language="es")
    assert only(fed(sam, clinic)).summary.value == "Te preguntamos: llevar a Maya"


# --- files and pages behind a link -------------------------------------------------------------------------------


def test_one_date_as_a_file_keeps_its_identity_when_it_is_cancelled(clinic, visit):
    sam = clinic.named()
    clinic.yes(sam, visit)
    token = links.token(links.for_designation(designation=sam, now=clinic.now))
    (before,) = events(Client().get(f"/l/{token}/visit/{visit.pk}.ics"))
    cancel(clinic, visit)
    (after,) = events(Client().get(f"/l/{token}/visit/{visit.pk}.ics"))
    assert (before.status.value, after.status.value) == ("CONFIRMED", "CANCELLED")
    assert after.uid.value == before.uid.value
    assert int(after.sequence.value) > int(before.sequence.value)


def test_all_dates_as_a_file_are_those_the_helper_has(clinic, visit, next_week):
    sam = clinic.named()
    token = links.token(links.for_designation(designation=sam, now=clinic.now))
    assert events(Client().get(f"/l/{token}/dates.ics")) == []
    clinic.yes(sam, visit)
    assert len(events(Client().get(f"/l/{token}/dates.ics"))) == 1


def test_a_helper_connects_a_calendar_and_closes_it_again(clinic, visit):
    sam = clinic.named()
    token = links.token(links.for_designation(designation=sam, now=clinic.now))
    browser = Client()
    assert "/c/" not in browser.get(f"/l/{token}/calendar/").content.decode()
    page = browser.post(f"/l/{token}/calendar/", {"act": "connect"}).content.decode()
    link = feeds.current(owner=sam, site=clinic.site, now=clinic.now)
    assert f'value="{settings.PUBLIC_URL}/c/{links.token(link)}.ics"' in page
    assert f'href="webcal://localhost:8000/c/{links.token(link)}.ics"' in page
    assert "/c/" not in browser.get(f"/l/{token}/calendar/").content.decode()
    browser.post(f"/l/{token}/calendar/", {"act": "stop"})
    assert browser.get(f"/c/{links.token(link)}.ics").status_code == 404


def test_the_desk_shows_an_address_on_demand_and_it_is_written_down(clinic, visit):
    desk = Client()
    desk.force_login(clinic.desk)
    address = f"/patients/{clinic.patient.pk}/calendar/"
    assert "/c/" not in desk.get(address).content.decode()
    page = desk.post(address, {"act": "show"}).content.decode()
    link = feeds.current(owner=clinic.patient, site=clinic.site, now=clinic.now)
    assert feeds.address(link) in page
    seen = AuditEntry.objects.filter(verb="calendar.shown", actor=f"staff:{clinic.desk.pk}")
    assert seen.get().patient_id == clinic.patient.pk
    # Asked again, it is the same address.
    assert feeds.address(link) in desk.post(address, {"act": "show"}).content.decode()
    desk.post(address, {"act": "withdraw"})
    assert Client().get(f"/c/{links.token(link)}.ics").status_code == 404


def test_a_clinician_gets_their_own(clinic, visit):
    clinician = clinic.staff[Role.CLINICIAN]
    browser = Client()
    browser.force_login(clinician)
    browser.post("/my-calendar/", {"act": "show"})
    assert len(read(feeds.current(owner=clinician, site=clinic.site, now=clinic.now, is_own=True))) == 1


def test_a_clinicians_own_calendar_shows_every_clinic_and_one_that_is_handed_out_only_its_own(clinic, visit, next_week):
    clinician, other = clinic.staff[Role.CLINICIAN], factories.SiteFactory(street="99 Other Road")
    clinician.sites.add(other)
    course = factories.CourseFactory(
        patient=factories.PatientFactory(site=other),
        protocol=factories.ProtocolFactory(site=other),
        opened_by=clinic.desk,
    )
    factories.InfusionFactory(
        course=course,
        room=factories.RoomFactory(site=other),
        clinician=clinician,
        starts_at=next_week + timedelta(days=1),
        booked_by=clinic.desk,
    )
    own = feeds.make(owner=clinician, site=clinic.site, actor="staff:1", now=clinic.now, is_own=True)
    here, there = fed(clinician, clinic), feeds.make(owner=clinician, site=other, actor="staff:1", now=clinic.now)
    streets = [[event.location.value for event in read(link)] for link in (own, here, there)]
    assert streets == [["12 Elm Street", "99 Other Road"], ["12 Elm Street"], ["99 Other Road"]]
    # The same one, whichever clinic it is looked at from.
    assert feeds.current(owner=clinician, site=other, now=clinic.now, is_own=True) == own


def test_long_names_with_signs_of_every_kind_survive_the_way(clinic, visit):
    clinic.site.street = "12 Elm Street; back door, \\ left – Ünter den Łinden 日本 " + "x" * 60
    clinic.site.save()
    event = only(fed(clinic.patient, clinic))
    assert event.location.value == clinic.site.street


def test_the_time_of_an_event_is_the_moment_not_the_readers_clock(clinic, visit):
    text = Client().get(f"/c/{links.token(fed(clinic.patient, clinic))}.ics").content.decode()
    assert "DTSTART:20260311T173000Z" in text
    assert datetime(2026, 3, 11, 17, 30, tzinfo=UTC) == visit.starts_at
