"""Whether messages go out at all: said on the messages page, and told to each clinic before patients notice.

A provider that stopped taking texts is seen by three signs, read from the database alone, so that they hold with the
broker and every worker gone: what should have gone was not even tried, much of what was handed over lately was not
taken, or nothing was taken since the oldest was due.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import Site
from messaging.domain import traffic
from messaging.domain.traffic import Pulse
from messaging.enums import Channel, MessageStatus
from messaging.models import Message
from support.domain import alerts
from support.domain.waiting_words import clock
from support.enums import AlertKind, AlertStatus
from support.models import Alert

TOO_LONG = timedelta(minutes=3)
# With nothing taken since it was due, so long is enough.
NOTHING_TAKEN = timedelta(minutes=1)
TOO_MANY, OF_AT_LEAST = 0.3, 5
# What lies further ahead is no clinic's trouble yet.
AHEAD = timedelta(days=1)
# Somebody who has dealt with it is not told again before this.
TOLD_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """How one channel does, in words on the clinic's clock. ``level`` as a status has it; ``stop``: it does not."""

    channel: str
    level: str
    word: str
    sentence: str


def of(*, site: Site, now: datetime) -> list[Flow]:
    """Each channel as it is at this moment, the texts first. Three queries each."""
    return [_flow(channel, traffic.pulse(now=now, channel=channel), site, now) for channel in Channel]


def watch(*, now: datetime) -> int:
    """Opens an alert at each clinic that has something to send, and says there when messages go out again.

    It is left to a person to close it: what went too late may be worth a call. How many clinics were told.
    """
    told = 0
    for channel in Channel:
        pulse = traffic.pulse(now=now, channel=channel)
        with transaction.atomic(), alerts.for_the_desk():
            if _trouble(pulse, now):
                sites = Site.objects.filter(pk__in=_with_something_to_send(channel, now))
                told += sum(_tell(channel, pulse, site, now) for site in sites)
            else:
                alerts.add(key_begins=_key(channel), says=_("They go out again."))
    return told


def _flow(channel: Channel, pulse: Pulse, site: Site, now: datetime) -> Flow:
    if _none_go(pulse, now):
        level, word = "stop", _("Do not go out")
    elif _trouble(pulse, now):
        level, word = "stop", _("Not all go out")
    elif pulse.last_success is None and not pulse.due:
        level, word = "calm", _("Quiet")
    else:
        level, word = "ok", _("Go out")
    return Flow(channel=_plural(channel), level=level, word=word, sentence=_sentence(pulse, site, now))


def _trouble(pulse: Pulse, now: datetime) -> bool:
    # One that is turned away again and again while others go is its own trouble alone.
    if pulse.never_tried is not None and pulse.never_tried > TOO_LONG:
        return True
    return _none_go(pulse, now) or (pulse.lately >= OF_AT_LEAST and pulse.error_rate > TOO_MANY)


def _none_go(pulse: Pulse, now: datetime) -> bool:
    waits = pulse.oldest_due
    if waits is None or waits <= NOTHING_TAKEN:
        return False
    # The minute of the last one is told, not its second.
    return pulse.last_success is None or pulse.last_success < now - waits - timedelta(minutes=1)


def _sentence(pulse: Pulse, site: Site, now: datetime) -> str:
    said = []
    if pulse.oldest_due is not None:
        waits = ngettext(
            "%(count)s should have gone, at %(time)s.",
            "%(count)s should have gone, the oldest at %(time)s.",
            pulse.due,
        )
        time = clock(now - pulse.oldest_due, zone=site.zone, now=now)
        count = str(pulse.due) if pulse.due < traffic.MOST else _("At least %(count)s") % {"count": pulse.due}
        said.append(waits % {"count": count, "time": time})
    if pulse.lately >= OF_AT_LEAST and pulse.error_rate:
        errors = _("%(percent)s%% of the last %(count)s did not go or did not arrive.")
        said.append(errors % {"percent": round(100 * pulse.error_rate), "count": pulse.lately})
    if pulse.last_success is not None:
        said.append(_("The last one went at %(time)s.") % {"time": clock(pulse.last_success, zone=site.zone, now=now)})
    return " ".join(said)


def _tell(channel: Channel, pulse: Pulse, site: Site, now: datetime) -> bool:
    key = f"{_key(channel)}{site.pk}:"
    last = Alert.objects.filter(key=key).order_by("-pk").first()
    if last is not None and last.status == AlertStatus.CLOSED and last.closed_at and last.closed_at > now - TOLD_AGAIN:
        return False
    if last is not None and last.status != AlertStatus.CLOSED:
        if last.says.endswith(_("They go out again.")):
            alerts.add(key_begins=key, says=_("They stopped again."))
        return False
    if _none_go(pulse, now):
        sentence = _("%(channel)s do not go out. %(why)s Please call those who must know today.")
    else:
        sentence = _("%(channel)s do not all go out as they should. %(why)s Please call those who must know today.")
    alerts.open_alert(
        kind=AlertKind.TEXTS_STOPPED,
        key=key,
        says=sentence % {"channel": _plural(channel), "why": _sentence(pulse, site, now)},
        site=site,
        now=now,
    )
    return True


def _with_something_to_send(channel: Channel, now: datetime) -> set[int]:
    soon = Message.objects.filter(status=MessageStatus.PENDING, channel=channel, due_at__lt=now + AHEAD)
    return set(soon.values_list("site_id", flat=True).distinct())


def _plural(channel: Channel) -> str:
    return {Channel.SMS: _("Texts"), Channel.EMAIL: _("E-mails")}[channel]


def _key(channel: Channel) -> str:
    return f"texts-stopped:{channel}:"
