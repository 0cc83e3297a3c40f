"""Whom a patient names by their own link: once each, never themselves, adults for the way home, one to call first."""

from datetime import timedelta

import psycopg2
import pytest
from django.db import connection

from clinic.domain.errors import Refused
from clinic.models import Patient
from messaging.models import Message
from support.domain import designations, feeds, links, own_people, people, whom_to_call
from support.domain.own_people import Wanted
from support.enums import AlertKind, CommitmentStatus, MayKnow, SupportRole
from support.models import Alert, Commitment, Designation, SupportPerson
from tests.factories import PatientFactory
from tests.support.conftest import Clinic

RIDE = [SupportRole.RIDE]


def name(clinic: Clinic, given_name: str = "Jo", *, patient: Patient | None = None, **changes) -> Designation:
    fields = {"given_name": given_name, "family_name": "", "phone": "+14105550177", "email": "", "is_adult": True}
    person = {field: changes.pop(field, value) for field, value in fields.items()}
    said = {"roles": RIDE, "may_know": [MayKnow.DATES], "relationship": "", "call_first": False, "wording": "Yes."}
    return own_people.name(
        patient=patient or clinic.patient,
        person_fields=person | {"language": "en"},
        wanted=Wanted(**said | changes),
        actor="link:abc",
        now=clinic.now,
    )


def call_first(designation: Designation, clinic: Clinic) -> None:
    wanted = Wanted(
        roles=designation.roles, may_know=[], relationship="", call_first=True, wording="Yes.", rank=designation.rank
    )
    own_people.change(designation=designation, wanted=wanted, actor="link:abc", now=clinic.now)


def test_the_list_is_in_the_order_in_which_they_are_asked_with_when_they_last_looked(clinic: Clinic):
    sam, jo = clinic.named("Sam"), name(clinic, ask_first=True)
    links.opened(links.for_designation(designation=sam, now=clinic.now), now=clinic.now)
    listed = own_people.of(patient=clinic.patient, now=clinic.now)
    assert [(row.person.given_name, row.opened_at) for row in listed] == [("Jo", None), ("Sam", clinic.now)]
    assert [own_people.is_first(designation=row, now=clinic.now) for row in (jo, sam)] == [True, False]


def test_who_is_asked_for_nothing_is_not_asked_first(clinic: Clinic):
    kim, sam = name(clinic, "Kim", roles=[], call_first=True), clinic.named("Sam")
    Designation.objects.filter(pk=sam.pk).update(rank=2)
    listed = own_people.of(patient=clinic.patient, now=clinic.now)
    assert (listed[0], own_people.asked_first(listed)) == (kim, sam)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_one_question(clinic: Clinic, count, django_assert_num_queries):
    for number in range(count):
        name(clinic, f"Jo{number}")
    with django_assert_num_queries(1):
        assert len(own_people.of(patient=clinic.patient, now=clinic.now)) == count


def test_the_same_person_twice_is_refused_kindly_whatever_the_letters(clinic: Clinic):
    name(clinic)
    with pytest.raises(Refused, match="already on the list"):
        name(clinic, "JO")
    assert (Designation.objects.count(), SupportPerson.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "own",
    [
        {"given_name": "maya", "phone": "+14105550199"},
        {"given_name": "Maya", "phone": "", "email": "MAYA@example.org"},
        {"given_name": "May", "phone": "+14105550199"},
    ],
    ids=["number", "e-mail", "nickname"],
)
def test_nobody_names_themselves(clinic: Clinic, own):
    Patient.objects.update(email="maya@example.org", preferred_name="May")
    clinic.patient.refresh_from_db()
    with pytest.raises(Refused, match="their own way home"):
        name(clinic, **own)
    assert not Designation.objects.exists()


def test_a_daughter_of_another_name_at_the_same_number_and_a_namesake_with_their_own_are_fine(clinic: Clinic):
    assert name(clinic, "Rosa", phone=clinic.patient.phone)
    assert name(clinic, "Maya", phone="+14105550155", family_name=clinic.patient.family_name)


def test_somebody_known_to_be_under_eighteen_does_not_take_anybody_home(clinic: Clinic):
    other = PatientFactory(site=clinic.site)
    kim = name(clinic, "Kim", patient=other, roles=[SupportRole.PRESENCE], is_adult=None)
    SupportPerson.objects.filter(pk=kim.person_id).update(is_adult=False)
    with pytest.raises(Refused, match="18 or older"):
        name(clinic, "Kim")
    assert name(clinic, "Kim", roles=[SupportRole.PRESENCE]).person == kim.person


