"""A patient looks after the list of people who stand by them, by their own link."""

import re
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import formats, timezone

from clinic.models import AuditEntry, Infusion, Patient
from messaging.models import Message
from support.domain import links, pending
from support.enums import ConsentHow, MayKnow, SupportRole
from support.models import Commitment, Designation, Link, PendingChange
from tests import world

pytestmark = pytest.mark.django_db

TYPED = {
    "given_name": "Noor",
    "family_name": "Lind",
    "phone": "(410) 555-0177",
    "email": "",
    "relationship": "sister",
    "language": "en",
    "roles": ["ride"],
    "may_know": ["dates", "aftercare"],
    "is_adult": "yes",
}


@pytest.fixture
def here():
    found = world.build(now=timezone.now())
    PendingChange.objects.all().delete()
    return found


@pytest.fixture
def mine(client: Client, here) -> str:
    """The patient's own page, opened."""
    client.get(f"/l/{links.token(here.patient_link)}/", follow=True)
    return f"/l/{here.patient_link.id}/"


def under_treatment() -> None:
    now = timezone.now()
    world.shift(minutes=-145)
    begun = {"arrived_at": now - timedelta(minutes=20), "started_at": now - timedelta(minutes=5), "status": "started"}
    Infusion.objects.update(**begun)


def text_of(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def test_the_list_says_in_words_who_they_are_and_when_they_last_looked(client, here, mine):
    links.opened(here.helper_link, now=timezone.now())
    words = text_of(client.get(f"{mine}people/"))
    assert here.designation.person.full_name in words
    assert "Takes me home · Is there in the evening" in words
    assert "My dates · How the visit goes" in words
    assert "last opened" in words


def test_the_patients_page_leads_there_and_the_title_tells_nothing(client, here, mine):
    page = client.get(mine).content.decode()
    assert f'href="{mine}people/"' in page
    for address in ("people/", "people/new/", f"people/{here.designation.pk}/"):
        title = re.search(r"<title>([^·<]*)", client.get(mine + address).content.decode())[1].strip()
        assert title in {"People who stand by you", "Name somebody", "What this person may do and know"}


def test_the_list_takes_as_many_questions_for_three_people_as_for_one(client, here, mine, django_assert_num_queries):
    with django_assert_num_queries(QUERIES):
        client.get(f"{mine}people/")
    for name in ("Noor", "Kim"):
        client.post(f"{mine}people/new/", {**TYPED, "given_name": name})
    with django_assert_num_queries(QUERIES):
        client.get(f"{mine}people/")


QUERIES = 6


def test_somebody_named_is_asked_and_invited_and_the_words_that_stood_there_are_kept(client, here, mine):
    shown = client.get(f"{mine}people/new/").content.decode()
    page = client.post(f"{mine}people/new/", TYPED, follow=True)
    assert "Noor is on your list. We ask them for you." in text_of(page)
    noor = Designation.objects.select_related("person").get(person__given_name="Noor")
    assert (noor.consent_how, noor.may_know, noor.person.phone) == (
        ConsentHow.OWN_LINK,
        ["dates", "aftercare"],
        "+14105550177",
    )
    assert noor.consent_wording in shown
    assert Commitment.objects.filter(designation=noor, role=SupportRole.RIDE).exists()
    assert Message.objects.filter(kind="helper_invitation", recipient=f"designation:{noor.pk}").exists()
    assert AuditEntry.objects.get(verb="designation.named", subject=f"designation:{noor.pk}")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"is_adult": ""}, "Only somebody who is 18 or older can take you home."),
        ({"roles": []}, "Tick at least one thing this person helps with."),
        ({"phone": "", "email": ""}, "Give a number or an e-mail address"),
        ({"phone": "12"}, "This number cannot be dialled."),
        ({"given_name": ""}, "This field is required."),
    ],
)
def test_what_is_missing_is_said_and_everything_typed_is_kept(client, here, mine, changes, sentence):
    page = client.post(f"{mine}people/new/", TYPED | changes)
    assert (page.status_code, sentence in text_of(page)) == (422, True)
    assert 'value="sister"' in page.content.decode()
    assert not Designation.objects.filter(person__given_name="Noor").exists()


