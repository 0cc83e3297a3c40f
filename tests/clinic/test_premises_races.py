"""What visits are decided under is changed while somebody books: both get through, and no booking is decided by what
was there before."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from clinic.domain import bookings, locks, people, sites
from clinic.domain.errors import AgainstRules
from clinic.domain.slots import Slot
from clinic.enums import Equipment, Role
from clinic.models import Infusion, Room, Site
from tests.clinic.conftest import House
from tests.factories import CourseFactory, ProtocolFactory, StaffFactory

pytestmark = pytest.mark.django_db(transaction=True)

NINE = datetime(2026, 3, 10, 13, tzinfo=UTC)


def renamed_room(house: House, now: datetime) -> None:
    room = Room.objects.get(pk=house.rooms[0].pk)
    room.name = "Another"
    sites.keep(row=room, actor=house.desk, now=now)


def renamed_clinician(house: House, now: datetime) -> None:
    admin = StaffFactory(role=Role.ADMIN, sites=[house.site])
    who = house.clinicians[0]
    people.change(staff=who, full_name="Dr Z", role=who.role, is_active=True, actor=admin, now=now)


@pytest.mark.parametrize("change", [renamed_room, renamed_clinician])
def test_a_booking_and_a_change_of_what_it_names_do_not_wait_for_each_other(
    change: Callable[[House, datetime], None], house: House, now: datetime
) -> None:
    course = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    holds, failed = Event(), []
    slot = Slot(NINE, house.rooms[0], house.clinicians[0])

    def book() -> None:
        with transaction.atomic():
            # The locks of a booking, which then takes its time.
            locks.diary(rooms=[slot.room.pk], clinicians=[slot.clinician.pk], patients=[course.patient_id])
            holds.set()
            Event().wait(0.6)
            bookings.place(course=course, slot=slot, actor=house.desk, now=now)

    def edit() -> None:
        holds.wait(5)
        change(house, now)

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[work]) for work in (book, edit)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, Infusion.objects.count()) == ([], 1)


def test_what_a_room_lost_meanwhile_is_seen_though_the_page_showed_it(house: House, now: datetime) -> None:
    Room.objects.filter(pk=house.rooms[0].pk).update(equipment=[Equipment.PUMP])
    shown = Room.objects.get(pk=house.rooms[0].pk)
    Room.objects.filter(pk=shown.pk).update(equipment=[])
    protocol = ProtocolFactory(site=house.site, needs=[Equipment.PUMP])
    course = CourseFactory(patient=house.patient(), protocol=protocol, opened_by=house.desk)
    with pytest.raises(AgainstRules):
        bookings.place(course=course, slot=Slot(NINE, shown, house.clinicians[0]), actor=house.desk, now=now)


def test_hours_are_those_of_the_zone_the_site_has_by_now(house: House, now: datetime) -> None:
    """Nine in New York is 22:00 in Tokyo."""
    course = CourseFactory(patient=house.patient(), protocol=house.protocol, opened_by=house.desk)
    Site.objects.filter(pk=house.site.pk).update(timezone="Asia/Tokyo")
    with pytest.raises(AgainstRules):
        bookings.place(course=course, slot=Slot(NINE, *house.rooms, *house.clinicians), actor=house.desk, now=now)
