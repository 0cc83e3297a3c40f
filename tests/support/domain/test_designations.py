from datetime import time

import pytest

from clinic.domain.errors import Refused
from clinic.models import AuditEntry
from messaging.models import Message
from support.domain import commitments, date_answers, designations, helper_page, links, visit_page
from support.enums import AlertKind, ConsentHow, MayKnow, SupportRole
from support.models import Alert, Commitment, Designation, SupportPerson
from tests.factories import PatientFactory
from tests.support.conftest import Clinic


def test_naming_keeps_the_consent_its_words_and_its_witness(clinic: Clinic):
    sam = clinic.named("Sam")
    assert (sam.consent_how, sam.witnessed_by, sam.consent_at, sam.invited_at) == (
        ConsentHow.IN_PERSON,
        clinic.desk,
        clinic.now,
        clinic.now,
    )
    assert sam.consent_wording == "I would like this person to help me."
    assert AuditEntry.objects.get(verb="designation.named").actor == f"staff:{clinic.desk.pk}"


def test_the_invitation_goes_once_by_text_and_once_by_e_mail(clinic: Clinic):
    sam = clinic.named("Sam", agreed=False)
    rows = Message.objects.filter(kind="helper_invitation", recipient=f"designation:{sam.pk}")
    assert sorted(rows.values_list("channel", flat=True)) == ["email", "sms"]


def test_whose_own_quiet_leaves_none_of_the_clinics_hours_is_invited_by_e_mail_alone(clinic: Clinic):
    sam = clinic.named("Sam")
    SupportPerson.objects.update(quiet_from=time(7), quiet_until=time(21))
    sam.person.refresh_from_db()
    again = name_again(clinic, sam.person, patient=PatientFactory(site=clinic.site))
    rows = Message.objects.filter(kind="helper_invitation", recipient=f"designation:{again.pk}")
    assert list(rows.values_list("channel", flat=True)) == ["email"]


def test_somebody_under_eighteen_cannot_be_the_way_home_but_can_keep_company(clinic: Clinic):
    with pytest.raises(Refused, match="18 or older"):
        clinic.named("Kim", is_adult=False)
    assert SupportPerson.objects.count() == 0
    assert clinic.named("Kim", is_adult=False, roles=[SupportRole.PRESENCE]).roles == ["presence"]


def test_the_same_person_is_not_named_twice(clinic: Clinic):
    sam = clinic.named("Sam")
    with pytest.raises(Refused, match="already on the list"):
        clinic.named("Sam")
    with pytest.raises(Refused, match="already on the list"):
        name_again(clinic, sam.person)
    assert (Designation.objects.count(), SupportPerson.objects.count()) == (1, 1)


def name_again(clinic, person, patient=None):
    return designations.name(
        patient=patient or clinic.patient,
        person=person,
        roles=[SupportRole.RIDE],
        rank=1,
        may_know=[MayKnow.DATES],
        consent_how=ConsentHow.PHONE,
        witness=clinic.desk,
        wording="Yes, please.",
        now=clinic.now,
    )


def test_one_person_may_help_two_patients_with_a_link_for_each(clinic: Clinic):
    """Two people, two patients, one number: nothing of one shows on the other's page."""
    sam = clinic.named("Sam")
    other = type(clinic.patient).objects.create(
        site=clinic.site, given_name="Omar", family_name="P", birth_date=clinic.patient.birth_date
    )
    again = name_again(clinic, sam.person, patient=other)
    first, second = (links.for_designation(designation=d, now=clinic.now) for d in (sam, again))
    assert first.pk != second.pk


def test_nobody_is_their_own_way_home(clinic: Clinic):
    me = SupportPerson.objects.create(site=clinic.site, given_name="Maya", phone=clinic.patient.phone)
    with pytest.raises(Refused, match="their own way home"):
        name_again(clinic, me)


def test_a_role_taken_away_ends_its_promises_and_given_back_it_is_asked_anew(clinic: Clinic, next_week):
    sam = clinic.named("Sam", roles=[SupportRole.RIDE, SupportRole.PRESENCE])
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    change = {"designation": sam, "rank": 1, "may_know": [], "actor": "staff:1", "now": clinic.now}
    designations.change(roles=[SupportRole.PRESENCE], **change)
    assert (clinic.promise(sam, visit).status, clinic.promise(sam, visit, "presence").status) == ("withdrawn", "asked")
    assert Alert.objects.get().kind == AlertKind.CANT_COME
    designations.change(roles=[SupportRole.PRESENCE, SupportRole.RIDE], **change)
    assert clinic.promise(sam, visit).status == "asked"