def test_the_same_person_twice_and_oneself_are_refused_in_a_sentence(client, here, mine):
    client.post(f"{mine}people/new/", TYPED)
    again = client.post(f"{mine}people/new/", TYPED)
    assert (again.status_code, "This person is already on the list." in text_of(again)) == (422, True)
    Patient.objects.filter(pk=here.patient.pk).update(phone="+14105550177")
    me = client.post(f"{mine}people/new/", {**TYPED, "given_name": here.patient.given_name, "family_name": ""})
    assert (me.status_code, "Nobody can be their own way home." in text_of(me)) == (422, True)
    assert Designation.objects.filter(person__phone="+14105550177").count() == 1


def test_a_name_stays_text(client, here, mine):
    client.post(f"{mine}people/new/", {**TYPED, "given_name": "<script>x</script>"})
    assert "<script>x" not in client.get(f"{mine}people/").content.decode()


def test_what_somebody_may_know_is_changed_on_the_patients_word(client, here, mine):
    one = f"{mine}people/{here.designation.pk}/"
    assert "checked" in client.get(one).content.decode()
    client.post(one, {"relationship": "friend", "roles": ["ride"], "may_know": ["dates"], "call_first": "yes"})
    here.designation.refresh_from_db()
    assert (here.designation.roles, here.designation.may_know, here.designation.call_first) == (
        ["ride"],
        ["dates"],
        True,
    )
    assert here.designation.consent_how == ConsentHow.OWN_LINK
    assert "Called first" in text_of(client.get(f"{mine}people/"))


def test_somebody_elses_person_is_not_there(client, here, mine):
    other = world.build(now=timezone.now(), given_name="Elsewhere")
    pk, kept = other.designation.pk, PendingChange.objects.get(patient=other.patient).pk
    answers = [client.get(f"{mine}people/{pk}/"), client.post(f"{mine}people/{pk}/off/")]
    answers += [client.get(f"{mine}people/{pk}/seen/"), client.post(f"{mine}kept/{kept}/confirm/")]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
    other.designation.refresh_from_db()
    assert other.designation.withdrawn_at is None


def test_a_helpers_link_opens_none_of_it(client, here):
    client.get(f"/l/{links.token(here.helper_link)}/", follow=True)
    theirs = f"/l/{here.helper_link.id}/people/"
    assert [client.get(theirs).status_code, client.get(f"{theirs}new/").status_code] == [404, 404]


def test_taken_off_by_one_tap_their_link_is_dead_within_a_second_and_nobody_is_told(client, here, mine):
    theirs = world.theirs(Client(), here.helper_link)
    assert theirs.get(f"/l/{here.helper_link.id}/").status_code == 200
    before = Message.objects.count()
    # Of this process alone: on a busy machine the clock on the wall counts the work of others.
    began = time.process_time()
    client.post(f"{mine}people/{here.designation.pk}/off/")
    assert theirs.get(f"/l/{here.helper_link.id}/").status_code == 410
    assert time.process_time() - began < 1
    assert "is off your list. Nobody is told." in text_of(client.get(f"{mine}people/"))
    assert not Message.objects.filter(recipient=f"designation:{here.designation.pk}", status="pending").exists()
    assert Message.objects.exclude(recipient__startswith="patient:").count() <= before


def test_a_tap_on_a_page_drawn_before_the_removal_gets_a_kind_page_and_records_nothing(client, here, mine):
    """Consent withdrawn between two taps."""
    Commitment.objects.update(status="asked", answered_at=None, answered_via="")
    theirs = world.theirs(Client(), here.helper_link)
    client.post(f"{mine}people/{here.designation.pk}/off/")
    said = theirs.post(
        f"/l/{here.helper_link.id}/dates/", {"date": [here.commitment.pk], "answer": "take", "adult": "yes"}
    )
    assert said.status_code == 410
    assert Commitment.objects.get().status == "withdrawn"
    assert Commitment.objects.get().answered_via == ""


