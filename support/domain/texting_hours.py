"""When somebody may be written to about a visit: the policy's hours for texts, cut by their own quiet. Pure."""

from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from clinic.domain import times
from clinic.models import Policy
from messaging.domain import quiet

DAYS_BEFORE_AT = time(10)
EVENING = time(19, 30)


class OwnHours(Protocol):
    """Somebody who may have asked for quiet: from one hour to another, past midnight too. Both or none."""

    @property
    def quiet_from(self) -> time | None: ...
    @property
    def quiet_until(self) -> time | None: ...


def window(rules: Policy, contact: OwnHours | None = None) -> quiet.Window:
    """The policy's texting hours, cut by the person's own; earlier reminders go at 19:30, or half an hour before the
    hours end. Where their quiet leaves two parts of a day the longer one counts; where it leaves none, the policy's do,
    and they get no texts at all (``leaves_hours``)."""
    opens, closes = rules.texts_from, rules.texts_until
    parts = _parts(rules, contact)
    if parts:
        opens, closes = max(parts, key=lambda part: _minutes(part[1]) - _minutes(part[0]))
    evening = EVENING
    if not opens <= evening < closes:
        evening = max(opens, time(*divmod(max(_minutes(closes) - 30, 0), 60)))
    return quiet.Window(opens=opens, closes=closes, evening=evening)


def leaves_hours(rules: Policy, contact: OwnHours) -> bool:
    """Whether their own quiet hours leave any of the policy's."""
    return bool(_parts(rules, contact))


def asks_to_confirm_at(
    *, starts_at: datetime, zone: ZoneInfo, rules: Policy, said_at: datetime, reader: ZoneInfo, hours: quiet.Window
) -> datetime:
    """When somebody who said yes, last at ``said_at``, is asked whether they still come. ``zone`` is the clinic's,
    ``hours`` are those in which ``reader`` may be written to."""
    days = max(rules.reconfirm_hours // 24, 1)
    usual = on_a_day_before(starts_at=starts_at, zone=zone, reader=reader, hours=hours, days=days)
    if said_at < usual:
        return usual
    # Said yes after the usual hour and before the last 24: asked when those begin.
    begins = starts_at - timedelta(hours=rules.reconfirm_hours)
    return quiet.later(moment=max(begins, said_at), zone=reader, window=hours)


def on_a_day_before(
    *, starts_at: datetime, zone: ZoneInfo, reader: ZoneInfo, hours: quiet.Window, days: int
) -> datetime:
    """So many days before on the clinic's calendar, at the usual hour or the last one before it that texts may go."""
    day = times.local_day(moment=starts_at, zone=zone) - timedelta(days=days)
    moment = times.first_valid(day=day, at=DAYS_BEFORE_AT, zone=zone)
    return quiet.earlier(moment=moment, zone=reader, window=hours)


def _parts(rules: Policy, contact: OwnHours | None) -> list[tuple[time, time]]:
    """What is left of the policy's hours, in parts of a day."""
    begins = contact.quiet_from if contact is not None else None
    ends = contact.quiet_until if contact is not None else None
    if begins is None or ends is None:
        return [(rules.texts_from, rules.texts_until)]
    loud = [(time(0), begins), (ends, time.max)] if begins < ends else [(ends, begins)]
    cut = [(max(rules.texts_from, opens), min(rules.texts_until, closes)) for opens, closes in loud]
    return [(opens, closes) for opens, closes in cut if opens < closes]


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute
