"""Playing a story in its own time: acts in order, and between them whatever the clinic's own clock would have done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count

from django.db.models import Min
from django.db.models.functions import Coalesce, Greatest

from messaging.domain import dispatch, receipts
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.domain import watch

Act = Callable[[datetime], object]
SWEEP_EVERY = timedelta(hours=4)
BEFORE_EVERYTHING = timedelta(days=100)


@dataclass
class Clockwork:
    """``at`` plans acts; ``play`` performs them, with ``now`` as each act's own time."""

    agenda: list[tuple[datetime, int, Act]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=count)

    def at(self, moment: datetime, act: Act) -> None:
        heappush(self.agenda, (moment, next(self.order), act))

    def sweep_between(self, begin: datetime, end: datetime) -> None:
        while begin < end:
            self.at(begin, lambda now: watch.run(now=now))
            begin += SWEEP_EVERY

    def play(self, *, until: datetime) -> None:
        since = until - BEFORE_EVERYTHING
        while self.agenda and self.agenda[0][0] <= until:
            moment, _order, act = heappop(self.agenda)
            send_what_is_due(since=since, until=moment)
            act(moment)
            since = moment
        send_what_is_due(since=since, until=until)


def send_what_is_due(*, since: datetime, until: datetime) -> None:
    """Each message at the minute it was due or was to be tried again, as the worker would have sent it, and the receipt
    of each text. Nobody of the clinic listens yet to what the provider itself says."""
    turn = Greatest("due_at", Coalesce("next_try_at", "due_at"))
    waiting = Message.objects.filter(status=MessageStatus.PENDING, not_after__gt=since).annotate(turn=turn)
    played = since - BEFORE_EVERYTHING
    while at := waiting.filter(turn__gt=played, turn__lte=until).aggregate(first=Min("turn"))["first"]:
        played = at
        dispatch.run(clock=partial(_standing_still, at))
        for text in Message.objects.filter(status=MessageStatus.SENT, channel=Channel.SMS):
            receipts.apply(provider_id=text.provider_id, send_key=text.send_key, status="delivered", now=at)


def _standing_still(moment: datetime) -> datetime:
    return moment
