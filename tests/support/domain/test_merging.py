from datetime import datetime, time, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinic.domain import bookings, notes, protocols, records, wishes
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import AuditEntry, DeskNote, Infusion, Patient, PatientIdentifier, TimeWish, TreatmentConsent
from education import library
from education.models import PageRevision, Reading
from messaging.domain import consents, standing
from messaging.models import Message
from support.domain import agreeing, alerts, checkins, designations, feeds, links, merging, pending, renewal
from support.enums import AlertKind, CommitmentStatus, ConsentHow, MayKnow, PendingKind, Purpose, SupportRole
from support.models import Alert, Attestation, Availability, Comfort, Commitment, Designation, Link, SupportPerson
from tests.factories import (
    CommitmentFactory,
    CourseFactory,
    DesignationFactory,
    InfusionFactory,
    PatientFactory,
    PolicyFactory,
    ProtocolFactory,
    RoomFactory,
    SiteFactory,
    StaffFactory,
    SupportPersonFactory,
)

S = CommitmentStatus


@pytest.fixture
def double(clinic) -> Patient:
    """Maya once more, typed in by somebody else."""
    return PatientFactory(site=clinic.site, given_name="Maia", phone="", email="", record_number="R-2")


def joined(clinic, double, **more) -> Patient:
    return merging.merge(keep=clinic.patient, away=double, actor=clinic.desk, now=clinic.now, **more)


def booked_for(clinic, patient: Patient, *starts: datetime) -> Infusion:
    course = bookings.book_series(
        patient=patient,
        protocol=clinic.protocol,
        slots=[clinic.slot(at) for at in starts],
        actor=clinic.desk,
        now=clinic.now,
    )
    return course.infusions.order_by("starts_at").first()


def named_by(clinic, patient: Patient, name: str, **fields) -> Designation:
    values = {"given_name": name, "phone": "+14105550150", "email": "", "is_adult": True} | fields
    return designations.name(
        patient=patient,
        person_fields=values,
        roles=[SupportRole.RIDE],
        rank=1,
        may_know=[MayKnow.DATES],
        consent_how=ConsentHow.IN_PERSON,
        witness=clinic.desk,
        wording="I would like this person to help me.",
        now=clinic.now,
    )


def test_everything_of_the_other_record_hangs_on_the_one_that_is_left(clinic, double, next_week):
    visit = booked_for(clinic, double, next_week, next_week + timedelta(days=2))
    note = notes.write(
        site=clinic.site, day=clinic.now.date(), text="x", actor=clinic.desk, now=clinic.now, patient=double
    )
    alert = alerts.open_alert(kind=AlertKind.CALL_TASK, key="a", says="x", patient=double, now=clinic.now)
    TimeWish.objects.create(patient=double, weekday=1, starts="09:00", ends="12:00", suits=True)
    PatientIdentifier.objects.create(site=clinic.site, patient=double, system="urn:mr", value="2")
    left = joined(clinic, double)
    for row in (visit, note, alert):
        row.refresh_from_db()
    assert {visit.patient, visit.course.patient, note.patient, alert.patient} == {left}
    assert (left.infusions.count(), left.time_wishes.count(), left.courses.count()) == (2, 1, 1)
    assert set(left.identifiers.values_list("value", flat=True)) == {"2", "R-2"}
    assert visit.version == 2
    double.refresh_from_db()
    assert (double.merged_into, double.merged_at, double.is_archived) == (left, clinic.now, True)
    told = AuditEntry.objects.filter(verb__startswith="patient.joined").values_list("patient_id", "verb", "subject")
    assert set(told) == {
        (left.pk, "patient.joined", f"patient:{double.pk}"),
        (double.pk, "patient.joined_with", f"patient:{left.pk}"),
    }


def test_what_the_record_that_stays_has_not_comes_from_the_other(clinic):
    keep = PatientFactory(site=clinic.site, phone="", email="k@example.org", record_number="", agreed=False)
    away = PatientFactory(
        site=clinic.site,
        phone="+14105550177",
        email="a@example.org",
        record_number="R-2",
    )
    left = merging.merge(keep=keep, away=away, actor=clinic.desk, now=clinic.now)
    left.refresh_from_db()
    assert (left.phone, left.email, left.record_number) == ("+14105550177", "k@example.org", "R-2")
    yes = consents.yes(person=f"patient:{left.pk}", purpose="visits", channel="sms", address="+14105550177")
    assert yes in standing.of(people=[f"patient:{left.pk}"], addresses=[]).agreed


