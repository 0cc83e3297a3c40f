"""The list of what was not taken in: line, entry and reason, never what the line said."""

import csv
from pathlib import Path

from clinic.domain.fhir.reader import Place
from clinic.models import ImportRun

# So many stand in the database for the page; the file holds them all.
SHOWN = 1000
HEADER = ["line", "entry", "reason"]


class Rejects:
    """The file is made with the first rejected line; without one there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, *, rows: int) -> None:
        """Only the first rows stand: what a run that was cut off wrote beyond its last transaction goes."""
        if not self.path.exists():
            return
        with self.path.open(newline="", encoding="utf-8") as file:
            kept = [row for _number, row in zip(range(rows + 1), csv.reader(file), strict=False)]
        self.path.unlink()
        if rows:
            self._write(kept)

    def add(self, *, run: ImportRun, rows: list[tuple[Place, str]]) -> None:
        """In the run itself as far as they fit; the caller saves it."""
        if not rows:
            return
        shown = [{"line": place.line, "entry": place.entry, "reason": reason} for place, reason in rows]
        run.rejects += shown[: max(0, SHOWN - len(run.rejects))]
        head = [] if self.path.exists() else [HEADER]
        self._write(head + [[str(place.line), str(place.entry or ""), reason] for place, reason in rows])

    def _write(self, rows: list[list[str]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