def test_whoever_helps_two_patients_is_one_person_with_a_link_for_each(clinic: Clinic):
    other = PatientFactory(site=clinic.site)
    one, two = name(clinic), name(clinic, patient=other)
    assert one.person == two.person
    assert links.for_designation(designation=one, now=clinic.now) != links.for_designation(
        designation=two, now=clinic.now
    )


def test_who_names_somebody_by_number_and_first_name_learns_no_last_name(clinic: Clinic):
    theirs = name(clinic, patient=PatientFactory(site=clinic.site), family_name="Okoro")
    mine = name(clinic)
    assert (mine.person.full_name, mine.person == theirs.person) == ("Jo", False)


def test_a_link_in_wrong_hands_does_not_write_to_everybody(clinic: Clinic):
    for number in range(own_people.MOST_A_DAY):
        row = name(clinic, f"Jo{number}")
        designations.withdraw(designation=row, actor="link:abc", now=clinic.now)
    with pytest.raises(Refused, match="many people for one day"):
        name(clinic, "Onemore")
    clinic.now += timedelta(days=1)
    assert name(clinic, "Onemore")


def test_who_is_only_called_in_an_emergency_is_asked_for_nothing_and_written_to_about_nothing(clinic, next_week):
    jo = name(clinic, roles=[], call_first=True)
    clinic.book(next_week)
    assert (jo.call_first, jo.invited_at) == (True, None)
    assert not Commitment.objects.filter(designation=jo).exists()
    assert not Message.objects.filter(recipient=f"designation:{jo.pk}").exists()
    assert not Alert.objects.exists()


def test_a_number_corrected_for_an_emergency_invites_to_nothing(clinic: Clinic):
    jo = name(clinic, roles=[], call_first=True)
    people.correct_contact(person=jo.person, actor="staff:1", now=clinic.now, phone="+14105550188", email="")
    assert not Message.objects.exists()


def test_given_something_to_help_with_they_are_asked_and_invited(clinic: Clinic, next_week):
    jo = name(clinic, roles=[], call_first=True)
    visit = clinic.book(next_week)
    wanted = Wanted(roles=RIDE, may_know=[], relationship="", call_first=True, wording="Yes.")
    own_people.change(designation=jo, wanted=wanted, actor="link:abc", now=clinic.now)
    assert clinic.promise(jo, visit).status == CommitmentStatus.ASKED
    invited = Message.objects.filter(kind="helper_invitation", recipient=f"designation:{jo.pk}")
    assert list(invited.values_list("channel", flat=True)) == ["sms"]


def test_somebody_for_nothing_at_all_is_refused(clinic: Clinic):
    with pytest.raises(Refused, match="what this person helps with"):
        name(clinic, roles=[])


def test_one_person_is_called_first_and_the_last_word_counts(clinic: Clinic):
    sam, jo = clinic.named("Sam"), name(clinic, call_first=True)
    call_first(sam, clinic)
    for row in (sam, jo):
        row.refresh_from_db()
    assert (sam.call_first, jo.call_first, jo.withdrawn_at) == (True, False, None)


def test_whoever_was_only_to_be_called_first_is_off_the_list_once_somebody_else_is(clinic: Clinic):
    sam, jo = clinic.named("Sam"), name(clinic, roles=[], call_first=True)
    call_first(sam, clinic)
    jo.refresh_from_db()
    assert jo.withdrawn_at == clinic.now