QUIET = {"quiet_from": time(20), "quiet_until": time(9), "texts_less": True}
LIKES = {"prefers": "voice", "quiet_from": None, "quiet_until": None, "texts_less": False}


@pytest.mark.parametrize(
    ("here", "there", "left"),
    [({}, QUIET, QUIET), (LIKES, QUIET, LIKES), (LIKES, {}, LIKES), ({}, LIKES, LIKES)],
)
def test_how_somebody_wishes_to_be_written_to_comes_along_where_nothing_else_is(here, there, left, clinic, double):
    kept, came = clinic.named("Sam", phone="+14105550150"), named_by(clinic, double, "Sam")
    for model, keep, away in ((Patient, clinic.patient, double), (SupportPerson, kept.person, came.person)):
        model.objects.filter(pk=keep.pk).update(**here)
        model.objects.filter(pk=away.pk).update(**there)
    row = joined(clinic, double)
    kept.person.refresh_from_db()
    row.refresh_from_db()
    for contact in (row, kept.person):
        assert {name: getattr(contact, name) for name in left} == left


@pytest.mark.parametrize(
    ("here", "there", "left"),
    [
        (("+14105550177", False), ("+14105550177", True), True),
        (("+14105550177", True), ("+14105550177", False), True),
        (("+14105550177", False), ("+14105550178", True), False),
        (("+14105550177", True), ("+14105550178", False), True),
        (("", False), ("+14105550178", True), True),
    ],
)
def test_that_a_phone_shows_no_texts_is_known_of_that_phone(here, there, left, clinic, double):
    for record, (phone, is_landline) in ((clinic.patient, here), (double, there)):
        Patient.objects.filter(pk=record.pk).update(phone=phone, is_landline=is_landline)
    row = joined(clinic, double)
    row.refresh_from_db()
    assert row.is_landline is left


def test_that_a_helpers_phone_shows_no_texts_is_known_whichever_list_it_was_said_on(clinic, double):
    kept, came = clinic.named("Sam", phone="+14105550150"), named_by(clinic, double, "Sam")
    SupportPerson.objects.filter(pk=came.person_id).update(is_landline=True)
    joined(clinic, double)
    kept.person.refresh_from_db()
    assert kept.person.is_landline


def test_the_preview_names_the_wishes_that_come_along(clinic, double):
    said = {"prefers": "voice", "quiet_from": time(20), "quiet_until": time(9), "texts_less": True}
    Patient.objects.filter(pk=double.pk).update(phone=clinic.patient.phone, is_landline=True, **said)
    double.refresh_from_db()
    preview = merging.preview(keep=clinic.patient, away=double, now=clinic.now)
    assert [(field.label, field.value) for field in preview.filled] == [
        ("would rather hear by", "Phone call"),
        ("no texts from", "20:00"),
        ("until", "09:00"),
        ("only what cannot wait", "yes"),
        ("this phone cannot receive texts", "yes"),
    ]


def test_a_yes_to_texts_on_another_number_stays_with_that_number(clinic, double):
    mine = f"patient:{clinic.patient.pk}"
    consents.withdraw(person=mine, purposes=Purpose.values, how="phone", now=clinic.now)
    Patient.objects.filter(pk=double.pk).update(phone="+14105550177")
    double.refresh_from_db()
    agreeing.patient_said_yes(patient=double, witness=clinic.desk, now=clinic.now)
    left = joined(clinic, double)
    numbers = {yes.address for yes in standing.of(people=[mine], addresses=[]).agreed if yes.channel == "sms"}
    assert numbers == {"+14105550177"}
    assert left.phone not in numbers


def test_two_visits_at_one_time_are_named_and_nothing_changes(clinic, double, next_week):
    clinic.book(next_week)
    course = CourseFactory(patient=double, protocol=clinic.protocol)
    InfusionFactory(course=course, room=RoomFactory(site=clinic.site, name="Room 9"), starts_at=next_week, number=1)
    with pytest.raises(Refused) as refused:
        joined(clinic, double)
    room = clinic.room.name
    assert refused.value.reasons == [
        f"Both have a visit at one time: Wednesday 11 March at 13:30 in {room}, Wednesday 11 March at 13:30 in Room 9. "
        "Cancel or move one."
    ]
    double.refresh_from_db()
    assert (double.merged_into, double.infusions.count()) == (None, 1)


