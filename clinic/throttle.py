"""A small brake on the shared cache: so many tries for one key in one window."""

from hashlib import sha256

from django.core.cache import cache


def too_many(*, what: str, who: str, limit: int, seconds: int) -> bool:
    """Counts one try; True when ``who`` has had more than ``limit`` of them within ``seconds`` (a fixed window)."""
    key = _key(what, who)
    if cache.add(key, 1, seconds):
        return False
    try:
        return bool(cache.incr(key) > limit)
    except ValueError:  # it ran out between the two calls
        return False


def forgive(*, what: str, who: str) -> None:
    """The try was a good one: those before it no longer count."""
    cache.delete(_key(what, who))


def _key(what: str, who: str) -> str:
    """Hashed, so that no address or token stands in the cache."""
    return f"throttle:{what}:{sha256(who.encode()).hexdigest()[:24]}"
