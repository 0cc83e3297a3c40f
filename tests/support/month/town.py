"""Four clinics with their rules, rooms, patients and helpers. Every course is booked through the front door."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from clinic.domain import bookings, treatment_consents
from clinic.domain.slots import Slot
from clinic.enums import DischargeItem, HoldQuestion, Role, Rung
from clinic.models import Patient, Policy, Protocol, Room, Site, StaffMember
from support.domain import agreeing, designations, escorts
from support.enums import ConsentHow, MayKnow, SupportRole
from support.models import SupportPerson
from tests import factories

# Courses begin in this week or the next, six visits in three weeks; New York's clocks change within, Berlin's after.
FIRST_MONDAY, LAST_SATURDAY = date(2026, 3, 2), date(2026, 3, 28)
# Booked so long before that every rung of every ladder still lies ahead.
BEGINS = datetime(2026, 2, 20, 12, tzinfo=UTC)
WEEKDAYS = [(0, 3), (1, 4), (2, 5)]
HOURS = [time(8, 30), time(10, 45), time(13), time(15, 15)]
IN_ONE_ROOM = len(WEEKDAYS) * len(HOURS)
EVERY_RUNG = [rung.value for rung in Rung]
RULES: list[tuple[str, dict[str, object]]] = [
    ("America/New_York", {"rungs": EVERY_RUNG, "hold_questions": list(HoldQuestion)}),
    (
        "America/New_York",
        {
            "rungs": [Rung.ADULT_DRIVES, Rung.PAID_ESCORT, Rung.WATCHED_RIDE, Rung.POSTPONE],
            "ladder_first_to_take": False,
            "ladder_hours": 12,
            "override_needs_second": True,
            "discharge_items": list(DischargeItem),
            "systolic_max": 160,
        },
    ),
    ("Europe/Berlin", {"rungs": [Rung.ADULT_DRIVES, Rung.POSTPONE], "consent_days": 90}),
    (
        "Europe/Berlin",
        {
            "rungs": [Rung.ADULT_DRIVES, Rung.ADULT_ACCOMPANIES, Rung.EXTENDED_STAY, Rung.POSTPONE],
            "ladder_first_to_take": False,
            "ladder_hours": 24,
            "hold_questions": [HoldQuestion.ATE, HoldQuestion.ILL],
        },
    ),
]


@dataclass
class House:
    """One clinic. Room and clinician belong together."""

    site: Site
    policy: Policy
    protocol: Protocol
    staff: dict[str, StaffMember]
    places: list[tuple[Room, StaffMember]]
    escorts: list[SupportPerson] = field(default_factory=list)

    @property
    def desk(self) -> StaffMember:
        return self.staff[Role.FRONT_DESK]

    @property
    def nurse(self) -> StaffMember:
        return self.staff[Role.NURSE]

    @property
    def doctor(self) -> StaffMember:
        return self.staff[Role.CLINICIAN]

    @property
    def director(self) -> StaffMember:
        return self.staff[Role.DIRECTOR]

    def room_of(self, patient: int) -> tuple[Room, StaffMember]:
        return self.places[patient // IN_ONE_ROOM]


class Town:
    """``numbers`` gives every phone of the month a number of its own."""

    def __init__(self, *, patients: int, chance: random.Random) -> None:
        self.chance = chance
        self.numbers = 0
        self.houses: dict[int, House] = {}
        houses = [self._open(zone, rules, -(-patients // len(RULES))) for zone, rules in RULES]
        for number in range(patients):
            house = houses[number % len(houses)]
            self._enrol(house, number // len(houses), f"M{number:04d}")

    def phone(self) -> str:
        self.numbers += 1
        return f"+1410555{self.numbers:04d}"

    def _open(self, zone: str, rules: dict[str, object], patients: int) -> House:
        site = factories.SiteFactory(timezone=zone)
        staff = {role: factories.StaffFactory(sites=[site], role=role) for role in Role.values}
        rooms = range(-(-patients // IN_ONE_ROOM))
        house = House(
            site=site,
            policy=factories.PolicyFactory(site=site, signed_by=staff[Role.DIRECTOR], **rules),
            protocol=factories.ProtocolFactory(site=site, stages=[(6, 1, 3, 21)]),
            staff=staff,
            places=[
                (factories.RoomFactory(site=site), factories.StaffFactory(sites=[site], role=Role.CLINICIAN))
                for _number in rooms
            ],
        )
        for name in ("Kim", "Ola"):
            fields = {"given_name": name, "family_name": "Escort", "phone": self.phone(), "email": ""}
            fields |= {"is_active": True, "escort_terms": "By the hour"}
            pk = escorts.keep(site=site, fields=fields, actor=house.director, now=BEGINS)
            house.escorts.append(SupportPerson.objects.get(pk=pk))
        self.houses[site.pk] = house
        return house

    def _enrol(self, house: House, number: int, record: str) -> None:
        """A patient, who stands by them, and the six visits; some have nobody."""
        patient = factories.PatientFactory(site=house.site, record_number=record, phone=self.phone(), email="")
        if house.policy.consent_days:
            treatment_consents.record(
                patient=patient, signed_on=BEGINS.date() - timedelta(days=7), actor=house.nurse, now=BEGINS
            )
        count = self.chance.choices([0, 1, 2, 3], [1, 3, 6, 4])[0]
        first_to_call = self.chance.random() < 0.6
        for rank in range(1, count + 1):
            self._name(house, patient, rank, call_first=first_to_call and rank == 1)
        slots = self._slots(house, number)
        bookings.book_series(patient=patient, protocol=house.protocol, slots=slots, actor=house.desk, now=BEGINS)

    def _slots(self, house: House, number: int) -> list[Slot]:
        room, clinician = house.room_of(number)
        place = number % IN_ONE_ROOM
        at = HOURS[place // len(WEEKDAYS)]
        first = FIRST_MONDAY + timedelta(weeks=number % 2)
        days = [first + timedelta(weeks=week, days=day) for week in range(3) for day in WEEKDAYS[place % len(WEEKDAYS)]]
        zone = ZoneInfo(house.site.timezone)
        return [Slot(datetime.combine(day, at, tzinfo=zone).astimezone(UTC), room, clinician) for day in days]

    def _name(self, house: House, patient: Patient, rank: int, *, call_first: bool) -> None:
        named = designations.name(
            patient=patient,
            person_fields={
                "given_name": "ABC"[rank - 1],
                "family_name": patient.record_number,
                "phone": self.phone() if self.chance.random() < 0.95 else "",
                "is_adult": True,
            },
            roles=[SupportRole.RIDE, SupportRole.FOLLOWUP],
            rank=rank,
            may_know=list(MayKnow.values),
            consent_how=ConsentHow.IN_PERSON,
            witness=house.desk,
            wording="I would like this person to help me.",
            call_first=call_first,
            now=BEGINS,
        )
        if named.person.phone and self.chance.random() < 0.8:
            agreeing.helper_said_yes(person=named.person, witness=house.desk, now=BEGINS)
