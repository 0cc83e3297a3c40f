"""``manage.py first_admin``: the one-time address where the first administrator signs up."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from clinic.domain import setup_code, sites


class Command(BaseCommand):
    help = "Prints the address and code with which the first administrator sets up this clinic."

    def handle(self, *args: Any, **options: Any) -> None:
        if not sites.nobody_yet():
            self.stdout.write("Somebody can sign in already. They invite others under “Clinic set-up”, “People”.")
            return
        code = setup_code.ensure()
        self.stdout.write(f"{settings.PUBLIC_URL}{reverse('setup_begin')}\nOne-time code: {code}")