def test_a_cancelled_visit_is_in_nobodys_way(clinic, double, next_week):
    clinic.book(next_week)
    course = CourseFactory(patient=double, protocol=clinic.protocol)
    off = {"status": "cancelled", "cancelled_at": clinic.now, "off_reason": "ill"}
    InfusionFactory(course=course, room=RoomFactory(site=clinic.site), starts_at=next_week, number=1, **off)
    assert joined(clinic, double).infusions.count() == 2


@pytest.mark.parametrize("which", ["same", "site", "joined", "archived"])
def test_what_cannot_be_joined_says_why(which, clinic, double):
    sentences = {
        "same": "This is the same record.",
        "site": "These records belong to two clinics.",
        "joined": "One of these records was joined with another already. Open it again.",
        "archived": "The record that stays is put away. Bring it back first, or keep the other one.",
    }
    if which == "site":
        double = PatientFactory(site=SiteFactory())
    elif which == "same":
        double = clinic.patient
    elif which == "joined":
        joined(clinic, double)
    else:
        Patient.objects.filter(pk=clinic.patient.pk).update(is_archived=True)
    with pytest.raises(Refused) as refused:
        joined(clinic, double)
    assert refused.value.reasons == [sentences[which]]


def test_a_helper_on_both_lists_stays_once_with_every_promise_and_every_open_link(clinic, double, next_week):
    kept = clinic.named("Sam", phone="+14105550150")
    mine = clinic.book(next_week)
    came = named_by(clinic, double, "sam")
    theirs = booked_for(clinic, double, next_week + timedelta(days=2))
    clinic.yes(kept, mine)
    promised = clinic.yes(came, theirs)
    link = links.for_designation(designation=came, now=clinic.now)
    Availability.objects.create(person=came.person, can=False, weekday=2)
    clinic.now += timedelta(hours=1)
    left = joined(clinic, double)
    promised.refresh_from_db()
    link.refresh_from_db()
    came.refresh_from_db()
    assert [row.person.given_name for row in left.designations.filter(withdrawn_at=None)] == ["Sam"]
    assert (promised.designation, promised.status, promised.infusion) == (kept, S.ACCEPTED, theirs)
    assert (link.designation, links.is_usable(link, now=clinic.now)) == (kept, True)
    assert (came.withdrawn_at, kept.person.availability.count()) == (clinic.now, 1)
    assert set(kept.commitments.values_list("infusion", "status")) == {(mine.pk, "accepted"), (theirs.pk, "accepted")}


@pytest.mark.parametrize(("here", "there", "left"), [(-1, None, None), (None, -1, None), (-1, 30, 30), (60, 30, 60)])
def test_a_helper_on_both_lists_is_named_for_as_long_as_on_either(here, there, left, clinic, double, next_week):
    """In days from now; None: without an end."""

    def until(days: int | None) -> datetime | None:
        return None if days is None else clinic.now + timedelta(days=days)

    kept = clinic.named("Sam", phone="+14105550150")
    visit = clinic.book(next_week)
    came = named_by(clinic, double, "Sam")
    for row, days in ((kept, here), (came, there)):
        Designation.objects.filter(pk=row.pk).update(
            valid_from=until(-400), consent_at=until(-400), valid_until=until(days)
        )
    joined(clinic, double)
    kept.refresh_from_db()
    assert (kept.valid_until, kept.holds_at(clinic.now)) == (until(left), True)
    assert clinic.promise(kept, visit).status == S.ASKED


@pytest.mark.parametrize(
    ("here", "there", "left"),
    [
        (("", ""), ("sam@example.org", ""), ("sam@example.org", "")),
        (("", "sam at home"), ("sam@example.org", ""), ("sam@example.org", "")),
        (("", ""), ("", "sam at home"), ("", "sam at home")),
        (("", "sam at work"), ("", "sam at home"), ("", "sam at work")),
        (("own@example.org", ""), ("sam@example.org", ""), ("own@example.org", "")),
    ],
)
def test_an_address_only_one_list_had_comes_along(here, there, left, clinic, double):
    """Each as it can be used, and as it was received."""
    kept, came = clinic.named("Sam", phone="+14105550150"), named_by(clinic, double, "Sam")
    for row, (email, received) in ((kept, here), (came, there)):
        SupportPerson.objects.filter(pk=row.person_id).update(email=email, email_as_received=received)
    joined(clinic, double)
    kept.person.refresh_from_db()
    assert (kept.person.email, kept.person.email_as_received) == left


