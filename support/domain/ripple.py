"""What a move sets going. It is not foretold: the move is made, the difference read, and all of it taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from clinic.domain import moves
from clinic.domain.slots import Slot
from clinic.models import Infusion, Policy, StaffMember
from messaging.domain import dispatch, firewall, kinds, wordings, words
from messaging.domain.compile import Faulty
from messaging.domain.standing import Standing
from messaging.enums import Channel
from messaging.models import Message, Wording
from support.domain import links, picture, rules, visit_state, wording
from support.domain.coming import Coming
from support.domain.day import Fasting
from support.domain.picture import Picture
from support.domain.wording import Addressee

# Nobody who books waits long for somebody who only looks.
LOCK_TIMEOUT = "500ms"
REHEARSED = "rehearsed, not decided"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A helper: what they had said (a ``CommitmentStatus``, empty if nothing), where they stand after it, and whether
    the time suits what they stated (None: they stated nothing, or are there ``only_after`` it). ``is_unreached``: no
    message asks them."""

    name: str
    before: str
    after: str
    suits: bool | None
    only_after: bool = False
    is_unreached: bool = False


@dataclass(frozen=True, kw_only=True)
class Note:
    """A message, or a call. ``words`` as they would go, the link masked; ``why`` it would be stopped, if it would."""

    what: str
    to: str
    channel: str
    due_at: datetime
    words: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """One calendar by address: the visit's place in it. ``status`` as in the file, "" where it is not shown."""

    whose: str
    status: str
    steps: int


@dataclass(frozen=True, kw_only=True)
class Ripple:
    """``against`` are the soft rules it goes against; ``dropped`` messages will not go, ``sent`` ones will."""

    before: Slot
    after: Slot
    fasting_before: Fasting
    fasting_after: Fasting
    people: tuple[Person, ...]
    dropped: tuple[Note, ...]
    sent: tuple[Note, ...]
    calendars: tuple[Calendar, ...]
    alerts: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def is_nowhere(self) -> bool:
        return self.before == self.after

    @property
    def is_new_time(self) -> bool:
        return self.before.starts_at != self.after.starts_at


def rehearse(*, infusion: Infusion, slot: Slot, actor: StaffMember, now: datetime, version: int) -> Ripple:
    """What the move would do, soft rules overridden if the actor may. Raises what the move would raise.

    One try; it waits half a second for its locks at most. Leaves nothing behind but used-up numbers of sequences.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        before = take(infusion=infusion, slot=slot, now=now)
        moves.move(infusion=infusion, slot=slot, actor=actor, now=now, version=version, override_reason=REHEARSED)
        found = since(before=before, infusion=infusion, slot=slot, now=now)
        transaction.set_rollback(True)
    return found


def take(*, infusion: Infusion, slot: Slot, now: datetime) -> Picture:
    """The picture to compare with later, for a move to ``slot``."""
    return picture.take(infusion=infusion, calendars_of=[moves.place_of(infusion), slot], now=now)


def since(*, before: Picture, infusion: Infusion, slot: Slot, now: datetime) -> Ripple:
    """What has changed since the picture was taken."""
    after = picture.take(infusion=infusion, calendars_of=[before.place, slot], now=now)
    return Ripple(
        before=before.place,
        after=after.place,
        fasting_before=before.fasting,
        fasting_after=after.fasting,
        people=_people(before, after),
        dropped=_notes([each for key, each in before.coming.items() if key not in after.coming]),
        sent=_notes([each for key, each in after.coming.items() if _is_new(each, before.coming.get(key))], after.visit),
        calendars=_calendars(before, after),
        alerts=tuple(sorted(says for pk, says in after.alerts.items() if pk not in before.alerts)),
        against=tuple(says for pk, rows in after.overrides.items() if pk not in before.overrides for says in rows),
    )


def _people(before: Picture, after: Picture) -> tuple[Person, ...]:
    if before.place.starts_at == after.place.starts_at:
        return ()
    found = []
    for pk in {**before.pledged, **after.pledged}:
        old, new = before.pledged.get(pk), after.pledged.get(pk)
        known = new or old
        if known is not None:
            found.append(
                Person(
                    name=known.name,
                    before=old.status if old else "",
                    after=new.status if new else "",
                    suits=new.suits if new else None,
                    only_after=known.only_after,
                    is_unreached=known.is_unreached,
                )
            )
    return tuple(found)


def _is_new(each: Coming, known: Coming | None) -> bool:
    return known is None or known.at != each.at


def _notes(found: Sequence[Coming], visit: Infusion | None = None) -> tuple[Note, ...]:
    """With the ``visit`` the words of messages are written, as they would be at this moment."""
    rows = [each.message for each in found if each.message is not None]
    write = _Writer.of(visit, rows) if visit is not None and rows else None
    notes = []
    for each in found:
        said, why = write.said(each.message) if write is not None and each.message is not None else ("", "")
        notes.append(Note(what=each.what, to=each.to, channel=each.channel, due_at=each.at, words=said, why=why))
    return tuple(notes)


@dataclass(frozen=True, kw_only=True)
class _Writer:
    """All that is asked once for many messages of a visit."""

    visit: Infusion
    policy: Policy
    known: dict[str, Addressee]
    standing: Standing
    own: dict[tuple[str, str, str], Wording]

    @classmethod
    def of(cls, visit: Infusion, rows: Sequence[Message]) -> "_Writer":
        one_of_each = {row.recipient: row for row in rows}
        known = {recipient: wording.addressee(row) for recipient, row in one_of_each.items()}
        return cls(
            visit=visit,
            policy=rules.at(site=visit.site),
            known=known,
            standing=visit_state.standing_of(*(who.contact for who in known.values())),
            own=wordings.in_use(site_id=visit.site_id),
        )

    def said(self, message: Message) -> tuple[str, str]:
        """What would be sent, or why the last rule would stop it."""
        kind = kinds.get(message.kind)
        facts = wording.facts_of(
            message,
            who=self.known[message.recipient],
            visit=self.visit,
            link=links.stand_in(),
            policy=self.policy,
        )
        own = self.own.get((facts.wording, message.channel, words.spoken(message)))
        try:
            draft = words.written(message=message, kind=kind, facts=facts, own=own)
        except Faulty as fault:
            return "", str(fault)
        verdict = firewall.check(
            draft=draft, facts=facts, kind=kind, message=message, now=message.due_at, known=self.standing
        )
        if not verdict.wanted and verdict.retry_at is None:
            return "", verdict.reason
        return draft.subject if message.channel == Channel.EMAIL else dispatch.masked(draft), ""


def _calendars(before: Picture, after: Picture) -> tuple[Calendar, ...]:
    found = []
    for pk, (whose, entry) in after.entries.items():
        _whose, known = before.entries.get(pk, ("", None))
        steps = (entry.sequence if entry else 0) - (known.sequence if known else 0)
        if entry is not None and (known is None or steps):
            found.append(Calendar(whose=whose, status=entry.status, steps=steps))
    return tuple(found)
