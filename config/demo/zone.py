"""Where on earth the demo clinic stands, so that its day is in full swing whenever somebody starts it."""

from datetime import datetime
from zoneinfo import ZoneInfo

# One zone an hour around the globe, American ones first: the first in which it is between 11:00 and 14:00 is taken.
ZONES = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Europe/London",
    "Europe/Athens",
    "Asia/Karachi",
    "Asia/Bangkok",
    "Asia/Tokyo",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "Atlantic/Azores",
    "Asia/Dubai",
    "Australia/Brisbane",
    "Pacific/Pago_Pago",
]
FROM_HOUR, UNTIL_HOUR = 11, 14


def where_it_is_day(*, now: datetime) -> str:
    """An IANA name. Some zone of the list is always in those hours (a test walks the whole day)."""
    for name in ZONES:
        if FROM_HOUR <= now.astimezone(ZoneInfo(name)).hour < UNTIL_HOUR:
            return name
    raise LookupError("no zone of the list has daytime")


def is_working_time(*, now: datetime, zone: ZoneInfo) -> bool:
    """Whether a board around ``now`` fits into the opening hours of 07:00 to 19:00."""
    return FROM_HOUR <= now.astimezone(zone).hour < UNTIL_HOUR
