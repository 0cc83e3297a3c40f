"""Brings this version's pages and help numbers to every site."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from clinic.models import Site
from education import library


class Command(BaseCommand):
    help = "Bring this version's pages to every site, to be approved. A second run brings none; approved ones stay."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        new = sum(library.sync(site=site, now=now) for site in Site.objects.order_by("pk"))
        self.stdout.write(f"{new} new wordings.")
