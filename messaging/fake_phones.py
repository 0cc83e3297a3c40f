"""What the fake provider remembers: the texts its phones received and the receipts it still owes us."""

import json
import os
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One callback to come: `due` in seconds since 1970, `error_code` 0 where nothing went wrong."""

    sid: str
    status: str
    url: str
    due: float
    error_code: int = 0


class Phones:
    """Everything the provider took, in order and by number, and what it owes. Thread-safe.

    With a file, all of it outlives a restart: each line of it is one thing that happened.
    """

    def __init__(self, file: Path | None) -> None:
        self.lock = threading.RLock()
        self.file = file
        self.promised = 0
        self._forget()
        if file is not None and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                self._remember(json.loads(line))

    def _forget(self) -> None:
        self.all: list[dict[str, Any]] = []
        self.by_sid: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, dict[str, Any]] = {}
        self.by_number: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.owed: dict[int, Receipt] = {}
        self.newest: dict[str, int] = {}

    def take(self, form: dict[str, str], *, key: str = "") -> dict[str, Any]:
        now = datetime.now(UTC)
        message = {
            "to": form.get("To", ""),
            "from": form.get("From", ""),
            "body": form.get("Body", ""),
            "status": "queued",
            "error_code": None,
            "status_callback": form.get("StatusCallback", ""),
            "key": key,
            "date_created": format_datetime(now),
            "at": now.isoformat(),
        }
        with self.lock:
            message["sid"] = f"SM{len(self.all):08x}{os.urandom(12).hex()}"
            self._write(message)
        return message

    def promise(self, receipts: Sequence[Receipt]) -> list[int]:
        """The numbers under which they are owed."""
        with self.lock:
            numbers = [self.promised + place for place, _receipt in enumerate(receipts, start=1)]
            for number, receipt in zip(numbers, receipts, strict=True):
                self._write({"number": number, "owed": asdict(receipt)})
        return numbers

    def report(self, number: int) -> Receipt | None:
        """What is owed under that number, once; from now on the text has that status."""
        with self.lock:
            receipt = self.owed.get(number)
            if receipt is not None:
                self._write({"reported": number})
            return receipt

    def to(self, number: str) -> list[dict[str, Any]]:
        """Newest first, as Twilio lists them; all numbers when none is given."""
        with self.lock:
            return list(reversed(self.by_number[number] if number else self.all))

    def clear(self) -> None:
        with self.lock:
            self._forget()
            if self.file is not None:
                self.file.write_text("", encoding="utf-8")

    def _write(self, line: dict[str, Any]) -> None:
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
        self._remember(line)

    def _remember(self, line: dict[str, Any]) -> None:
        if "owed" in line:
            self.promised = line["number"]
            self.owed[self.promised] = Receipt(**line["owed"])
        elif "reported" in line:
            receipt = self.owed.pop(line["reported"])
            # The callbacks of one text may overtake each other.
            is_newest = line["reported"] >= self.newest.get(receipt.sid, 0)
            if receipt.sid in self.by_sid and is_newest:
                self.newest[receipt.sid] = line["reported"]
                self.by_sid[receipt.sid] |= {"status": receipt.status, "error_code": receipt.error_code or None}
        else:
            self.all.append(line)
            self.by_sid[line["sid"]] = line
            self.by_number[line["to"]].append(line)
            if line.get("key"):
                self.by_key.setdefault(line["key"], line)
