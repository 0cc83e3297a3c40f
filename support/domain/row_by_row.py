"""Rows that a sweep found: each in a transaction of its own, so that a bad one never stops the others."""

from collections.abc import Callable, Iterable

import structlog
from django.db import transaction

log = structlog.get_logger(__name__)


def each(acts: Iterable[Callable[[], object]]) -> int:
    """How many did something."""
    return sum(_alone(act) for act in acts)


def _alone(act: Callable[[], object]) -> bool:
    try:
        with transaction.atomic():
            return bool(act())
    except Exception as error:
        log.error("row_failed", error=type(error).__name__)
        return False
