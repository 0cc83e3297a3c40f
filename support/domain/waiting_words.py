"""Why a message has not gone yet, in words. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

from clinic.domain.times import local_day
from messaging.enums import MessageStatus
from messaging.models import Message

S = MessageStatus


def why(*, message: Message, now: datetime) -> str:
    """Empty for one that simply is not due yet, or is on its way at this moment. Times on the clinic's clock."""
    zone = ZoneInfo(message.zone or "UTC")
    at = message.next_try_at
    if message.status == S.UNKNOWN and at is not None:
        words = _("We ask whether it arrived, at %(time)s.")
    elif message.status != S.PENDING:
        return ""
    elif at is not None and at > now:
        words = _("Tries again %(time)s.") if message.error_class else _("Waits for %(time)s.")
    elif message.due_at <= now:
        at, words = message.due_at, _("Should have gone %(time)s; it goes with the next round.")
    else:
        return ""
    return f"{message.error_text} {words % {'time': clock(at, zone=zone, now=now)}}".strip()


def clock(moment: datetime, *, zone: ZoneInfo, now: datetime) -> str:
    """``14:05``, and the day before it where it is not today."""
    local = moment.astimezone(zone)
    day = local_day(moment=moment, zone=zone)
    if day == local_day(moment=now, zone=zone):
        return f"{local:%H:%M}"
    return f"{formats.date_format(day, 'D j M')} {local:%H:%M}"
