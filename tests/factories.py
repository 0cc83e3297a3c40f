"""Rows for tests, made as the domain would make them.

Numbers are 555-01xx, addresses example.org: nobody is ever reached.
"""

from datetime import UTC, date, datetime, time, timedelta

import factory

from clinic.enums import Role, StageKind
from clinic.models import (
    Course,
    Infusion,
    OpeningHours,
    Patient,
    Policy,
    Protocol,
    ProtocolStage,
    Room,
    Site,
    StaffMember,
)
from messaging.domain import consents
from support.domain import attesting, purposes
from support.enums import AnsweredVia, ConsentHow, MayKnow, SupportRole
from support.models import Attestation, Commitment, Designation, SupportPerson

NOW = datetime(2026, 3, 3, 14, 41, tzinfo=UTC)  # Tuesday, 09:41 in New York


class SiteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Site
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Northgate {n}")
    public_name = "Northgate Care"
    timezone = "America/New_York"
    phone = "+14105550142"
    street = "12 Elm Street"

    @factory.post_generation
    def hours(self, create: bool, extracted: object, **kwargs: object) -> None:
        """Open every day 08:00 to 18:00 unless ``hours=False``."""
        if create and extracted is not False:
            for weekday in range(7):
                OpeningHours.objects.create(site=self, weekday=weekday, opens=time(8), closes=time(18))


class RoomFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Room

    site = factory.SubFactory(SiteFactory)
    name = factory.Sequence(lambda n: f"Room {n}")


class StaffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StaffMember
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"staff{n}@example.org")
    full_name = factory.Sequence(lambda n: f"Dana Rivera {n}")
    role = Role.FRONT_DESK
    password = factory.django.Password("correct horse battery staple")

    @factory.post_generation
    def sites(self, create: bool, extracted: list[Site] | None, **kwargs: object) -> None:
        if create and extracted:
            self.sites.set(extracted)


class PolicyFactory(factory.django.DjangoModelFactory):
    """Signed by a director of the site unless ``signed_by=None, signed_at=None``."""

    class Meta:
        model = Policy

    site = factory.SubFactory(SiteFactory)
    version = factory.Sequence(lambda n: n + 1)
    signed_by = factory.SubFactory(StaffFactory, role=Role.DIRECTOR)
    signed_at = NOW - timedelta(days=60)
    # A clinic that asks nothing before and ticks nothing after: whoever tests that says what it asks.
    hold_questions: list[str] = []
    discharge_items: list[str] = []


class ProtocolFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Protocol

        skip_postgeneration_save = True

    site = factory.SubFactory(SiteFactory)
    name = factory.Sequence(lambda n: f"6 in 3 weeks {n}")

    @factory.post_generation
    def stages(self, create: bool, extracted: list[tuple[int, int, int, int]] | None, **kwargs: object) -> None:
        """``stages=[(visits, least, best, most), …]``; the first is the induction."""
        if create:
            for position, (visits, least, best, most) in enumerate(extracted or [(6, 2, 3, 5)]):
                ProtocolStage.objects.create(
                    protocol=self,
                    position=position,
                    kind=StageKind.MAINTENANCE if position else StageKind.INDUCTION,
                    visits=visits,
                    min_days=least,
                    target_days=best,
                    max_days=most,
                )


class ContactFactory(factory.django.DjangoModelFactory):
    """Who agreed to be written to agreed to everything, at the number and address they have."""

    class Meta:
        abstract = True
        skip_postgeneration_save = True

    @factory.post_generation
    def agreed(self, create, extracted, **kwargs):
        if not create or extracted is False:
            return
        for channel, address in (("sms", self.phone), ("email", self.email)):
            if address:
                consents.give(
                    person=purposes.name(self),
                    purposes=purposes.for_whom(self),
                    channel=channel,
                    address=address,
                    language=self.language,
                    wording="May we write to you?",
                    how="spoken",
                    now=NOW - timedelta(days=30),
                )