def test_taken_off_quietly_the_link_the_calendar_and_every_message_stop_and_nobody_is_told(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    clinic.book(next_week)
    link = links.for_designation(designation=sam, now=clinic.now)
    feed = feeds.make(owner=sam, site=clinic.site, actor="staff:1", now=clinic.now)
    before = set(Message.objects.values_list("pk", flat=True))
    designations.withdraw(designation=sam, actor="link:abc", now=clinic.now)
    link.refresh_from_db()
    assert not links.is_usable(link, now=clinic.now)
    assert feeds.resolve(links.token(feed), now=clinic.now) is None
    theirs = Message.objects.filter(recipient=f"designation:{sam.pk}")
    assert not theirs.filter(status="pending").exists()
    assert set(theirs.values_list("pk", flat=True)) <= before


def test_taken_off_with_tonights_ride_the_others_are_asked_and_the_desk_knows(clinic: Clinic):
    sam, lee = clinic.named("Sam"), clinic.named("Leeann")
    visit = clinic.book(clinic.now.replace(hour=17, minute=30) + timedelta(days=1))
    clinic.yes(sam, visit)
    assert clinic.promise(lee, visit).status == CommitmentStatus.COVERED
    designations.withdraw(designation=sam, actor="link:abc", now=clinic.now)
    assert clinic.promise(sam, visit).status == CommitmentStatus.WITHDRAWN
    assert clinic.promise(lee, visit).status == CommitmentStatus.ASKED
    alert = Alert.objects.get(kind=AlertKind.CANT_COME, infusion=visit)
    assert alert.says == (
        "Sam is no longer on the list to take Maya home, Wed 4 Mar 12:30. Nobody tells Sam: please do not call them. "
        "There is no way home now."
    )
    called = whom_to_call.of(alert=alert, now=clinic.now).people
    assert [person.first_name for person in called] == ["Leeann", "Maya"]


def test_whoever_is_named_until_a_day_is_asked_for_nothing_later_and_off_the_list_after_it(clinic, next_week):
    before, after = clinic.book(next_week), clinic.book(next_week + timedelta(days=2))
    jo = name(clinic, until=(next_week + timedelta(days=1)).date())
    assert jo.last_day == (next_week + timedelta(days=1)).date()
    assert list(Commitment.objects.filter(designation=jo).values_list("infusion", flat=True)) == [before.pk]
    assert clinic.book(next_week + timedelta(days=3)).commitments.count() == after.commitments.count() == 0
    link = links.for_designation(designation=jo, now=clinic.now)
    # 05:00 at the clinic after their last day: they stayed the night, and their page with them.
    night, noon = (next_week.replace(hour=hour) + timedelta(days=2) for hour in (9, 17))
    assert (links.is_usable(link, now=night), designations.end_over(now=night)) == (True, 0)
    assert (links.is_usable(link, now=noon), designations.end_over(now=noon)) == (False, 1)
    jo.refresh_from_db()
    assert jo.withdrawn_at == noon


@pytest.mark.django_db(transaction=True)
def test_one_row_somebody_else_holds_keeps_nobody_on_the_list(clinic: Clinic, pg_dsn: str):
    until = clinic.now.date()
    stuck, _ = (name(clinic, who, until=until, phone=f"+1410555018{i}") for i, who in enumerate(["Jo", "Lee"]))
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    other = psycopg2.connect(pg_dsn)
    with other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM support_designation WHERE id = %s FOR UPDATE", [stuck.pk])
    assert designations.end_over(now=clinic.now + timedelta(days=3)) == 1
    other.close()
    assert list(Designation.objects.filter(withdrawn_at=None)) == [stuck]
    assert designations.end_over(now=clinic.now + timedelta(days=3)) == 1
    connection.close()


def test_an_earlier_last_day_ends_what_was_promised_after_it_and_a_later_one_asks_anew(clinic: Clinic, next_week):
    sam, visit = clinic.named("Sam"), clinic.book(next_week)
    clinic.yes(sam, visit)
    said = {"roles": RIDE, "may_know": [], "relationship": "", "call_first": False, "wording": "Yes."}
    statuses = []
    for last_day in (next_week.date() - timedelta(days=1), next_week.date()):
        wanted = Wanted(**said, until=last_day)
        own_people.change(designation=sam, wanted=wanted, actor="link:abc", now=clinic.now)
        statuses.append(clinic.promise(sam, visit).status)
    assert statuses == [CommitmentStatus.WITHDRAWN, CommitmentStatus.ASKED]


def test_a_day_that_is_over_is_refused(clinic: Clinic):
    with pytest.raises(Refused, match="That day is over"):
        name(clinic, until=clinic.now.date() - timedelta(days=1))


def test_what_was_said_of_somebody_who_is_off_the_list_is_refused(clinic: Clinic):
    """Two windows: in one the patient takes Sam off, in the other they change what Sam may know."""
    sam = clinic.named("Sam")
    designations.withdraw(designation=sam, actor="link:abc", now=clinic.now)
    with pytest.raises(Refused, match="no longer on the list"):
        call_first(sam, clinic)
