"""Who waits, what becomes free, whom it fits, who gets it."""

from datetime import timedelta

import pytest

from clinic.domain import bookings, hours, infusions
from clinic.domain.errors import AgainstRules, Refused
from clinic.domain.slots import Slot
from clinic.enums import Equipment, Rung
from messaging.domain import firewall, kinds, segments, words
from messaging.models import Message
from support.domain import place_offers, vacancies, waitlist
from support.enums import OfferStatus
from support.models import Alert, Availability, PlaceOffer, WaitlistEntry
from tests import factories

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def held(clinic, next_week):
    """Next Wednesday, 13:30: Maya's, until she cancels."""
    return clinic.book(next_week)


@pytest.fixture
def waiting(clinic, next_week, held):
    """Makes people who wait for a time that week; each with a helper who can, unless told otherwise."""

    def wait(name="Omar", *, can=True, to_place=True, **fields) -> WaitlistEntry:
        patient = factories.PatientFactory(site=clinic.site, given_name=name, **fields)
        if to_place:
            course = factories.CourseFactory(patient=patient, protocol=clinic.protocol, opened_by=clinic.desk)
            visit = None
        else:
            slot = Slot(starts_at=next_week + 2 * DAY, room=clinic.room, clinician=held.clinician)
            course = bookings.book_series(
                patient=patient, protocol=clinic.protocol, slots=[slot], actor=clinic.desk, now=clinic.now
            )
            visit = course.infusions.get()
        if can is not None:
            named = factories.DesignationFactory(patient=patient)
            Availability.objects.create(person=named.person, can=can, weekday=next_week.weekday())
        clinic.now += timedelta(seconds=1)
        return waitlist.join(
            course=course,
            infusion=visit,
            first_day=next_week.date() - DAY,
            last_day=next_week.date() + DAY,
            actor=clinic.desk,
            now=clinic.now,
        )

    return wait


def cancel(clinic, visit):
    return infusions.cancel(infusion=visit, actor=clinic.desk, now=clinic.now, reason="Flu")


def offers(*statuses):
    rows = PlaceOffer.objects.filter(status__in=statuses) if statuses else PlaceOffer.objects.all()
    return [offer.entry.course.patient.given_name for offer in rows.order_by("pk")]


def take(clinic, offer=None, **fields):
    offer = offer or PlaceOffer.objects.get(status=OfferStatus.OPEN)
    return place_offers.take(offer=offer, now=clinic.now, by="link:abc", **fields)


def sign(clinic, **fields):
    """Signed rules that differ in these."""
    return factories.PolicyFactory(site=clinic.site, **fields)


def test_a_cancelled_place_is_offered_to_the_one_who_waits_longest(clinic, held, waiting):
    waiting("Omar")
    waiting("Ines")
    cancel(clinic, held)
    assert offers() == ["Omar"]
    row = Message.objects.get(kind="waitlist_offer")
    assert (row.about_at, row.due_at, row.not_after) == (held.starts_at, clinic.now, clinic.now + HOUR)


def test_a_place_is_released_once_however_often_it_is_cancelled(clinic, held, waiting):
    """https://github.com/pretix/pretix/issues/1405"""
    waiting("Omar")
    waiting("Ines")
    cancel(clinic, held)
    with pytest.raises(Refused):
        cancel(clinic, held)
    assert offers() == ["Omar"]


def test_a_place_that_a_visit_was_moved_from_is_offered(clinic, held, waiting):
    waiting("Omar")
    clinic.move(held, held.starts_at + DAY)
    assert offers() == ["Omar"]


@pytest.mark.parametrize("can", [False, None])
def test_without_a_helper_who_can_it_is_not_offered(clinic, held, waiting, can):
    waiting("Omar", can=can)
    cancel(clinic, held)
    assert offers() == []


def test_a_way_home_that_needs_nobody_qualifies(clinic, held, waiting):
    sign(clinic, rungs=[Rung.ADULT_DRIVES, Rung.WATCHED_RIDE], version=clinic.policy.version + 1)
    waiting("Omar", can=None)
    cancel(clinic, held)
    assert offers() == ["Omar"]


def test_a_yes_to_that_very_time_counts_though_the_visit_went_elsewhere(clinic, held, next_week):
    sam = clinic.named("Sam")
    clinic.yes(sam, held)
    moved = clinic.move(held, next_week + 2 * DAY)
    waitlist.join(
        course=moved.course,
        infusion=moved,
        first_day=next_week.date(),
        last_day=next_week.date(),
        actor=clinic.desk,
        now=clinic.now,
    )
    waitlist.sweep(now=clinic.now)
    assert offers() == ["Maya"]


