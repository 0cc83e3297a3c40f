"""Every write of a clinic or support row leaves an event row that cannot be changed."""

from collections.abc import Callable
from typing import TypeVar

import pghistory
import pgtrigger
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def tracked_without(*fields: str) -> Callable[[M], M]:
    """Like ``tracked`` but leaves out columns that PostgreSQL computes or that are secrets."""

    def decorate(model: M) -> M:
        # Trackers remember the model they meet, so each model needs its own.
        track = pghistory.track(
            pghistory.InsertEvent(),
            pghistory.UpdateEvent(),
            pghistory.DeleteEvent(),
            exclude=list(fields),
            append_only=True,
        )
        return track(model)

    return decorate


def tracked(model: M) -> M:
    """Class decorator: inserts, updates and deletes are kept as event rows."""
    return tracked_without()(model)


append_only_triggers = [
    pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
    pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate rows from % table', TG_TABLE_NAME;",
    ),
]