def test_the_times_of_somebody_who_helps_others_too_are_known_on_both_lists(clinic, double):
    kept, came = clinic.named("Sam", phone="+14105550150"), named_by(clinic, double, "Sam")
    DesignationFactory(patient=PatientFactory(site=clinic.site), person=came.person)
    for person, weekday in ((kept.person, 1), (came.person, 1), (came.person, 2)):
        Availability.objects.create(person=person, can=True, weekday=weekday)
    joined(clinic, double)
    assert [sorted(row.person.availability.values_list("weekday", flat=True)) for row in (kept, came)] == [[1, 2]] * 2


def test_a_helper_of_the_other_record_comes_along_and_is_asked_for_the_visits_here(clinic, double, next_week):
    mine = clinic.book(next_week)
    came = named_by(clinic, double, "Jo")
    left = joined(clinic, double)
    came.refresh_from_db()
    assert (came.patient, clinic.promise(came, mine).status) == (left, S.ASKED)


def test_of_what_a_helper_may_know_the_later_yes_counts(clinic, double):
    kept = clinic.named("Sam", phone="+14105550150")
    clinic.now += timedelta(hours=1)
    named_by(clinic, double, "Sam")
    joined(clinic, double)
    kept.refresh_from_db()
    assert kept.may_know == [MayKnow.DATES]


@pytest.mark.parametrize("off", ["here", "there"])
def test_taken_off_one_list_later_than_named_on_the_other_is_off(off, clinic, double, next_week):
    """And a promise that falls with it is told to the desk."""
    kept = clinic.named("Sam", phone="+14105550150")
    came = named_by(clinic, double, "Sam")
    named, gone = (came, kept) if off == "here" else (kept, came)
    visit = booked_for(clinic, named.patient, next_week)
    clinic.yes(named, visit)
    clinic.now += timedelta(hours=1)
    designations.withdraw(designation=gone, actor="link:x", now=clinic.now)
    clinic.now += timedelta(hours=1)
    left = joined(clinic, double)
    assert not left.designations.filter(withdrawn_at=None).exists()
    assert visit.commitments.get().status == S.WITHDRAWN
    assert left.alerts.filter(kind=AlertKind.CANT_COME).count() == 1


def test_named_again_after_being_taken_off_stays_on(clinic, double):
    kept = clinic.named("Sam", phone="+14105550150")
    clinic.now += timedelta(hours=1)
    designations.withdraw(designation=kept, actor="link:x", now=clinic.now)
    clinic.now += timedelta(hours=1)
    came = named_by(clinic, double, "Sam")
    left = joined(clinic, double)
    assert list(left.designations.filter(withdrawn_at=None)) == [came]


def test_nobody_becomes_their_own_way_home(clinic, double):
    """Maya helps somebody whose record turns out to be her own."""
    person = SupportPersonFactory(site=clinic.site, given_name="Maya", family_name="", phone=clinic.patient.phone)
    DesignationFactory(patient=double, person=person, consent_at=clinic.now, valid_from=clinic.now)
    assert not joined(clinic, double).designations.filter(withdrawn_at=None).exists()


def test_messages_go_to_the_record_that_is_left_and_nothing_is_said_twice(clinic, double, next_week):
    Patient.objects.filter(pk=double.pk).update(phone="+14105550177")
    double.refresh_from_db()
    agreeing.patient_said_yes(patient=double, witness=clinic.desk, now=clinic.now)
    visit = booked_for(clinic, double, next_week)
    told = Message.objects.get(kind="patient_3_days", recipient=f"patient:{double.pk}")
    Message.objects.filter(pk=told.pk).update(status="sent", sent_at=clinic.now, sent_to="+14105550177")
    before = [(kind, about) for kind, _to, about in clinic.waiting(visit)]
    left = joined(clinic, double)
    after = clinic.waiting(visit)
    assert ([(kind, about) for kind, _to, about in after], {to for _kind, to, _about in after}) == (
        before,
        {f"patient:{left.pk}"},
    )
    assert list(Message.objects.filter(kind="patient_3_days").values_list("recipient", "status")) == [
        (f"patient:{left.pk}", "sent")
    ]


