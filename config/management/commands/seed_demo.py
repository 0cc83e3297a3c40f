"""Fills the demo clinic: a believable history, and today's board full whatever day and hour it is."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from clinic.models import Infusion, Patient
from config.demo import clinic, zone
from config.demo.people import PASSWORD, PIN, STAFF
from config.demo.provider import answering_provider
from config.demo.story import TODAY, Story
from support.domain import links
from support.enums import HOLDING, SupportRole
from support.models import Commitment, Designation

TODAY_IS_OVER = timedelta(hours=20)


class Command(BaseCommand):
    help = "Fill the demo clinic and write var/demo.json. A new day tops it up; the same day changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "This fills a database with made-up people. Set HOMEWARD_DEMO=1 if that is what you want."
            )
        now = timezone.now().replace(microsecond=0)
        opened = clinic.found()
        with answering_provider():
            if opened is None:
                begin = now - Story.LOOKS_BACK
                opened = clinic.open_clinic(zone=zone.where_it_is_day(now=now), now=begin)
                Story(opened, now=now).tell()
            elif not visits_today(opened, now):
                move_to_daytime(opened, now)
                Story(opened, now=now).renew()
        write_down(opened, now)


def visits_today(opened: clinic.Clinic, now: datetime) -> bool:
    """Whether the board was filled for this very day."""
    return Story(opened, now=now).booked_today() >= len(TODAY)


def move_to_daytime(opened: clinic.Clinic, now: datetime) -> None:
    """A demo clinic started at another hour of the day stands elsewhere: its board must be in full swing."""
    if not zone.is_working_time(now=now, zone=opened.site.zone):
        opened.site.timezone = zone.where_it_is_day(now=now)
        opened.site.save(update_fields=["timezone"])


def write_down(opened: clinic.Clinic, now: datetime) -> None:
    file = Path(settings.VAR_DIR) / "demo.json"
    content = {
        "url": settings.PUBLIC_URL + "/",
        "outbox": settings.PUBLIC_URL + reverse("outbox"),
        "sign_ins": [
            {"role": str(s.role.label), "name": s.name, "email": s.email, "password": PASSWORD, "pin": PIN}
            for s in STAFF
        ],
        "links": live_links(opened, now),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, file)


def live_links(opened: clinic.Clinic, now: datetime) -> list[dict[str, str]]:
    """Who has a ride ahead today, that patient, and who is asked for the dates of a series."""
    ahead = Commitment.objects.filter(
        infusion__site=opened.site, infusion__starts_at__gt=now, role=SupportRole.RIDE, status__in=HOLDING
    ).select_related("designation__person", "designation__patient")
    ride = ahead.order_by("infusion__starts_at").first()
    if ride is None:
        visit = Infusion.objects.filter(site=opened.site).select_related("patient").latest("starts_at")
        return [_of_patient(visit.patient, now)]
    series = ahead.filter(infusion__starts_at__gt=now + TODAY_IS_OVER).order_by("infusion__starts_at").first()
    found = [_of_helper(ride.designation, "who takes {} home next", now), _of_patient(ride.designation.patient, now)]
    return [*found, _of_helper(series.designation, "whom {} asked for several dates", now)] if series else found


def _of_helper(named: Designation, what: str, now: datetime) -> dict[str, str]:
    who = f"{named.person.full_name}, {what.format(named.patient.full_name)}"
    return {"who": who, "address": links.address(links.for_designation(designation=named, now=now))}


def _of_patient(patient: Patient, now: datetime) -> dict[str, str]:
    return {
        "who": f"{patient.full_name}, patient",
        "address": links.address(links.for_patient(patient=patient, now=now)),
    }
