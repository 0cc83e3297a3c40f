"""The demo's board is full on the first day and on the next, told through the domain's own functions."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from clinic.domain import infusions, scheduling
from clinic.enums import InfusionStatus
from clinic.models import Infusion, Patient
from config.demo import clinic, texts, upsets
from config.demo.part import Part
from config.demo.provider import answering_provider
from config.demo.story import TODAY, Story
from messaging.models import Consent, InboundText, Message
from support.domain import inbox, way_home
from support.enums import AlertStatus
from support.models import Alert, PlaceOffer, WaitlistEntry

NOW = datetime(2026, 3, 3, 17, 20, tzinfo=UTC)  # 12:20 in New York
S = InfusionStatus


@pytest.fixture
def provider(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.SMS_API_URL = f"http://127.0.0.1:{probe.getsockname()[1]}"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with answering_provider():
        yield


def board(opened, now):
    """State and way home of every visit of the day, in the order of the plan."""
    today = Infusion.objects.filter(
        site=opened.site, starts_at__gt=now - timedelta(hours=6), starts_at__lt=now + timedelta(hours=7)
    ).exclude(status__in=[S.CANCELLED, S.NO_SHOW])
    visits = list(today.select_related("site", "policy", "patient"))
    ways = way_home.of(infusions=visits, now=now)
    return sorted(v.status for v in visits), sorted(ways[v.pk].level for v in visits)


def is_full(opened, now):
    states, levels = board(opened, now)
    assert len(states) == len(TODAY)
    assert states.count(S.READY) == 1
    assert {S.HOME, S.RELEASED, S.RECOVERING, S.STARTED, S.ARRIVED, S.BOOKED} <= set(states)
    assert levels.count("stop") == 1
    assert levels.count("risk") == 1


def consents_of(kind: str) -> set[str]:
    return set(Consent.objects.filter(person__startswith=kind, channel="sms").values_list("person", flat=True))


def booking_asks_helpers_by_text(opened):
    """Nobody of them has a visit yet; the one named first hears of it by text as soon as there is one."""
    said_yes = [int(name.partition(":")[2]) for name in consents_of("person:")]
    agreed = Patient.objects.filter(site=opened.site, courses=None, designations__person__in=said_yes)
    assert agreed.distinct().count() >= 2
    part = Part(opened, patient=agreed.earliest("pk"))
    day = NOW.date() + timedelta(days=5)
    free = scheduling.free_slots(site=opened.site, protocol=opened.protocol, first_day=day, last_day=day, now=NOW)
    part.book_one(free[0], NOW)
    asked = Message.objects.filter(recipient=f"designation:{part.helper().pk}", due_at__gte=NOW)
    assert set(asked.values_list("channel", flat=True)) == {"sms"}
    assert asked.earliest("due_at").due_at <= NOW + timedelta(minutes=15)


def what_is_cancelled_is_offered(opened):
    """Any visit of tomorrow: of the two who wait and whom the day suits, whoever has waited longest. The rules of the
    demo let the clinic see to their way home where no helper can."""
    tomorrow = NOW + timedelta(hours=20)
    visit = Infusion.objects.filter(site=opened.site, status=S.BOOKED, starts_at__gt=tomorrow).earliest("starts_at")
    infusions.cancel(infusion=visit, actor=opened.desk, now=NOW, reason="Has the flu.")
    waiting = WaitlistEntry.objects.filter(course__patient__site=opened.site, closed_at=None)
    offer = PlaceOffer.objects.get(starts_at=visit.starts_at)
    assert offer.entry == waiting.earliest("created_at", "pk")
    assert waiting.filter(course__patient__given_name=upsets.ANY_DAY).exists()


def texts_wait(opened, now):
    """Of today's four: a patient's, a stranger's and a helper's for somebody to read; each sender has an answer."""
    came = InboundText.objects.filter(site=opened.site, received_at__gt=now - timedelta(hours=2))
    assert came.count() == 4
    assert came.filter(done_at=None).count() == 3
    answered = Message.objects.filter(kind="reply_staffed", posted_at__gt=now - timedelta(hours=2))
    assert set(answered.values_list("sent_to", flat=True)) == set(came.values_list("from_number", flat=True))
    [known] = [thread for thread in inbox.threads(site=opened.site, only_waiting=True, who="") if not thread.patients]
    assert known.number == texts.STRANGER


@pytest.mark.django_db
def test_two_texts_of_one_phone_on_one_day_are_two():
    """Who brought somebody home last may be who drives next."""
    opened = clinic.open_clinic(zone="America/New_York", now=NOW - Story.LOOKS_BACK)
    for minutes in (70, 6):
        texts.stranger_writes(opened, NOW - timedelta(minutes=minutes))
    assert InboundText.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_board_is_full_on_the_first_day_and_again_on_the_next(provider):
    opened = clinic.open_clinic(zone="America/New_York", now=NOW - Story.LOOKS_BACK)
    Story(opened, now=NOW).tell()
    is_full(opened, NOW)
    failed = Message.objects.filter(status__in=["dead", "unknown", "blocked", "expired", "undelivered"])
    assert not failed.values_list("kind", "error_text")
    assert not Message.objects.filter(channel="sms", status="sent").exists()
    # What needs somebody fits on one screen.
    assert 1 <= Alert.objects.exclude(status=AlertStatus.CLOSED).count() <= 7
    texts_wait(opened, NOW)
    # Thirty people, one of them typed in twice.
    assert (opened.site.patients.count(), opened.site.notes.count()) == (31, 2)
    booking_asks_helpers_by_text(opened)
    what_is_cancelled_is_offered(opened)

    tomorrow = NOW + timedelta(days=1, minutes=40)
    Story(opened, now=tomorrow).renew()
    is_full(opened, tomorrow)
    texts_wait(opened, tomorrow)
