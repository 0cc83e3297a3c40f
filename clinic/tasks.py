"""Doorbells: each takes ids and makes one call."""

from celery import shared_task
from django.utils import timezone

from clinic.domain import imports, invitations, people


# A large file takes minutes. Rung again meanwhile, another worker sees that this one is at it and leaves.
@shared_task(name="clinic.import_file", soft_time_limit=3540, time_limit=3600)
def import_file(run_id: int) -> None:
    imports.carry_out(run_id=run_id, now=timezone.now())


@shared_task(name="clinic.resume_imports")
def resume_imports() -> None:
    for run_id in imports.unfinished(now=timezone.now()):
        import_file.delay(run_id)


@shared_task(name="clinic.send_invitations")
def send_invitations() -> None:
    for staff_id in people.to_be_invited():
        invitations.send(staff_id=staff_id, now=timezone.now())
