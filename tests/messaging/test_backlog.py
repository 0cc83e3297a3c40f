"""Nobody sends for six hours. Then what is still of use goes, once, and nobody's phone rings again and again."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from messaging.domain import dispatch, settle
from messaging.domain import kinds as registry
from messaging.domain.kinds import Budget
from messaging.models import Message
from tests.messaging import kinds

pytestmark = pytest.mark.django_db(transaction=True)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PEOPLE, CAP = 200, 20
APART = 15 * MINUTE
# Of each person's three: when it is due and of no more use, in hours after the sender went down.
ROWS = {"visit:1": (0, 1), "visit:2": (2, 12), "visit:3": (4, 12)}


@pytest.fixture(autouse=True)
def _one_text_in_a_quarter_of_an_hour(monkeypatch) -> None:
    def facts(message: Message, now: datetime) -> registry.Facts:
        return replace(kinds.facts(message, now), budget=Budget(apart=APART))

    monkeypatch.setitem(registry._kinds, kinds.REMINDER.name, replace(kinds.REMINDER, facts=facts))


def test_after_six_hours_without_a_sender(plan, wants, provider, settings, now):
    settings.MESSAGES_PER_TICK = CAP
    plan(
        *[
            wants(number, subject=subject, due_at=now + due * HOUR, not_after=now + useless * HOUR)
            for number in range(PEOPLE)
            for subject, (due, useless) in ROWS.items()
        ]
    )
    ticks: list[Counter[str]] = []
    moment = now + 6 * HOUR
    while Message.objects.filter(status__in=["pending", "sending"]).exists():
        assert moment < now + 7 * HOUR, "It did not end in time."
        settle.run(clock=lambda moment=moment: moment)
        ticks.append(dispatch.run(clock=lambda moment=moment: moment))
        moment += MINUTE

    ends = Counter(Message.objects.values_list("subject", "status"))
    assert ends == {("visit:1", "expired"): PEOPLE, ("visit:2", "sent"): PEOPLE, ("visit:3", "sent"): PEOPLE}
    assert Counter(status for _who, status, _why in kinds.told) == {"expired": PEOPLE}

    texts = Counter((text["to"], text["body"]) for text in provider.phones.all)
    assert (len(texts), set(texts.values())) == (2 * PEOPLE, {1})

    assert max(tick["sent"] for tick in ticks) == CAP

    rang: dict[str, list[datetime]] = defaultdict(list)
    for number, at in Message.objects.filter(status="sent").order_by("sent_at").values_list("sent_to", "sent_at"):
        rang[number].append(at)
    assert min(second - first for first, second in rang.values()) >= APART