class PatientFactory(ContactFactory):
    class Meta:
        model = Patient

    site = factory.SubFactory(SiteFactory)
    given_name = "Maya"
    family_name = factory.Sequence(lambda n: f"Tran{n}")
    birth_date = date(1987, 2, 3)
    record_number = factory.Sequence(lambda n: f"R{n:06d}")
    phone = factory.Sequence(lambda n: f"+141055501{n % 100:02d}")
    email = factory.Sequence(lambda n: f"patient{n}@example.org")


class CourseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Course

    patient = factory.SubFactory(PatientFactory)
    protocol = factory.SubFactory(ProtocolFactory, site=factory.SelfAttribute("..patient.site"))
    sessions = factory.SelfAttribute("protocol.sessions")
    opened_at = NOW - timedelta(days=30)
    opened_by = factory.LazyAttribute(lambda o: StaffFactory(sites=[o.patient.site]))


class InfusionFactory(factory.django.DjangoModelFactory):
    """Booked for tomorrow 10:30 in New York unless told otherwise; times follow the protocol's minutes."""

    class Meta:
        model = Infusion

    course = factory.SubFactory(CourseFactory)
    patient = factory.SelfAttribute("course.patient")
    site = factory.SelfAttribute("course.patient.site")
    room = factory.SubFactory(RoomFactory, site=factory.SelfAttribute("..site"))
    clinician = factory.SubFactory(StaffFactory, role=Role.CLINICIAN)
    policy = factory.SubFactory(PolicyFactory, site=factory.SelfAttribute("..site"))
    number = factory.Sequence(lambda n: n + 1)
    starts_at = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
    pickup_from = factory.LazyAttribute(lambda o: o.starts_at + timedelta(minutes=85))
    ends_at = factory.LazyAttribute(lambda o: o.starts_at + timedelta(minutes=100))
    room_free_at = factory.LazyAttribute(lambda o: o.ends_at + timedelta(minutes=15))
    booked_at = NOW - timedelta(days=30)
    booked_by = factory.SelfAttribute("course.opened_by")


class SupportPersonFactory(ContactFactory):
    class Meta:
        model = SupportPerson

    site = factory.SubFactory(SiteFactory)
    given_name = factory.Sequence(lambda n: ["Sam", "Lee", "Jo", "Pat"][n % 4])
    family_name = factory.Sequence(lambda n: f"Okoro{n}")
    phone = factory.Sequence(lambda n: f"+141055501{n % 100:02d}")
    email = factory.Sequence(lambda n: f"helper{n}@example.org")
    is_adult = True


class DesignationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Designation

    patient = factory.SubFactory(PatientFactory)
    person = factory.SubFactory(SupportPersonFactory, site=factory.SelfAttribute("..patient.site"))
    relationship = "friend"
    roles = [SupportRole.RIDE, SupportRole.FOLLOWUP]
    may_know = list(MayKnow.values)
    valid_from = NOW - timedelta(days=20)
    consent_how = ConsentHow.IN_PERSON
    consent_at = NOW - timedelta(days=20)
    consent_wording = "I would like this person to help me."
    witnessed_by = factory.SubFactory(StaffFactory)


class CommitmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Commitment

    infusion = factory.SubFactory(InfusionFactory)
    designation = factory.SubFactory(DesignationFactory, patient=factory.SelfAttribute("..infusion.patient"))
    role = SupportRole.RIDE
    for_starts_at = factory.SelfAttribute("infusion.starts_at")
    asked_at = NOW - timedelta(days=10)


class AttestationFactory(factory.django.DjangoModelFactory):
    """Read as it is worded now, and said yes to: whoever takes dates by link needs one before their first ride."""

    class Meta:
        model = Attestation

    person = factory.SubFactory(SupportPersonFactory)
    at = NOW - timedelta(days=10)
    edition = attesting.EDITION
    wording = "What it involves."
    stay_hours = 8
    via = AnsweredVia.LINK