def test_days_nobody_waits_for_are_not_offered(clinic, held, waiting, next_week):
    entry = waiting("Omar")
    WaitlistEntry.objects.filter(pk=entry.pk).update(last_day=next_week.date() - DAY)
    cancel(clinic, held)
    assert offers() == []


def test_a_place_too_short_for_the_protocol_is_not_offered(clinic, held, waiting):
    waiting("Omar")
    blocker = factories.PatientFactory(site=clinic.site)
    short = factories.ProtocolFactory(site=clinic.site, prep_minutes=5, infusion_minutes=5, recovery_minutes=5)
    cancel(clinic, held)
    PlaceOffer.objects.all().delete()
    slot = Slot(starts_at=held.starts_at + HOUR, room=held.room, clinician=held.clinician)
    bookings.book_series(patient=blocker, protocol=short, slots=[slot], actor=clinic.desk, now=clinic.now)
    waitlist.sweep(now=clinic.now)
    assert offers() == []


@pytest.mark.parametrize(("days_before", "whom"), [(20, []), (10, ["Omar"]), (0.5, [])])
def test_a_place_that_breaks_the_days_between_visits_is_not_offered(
    clinic, held, waiting, next_week, days_before, whom
):
    """1 to 14 days in this protocol."""
    entry = waiting("Omar")
    factories.InfusionFactory(
        course=entry.course,
        number=1,
        room=held.room,
        policy=clinic.policy,
        starts_at=next_week - timedelta(days=days_before),
    )
    cancel(clinic, held)
    assert offers() == whom


def test_an_earlier_time_only_for_a_visit_that_is_booked(clinic, held, waiting, next_week):
    entry = waiting("Omar", to_place=False)
    cancel(clinic, held)
    visit = take(clinic)
    assert (visit.pk, visit.starts_at) == (entry.infusion_id, next_week)
    entry.refresh_from_db()
    assert entry.closed_why == "Has an earlier time now."


def test_only_places_that_are_still_free_are_looked_at(clinic, held, waiting, next_week):
    """However many were cancelled: those taken again or closed hide none that is free."""
    waiting("Omar")
    for number in range(3):
        slot = Slot(
            starts_at=next_week - number * HOUR, room=factories.RoomFactory(site=clinic.site), clinician=held.clinician
        )
        factories.InfusionFactory(
            course__patient__site=clinic.site,
            room=slot.room,
            clinician=slot.clinician,
            policy=clinic.policy,
            starts_at=slot.starts_at,
            status="cancelled",
            cancelled_at=clinic.now,
            off_reason="Flu",
        )
        if number:
            closed = {"starts_at": slot.starts_at - HOUR, "ends_at": slot.starts_at + HOUR, "reason": "Paint"}
            hours.close(site=clinic.site, room=slot.room, actor=clinic.desk, now=clinic.now, **closed)
    cancel(clinic, held)
    clinic.book(held.starts_at - HOUR)
    assert [slot.starts_at for slot in vacancies.ahead(site=clinic.site, now=clinic.now)] == [next_week]


@pytest.mark.parametrize(("places", "whom"), [(0, []), (1, ["Omar"])])
def test_a_room_without_a_place_for_the_one_who_sits_in_is_not_offered(clinic, waiting, next_week, places, whom):
    small = factories.RoomFactory(site=clinic.site, guest_places=places)
    clinic.room, usual = small, clinic.room
    held = clinic.book(next_week - DAY)
    clinic.room = usual
    entry = waiting("Omar", to_place=False)
    sitting = factories.DesignationFactory(patient=entry.course.patient, roles=["presence"])
    Availability.objects.update(weekday=(next_week - DAY).weekday())
    factories.CommitmentFactory(
        infusion=entry.infusion,
        designation=sitting,
        role="presence",
        status="accepted",
        answered_at=clinic.now,
    )
    cancel(clinic, held)
    assert offers() == whom


@pytest.fixture
def no_more_room(clinic, waiting, next_week) -> PlaceOffer:
    """Offered to Omar; then somebody says they sit with him, and this room has no place for them."""
    clinic.room, usual = factories.RoomFactory(site=clinic.site, guest_places=0), clinic.room
    held = clinic.book(next_week - DAY)
    clinic.room = usual
    entry = waiting("Omar", to_place=False)
    Availability.objects.update(weekday=(next_week - DAY).weekday())
    cancel(clinic, held)
    factories.CommitmentFactory(
        infusion=entry.infusion,
        designation=factories.DesignationFactory(patient=entry.course.patient, roles=["presence"]),
        role="presence",
        status="accepted",
        answered_at=clinic.now,
    )
    return PlaceOffer.objects.get()


