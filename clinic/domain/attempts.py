"""Running a booking's transaction to its end."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from clinic.domain.errors import Refused

T = TypeVar("T")

EXCLUDED = "23P01"
LOCK_TIMEOUT = "55P03"
DEADLOCK, SERIALISATION = "40P01", "40001"
TRIES = 4


def code_of(error: BaseException) -> str:
    """PostgreSQL's five letters for what went wrong; empty if it did not say."""
    return str(getattr(error.__cause__, "pgcode", None) or "")


def is_crowd(error: BaseException) -> bool:
    """Others were at the same rows in the same moment: nothing is wrong, and the same again may go."""
    return code_of(error) in {LOCK_TIMEOUT, DEADLOCK, SERIALISATION}


def constraint_of(error: BaseException) -> str:
    return str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or "")


def run(work: Callable[[], T]) -> T:
    """One transaction. A deadlock or a serialisation failure starts it again, three times at most, after a short wait
    of varying length; every other error is the caller's."""
    tries = 1
    while True:
        try:
            with transaction.atomic():
                return work()
        except DatabaseError as error:
            if code_of(error) not in {DEADLOCK, SERIALISATION} or tries == TRIES:
                raise
        time.sleep(random.uniform(0.01, 0.05) * 2**tries)  # noqa: S311 spreads the tries, guards nothing
        tries += 1


def run_or_refuse(work: Callable[[], T]) -> T:
    """The same; a lock that does not come in time is a ``Refused`` with a sentence."""
    try:
        return run(work)
    except DatabaseError as error:
        if code_of(error) != LOCK_TIMEOUT:
            raise
        raise Refused(_("Many people are booking at this moment. Please try again.")) from error