def test_the_links_of_the_record_put_away_close(clinic, double):
    link = links.for_patient(patient=double, now=clinic.now)
    mine = links.for_patient(patient=clinic.patient, now=clinic.now)
    joined(clinic, double)
    link.refresh_from_db()
    assert (links.is_usable(link, now=clinic.now), links.is_usable(mine, now=clinic.now)) == (False, True)


def test_the_calendar_of_the_record_put_away_reads_on(clinic, double, next_week):
    link = feeds.make(owner=double, site=clinic.site, actor="staff:1", now=clinic.now)
    mine, theirs = clinic.book(next_week), booked_for(clinic, double, next_week + timedelta(days=2))
    joined(clinic, double)
    found = feeds.resolve(links.token(link), now=clinic.now)
    assert found.patient == clinic.patient
    assert {entry.visit_id for entry in feeds.entries(link=found, now=clinic.now)} == {mine.pk, theirs.pk}


def test_who_asks_for_a_new_link_by_the_old_one_is_called_about_the_record_that_is_left(clinic, double):
    link = links.for_patient(patient=double, now=clinic.now)
    joined(clinic, double)
    renewal.ask(link=links.find(link.pk), now=clinic.now)
    alert = Alert.objects.get(kind=AlertKind.CALL_TASK)
    assert (alert.patient, alert.key) == (clinic.patient, f"new-link:{clinic.patient.pk}")


def test_a_question_to_a_helper_on_both_lists_is_answered_on_the_record_that_is_left(clinic, double, next_week):
    kept = clinic.named("Sam", phone="+14105550150")
    came = named_by(clinic, double, "Sam")
    visit = booked_for(clinic, double, next_week)
    asked = visit.checkins.create(
        designation=came, kind="evening", due_at=next_week, closes_at=next_week + timedelta(hours=9), status="open"
    )
    left = joined(clinic, double)
    assert checkins.waiting(patient=left, designation=kept, now=next_week) == asked


def test_what_a_helper_has_read_they_have_read(clinic, double):
    """The handover asks whether tonight's instructions were opened."""
    kept = clinic.named("Sam", phone="+14105550150")
    came = named_by(clinic, double, "Sam")
    library.sync(site=clinic.site, now=clinic.now)
    one, other = PageRevision.objects.order_by("pk")[:2]
    for revision, reader in ((one, kept), (one, came), (other, came)):
        Reading.objects.create(revision=revision, reader=f"designation:{reader.pk}", opened_at=clinic.now)
    joined(clinic, double)
    read = Reading.objects.filter(reader=f"designation:{kept.pk}").values_list("revision", flat=True)
    assert set(read) == {one.pk, other.pk}


def test_what_changed_since_it_was_shown_is_refused(clinic, double, next_week):
    shown = merging.preview(keep=clinic.patient, away=double, now=clinic.now).edition
    booked_for(clinic, double, next_week)
    with pytest.raises(Refused, match="has changed meanwhile"):
        joined(clinic, double, as_shown=shown)
    shown = merging.preview(keep=clinic.patient, away=double, now=clinic.now).edition
    assert joined(clinic, double, as_shown=shown) == clinic.patient


