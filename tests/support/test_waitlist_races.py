"""A freed place cannot be sold twice: many take it at once, over connections of their own."""

from collections import Counter
from datetime import timedelta

import pytest

from clinic.domain import bookings, infusions, moves
from clinic.domain.errors import Refused, Taken
from clinic.domain.slots import Slot
from clinic.models import Infusion
from support.domain import place_offers, waitlist
from support.enums import OfferStatus
from support.models import Availability, PlaceOffer, WaitlistEntry
from tests import factories
from tests.clinic.test_races import all_at_once, deadlocks

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
TOO_LATE = "This time has just been given to somebody else. You stay on the list."


@pytest.fixture
def place(clinic, next_week):
    """Booked, and the rules ask everybody at once."""
    factories.PolicyFactory(
        site=clinic.site,
        version=clinic.policy.version + 1,
        waitlist_first_to_take=True,
        signed_by=clinic.policy.signed_by,
    )
    return clinic.book(next_week)


def wait(clinic, next_week, *, infusion_at=None):
    patient = factories.PatientFactory(site=clinic.site)
    course = factories.CourseFactory(patient=patient, protocol=clinic.protocol, opened_by=clinic.desk)
    visit = None
    if infusion_at is not None:
        slot = Slot(
            starts_at=infusion_at,
            room=factories.RoomFactory(site=clinic.site),
            clinician=clinic.slot(infusion_at).clinician,
        )
        visit = bookings.place(course=course, slot=slot, actor=clinic.desk, now=clinic.now)
    named = factories.DesignationFactory(patient=patient)
    Availability.objects.create(person=named.person, can=True, weekday=next_week.weekday())
    days = {"first_day": next_week.date() - DAY, "last_day": next_week.date() + DAY}
    return waitlist.join(course=course, infusion=visit, actor=clinic.desk, now=clinic.now, **days)


def cancel(clinic, visit):
    infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="Flu")


def taking(clinic, offer):
    return lambda: place_offers.take(offer=offer, now=clinic.now, by="link:abc")


def live_at(moment):
    return Infusion.objects.filter(starts_at=moment).exclude(status="cancelled").count()


def test_ten_take_one_place_while_the_desk_books_it(clinic, place, next_week):
    """Half wait for any time, half for an earlier one; each of those holds another time that day or the next."""
    for number in range(10):
        at = next_week + DAY * (2 + number) if number % 2 else None
        wait(clinic, next_week, infusion_at=at)
    cancel(clinic, place)
    offers = list(PlaceOffer.objects.order_by("pk"))
    assert len(offers) == 10
    before = deadlocks()
    walk_up = factories.CourseFactory(patient__site=clinic.site, protocol=clinic.protocol, opened_by=clinic.desk)
    works = [taking(clinic, offer) for offer in offers]
    works.append(lambda: bookings.place(course=walk_up, slot=clinic.slot(next_week), actor=clinic.desk, now=clinic.now))

    answers = all_at_once(works)

    assert Counter(type(answer).__name__ for answer in answers)["Infusion"] == 1
    losers = [answer for answer in answers if not isinstance(answer, Infusion)]
    assert {str(answer) for answer in losers if type(answer) is Refused} <= {TOO_LATE}
    assert all(isinstance(answer, Taken | Refused) for answer in losers)
    assert live_at(next_week) == 1
    assert not PlaceOffer.objects.filter(status=OfferStatus.OPEN, starts_at=next_week).exists()
    assert PlaceOffer.objects.filter(status=OfferStatus.TAKEN).count() == int(isinstance(answers[-1], Refused))
    assert WaitlistEntry.objects.filter(closed_at=None).count() >= 9
    assert deadlocks() == before


def test_one_offer_taken_twice_at_once_is_one_visit(clinic, place, next_week):
    wait(clinic, next_week)
    cancel(clinic, place)
    offer = PlaceOffer.objects.get()

    answers = all_at_once([taking(clinic, offer)] * 4)

    assert {answer.pk for answer in answers} == {Infusion.objects.get(starts_at=next_week, status="booked").pk}


def test_a_place_freed_by_a_move_and_swept_at_once_is_offered_once(clinic, next_week):
    held = clinic.book(next_week)
    for _person in range(3):
        wait(clinic, next_week)
    later = clinic.slot(next_week + 2 * DAY)
    moves.move(infusion=clinic.fresh(held), slot=later, actor=clinic.desk, now=clinic.now, version=held.version)
    PlaceOffer.objects.all().delete()

    all_at_once([lambda: waitlist.sweep(now=clinic.now)] * 5)

    assert PlaceOffer.objects.count() == 1


def test_taking_while_the_desk_takes_them_off_the_list_is_one_or_the_other(clinic, place, next_week):
    """Both change the entry and its offers: in one order, under the lock of the patient."""
    before = deadlocks()
    for number in range(6):
        entries = [wait(clinic, next_week) for _person in range(3)]
        cancel(clinic, clinic.book(next_week + DAY) if number else place)
        offers = PlaceOffer.objects.filter(status=OfferStatus.OPEN)
        works = [taking(clinic, offer) for offer in offers]
        works += [
            lambda entry=entry: waitlist.leave(entry=entry, actor=clinic.desk, now=clinic.now) for entry in entries
        ]

        answers = all_at_once(works)

        assert {type(answer).__name__ for answer in answers} <= {"Infusion", "Refused", "WaitlistEntry"}
        assert not WaitlistEntry.objects.filter(closed_at=None).exists()
        assert not offers.all().exists()
        for visit in Infusion.objects.filter(status="booked"):
            cancel(clinic, visit)
    assert deadlocks() == before
