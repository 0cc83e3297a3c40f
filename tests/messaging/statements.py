"""How long PostgreSQL is at work."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection


def seconds(work: Callable[[], object]) -> float:
    """How many seconds of the work are spent in statements."""
    spent = 0.0

    def measure(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal spent
        began = time.perf_counter()
        try:
            return execute(*args)
        finally:
            spent += time.perf_counter() - began

    with connection.execute_wrapper(measure):
        work()
    return spent