def test_the_preview_says_what_will_happen_to_each_person(clinic, double):
    clinic.named("Sam", phone="+14105550150")
    named_by(clinic, double, "Sam", family_name="Okoro")
    named_by(clinic, double, "Jo", family_name="Lind", phone="+14105550151")
    preview = merging.preview(keep=clinic.patient, away=double, now=clinic.now)
    assert preview.people == [
        "Sam Okoro is on both lists: stays once, with every promise given.",
        "Jo Lind comes along, with every promise given.",
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_the_preview_takes_a_constant_number_of_queries(count, clinic, double, next_week, django_assert_num_queries):
    for number in range(count):
        named_by(clinic, double, f"Jo{number}", phone=f"+1410555015{number}")
        booked_for(clinic, double, next_week + timedelta(days=number))
    with django_assert_num_queries(10):
        merging.preview(keep=clinic.patient, away=double, now=clinic.now)


def test_a_third_record_leads_to_the_last_one(clinic, double):
    third = PatientFactory(site=clinic.site)
    merging.merge(keep=double, away=third, actor=clinic.desk, now=clinic.now)
    double.refresh_from_db()
    left = joined(clinic, double)
    third.refresh_from_db()
    assert third.merged_into == left


def test_a_record_that_was_joined_cannot_be_brought_back(clinic, double):
    joined(clinic, double)
    with pytest.raises(Refused, match="was joined with another"):
        records.bring_back(patient=double, actor=clinic.desk, now=clinic.now)


@pytest.mark.parametrize("act", ["place", "book"])
def test_who_still_has_the_record_open_books_nothing_on_it(act, clinic, double, next_week):
    course = CourseFactory(patient=double, protocol=clinic.protocol)
    joined(clinic, double)
    place = partial(bookings.place, course=course, slot=clinic.slot(next_week))
    book = partial(bookings.book_series, patient=double, protocol=clinic.protocol, slots=[clinic.slot(next_week)])
    with pytest.raises(Refused, match="This record was joined with another meanwhile"):
        {"place": place, "book": book}[act](actor=clinic.desk, now=clinic.now)
    assert not Infusion.objects.exists()


@pytest.mark.parametrize("act", ["name", "wish", "note", "link", "calendar"])
def test_who_still_has_the_record_open_writes_nothing_new_on_it(act, clinic, double):
    """Read just before the two were joined."""
    joined(clinic, Patient.objects.get(pk=double.pk))
    by = {"actor": clinic.desk, "now": clinic.now}
    acts = {
        "name": partial(named_by, clinic, double, "Late"),
        "wish": partial(wishes.add, patient=double, weekdays=[1], starts=time(9), ends=time(12), suits=True, **by),
        "note": partial(notes.write, site=clinic.site, day=clinic.now.date(), text="Call.", patient=double, **by),
        "link": partial(links.for_patient, patient=double, now=clinic.now),
        "calendar": partial(feeds.make, owner=double, site=clinic.site, actor="staff:1", now=clinic.now),
    }
    with pytest.raises(Refused, match="This record was joined with another meanwhile"):
        acts[act]()
    assert not any(model.objects.filter(patient=double).exists() for model in (Designation, TimeWish, DeskNote, Link))


@pytest.mark.parametrize("what", ["designation", "wish", "note", "link"])
def test_nothing_new_hangs_on_a_record_that_was_left_whoever_writes_it(what, clinic, double):
    kept = {
        "designation": DesignationFactory(patient=clinic.patient),
        "wish": TimeWish.objects.create(patient=clinic.patient, weekday=1, suits=True, starts=time(9), ends=time(12)),
        "note": notes.write(
            site=clinic.site, day=clinic.now.date(), text="x", patient=clinic.patient, actor=clinic.desk, now=clinic.now
        ),
        "link": links.for_patient(patient=clinic.patient, now=clinic.now),
    }
    joined(clinic, double)
    row = kept[what]
    row.patient = double
    with pytest.raises(IntegrityError, match="was joined with another"), transaction.atomic():
        row.save()


def test_a_course_keeps_the_version_it_began_under(clinic, double, next_week):
    booked_for(clinic, double, next_week)
    fields = {"name": clinic.protocol.name, "infusion_minutes": 60}
    protocols.revise(
        protocol=clinic.protocol,
        fields=fields,
        stages=[protocols.Stage(6, 1, 2, 14)],
        actor=clinic.desk,
        now=clinic.now,
    )
    assert joined(clinic, double).courses.get().protocol == clinic.protocol


class Kept(TestCase):
    """Whatever stands on the two records: no visit and no promise is lost, and what must always hold does."""

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        visits=st.lists(
            st.tuples(st.booleans(), st.integers(-5, 9), st.sampled_from(["booked", "cancelled"])), max_size=6
        ),
        named=st.lists(st.tuples(st.booleans(), st.sampled_from("ABC"), st.booleans()), max_size=5),
        answers=st.lists(st.sampled_from([S.ASKED, S.ACCEPTED, S.DECLINED, S.COVERED]), min_size=30, max_size=30),
    )
    # Whom the desk takes off asks the others, of whom two are not one yet.
    @example(
        visits=[(False, 0, "booked")],
        named=[(False, "A", False), (False, "B", False), (True, "A", True), (True, "B", False)],
        answers=[S.ASKED] * 30,
    )
    def test_no_visit_and_no_promise_is_lost(self, visits, named, answers) -> None:
        now = datetime.fromisoformat("2026-03-03T14:41:00+00:00")
        site = SiteFactory()
        desk = StaffFactory(sites=[site], role=Role.FRONT_DESK)
        keep, away = PatientFactory(site=site), PatientFactory(site=site)
        protocol, policy, room = ProtocolFactory(site=site), PolicyFactory(site=site), RoomFactory(site=site)
        clinician = StaffFactory(role=Role.CLINICIAN, sites=[site])
        circle = {}
        for at_keep, name, is_off in named:
            patient = keep if at_keep else away
            if (at_keep, name) in circle:
                continue
            known = next((one.person for (_side, other), one in circle.items() if other == name), None)
            circle[at_keep, name] = DesignationFactory(
                patient=patient,
                person=known or SupportPersonFactory(site=site, given_name=name),
                withdrawn_at=now - timedelta(days=1) if is_off else None,
                witnessed_by=desk,
            )
        courses = {side: CourseFactory(patient=side, protocol=protocol, opened_by=desk) for side in (keep, away)}
        taken, replies = set(), iter(answers)
        for number, (at_keep, day, status) in enumerate(visits, start=1):
            if day in taken:
                continue
            taken.add(day)
            off = {"cancelled_at": now, "off_reason": "ill"} if status == "cancelled" else {}
            visit = InfusionFactory(
                course=courses[keep if at_keep else away],
                room=room,
                clinician=clinician,
                policy=policy,
                number=number,
                starts_at=now + timedelta(days=day, hours=1),
                status=status,
                **off,
            )
            held = False
            for (side, _name), row in circle.items():
                answer = next(replies)
                if side != at_keep or row.withdrawn_at or (held and answer == S.ACCEPTED):
                    continue
                held = held or answer == S.ACCEPTED
                answered = None if answer in (S.ASKED, S.COVERED) else now
                CommitmentFactory(infusion=visit, designation=row, status=answer, answered_at=answered)
        before = dict(Infusion.objects.values_list("pk", "status"))
        promised = dict(Commitment.objects.values_list("pk", "infusion"))
        off = {name for (_s, name), row in circle.items() if row.withdrawn_at}
        # Who had been spared is asked again where the holder is off.
        spoken = Commitment.objects.exclude(designation__person__given_name__in=off).exclude(status=S.COVERED)
        firm = dict(spoken.values_list("pk", "status"))

        left = merging.merge(keep=keep, away=away, actor=desk, now=now)

        assert dict(Infusion.objects.filter(patient=left, course__patient=left).values_list("pk", "status")) == before
        after = Commitment.objects.in_bulk(list(promised))
        assert {pk: row.infusion_id for pk, row in after.items()} == promised
        assert {pk: after[pk].status for pk in firm} == firm
        assert not Commitment.objects.filter(designation__patient=away, status__in=[S.ASKED, S.ACCEPTED]).exists()
        standing = left.designations.filter(withdrawn_at=None)
        assert len({row.person_id for row in standing}) == len(standing)


