"""Two clinics with one of everything, for tests that visit every page."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db.models import F
from django.test import Client

from clinic.enums import InfusionStatus, Role, Rung
from clinic.models import Closure, DeskNote, ImportRun, ImportStatus, Infusion, Patient, Site, StaffMember
from config.demo.zone import where_it_is_day
from education import directory, library
from education.models import HelpNumber, Page, PageRevision
from messaging.models import InboundText, Message
from support.domain import links
from support.enums import AlertKind, CheckInKind, CheckInStatus, CommitmentStatus, PendingKind
from support.models import (
    Alert,
    Arrangement,
    CheckIn,
    Commitment,
    Designation,
    Link,
    PendingChange,
    PlaceOffer,
    WaitlistEntry,
)
from support.views import by_link
from tests.factories import (
    AttestationFactory,
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

# Of an address that names a message by what it is.
WORDS = {"kind": "patient_1_day", "channel": "sms", "language": "en"}


@dataclass
class World:
    """One clinic. ``pks`` answers which object an address means, by the first words of its path."""

    site: Site
    patient: Patient
    staff: dict[str, StaffMember]
    designation: Designation
    commitment: Commitment
    helper_link: Link
    patient_link: Link
    checkin: CheckIn
    pks: dict[str, int] = field(default_factory=dict)

    def arguments(self, *, path: str, params: tuple[str, ...], key: str = "") -> dict[str, Any]:
        """Values for every parameter of an address. Raises ``KeyError`` for one nobody has told us about."""
        found: dict[str, Any] = {}
        for name in params:
            if name == "key":
                found[name] = key
            elif name == "stage":
                found[name] = "before"
            elif name == "number":
                found[name] = 1
            elif name in WORDS:
                found[name] = WORDS[name]
            else:
                found[name] = self.pks[self.subject(path)]
        return found

    def subject(self, path: str) -> str:
        """``infusions/<int:pk>/start/`` is about "infusions", ``l/<str:key>/visit/<int:pk>/`` about "l/visit"."""
        words = [word for word in path.split("/") if word and not word.startswith("<")]
        for length in (2, 1):
            if "/".join(words[:length]) in self.pks:
                return "/".join(words[:length])
        raise KeyError(f"tests/world.py does not know what {path} is about")


def theirs(client: Client, *links: Link) -> Client:
    """A browser in which somebody has said that these links are theirs."""
    client.cookies[by_link.COOKIE] = signing.dumps([f"{link.id}{by_link.THEIRS}" for link in links], salt=by_link.SALT)
    return client


def build(*, now: Any, given_name: str = "Maya") -> World:
    site = SiteFactory.build()
    # Whenever the tests run, a visit in two hours is today's.
    if not 6 <= now.astimezone(site.zone).hour < 18:
        site.timezone = where_it_is_day(now=now)
    site.save()
    room = RoomFactory(site=site)
    staff = {role: StaffFactory(role=role, sites=[site], full_name=f"Robin {role.title()}") for role in Role.values}
    policy = PolicyFactory(site=site, signed_by=staff[Role.DIRECTOR], signed_at=now - timedelta(days=60))
    directory.sync(now=now)
    library.sync(site=site, now=now)
    for revision in PageRevision.objects.filter(page__site=site, reviewed_at=None):
        library.approve(revision=revision, actor=staff[Role.DIRECTOR], now=now)
    patient = PatientFactory(site=site, given_name=given_name)
    protocol = ProtocolFactory(site=site)
    course = CourseFactory(patient=patient, protocol=protocol, opened_by=staff[Role.FRONT_DESK])
    starts = now + timedelta(hours=2)
    infusion = InfusionFactory(
        course=course,
        room=room,
        clinician=staff[Role.CLINICIAN],
        policy=policy,
        number=1,
        starts_at=starts,
        booked_by=staff[Role.FRONT_DESK],
        status=InfusionStatus.BOOKED,
    )
    named = DesignationFactory(patient=patient, witnessed_by=staff[Role.FRONT_DESK])
    AttestationFactory(person=named.person, at=now - timedelta(days=5))
    commitment = CommitmentFactory(
        infusion=infusion,
        designation=named,
        status=CommitmentStatus.ACCEPTED,
        answered_at=now - timedelta(days=3),
        answered_via="link",
    )
    checkin = CheckIn.objects.create(
        infusion=infusion,
        designation=named,
        kind=CheckInKind.EVENING,
        due_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=9),
        status=CheckInStatus.OPEN,
    )
    alert = Alert.objects.create(
        site=site,
        patient=patient,
        infusion=infusion,
        kind=AlertKind.CALL_TASK,
        key=f"test:{infusion.pk}",
        says="Please call about the visit.",
        opened_at=now - timedelta(minutes=20),
        owner=staff[Role.FRONT_DESK],
        deadline=now + timedelta(minutes=40),
    )
    message = Message.objects.create(
        site=site,
        kind="patient_1_day",
        scope=f"infusion:{infusion.pk}",
        subject=f"infusion:{infusion.pk}",
        about_at=starts,
        recipient=f"patient:{patient.pk}",
        channel="sms",
        due_at=now + timedelta(hours=1),
        not_after=starts,
        created_at=now,
        updated_at=now,
    )
    text = InboundText.objects.create(
        provider_id=f"SM{message.pk}", from_number=named.person.phone, body="Late!", received_at=now, site=site
    )
    run = ImportRun.objects.create(
        site=site, started_by=staff[Role.FRONT_DESK], started_at=now, file_name="a.ndjson", status=ImportStatus.DONE
    )
    closure = Closure.objects.create(
        site=site, starts_at=now + timedelta(days=40), ends_at=now + timedelta(days=41), reason="Painting"
    )
    note = DeskNote.objects.create(
        site=site, day=now.date(), text="Call the lab.", written_by=staff[Role.FRONT_DESK], written_at=now
    )
    entry = WaitlistEntry.objects.create(
        course=course,
        infusion=infusion,
        first_day=now.date(),
        last_day=(now + timedelta(days=9)).date(),
        created_at=now,
        created_by=staff[Role.FRONT_DESK],
    )
    offer = PlaceOffer.objects.create(
        entry=entry,
        site=site,
        room=room,
        clinician=staff[Role.CLINICIAN],
        starts_at=now + timedelta(days=1),
        offered_at=now,
        expires_at=now + timedelta(hours=1),
    )
    kept = PendingChange.objects.create(
        patient=patient,
        kind=PendingKind.CHANGE_PERSON,
        designation=named,
        asked_for={
            "roles": ["ride", "presence"],
            "rank": 1,
            "may_know": ["dates"],
            "relationship": "friend",
            "call_first": False,
            "ask_first": False,
            "wording": "I would like this person to stand by me.",
        },
        asked_at=now - timedelta(days=1),
    )
    escort = SupportPersonFactory(site=site, is_escort=True, escort_terms="Homesafe, $45")
    arranged = Arrangement.objects.create(
        infusion=infusion,
        for_starts_at=infusion.starts_at,
        rung=Rung.WATCHED_RIDE,
        details="City Cabs, booking 4412; Dana watches it",
        arranged_at=now - timedelta(days=1),
        arranged_by=staff[Role.CLINICIAN],
        authorised_by=staff[Role.CLINICIAN],
        ended_at=now,
        ended_why="A friend comes",
    )
    page = Page.objects.filter(site=site).order_by("pk")[0]
    world = World(
        site=site,
        patient=patient,
        staff=staff,
        designation=named,
        commitment=commitment,
        helper_link=links.for_designation(designation=named, now=now),
        patient_link=links.for_patient(patient=patient, now=now),
        checkin=checkin,
    )
    world.pks = {
        "patients": patient.pk,
        "patients/import": run.pk,
        "courses": course.pk,
        "infusions": infusion.pk,
        "people": named.pk,
        "commitments": commitment.pk,
        "alerts": alert.pk,
        "notes": note.pk,
        "messages": message.pk,
        "inbox": text.pk,
        "setup/rooms": room.pk,
        "setup/escorts": escort.pk,
        "arrangements": arranged.pk,
        "closures": closure.pk,
        "waitlist": entry.pk,
        "waitlist/offers": offer.pk,
        "l/offer": offer.pk,
        "setup/protocols": protocol.pk,
        "setup/people": staff[Role.NURSE].pk,
        "library": page.pk,
        "library/numbers": HelpNumber.objects.order_by("pk")[0].pk,
        "l/visit": infusion.pk,
        "l/check-in": checkin.pk,
        "l/people": named.pk,
        "l/kept": kept.pk,
        "kept": kept.pk,
    }
    return world


def shift(*, minutes: int) -> None:
    """Every visit, and every promise for its time, so much later (earlier where negative)."""
    by = timedelta(minutes=minutes)
    times = ("starts_at", "pickup_from", "ends_at", "room_free_at")
    Infusion.objects.update(**{name: F(name) + by for name in times})
    Commitment.objects.update(for_starts_at=F("for_starts_at") + by)