def test_a_place_that_is_against_the_rules_by_now_is_gone_and_the_patient_hears_no_more_than_that(clinic, no_more_room):
    with pytest.raises(Refused) as refused:
        take(clinic, no_more_room)
    assert (str(refused.value), offers(OfferStatus.GONE)) == ("This time is not offered to you any more.", ["Omar"])


def test_the_desk_is_told_what_speaks_against_the_place(clinic, no_more_room):
    with pytest.raises(AgainstRules):
        take(clinic, no_more_room, actor=clinic.desk)
    assert offers(OfferStatus.GONE) == ["Omar"]


@pytest.mark.parametrize("status", [OfferStatus.DECLINED, OfferStatus.EXPIRED])
def test_a_place_that_cannot_be_given_leaves_the_answer_as_it_was(clinic, no_more_room, status):
    PlaceOffer.objects.update(status=status, answered_at=clinic.now)
    with pytest.raises(AgainstRules):
        take(clinic, no_more_room, actor=clinic.desk, given=place_offers.slot_of(no_more_room))
    assert offers(status) == ["Omar"]


def test_who_said_no_may_be_given_the_place_after_all(clinic, held, waiting):
    entry = waiting("Omar")
    cancel(clinic, held)
    offer = PlaceOffer.objects.get()
    waitlist.decline(offer=offer, now=clinic.now, by="link:abc")
    visit = waitlist.give(entry=entry, slot=place_offers.slot_of(offer), actor=clinic.desk, now=clinic.now)
    offer.refresh_from_db()
    assert (offer.status, offer.infusion) == (OfferStatus.TAKEN, visit)


def test_a_place_in_a_closed_time_is_not_offered(clinic, held, waiting, next_week):
    waiting("Omar")
    hours.close(
        site=clinic.site,
        starts_at=next_week,
        ends_at=next_week + HOUR,
        reason="Snow",
        actor=clinic.desk,
        now=clinic.now,
    )
    cancel(clinic, held)
    assert offers() == []


def test_no_offer_whose_answer_would_be_due_at_night(clinic, held, waiting):
    waiting("Omar")
    clinic.now = clinic.now.replace(hour=0) + DAY  # 19:41 in New York: an hour later texts have ended.
    cancel(clinic, held)
    assert offers() == []
    [place] = waitlist.free_places(site=clinic.site, now=clinic.now)
    assert [fit.not_now for fit in place.fits] == ["No texts go at this hour."]
    morning = clinic.now + timedelta(hours=13)
    waitlist.sweep(now=morning)
    assert offers() == ["Omar"]


def test_a_place_somebody_is_asked_about_is_shown_though_it_fits_nobody_any_more(clinic, held, waiting):
    waiting("Omar")
    cancel(clinic, held)
    Availability.objects.update(can=False)
    [place] = waitlist.free_places(site=clinic.site, now=clinic.now)
    assert (place.fits, [offer.status for offer in place.offers]) == ([], [OfferStatus.OPEN])


def test_no_offer_to_whom_the_medicine_keeps_from_agreeing(clinic, held, waiting):
    """Their link would refuse it, and the place would wait for nothing."""
    patient = waiting("Omar").course.patient
    factories.InfusionFactory(
        course__patient=patient,
        policy=clinic.policy,
        status="started",
        starts_at=clinic.now - HOUR,
        **dict.fromkeys(["arrived_at", "started_at"], clinic.now - HOUR),
    )
    cancel(clinic, held)
    assert offers() == []
    [place] = waitlist.free_places(site=clinic.site, now=clinic.now)
    assert [fit.not_now for fit in place.fits] == ["Agrees to nothing new yet: the medicine may still be at work."]


def test_no_offer_too_near_to_fast_for_it(clinic, held, waiting, next_week):
    waiting("Omar")
    clinic.now = next_week - timedelta(hours=4)
    cancel(clinic, held)
    assert offers() == []


