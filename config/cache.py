"""The cache of all processes; while it cannot be reached, each process remembers for itself.

Brakes, and what was answered already, are then as strict as one process alone can be. Nothing stops for them.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

# Seconds until it is asked again: a request asks many times, and must not wait for each.
PAUSE = 5.0


def _here_meanwhile(name: str) -> Callable[..., Any]:
    shared = getattr(RedisCache, name)

    def ask(cache: "SharedCache", *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= SharedCache.back_at:
            try:
                return shared(cache, *args, **kwargs)
            except RedisError as error:
                SharedCache.back_at = time.monotonic() + PAUSE
                log.warning("cache_away", error=type(error).__name__)
        return getattr(cache.here, name)(*args, **kwargs)

    return ask


class SharedCache(RedisCache):
    """``back_at`` is of the process, on its monotonic clock."""

    back_at = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.here = LocMemCache("here", {"OPTIONS": {"MAX_ENTRIES": 10_000}})


for _name in (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "get_many",
    "has_key",
    "incr",
    "set_many",
    "delete_many",
    "clear",
):
    setattr(SharedCache, _name, _here_meanwhile(_name))
