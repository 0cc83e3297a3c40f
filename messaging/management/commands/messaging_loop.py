"""Sends without a broker and without a clock process: for the day both are down."""

import signal
from argparse import ArgumentParser
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from django.utils import timezone

from messaging.domain import dispatch, rounds, settle

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Sends what is due, again and again, with nothing but the database. Safe beside running workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")
        parser.add_argument("--pause", type=float, default=5.0, help="seconds between rounds")
        parser.add_argument("--alive", type=Path, help="a file touched after each round that worked")

    def handle(self, *_args: Any, **options: Any) -> None:
        stop = Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            stop.set()

        if not options["once"]:
            signal.signal(signal.SIGTERM, end)
            signal.signal(signal.SIGINT, end)
        while not stop.is_set():
            if self.round() and options["alive"]:
                options["alive"].touch()
            if options["once"]:
                return
            stop.wait(options["pause"])

    def round(self) -> bool:
        """Whether the database could be asked."""
        close_old_connections()
        try:
            settle.run(clock=timezone.now)
            done = dispatch.run(clock=timezone.now)
            rounds.look(now=timezone.now())
        except Error as error:
            log.error("round_failed", error=type(error).__name__)
            return False
        if done:
            self.stdout.write(", ".join(f"{count} {status}" for status, count in sorted(done.items())))
        return True
