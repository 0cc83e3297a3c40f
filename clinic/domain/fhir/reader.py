"""Takes a file apart into FHIR resources, a piece at a time, whatever its size.

The content says what it is, not the name: NDJSON (one resource a line; a line may hold a whole Bundle), one Bundle, an
array of resources, or a single resource.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import ijson
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Resource = dict[str, Any]

# A line or document up to this size is read whole; a longer one is taken apart as it comes in.
WHOLE = 4 * 1024 * 1024
# So many lines are looked at before we say that a file does not go by lines.
_TRIED = 50
_BOM = b"\xef\xbb\xbf"
_OTHER_KINDS = {
    b"\x1f\x8b": gettext_lazy("The file is packed (gzip). Unpack it first."),
    b"PK\x03\x04": gettext_lazy("The file is packed (zip). Unpack it first."),
    b"\xff\xfe": gettext_lazy("The file is written in UTF-16. Save it as UTF-8 and try again."),
    b"\xfe\xff": gettext_lazy("The file is written in UTF-16. Save it as UTF-8 and try again."),
    b"<": gettext_lazy("The file is XML or a web page. Ask for the FHIR export as JSON or NDJSON."),
}
_PATIENT = re.compile(rb'"resourceType"\s*:\s*"Patient"')


class Unreadable(Exception):
    """The file as a whole is nothing we can read; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where in the file: the line, and the entry when the line or file is a Bundle. Both count from 1."""

    line: int
    entry: int = 0


@dataclass(frozen=True)
class Found:
    """One resource, or the reason why a place holds none."""

    place: Place
    resource: Resource = field(default_factory=dict)
    problem: str = ""


def read(*, file: BinaryIO) -> Iterator[Found]:
    """Every resource of the file, in order. Raises ``Unreadable`` before the first one when there can be none."""
    start = file.read(4096)
    opening = start.removeprefix(_BOM).lstrip()
    if not opening:
        raise Unreadable(_("The file is empty."))
    for mark, sentence in _OTHER_KINDS.items():
        if start.startswith(mark) or opening.startswith(mark):
            raise Unreadable(str(sentence))
    body = len(_BOM) if start.startswith(_BOM) else 0
    file.seek(body)
    by_line = not opening.startswith(b"[") and _is_by_line(file)
    file.seek(body)
    if by_line:
        return _lines(file)
    if opening[:1] not in b"{[":
        raise Unreadable(_("The file is not JSON. Ask for the FHIR export as JSON or NDJSON."))
    return _document(file, prefix="item" if opening.startswith(b"[") else "entry.item")


def _is_by_line(file: BinaryIO) -> bool:
    """Whether one of the first lines is a resource by itself."""
    for _number in range(_TRIED):
        line = file.readline(WHOLE + 1)
        if len(line) > WHOLE:
            # Too long to try: one document on one line, unless another object follows on the next.
            return line.lstrip().startswith(b"{") and _object_follows(file)
        if not line:
            return False
        if not _loads(line)[1]:
            return True
    return False


def _object_follows(file: BinaryIO) -> bool:
    while (part := file.readline(WHOLE)) and not part.endswith(b"\n"):
        pass
    return file.readline(64).lstrip().startswith(b"{")


def _loads(text: bytes) -> tuple[Resource, str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}, _("This is not JSON.")
    if not isinstance(value, dict) or "resourceType" not in value:
        return {}, _("This is not a FHIR resource.")
    return value, ""


def _lines(file: BinaryIO) -> Iterator[Found]:
    number = 0
    while line := file.readline(WHOLE + 1):
        number += 1
        if len(line) > WHOLE:
            yield from _long_line(line, file, number)
        elif line.strip():
            resource, problem = _loads(line)
            if problem and not line.endswith(b"\n"):
                problem = _("The line breaks off. The file may not have been copied whole.")
            yield from _opened(Found(Place(number), resource, problem))


def _long_line(start: bytes, file: BinaryIO, number: int) -> Iterator[Found]:
    """A line too long to hold is a Bundle, or a resource with a file in it."""
    line = _Line(start, file)
    empty = True
    for found in _stream(line, "entry.item", number):
        empty = False
        yield found
    while line.read(WHOLE):
        pass
    if empty and _PATIENT.search(start):
        yield Found(Place(number), problem=_("This patient is larger than 4 MB, which cannot be right."))


def _opened(found: Found) -> Iterator[Found]:
    """The resource itself, or what a Bundle holds."""
    if found.resource.get("resourceType") != "Bundle":
        yield found
        return
    entries = found.resource.get("entry")
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        yield from _entry(Place(found.place.line, number), entry)


def _entry(place: Place, entry: object) -> Iterator[Found]:
    """What an entry of a Bundle holds. A Bundle in a Bundle is opened too, under the outer one's number."""
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if isinstance(resource, dict):
        yield from (Found(place, inner.resource) for inner in _opened(Found(place, resource)))


def _document(file: BinaryIO, *, prefix: str) -> Iterator[Found]:
    """One JSON document, over as many lines as it likes."""
    start = file.tell()
    text = file.read(WHOLE + 1)
    if len(text) <= WHOLE:
        try:
            return _whole(json.loads(text))
        except (ValueError, RecursionError):
            pass
    file.seek(start)
    stream = _stream(file, prefix, 1)
    first = next(stream, None)
    if first is None or first.problem:
        raise Unreadable(_("The file is not JSON, breaks off at once, or holds no FHIR resources."))
    return _chained(first, stream)


def _chained(first: Found, rest: Iterator[Found]) -> Iterator[Found]:
    yield first
    yield from rest


def _whole(value: object) -> Iterator[Found]:
    """The resources of a document that was read in one go."""
    if isinstance(value, dict) and "resourceType" in value:
        return _opened(Found(Place(1), value))
    if isinstance(value, list) and any(isinstance(item, dict) and "resourceType" in item for item in value):
        return (
            found
            for number, item in enumerate(value, start=1)
            for found in _entry(Place(1, number), {"resource": item})
        )
    raise Unreadable(_("The file is JSON, but holds no FHIR resources."))


def _stream(source: "_Readable", prefix: str, line: int) -> Iterator[Found]:
    """The entries of a Bundle, or of an array of resources, without holding more than one of them."""
    number = 0
    try:
        for number, item in enumerate(ijson.items(source, prefix, use_float=True), start=1):
            yield from _entry(Place(line, number), {"resource": item} if prefix == "item" else item)
    except (ijson.JSONError, UnicodeDecodeError, RecursionError):
        problem = _("The file breaks off or is damaged here. What came before was read.")
        yield Found(Place(line, number + 1), problem=problem)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Line:
    """One long line as a file that ends where the line does."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self.start, self.file = start, file
        self.ended = start.endswith(b"\n")

    def read(self, size: int, /) -> bytes:
        if self.start:
            part, self.start = self.start[:size], self.start[size:]
        elif self.ended or not size:
            part = b""
        else:
            part = self.file.readline(size)
            self.ended = not part or part.endswith(b"\n")
        return part