def test_consents_comfort_and_what_waits_come_along(clinic, double):
    for patient, days in ((clinic.patient, 90), (double, 20), (double, 90)):
        day = (clinic.now - timedelta(days=days)).date()
        TreatmentConsent.objects.create(
            patient=patient, signed_on=day, recorded_by=clinic.nurse, recorded_at=clinic.now
        )
    Comfort.objects.create(patient=clinic.patient, wishes=["music"], said_at=clinic.now, said_by="patient:1")
    Comfort.objects.create(
        patient=double, wishes=["quiet"], said_at=clinic.now + timedelta(hours=1), said_by="patient:2"
    )
    wish = {"wording": "Yes.", "roles": ["ride"], "call_first": False, "person_fields": {"given_name": "Jo"}}
    pending.keep(patient=double, kind=PendingKind.NAME_PERSON, asked_for=wish, actor="link:a", now=clinic.now)
    left = joined(clinic, double)
    days = [(clinic.now.date() - row.signed_on).days for row in left.treatment_consents.all()]
    assert (days, left.comfort.wishes) == ([20, 90], ["quiet"])
    assert [row.patient for row in pending.open_of(patient=left)] == [left]
    assert Comfort.objects.count() == 1


def test_a_consent_taken_back_on_one_record_is_taken_back(clinic, double):
    for patient, withdrawn in ((clinic.patient, None), (double, clinic.now)):
        values = {"signed_on": clinic.now.date(), "recorded_by": clinic.nurse, "recorded_at": clinic.now}
        TreatmentConsent.objects.create(patient=patient, withdrawn_at=withdrawn, **values)
    left = joined(clinic, double)
    assert left.treatment_consents.get().withdrawn_at == clinic.now


