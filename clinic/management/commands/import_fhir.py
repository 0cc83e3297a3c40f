"""``manage.py import_fhir FILE…``: patients from an FHIR R4 export."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from clinic.domain import imports, sites
from clinic.models import ImportRun, ImportStatus, Site

EVERY_SECONDS = 1.0


class Command(BaseCommand):
    help = "Takes patients in from FHIR R4 files: NDJSON (one resource a line) or Bundle JSON, of any size."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--site", help="The site's name. Not needed while there is only one.")

    def handle(self, *args: Any, **options: Any) -> None:
        site = self.site(options["site"])
        readable = [self.take_in(path, site) for path in options["files"]]
        if not all(readable):
            sys.exit(1)

    def site(self, name: str | None) -> Site:
        known = list(Site.objects.filter(name__iexact=name) if name else Site.objects.all())
        if len(known) == 1:
            return known[0]
        if known or name:
            names = ", ".join(Site.objects.values_list("name", flat=True)) or "none yet"
            raise CommandError(f"Say which site the patients belong to, with --site NAME. There are: {names}.")
        site = sites.begin(now=timezone.now())
        self.stderr.write(f"There was no site yet, so one called “{site.name}” was made. Complete it at /setup/.")
        return site

    def take_in(self, path: Path, site: Site) -> bool:
        now, started = timezone.now(), time.monotonic()
        if not path.is_file():
            self.stderr.write(f"{path}: there is no such file.")
            return False
        run = imports.start(site=site, file_name=path.name, now=now)
        try:
            imports.read_file(run=run, path=path, now=now, progress=self.progress(started))
        except KeyboardInterrupt:
            self.report(path, run, started)
            raise CommandError("Stopped. Start it again: nobody is taken in twice.", returncode=130) from None
        self.report(path, run, started)
        return run.status == ImportStatus.DONE

    def progress(self, started: float) -> Any:
        """A line every second or so; nothing for a file that is done sooner."""
        last = started

        def show(run: ImportRun) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY_SECONDS:
                last = time.monotonic()
                pace = run.read / (last - started)
                self.stderr.write(f"  {run.read:,} read, {run.created:,} created, {pace:,.0f} a second")

        return show

    def report(self, path: Path, run: ImportRun, started: float) -> None:
        if run.status == ImportStatus.FAILED:
            self.stderr.write(f"{path}: {run.error}")
        lines = [
            f"{path.name}: {run.read} read in {time.monotonic() - started:.1f} s",
            f"  created    {run.created}",
            f"  updated    {run.updated}",
            f"  unchanged  {run.unchanged}",
            f"  skipped    {sum(run.skipped.values())}",
            *(f"    {count}: {reason}" for reason, count in run.skipped.items()),
            f"  rejected   {run.rejected}",
        ]
        if run.rejected:
            lines.append(f"    listed in {imports.rejects(run=run).path}")
        self.stdout.write("\n".join(lines))
