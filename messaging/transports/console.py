"""Texts as files, on a machine without a provider: nothing leaves, nothing personal is logged."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from messaging.transports.outcome import Answer, Lookup, Outcome, Result

# A file's time and ours are read from two clocks.
SKEW = timedelta(minutes=5)


def send(*, to: str, body: str, send_key: str) -> Outcome:
    """A file of its own, named for the send key: the same text twice is one file."""
    folder = Path(settings.SMS_FILE_PATH)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / f"{send_key}.txt").write_text(f"{to}\n{body}", encoding="utf-8")
    return Outcome(result=Result.ACCEPTED, provider_id=f"file:{send_key}")


def lookup(*, to: str, since: datetime, matches: Callable[[str], bool], taken: Callable[[str], bool]) -> Lookup:
    """As a provider is asked. It can always say."""
    for file in sorted(Path(settings.SMS_FILE_PATH).glob("*.txt")):
        number, _line, body = file.read_text(encoding="utf-8").partition("\n")
        made_at = datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)
        if number == to and made_at >= since - SKEW and matches(body) and not taken(f"file:{file.stem}"):
            return Lookup(answer=Answer.FOUND, provider_id=f"file:{file.stem}", status="sent")
    return Lookup(answer=Answer.NOT_FOUND)