def test_on_the_day_of_a_treatment_it_is_kept_and_the_page_says_from_when(client, here, mine):
    under_treatment()
    page = text_of(client.post(f"{mine}people/new/", TYPED, follow=True))
    assert "We keep this for a week. Nobody is told yet: please say yes to it here once more." in page
    assert re.search(r"Noor Lind is not on your list yet .* You can say yes to it here from \w+", page)
    form = text_of(client.get(f"{mine}people/new/"))
    assert re.search(r"What is new today we keep. You find it on your list, and can say yes to it from \w+", form)
    assert "Yes, I still want this" not in page
    assert not Designation.objects.filter(person__given_name="Noor").exists()


def test_from_then_on_one_tap_confirms_it_and_another_leaves_it(client, here, mine):
    under_treatment()
    client.post(f"{mine}people/new/", TYPED)
    client.post(f"{mine}people/new/", {**TYPED, "given_name": "Kim"})
    Infusion.objects.update(status="booked", arrived_at=None, started_at=None)
    noor, kim = PendingChange.objects.order_by("pk")
    assert "Yes, I still want this : Noor Lind" in text_of(client.get(mine))
    client.post(f"{mine}kept/{noor.pk}/confirm/")
    client.post(f"{mine}kept/{kim.pk}/drop/")
    assert [row.is_confirmed for row in PendingChange.objects.order_by("pk")] == [True, False]
    assert list(Designation.objects.exclude(pk=here.designation.pk).values_list("person__given_name", flat=True)) == [
        "Noor"
    ]


def test_confirmed_too_early_it_says_from_when_and_stays(client, here, mine):
    under_treatment()
    client.post(f"{mine}people/new/", TYPED)
    kept = PendingChange.objects.get()
    page = client.post(f"{mine}kept/{kept.pk}/confirm/", follow=True)
    assert "This can be said from" in text_of(page)
    assert PendingChange.objects.get().decided_at is None


def test_what_was_not_said_again_within_a_week_the_list_tells(client, here, mine):
    under_treatment()
    client.post(f"{mine}people/new/", TYPED)
    pending.sweep(now=timezone.now() + timedelta(days=7))
    words = text_of(client.get(f"{mine}people/"))
    assert re.search(r"Noor Lind: you asked for this .* and did not say it again within a week", words)


def test_a_last_day_that_no_calendar_knows_is_a_sentence(client, here, mine):
    assert client.post(f"{mine}people/new/", TYPED | {"until": "9999-12-31"}).status_code == 422


def test_until_when_somebody_helps_stands_on_the_form_and_in_the_list(client, here, mine):
    day = timezone.localdate() + timedelta(days=30)
    client.post(f"{mine}people/new/", TYPED | {"until": day.isoformat()})
    noor = Designation.objects.get(person__given_name="Noor")
    assert f'value="{day.isoformat()}"' in client.get(f"{mine}people/{noor.pk}/").content.decode()
    assert f"Last day {formats.date_format(day)}" in text_of(client.get(f"{mine}people/"))


def test_who_is_off_the_list_because_another_is_called_first_is_named(client, here, mine):
    client.post(f"{mine}people/new/", TYPED | {"roles": [], "call_first": "yes"})
    one, said = f"{mine}people/{here.designation.pk}/", {"roles": ["ride"], "may_know": ["dates"]}
    assert "If you tick somebody else for it, Noor is off the list." in text_of(client.get(one))
    assert "Noor was only to be called first" not in text_of(client.post(one, said, follow=True))
    page = text_of(client.post(one, said | {"call_first": "yes"}, follow=True))
    assert "Saved. Noor was only to be called first, and is not on your list any more." in page


def test_with_a_guardian_the_page_says_who_agrees_first(client, here, mine):
    Patient.objects.update(guardian="Ana Berg, 410 555 0100")
    form = text_of(client.get(f"{mine}people/new/"))
    assert "What is new we keep: your guardian agrees first, the front desk asks them." in form
    page = text_of(client.post(f"{mine}people/new/", TYPED, follow=True))
    assert "Your guardian agrees first." in page
    assert "Ana Berg" not in page
    assert not Link.objects.filter(designation__person__given_name="Noor").exists()


def test_what_each_may_know_is_one_plain_sentence(client, here, mine):
    words = text_of(client.get(f"{mine}people/new/"))
    assert words.count("Never what is given, or why.") == 1
    for word in MayKnow.values:
        assert f'value="{word}"' in client.get(f"{mine}people/new/").content.decode()