def test_who_steps_back_from_everything_is_off_the_list_and_the_desk_tells_the_patient(clinic: Clinic, next_week):
    sam = clinic.named("Sam")
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    designations.stop_asking(designation=sam, now=clinic.now, actor="link:abc")
    assert Designation.objects.get().withdrawn_at == clinic.now
    says = sorted(Alert.objects.values_list("says", flat=True))
    assert says == [
        "Sam does not want to be asked any more and had dates. Please tell the patient.",
        "Sam stepped back from Wed 11 Mar 13:30. There is no way home now. Please book a paid escort.",
    ]


def test_withdrawing_twice_is_withdrawing_once(clinic: Clinic):
    sam = clinic.named("Sam")
    for _twice in range(2):
        designations.withdraw(designation=sam, actor="staff:1", now=clinic.now)
    assert AuditEntry.objects.filter(verb="designation.withdrawn").count() == 1


def test_a_link_cannot_be_sent_to_nobody_or_to_somebody_taken_off(clinic: Clinic):
    nobody = clinic.named("Lee", phone="", email="")
    with pytest.raises(Refused, match="no number or e-mail"):
        designations.send_link_again(designation=nobody, actor="staff:1", now=clinic.now)
    sam = clinic.named("Sam")
    designations.withdraw(designation=sam, actor="staff:1", now=clinic.now)
    with pytest.raises(Refused, match="no longer on the list"):
        designations.send_link_again(designation=sam, actor="staff:1", now=clinic.now)


def test_whoever_is_asked_first_moves_only_those_before_them(clinic: Clinic):
    first, second, third = (clinic.named(name) for name in ("Sam", "Leeann", "Jo"))
    for rank, row in enumerate((first, second, third), start=1):
        Designation.objects.filter(pk=row.pk).update(rank=rank)
    for _turn in range(30):
        for moved in (second, first):
            said = {"roles": ["ride"], "rank": 9, "may_know": [], "actor": "staff:1", "now": clinic.now}
            designations.change(designation=moved, ask_first=True, **said)
    ranks = [Designation.objects.get(pk=row.pk).rank for row in (first, second, third)]
    assert (ranks, designations.next_rank(patient_id=clinic.patient.pk)) == ([1, 2, 3], 4)


def dates_of(sam, now):
    """What their page shows: role, status of each date."""
    rows = [row.value for month in helper_page.build(designation=sam, now=now).months for row in month.rows]
    return list(Commitment.objects.filter(pk__in=rows).values_list("role", "status"))


def only_the_room(clinic: Clinic, named: Designation) -> Designation:
    said = {"rank": 1, "may_know": list(MayKnow.values), "actor": "staff:1", "now": clinic.now}
    return designations.change(designation=named, roles=[SupportRole.PRESENCE], **said)


def test_a_way_home_taken_away_is_neither_shown_nor_taken_nor_said_maybe_to(clinic: Clinic, next_week):
    sam = clinic.named("Sam", roles=[SupportRole.RIDE, SupportRole.PRESENCE])
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    sam = only_the_room(clinic, sam)
    assert dates_of(sam, clinic.now) == [("presence", "asked")]
    ride = clinic.promise(sam, visit)
    date_answers.maybe(designation=sam, dates=[ride.pk], actor="link:x", now=clinic.now)
    answered = date_answers.answer_dates(designation=sam, take=[ride.pk], now=clinic.now, via="link")
    assert (answered.taken, clinic.promise(sam, visit).status) == ([], "withdrawn")
    shown = visit_page.of(infusion=clinic.fresh(visit), now=clinic.now).promised
    assert {row.commitment.role: bool(row.answers) for row in shown} == {"ride": False, "presence": True}


def test_whose_way_home_was_taken_away_is_not_asked_when_another_steps_back(clinic: Clinic, next_week):
    """They had been told that somebody else has it. Given back, they are asked anew."""
    both = [SupportRole.RIDE, SupportRole.PRESENCE]
    sam, jo = clinic.named("Sam"), clinic.named("Jo", roles=both)
    visit = clinic.book(next_week)
    clinic.yes(sam, visit)
    jo = only_the_room(clinic, jo)
    commitments.withdraw(commitment=clinic.promise(sam, visit), via="link", now=clinic.now)
    assert clinic.promise(jo, visit).status == "covered"
    designations.change(designation=jo, roles=both, rank=1, may_know=[], actor="staff:1", now=clinic.now)
    assert clinic.promise(jo, visit).status == "asked"
