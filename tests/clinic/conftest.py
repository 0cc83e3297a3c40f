"""A clinic to book in."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from clinic.enums import Role
from clinic.models import Patient, Policy, Protocol, Room, Site, StaffMember
from tests.factories import PatientFactory, PolicyFactory, ProtocolFactory, RoomFactory, SiteFactory, StaffFactory


@dataclass
class House:
    site: Site
    rooms: list[Room]
    clinicians: list[StaffMember]
    desk: StaffMember
    policy: Policy
    protocol: Protocol

    def patient(self, **fields) -> Patient:
        return PatientFactory(site=self.site, **fields)


@pytest.fixture
def build_house(db: None) -> Callable[..., House]:
    """Open daily 08:00 to 18:00 in New York; a visit takes 100 minutes and 15 for the room."""

    def build(rooms: int = 1, clinicians: int = 1, **site) -> House:
        place = SiteFactory(**site)
        return House(
            site=place,
            rooms=[RoomFactory(site=place, name=f"Room {n + 1}") for n in range(rooms)],
            clinicians=[
                StaffFactory(role=Role.CLINICIAN, full_name=f"Dr {'ABCDEFGHIJKLMNOP'[n]}", sites=[place])
                for n in range(clinicians)
            ],
            desk=StaffFactory(sites=[place]),
            policy=PolicyFactory(site=place),
            protocol=ProtocolFactory(site=place),
        )

    return build


@pytest.fixture
def house(build_house: Callable[..., House]) -> House:
    return build_house()