def test_an_interpreter_and_a_guardian_known_on_one_record_are_known(clinic, double):
    double.interpreter, double.guardian = "Spanish", "Ana Berg"
    double.save()
    assert {"interpreter", "guardian"} <= {
        row.name for row in merging.preview(keep=clinic.patient, away=double, now=clinic.now).filled
    }
    left = joined(clinic, double)
    assert (left.interpreter, left.guardian) == ("Spanish", "Ana Berg")


def called_first(named: Designation) -> Designation:
    Designation.objects.filter(pk=named.pk).update(call_first=True)
    return named


def test_of_two_to_call_first_the_later_yes_stays_and_both_go_on_helping(clinic, double):
    sam = called_first(clinic.named("Sam", phone="+14105550150"))
    clinic.now += timedelta(hours=1)
    jo = named_by(clinic, double, "Jo", phone="+14105550151")
    Designation.objects.filter(pk=jo.pk).update(call_first=True)
    left = joined(clinic, double)
    people = left.designations.filter(withdrawn_at=None).order_by("pk")
    assert list(people.values_list("pk", "call_first")) == [(sam.pk, False), (jo.pk, True)]


def test_who_was_only_called_first_and_is_not_any_more_is_off_unless_the_other_list_has_them(clinic, double):
    sam = called_first(clinic.named("Sam", phone="+14105550150"))
    Designation.objects.filter(pk=sam.pk).update(roles=[])
    clinic.now += timedelta(hours=1)
    jo = named_by(clinic, double, "Jo", phone="+14105550151")
    Designation.objects.filter(pk=jo.pk).update(call_first=True)
    left = joined(clinic, double)
    assert list(left.designations.filter(withdrawn_at=None).values_list("person__given_name", flat=True)) == ["Jo"]


def test_who_is_called_first_on_one_list_and_drives_on_the_other_does_both(clinic, double):
    sam = called_first(clinic.named("Sam", phone="+14105550150"))
    Designation.objects.filter(pk=sam.pk).update(roles=[])
    clinic.now += timedelta(hours=1)
    named_by(clinic, double, "Sam")
    left = joined(clinic, double)
    [row] = left.designations.filter(withdrawn_at=None)
    assert (row.pk, row.roles, row.call_first) == (sam.pk, ["ride"], True)


def test_of_two_limits_the_smaller_counts_and_the_later_answer(clinic, double):
    sam = clinic.named("Sam", phone="+14105550150")
    came = named_by(clinic, double, "Sam")
    early, late = clinic.now - timedelta(days=2), clinic.now - timedelta(days=1)
    Designation.objects.filter(pk=sam.pk).update(
        most_rides=4, load_asked_at=late, load_answer="go_on", load_answered_at=early
    )
    Designation.objects.filter(pk=came.pk).update(
        most_rides=2, load_asked_at=early, load_answer="less", load_answered_at=late
    )
    joined(clinic, double)
    sam.refresh_from_db()
    assert (sam.most_rides, sam.load_asked_at, sam.load_answer, sam.load_answered_at) == (2, late, "less", late)


@pytest.mark.parametrize("helps_others", [False, True])
def test_what_a_helper_said_before_a_first_ride_is_known_on_both_lists(clinic, double, helps_others):
    sam = clinic.named("Sam", phone="+14105550150")
    came = named_by(clinic, double, "Sam")
    if helps_others:
        DesignationFactory(patient=PatientFactory(site=clinic.site), person=came.person)
    Attestation.objects.create(
        person=came.person, at=clinic.now, edition="1", wording="I will.", stay_hours=4, via="link"
    )
    joined(clinic, double)
    assert sam.person.attestations.get().stay_hours == 4
    assert came.person.attestations.exists() is helps_others
