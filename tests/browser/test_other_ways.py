"""Nobody of their own can come: the desk books an escort, a clinician signs off a ride, two start against the rules; on
a phone, without a script too."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from clinic.enums import InfusionStatus, Role, Rung
from clinic.models import SecondSignature
from support.models import Arrangement, Commitment
from tests import world
from tests.browser.conftest import PHONE
from tests.factories import CourseFactory, InfusionFactory, PatientFactory, PolicyFactory, RoomFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVERY_WAY = [Rung.ADULT_DRIVES, Rung.PAID_ESCORT, Rung.WATCHED_RIDE, Rung.EXTENDED_STAY, Rung.POSTPONE]


@pytest.fixture
def here():
    return world.build(now=timezone.now())


@pytest.fixture
def visit(here):
    """In two days, of a patient who named nobody; the room is needed right after by Omar."""
    policy = PolicyFactory(site=here.site, rungs=EVERY_WAY, override_needs_second=True)
    course = CourseFactory(
        patient=PatientFactory(site=here.site, given_name="Noor"), protocol=here.patient.courses.get().protocol
    )
    later = CourseFactory(
        patient=PatientFactory(site=here.site, given_name="Omar", family_name="Perez"), protocol=course.protocol
    )
    begins = (timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    infusion = InfusionFactory(
        course=course, policy=policy, room=RoomFactory(site=here.site), starts_at=begins, number=1
    )
    InfusionFactory(course=later, policy=policy, room=infusion.room, starts_at=infusion.room_free_at, number=1)
    return infusion


def open_page(page, context, server, sign_in, person, visit) -> None:
    sign_in(context, person)
    page.set_viewport_size(PHONE)
    page.goto(server + reverse("infusion", args=[visit.pk]))


def no_sideways(page) -> None:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_desk_books_an_escort_from_the_list(page, context, server, sign_in, here, visit, no_violations, complaints):
    open_page(page, context, server, sign_in, here.staff[Role.FRONT_DESK], visit)
    part = page.locator("section:has(#other-ways)")
    expect(part).to_contain_text("A ride or a longer stay is signed off by: Clinician, Medical director.")
    part.locator("summary", has_text="Book an escort").click()
    no_sideways(page)
    no_violations(page)
    part.get_by_role("radio").first.check()
    part.get_by_label("I spoke with the escort").check()
    part.get_by_role("button", name="Book this escort").click()
    expect(page.locator("body")).to_contain_text("is booked and gets the link.")
    assert Commitment.objects.get(infusion=visit).designation.person.is_escort


def test_a_clinician_signs_off_a_ride_and_sees_who_needs_the_room(
    page, context, server, sign_in, here, visit, no_violations
):
    open_page(page, context, server, sign_in, here.staff[Role.CLINICIAN], visit)
    part = page.locator("section:has(#other-ways)")
    expect(part).to_contain_text(f"{visit.room.name} is needed for Omar P. on")
    part.locator("summary", has_text="Arrange a watched ride").click()
    part.get_by_label("The ride").fill("City Cabs, booking 4412")
    part.get_by_label("Home by").fill("17:30")
    part.get_by_role("button", name="Sign off this ride").click()
    expect(part).to_contain_text("Who watches it: This field is required.")
    expect(part.get_by_label("The ride")).to_have_value("City Cabs, booking 4412")
    no_violations(page)
    part.get_by_label("Who watches it").fill("Dana")
    part.get_by_role("button", name="Sign off this ride").click()
    expect(part).to_contain_text("City Cabs, booking 4412, home by 17:30; Dana watches it")
    no_sideways(page)
    no_violations(page)
    assert Arrangement.objects.filter(infusion=visit, ended_at=None).count() == 1


def test_without_a_script_it_ends_with_a_word(browser, server, sign_in, here, visit):
    """Every part of it is a form."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    open_page(page, context, server, sign_in, here.staff[Role.CLINICIAN], visit)
    part = page.locator("section:has(#other-ways)")
    part.locator("summary", has_text="Arrange a watched ride").click()
    for label, typed in (("The ride", "City Cabs"), ("Who watches it", "Dana"), ("Home by", "17:30")):
        part.get_by_label(label).fill(typed)
    part.get_by_role("button", name="Sign off this ride").click()
    part.locator("summary", has_text="No longer needed").click()
    part.get_by_label("Reason").fill("Her sister can come")
    part.get_by_role("button", name="End it").click()
    expect(part.locator("summary", has_text="Arranged before")).to_be_visible()
    assert Arrangement.objects.get(infusion=visit).ended_why == "Her sister can come"
    context.close()


def test_two_people_start_against_the_rules(page, context, server, sign_in, here, visit, no_violations, complaints):
    now = timezone.now()
    type(visit).objects.filter(pk=visit.pk).update(
        status=InfusionStatus.ARRIVED,
        arrived_at=now,
        starts_at=now,
        pickup_from=now + timedelta(minutes=60),
        ends_at=now + timedelta(minutes=80),
        room_free_at=now + timedelta(minutes=90),
    )
    open_page(page, context, server, sign_in, here.staff[Role.CLINICIAN], visit)
    page.locator("summary", has_text="Start against the rules").click()
    no_sideways(page)
    no_violations(page)
    page.get_by_label("Why it starts anyway").fill("Her sister is in the car park")
    page.get_by_label("Their e-mail").fill(here.staff[Role.DIRECTOR].email)
    page.get_by_label("Their password").fill("correct horse battery staple")
    page.get_by_role("button", name="Start against the rules").click()
    expect(page.locator("body")).to_contain_text("signed too.")
    assert SecondSignature.objects.get().by == here.staff[Role.DIRECTOR]