def test_nobody_is_asked_more_often_than_the_rules_say(clinic, held, waiting, next_week):
    entry = waiting("Omar")
    for number in range(2):
        PlaceOffer.objects.create(
            entry=entry,
            site=clinic.site,
            room=clinic.room,
            clinician=held.clinician,
            starts_at=next_week + number * HOUR + timedelta(minutes=7),
            offered_at=clinic.now,
            expires_at=clinic.now + HOUR,
            status=OfferStatus.DECLINED,
        )
    cancel(clinic, held)
    assert offers(OfferStatus.OPEN) == []


def test_after_an_hour_of_silence_the_next_is_asked_and_the_first_not_again(clinic, held, waiting):
    waiting("Omar")
    waiting("Ines")
    cancel(clinic, held)
    waitlist.sweep(now=clinic.now + HOUR)
    assert (offers(OfferStatus.EXPIRED), offers(OfferStatus.OPEN)) == (["Omar"], ["Ines"])
    waitlist.sweep(now=clinic.now + 2 * HOUR)
    assert (offers(OfferStatus.EXPIRED), offers(OfferStatus.OPEN)) == (["Omar", "Ines"], [])


def test_after_a_no_the_next_is_asked_at_once(clinic, held, waiting):
    waiting("Omar")
    waiting("Ines")
    cancel(clinic, held)
    for _tap in range(2):
        waitlist.decline(offer=PlaceOffer.objects.order_by("pk")[0], now=clinic.now, by="link:abc")
    assert (offers(OfferStatus.DECLINED), offers(OfferStatus.OPEN)) == (["Omar"], ["Ines"])


def test_where_the_rules_say_so_everybody_is_asked_and_the_first_takes_it(clinic, held, waiting):
    sign(clinic, waitlist_first_to_take=True, version=clinic.policy.version + 1)
    waiting("Omar")
    waiting("Ines")
    cancel(clinic, held)
    first, second = PlaceOffer.objects.order_by("pk")
    visit = take(clinic, second)
    assert visit.patient.given_name == "Ines"
    with pytest.raises(Refused, match=r"just been given to somebody else\. You stay on the list"):
        take(clinic, first)
    assert (offers(OfferStatus.TAKEN), offers(OfferStatus.GONE)) == (["Ines"], ["Omar"])
    assert WaitlistEntry.objects.filter(closed_at=None).count() == 2


def test_taking_books_the_next_visit_and_twice_is_once(clinic, held, waiting):
    entry = waiting("Omar")
    cancel(clinic, held)
    offer = PlaceOffer.objects.get()
    visit = take(clinic, offer)
    assert take(clinic, offer) == visit
    assert (visit.course_id, visit.starts_at, visit.booked_by) == (entry.course_id, held.starts_at, clinic.desk)


def test_a_yes_after_the_hour_is_too_late(clinic, held, waiting):
    waiting("Omar")
    cancel(clinic, held)
    clinic.now += HOUR
    with pytest.raises(Refused, match="The time to answer is over"):
        take(clinic)


def test_a_booking_of_the_desk_ends_the_offers_of_that_place(clinic, held, waiting):
    waiting("Omar")
    cancel(clinic, held)
    clinic.book(held.starts_at + HOUR / 2)
    assert offers(OfferStatus.GONE) == ["Omar"]
    row = Message.objects.get(kind="waitlist_offer")
    assert kinds.get(row.kind).still_wanted(row, clinic.now).wanted is False


def test_a_booking_beside_it_does_not(clinic, held, waiting):
    waiting("Omar")
    cancel(clinic, held)
    clinic.book(held.starts_at + DAY)
    assert offers(OfferStatus.OPEN) == ["Omar"]


def test_who_cannot_be_written_to_is_called(clinic, held, waiting):
    waiting("Omar", phone="", email="")
    cancel(clinic, held)
    assert offers(OfferStatus.OPEN) == ["Omar"]
    assert Alert.objects.get().says == ("Please call Omar before 10:41: Wed 11 Mar 13:30 is free and could be theirs.")


def test_the_desk_gives_a_place_by_phone_to_whom_it_fits(clinic, held, waiting):
    entry = waiting("Omar")
    late = waiting("Ines")
    cancel(clinic, held)
    slot = place_offers.slot_of(PlaceOffer.objects.get())
    visit = waitlist.give(entry=late, slot=slot, actor=clinic.desk, now=clinic.now)
    assert (visit.patient.given_name, offers(OfferStatus.GONE)) == ("Ines", ["Omar"])
    with pytest.raises(Refused):
        waitlist.give(entry=entry, slot=slot, actor=clinic.desk, now=clinic.now)


