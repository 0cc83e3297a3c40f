"""The help numbers: shipped as dated data, checked again by the clinic."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import models, transaction

from education.enums import Audience, NumberKind
from education.models import HelpNumber

SHIPPED = Path(__file__).parent / "content" / "help_numbers.json"
CHECK_EVERY = timedelta(days=181)


def numbers(*, region: str, audience: str, language: str) -> list[HelpNumber]:
    """Emergency first, then the people to talk to, in order. English where the language has none."""
    found = HelpNumber.objects.filter(region=region, audience=audience)
    return list(found.filter(language=language)) or list(found.filter(language="en"))


def overdue(*, region: str, today: date) -> models.QuerySet[HelpNumber]:
    return HelpNumber.objects.filter(region=region, review_due__lte=today)


def confirm(*, region: str, number: str, today: date) -> int:
    """Somebody dialled it and it is right, in every language it is listed in."""
    found = HelpNumber.objects.filter(region=region, number=number)
    return found.update(reviewed_on=today, review_due=today + CHECK_EVERY)


@transaction.atomic
def sync(*, now: datetime) -> int:
    """Brings in shipped numbers that are new or were checked later than ours. Idempotent. Answers how many changed."""
    changed = 0
    for key, values in shipped():
        mine = HelpNumber.objects.select_for_update().filter(**key).first()
        if mine is None:
            HelpNumber.objects.create(**key, **values)
            changed += 1
        elif mine.reviewed_on < values["reviewed_on"] <= now.date():
            HelpNumber.objects.filter(pk=mine.pk).update(**values)
            changed += 1
    return changed


def shipped() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    data = json.loads(SHIPPED.read_text(encoding="utf-8"))
    dates = {
        "reviewed_on": date.fromisoformat(data["checked_on"]),
        "review_due": date.fromisoformat(data["check_again_by"]),
    }
    places: dict[tuple[str, str], int] = {}
    for entry in data["numbers"]:
        place = places[entry["region"], entry["kind"]] = places.get((entry["region"], entry["kind"]), 0) + 1
        for audience in Audience.values:
            for language, label in entry["label"].items():
                key = {
                    "region": entry["region"],
                    "kind": NumberKind(entry["kind"]),
                    "place": place,
                    "audience": audience,
                    "language": language,
                }
                yield (
                    key,
                    {
                        "label": label,
                        "number": entry["number"],
                        "by_text": entry.get("by_text", False),
                        "note": entry.get("note", {}).get(audience, {}).get(language, ""),
                        "source": entry["source"],
                        **dates,
                    },
                )
