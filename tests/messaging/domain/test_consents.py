from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.domain import consents, standing
from messaging.models import Consent
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db
SAM, NUMBER = "person:9", "+14105550101"


@pytest.fixture
def give(now):
    def given(person=SAM, *purposes, **fields):
        values = {"channel": "sms", "address": NUMBER, "language": "en", "wording": "Text me.", "how": "own_link"}
        return consents.give(person=person, purposes=purposes or ("rides",), **({"now": now} | values | fields))

    return given


def agreed(person=SAM, purpose="rides", channel="sms", address=NUMBER) -> bool:
    return consents.agreed(person=person, purpose=purpose, channel=channel, address=address)


def test_a_yes_is_for_one_person_one_purpose_one_channel_and_one_address(give):
    give()
    others = [{"person": "person:8"}, {"purpose": "checkins"}, {"channel": "email"}, {"address": "+14105550102"}]
    assert (agreed(), [agreed(**other) for other in others]) == (True, [False] * 4)


def test_the_words_it_answered_are_kept_with_who_heard_it(give, now):
    desk = StaffFactory()
    give(wording="Textos, por favor.", language="es", how="phone", recorded_by_id=desk.pk)
    row = Consent.objects.get()
    assert (row.wording, row.language, row.how, row.given_at) == ("Textos, por favor.", "es", "phone", now)
    assert row.recorded_by == desk


def test_the_first_yes_stays(give, now):
    assert (give(SAM, "rides"), give(SAM, "rides", "checkins", now=now + timedelta(days=1))) == (1, 1)
    assert Consent.objects.get(purpose="rides").given_at == now


def test_what_was_withdrawn_is_kept_and_a_new_yes_stands_beside_it(give, now):
    give()
    assert consents.withdraw(person=SAM, purposes=["rides"], now=now, how="own_link") == 1
    assert consents.withdraw(person=SAM, purposes=["rides"], now=now, how="own_link") == 0
    assert not agreed()
    give(now=now + timedelta(hours=1))
    assert (agreed(), Consent.objects.count()) == (True, 2)


def test_a_channel_can_be_taken_back_by_itself(give, now):
    give()
    give(channel="email", address="sam@example.org")
    consents.withdraw(person=SAM, purposes=["rides"], now=now, how="own_link", channel="sms")
    assert (agreed(), agreed(channel="email", address="Sam@example.org")) == (False, True)


def test_a_clock_that_jumped_back_ends_a_yes_no_earlier_than_it_began(give, now):
    give()
    consents.withdraw(person=SAM, purposes=["rides"], now=now - timedelta(hours=1), how="own_link")
    assert Consent.objects.get().withdrawn_at == now


def test_addresses_are_compared_without_case_and_spaces(give):
    give(channel="email", address="Sam@Example.org")
    give(address="+1 410 555 0101")
    assert agreed(channel="email", address="sam@example.org")
    assert agreed()


def test_lists_are_read_at_once(give):
    give()
    give("patient:7", "visits", channel="email", address="Maya@Example.org")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = standing.of(people=[SAM, "patient:7", "person:1"], addresses=[]).agreed
    assert len(asked) == 1
    maya = consents.yes(person="patient:7", purpose="visits", channel="email", address="maya@example.org")
    sam = consents.yes(person=SAM, purpose="rides", channel="sms", address=NUMBER)
    assert found == {maya, sam}


def test_two_names_of_one_person_have_every_yes_of_both_once(give, now):
    give()
    give("person:8", "rides", "checkins", now=now - timedelta(days=1))
    consents.rename(was="person:8", to=SAM, now=now)
    assert [(agreed(purpose=purpose), agreed("person:8", purpose)) for purpose in ("rides", "checkins")] == [
        (True, False),
        (True, False),
    ]
    assert Consent.objects.filter(person=SAM).count() == 3


def test_a_name_that_is_still_in_use_keeps_its_yes(give):
    give("person:8", "rides", "checkins")
    give(SAM, "rides")
    consents.copy(of="person:8", to=SAM)
    assert standing.of(people=["person:8", SAM], addresses=[]).agreed == {
        consents.yes(person=person, purpose=purpose, channel="sms", address=NUMBER)
        for person in ("person:8", SAM)
        for purpose in ("rides", "checkins")
    }


def test_asking_uses_the_index(give):
    """Asked once for every message that leaves."""
    for number in range(300):
        give(f"person:{number}", "rides", "checkins")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_consent")
        cursor.execute("EXPLAIN " + consents.AGREED, [SAM, "rides", "sms", NUMBER])
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "consent_open_once" in plan
