"""``manage.py verify_audit``: is the trail of who read and did what whole?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.domain import audit
from clinic.models import AuditHead


class Command(BaseCommand):
    help = "Check the chain of the audit trail and print its newest hash, to be kept off this machine."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = audit.verify_chain()
        if broken is not None:
            raise CommandError(f"The audit trail is broken at entry {broken}.")
        head = AuditHead.objects.first()
        self.stdout.write(f"The audit trail is whole. {head}" if head else "The audit trail is empty.")