def test_joining_again_changes_the_days_and_keeps_the_place_in_the_line(clinic, waiting, next_week):
    entry = waiting("Omar")
    again = waitlist.join(
        course=entry.course,
        first_day=next_week.date(),
        last_day=next_week.date() + 5 * DAY,
        actor=clinic.desk,
        now=clinic.now + DAY,
    )
    assert (again.pk, again.created_at, again.first_day) == (entry.pk, entry.created_at, next_week.date())


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [(3, 1, "The last day comes before the first."), (-9, -3, "These days are over.")],
)
def test_days_that_make_no_sense_are_refused(clinic, waiting, first, last, sentence):
    entry = waiting("Omar")
    today = clinic.now.date()
    with pytest.raises(Refused, match=sentence):
        waitlist.join(
            course=entry.course,
            first_day=today + first * DAY,
            last_day=today + last * DAY,
            actor=clinic.desk,
            now=clinic.now,
        )


def test_leaving_ends_what_was_offered(clinic, held, waiting):
    entry = waiting("Omar")
    cancel(clinic, held)
    for _press in range(2):
        waitlist.leave(entry=entry, actor=clinic.desk, now=clinic.now)
    assert offers(OfferStatus.OPEN) == []
    with pytest.raises(Refused):
        take(clinic, PlaceOffer.objects.get())


def test_who_waited_until_yesterday_waits_no_more(clinic, waiting, next_week):
    entry = waiting("Omar")
    waitlist.sweep(now=next_week + 2 * DAY)
    entry.refresh_from_db()
    assert entry.closed_why == "The days are over."


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_offer_is_one_neutral_text(clinic, held, waiting, language, settings):
    settings.PUBLIC_URL = "https://" + "c" * 9 + ".org"
    clinic.site.public_name = "Northgate Care of Annapolis MD"
    clinic.site.save()
    waiting("Omar", language=language)
    cancel(clinic, held)
    row = Message.objects.get(kind="waitlist_offer")
    kind = kinds.get(row.kind)
    facts = kind.facts(row, clinic.now)
    draft = words.draft(message=row, kind=kind, facts=facts)
    assert segments.measure(draft.body).segments == 1
    assert firewall.check(draft=draft, facts=facts, kind=kind, message=row, now=clinic.now).wanted
    assert "10:41" in draft.body
    assert draft.link in draft.body


def taken(clinic, offer):
    take(clinic, offer)


def left(clinic, offer):
    waitlist.leave(entry=offer.entry, actor=clinic.desk, now=clinic.now)


def refused(clinic, offer):
    waitlist.decline(offer=offer, now=clinic.now, by="link:abc")


def booked_by_the_desk(clinic, offer):
    clinic.book(offer.starts_at)


def silent_for_an_hour(clinic, offer):
    clinic.now += HOUR


def thrown_away(clinic, offer):
    offer.delete()


@pytest.mark.parametrize("change", [None, taken, left, refused, booked_by_the_desk, silent_for_an_hour, thrown_away])
def test_an_offer_that_is_over_is_not_sent(clinic, held, waiting, change):
    waiting("Omar")
    cancel(clinic, held)
    row = Message.objects.get(kind="waitlist_offer")
    if change:
        change(clinic, PlaceOffer.objects.get())
    verdict = kinds.get(row.kind).still_wanted(row, clinic.now)
    assert (verdict.wanted, verdict.reason) == (
        (True, "") if change is None else (False, "This place is not offered any more.")
    )


@pytest.mark.parametrize(("equipment", "whom"), [([], []), ([Equipment.MONITOR, Equipment.OXYGEN], ["Omar"])])
def test_a_room_that_lacks_what_the_protocol_needs_is_not_offered(clinic, held, waiting, equipment, whom):
    clinic.protocol = factories.ProtocolFactory(
        site=clinic.site, stages=[(6, 1, 2, 14)], needs=[Equipment.MONITOR, Equipment.OXYGEN]
    )
    clinic.room.equipment = equipment
    clinic.room.save()
    waiting("Omar")
    cancel(clinic, held)
    assert offers() == whom


def reasons(clinic, entry) -> list[str]:
    places = waitlist.free_places(site=clinic.site, now=clinic.now)
    return [why for _slot, why in waitlist.not_offered(places)[entry.pk]]


