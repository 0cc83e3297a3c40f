"""What the plan of touches looks at and what it answers with: plain values, read from nowhere."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from clinic.enums import ReachBy
from clinic.models import Policy
from messaging.domain.outbox import Wanted
from messaging.enums import Channel
from support.enums import CommitmentStatus, Purpose

CALL = "call"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How one person is reached. ``texts`` and ``emails``: the purposes they may be written to about in each way.

    ``prefers``: the way they would rather hear by (``ReachBy``), ``quiet_from`` and ``quiet_until`` their own quiet on
    the clock of ``zone``, ``less``: only what cannot wait. ``is_silent``: they agreed to nothing yet and are left in
    peace.
    """

    recipient: str
    texts: frozenset[str]
    emails: frozenset[str]
    zone: ZoneInfo
    language: str
    prefers: str = ""
    quiet_from: time | None = None
    quiet_until: time | None = None
    less: bool = False
    is_silent: bool = False

    def channel(self, purpose: str) -> str:
        """The first way that is open for this purpose, their own choice before texts, e-mails and calls."""
        if self.prefers == ReachBy.VOICE:
            return CALL
        ways = {Channel.SMS: self.texts, Channel.EMAIL: self.emails}
        order = sorted(ways, key=lambda way: way != self.prefers)
        return next((str(way) for way in order if purpose in ways[way]), CALL)

    @property
    def is_unreached(self) -> bool:
        """No message asks this person to help: a person must."""
        return self.is_silent or self.channel(Purpose.RIDES) == CALL

    def by_phone(self) -> "Reach":
        return replace(self, texts=frozenset(), emails=frozenset())

    def without_texts(self) -> "Reach":
        return replace(self, texts=frozenset())


@dataclass(frozen=True, kw_only=True)
class Pledge:
    role: str
    status: str
    asked_at: datetime
    answered_at: datetime | None
    reconfirmed_at: datetime | None = None

    @property
    def last_said_at(self) -> datetime | None:
        return self.reconfirmed_at or self.answered_at


@dataclass(frozen=True, kw_only=True)
class Helper:
    """One named person: ``pledges`` for the present time, newest per role; ``was_moved``: an older time was theirs.

    ``rank`` is their place in the patient's order, ``invited_at`` when their invitation was written.
    """

    reach: Reach
    pledges: tuple[Pledge, ...]
    was_moved: bool = False
    was_asked_by_message: bool = False
    rank: int = 1
    invited_at: datetime | None = None

    def with_status(self, *statuses: CommitmentStatus) -> list[Pledge]:
        return [pledge for pledge in self.pledges if pledge.status in statuses]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A check-in that waits for its answer. ``recipient`` as in ``Reach``."""

    pk: int
    kind: str
    recipient: str
    due_at: datetime
    closes_at: datetime


@dataclass(frozen=True, kw_only=True)
class VisitState:
    """All the plan looks at. ``timed_at``: when the visit was given this time, by booking or by a move.

    ``said``: (kind, subject, time, recipient) to the channel by which it went. ``is_taken_back``: it was undone right
    after it was booked.
    """

    infusion_id: int
    zone: ZoneInfo
    rules: Policy
    status: str
    starts_at: datetime
    pickup_from: datetime
    ends_at: datetime
    timed_at: datetime
    ready_at: datetime | None
    off_at: datetime | None
    patient: Reach
    helpers: tuple[Helper, ...]
    questions: tuple[Question, ...]
    said: dict[tuple[str, str, datetime | None, str], str]
    is_taken_back: bool = False
    released_at: datetime | None = None

    @property
    def subject(self) -> str:
        return f"infusion:{self.infusion_id}"

    @property
    def was_news(self) -> bool:
        """Whether anything was said to the patient about this time."""
        return any(at == self.starts_at and who == self.patient.recipient for _kind, _subject, at, who in self.said)

    @property
    def is_called_off(self) -> bool:
        """The patient was told that the clinic is closed at this time, and not that it is open after all."""
        about = {
            (kind, subject)
            for kind, subject, at, who in self.said
            if at == self.starts_at and who == self.patient.recipient
        }
        return any(kind == "patient_closed" and ("patient_open", subject) not in about for kind, subject in about)


@dataclass(frozen=True, kw_only=True)
class Touch:
    """One thing to say. ``channel`` may be "call": then a person at the desk does."""

    wanted: Wanted

    @property
    def is_call(self) -> bool:
        return self.wanted.channel == CALL
