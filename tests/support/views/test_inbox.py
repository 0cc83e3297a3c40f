import re
from datetime import timedelta

import pytest
from django.urls import reverse

from clinic.models import AuditEntry
from messaging.domain import inbound
from messaging.models import InboundText
from support.models import Alert
from tests.factories import DesignationFactory, PatientFactory, SiteFactory, StaffFactory, SupportPersonFactory

MINUTE = timedelta(minutes=1)
SAM = "+14105550123"
QUERIES = 11


def write(now, body="my car broke down", *, number=SAM, sid="SM1") -> InboundText:
    inbound.receive(provider_id=sid, from_number=number, body=body, now=now)
    return InboundText.objects.get(provider_id=sid)


@pytest.fixture
def sam(site, policy):
    person = SupportPersonFactory(site=site, given_name="Sam", family_name="Okoro", phone=SAM)
    return DesignationFactory(person=person, patient=PatientFactory(site=site, given_name="Maya", family_name="Tran"))


def test_an_empty_inbox_says_so(desk, policy):
    assert "No text waits for a person" in desk.get(reverse("inbox")).content.decode()


def test_the_list_says_who_wrote_what_and_who_answers_by_when(desk, sam, now):
    write(now)
    page = desk.get(reverse("inbox")).content.decode()
    assert all(words in page for words in ("Sam Okoro", "my car broke down", "Dana R.", "<b>1</b> waits for a person."))


def test_looking_for_somebody_goes_through_everything(desk, sam, now):
    text = write(now)
    desk.post(reverse("inbox_done", args=[text.pk]), {"outcome": "Called Sam"})
    assert "my car broke down" not in desk.get(reverse("inbox")).content.decode()
    assert "my car broke down" in desk.get(reverse("inbox"), {"who": "okoro"}).content.decode()
    assert "Nothing fits" in desk.get(reverse("inbox"), {"who": "nobody"}).content.decode()


def test_a_page_shows_whose_number_it_is_and_everything_both_ways(desk, sam, now):
    text = write(now)
    page = desk.get(reverse("inbox_thread", args=[text.pk])).content.decode()
    assert all(words in page for words in ("Sam Okoro, for Maya T.", "They wrote", "my car broke down", "Dana Rivera"))


def test_of_a_long_story_the_older_part_is_folded_and_nothing_that_waits(desk, sam, now):
    for number in range(9):
        text = write(now + number * MINUTE, f"thing {number}", sid=f"SM{number}")
    opened = desk.get(reverse("inbox_thread", args=[text.pk])).context
    assert (opened["earlier"], len(opened["lines"])) == ([], 9)
    desk.post(reverse("inbox_done", args=[text.pk]), {"outcome": "Called Sam"})
    after = desk.get(reverse("inbox_thread", args=[text.pk])).context
    assert [line.body for line in after["earlier"]] == ["thing 0", "thing 1", "thing 2"]


def test_whoever_takes_a_text_stays_beside_what_was_written(desk, sam, now):
    page = reverse("inbox_thread", args=[write(now).pk])
    opened = desk.get(page).content.decode()
    action, back = re.search(r'action="(\S+/take/)">.*?name="next" value="(\S+)"', opened).groups()
    answer = desk.post(action, {"next": back})
    assert (answer.status_code, answer.url) == (302, page)
    assert "I take this" not in desk.get(page).content.decode()


def test_a_shared_number_is_flagged(desk, site, sam, now):
    DesignationFactory(
        person=SupportPersonFactory(site=site, given_name="Lee", family_name="Park", phone=SAM), patient=sam.patient
    )
    page = desk.get(reverse("inbox_thread", args=[write(now).pk])).content.decode()
    assert "Several people have this number" in page


def test_a_strangers_text_names_nobody(desk, sam, now):
    page = desk.get(reverse("inbox_thread", args=[write(now, number="+14105559999").pk])).content.decode()
    assert "Nobody here has this number" in page
    assert "Maya" not in page


def test_reading_is_written_down_for_each_patient_it_may_be_about(desk, site, sam, now):
    other = DesignationFactory(person=sam.person, patient=PatientFactory(site=site))
    text = write(now)
    desk.get(reverse("inbox_thread", args=[text.pk]))
    read = AuditEntry.objects.filter(verb="read", subject=f"inboundtext:{text.pk}")
    assert set(read.values_list("patient_id", flat=True)) == {sam.patient_id, other.patient_id}


def test_done_needs_a_word_and_is_told_kindly_twice(desk, sam, now):
    address = reverse("inbox_done", args=[write(now).pk])
    assert desk.post(address, {"outcome": ""}).status_code == 422
    assert desk.post(address, {"outcome": "Called Sam"}).status_code == 302
    again = desk.post(address, {"outcome": "Called Sam"})
    assert (again.status_code, "This is done already." in again.content.decode()) == (422, True)
    assert Alert.objects.get().outcome == "Called Sam"


def test_the_alert_leads_to_what_was_written_and_closes_nothing_unread(desk, sam, now):
    text = write(now)
    alert = Alert.objects.get()
    page = desk.get(reverse("alert", args=[alert.pk])).content.decode()
    assert reverse("inbox_thread", args=[text.pk]) in page
    assert reverse("alert_close", args=[alert.pk]) not in page


def test_what_came_meanwhile_is_shown_before_anything_is_done(desk, sam, now):
    opened = write(now)
    newer = write(now + MINUTE, "come quickly please", sid="SM2")
    refused = desk.post(reverse("inbox_done", args=[opened.pk]), {"outcome": "Called Sam"})
    page = refused.content.decode()
    assert (refused.status_code, Alert.objects.get().status) == (422, "open")
    assert all(words in page for words in ("Another text came meanwhile", "come quickly please", "Called Sam"))
    assert reverse("inbox_done", args=[newer.pk]) in page


def test_another_sites_text_is_not_found(sign_in, sam, now):
    text = write(now)
    other = StaffFactory(sites=[SiteFactory()])
    assert sign_in(staff=other).get(reverse("inbox_thread", args=[text.pk])).status_code == 404


@pytest.mark.parametrize("many", [1, 3])
def test_the_page_costs_the_same_with_one_and_three_numbers(desk, site, sam, now, django_assert_max_num_queries, many):
    for number in range(many):
        person = SupportPersonFactory(site=site, phone=f"+1410555020{number}")
        DesignationFactory(person=person, patient=sam.patient)
        write(now, number=person.phone, sid=f"SM{number}")
    desk.get(reverse("inbox"))
    with django_assert_max_num_queries(QUERIES) as counted:
        desk.get(reverse("inbox"))
    assert len(counted) == QUERIES