@pytest.mark.parametrize(
    ("can", "sentence"),
    [
        (None, "Nobody is named for the way home."),
        (False, "Nobody who is named can drive then."),
        ("", "Nobody has said that they can drive then. To ask: Sam."),
    ],
)
def test_who_gets_no_offer_for_want_of_a_ride_is_said(clinic, held, waiting, can, sentence):
    """Somebody cancelled, two waited for that very day, and the list said "nothing yet"."""
    entry = waiting("Omar", can=None if can == "" else can)
    if can == "":
        person = factories.SupportPersonFactory(site=clinic.site, given_name="Sam")
        factories.DesignationFactory(patient=entry.course.patient, person=person)
    cancel(clinic, held)
    assert (offers(), reasons(clinic, entry)) == ([], [sentence])


@pytest.mark.parametrize(("days_before", "words"), [(20, "are too far apart"), (0.5, "another visit on that day")])
def test_days_between_visits_that_do_not_hold_are_said(clinic, held, waiting, next_week, days_before, words):
    entry = waiting("Omar")
    factories.InfusionFactory(
        course=entry.course,
        number=1,
        room=held.room,
        policy=clinic.policy,
        starts_at=next_week - timedelta(days=days_before),
    )
    cancel(clinic, held)
    [why] = reasons(clinic, entry)
    assert words in why


def test_a_room_that_lacks_something_is_said(clinic, held, waiting):
    clinic.protocol = factories.ProtocolFactory(
        site=clinic.site, stages=[(6, 1, 2, 14)], needs=[Equipment.MONITOR, Equipment.OXYGEN]
    )
    entry = waiting("Omar")
    cancel(clinic, held)
    [why] = reasons(clinic, entry)
    assert why == f"{held.room} lacks: {Equipment.MONITOR.label}, {Equipment.OXYGEN.label}."


def test_a_gap_too_short_for_their_visit_is_said(clinic, held, waiting):
    entry = waiting("Omar")
    short = factories.ProtocolFactory(site=clinic.site, prep_minutes=5, infusion_minutes=5, recovery_minutes=5)
    slot = Slot(starts_at=held.starts_at + HOUR, room=held.room, clinician=held.clinician)
    clinic.now = clinic.now.replace(hour=0) + DAY  # At night nobody is asked.
    cancel(clinic, held)
    blocker = factories.PatientFactory(site=clinic.site)
    bookings.book_series(patient=blocker, protocol=short, slots=[slot], actor=clinic.desk, now=clinic.now)
    assert reasons(clinic, entry) == [f"{held.room} is not free for as long as this visit takes."]


def test_a_place_after_the_visit_they_have_is_said_not_to_be_earlier(clinic, held, waiting, next_week):
    entry = waiting("Omar", to_place=False)
    cancel(clinic, held)
    offer = PlaceOffer.objects.get()
    waitlist.decline(offer=offer, now=clinic.now, by="link:abc")
    clinic.move(entry.infusion, next_week - DAY)
    WaitlistEntry.objects.update(closed_at=None, closed_why="")
    [why, *_rest] = reasons(clinic, entry)
    assert why == "It is not earlier than the visit they have."


def test_who_is_asked_already_or_may_not_be_now_is_told_apart_from_whom_it_does_not_fit(clinic, held, waiting):
    first, second = waiting("Omar"), waiting("Ines")
    cancel(clinic, held)
    assert (offers(OfferStatus.OPEN), reasons(clinic, first)) == (["Omar"], [])
    assert reasons(clinic, second) == ["The one who waits longer is asked first."]
    waitlist.decline(offer=PlaceOffer.objects.get(), now=clinic.now, by="link:abc")
    assert reasons(clinic, first) == ["Was offered this time already."]


@pytest.mark.parametrize("minutes", [30, 60, 90])
def test_a_place_that_overlaps_the_visit_they_would_leave_for_it_is_offered(clinic, waiting, next_week, minutes):
    """Theirs is Friday at 13:30 in the same room with the only clinician; somebody gives back half an hour before."""
    entry = waiting("Omar", to_place=False)
    Availability.objects.update(weekday=(next_week + 2 * DAY).weekday())
    WaitlistEntry.objects.update(last_day=next_week.date() + 2 * DAY)
    left = factories.InfusionFactory(
        course__patient__site=clinic.site,
        room=clinic.room,
        clinician=entry.infusion.clinician,
        policy=clinic.policy,
        starts_at=entry.infusion.starts_at - timedelta(minutes=minutes),
        status="cancelled",
        cancelled_at=clinic.now,
        off_reason="Flu",
    )
    waitlist.sweep(now=clinic.now)
    assert take(clinic).starts_at == left.starts_at
