"""Playing a story in its own time: acts in order, and between them whatever the clinic's own clock would have done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count

from messaging.domain import dispatch
from messaging.enums import MessageStatus
from messaging.models import Message
from support.domain import watch

Act = Callable[[datetime], object]
SWEEP_EVERY = timedelta(hours=4)


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
        while self.agenda and self.agenda[0][0] <= until:
            moment, _order, act = heappop(self.agenda)
            send_what_is_due(moment)
            act(moment)
        send_what_is_due(until)


def send_what_is_due(moment: datetime) -> None:
    """Each message at the minute it was due, as the worker would have sent it."""
    waiting = Message.objects.filter(status=MessageStatus.PENDING, due_at__lte=moment, not_after__gt=moment)
    for due in sorted(set(waiting.values_list("due_at", flat=True))):
        dispatch.run(clock=partial(_standing_still, due))


def _standing_still(moment: datetime) -> datetime:
    return moment
