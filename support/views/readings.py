"""A board that stays open and refreshes itself: one reading, noted again after ten minutes; nothing sent when nothing
changed. What was seen travels, signed, in the address the page polls, so that nothing is written for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.http import HttpRequest

from clinic.views.desk import was_read

READING = timedelta(minutes=10)
SALT = "board"
SEEN = "seen"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """``here`` is the page's own address, ``poll`` the one it asks again; ``is_unchanged``: it shows this already."""

    here: str
    poll: str
    is_unchanged: bool


def note(request: HttpRequest, *, subject: str, stamp: str, now: datetime) -> Reading:
    """Writes the read log unless the same person has had the same board open, and noted, for less than ten minutes."""
    who = [request.user.pk, subject]
    seen_who, at, seen = _seen(request)
    is_same = seen_who == who and 0 <= now.timestamp() - at < READING.total_seconds()
    if not is_same:
        was_read(request, patient_id=None, subject=subject)
        at = int(now.timestamp())
    asked = request.GET.copy()
    asked.pop(SEEN, None)
    here = f"{request.path}?{asked.urlencode()}" if asked else request.path
    asked[SEEN] = signing.dumps([who, at, stamp], salt=SALT)
    return Reading(here=here, poll=f"{request.path}?{asked.urlencode()}", is_unchanged=is_same and seen == stamp)


def _seen(request: HttpRequest) -> tuple[list[object], int, str]:
    try:
        who, at, stamp = signing.loads(request.GET.get(SEEN, ""), salt=SALT)
    except signing.BadSignature:
        return [], 0, ""
    return who, at, stamp
