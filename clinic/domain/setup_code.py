"""The one-time code that lets the first administrator in. Without it an empty installation is a closed door."""

import os
import secrets
from pathlib import Path

from django.conf import settings
from django.utils.crypto import constant_time_compare

# No letters or digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 12


def ensure() -> str:
    """The code of this installation, made and kept the first time. ``SETUP_CODE`` wins over the kept one."""
    if settings.SETUP_CODE:
        return str(settings.SETUP_CODE)
    path = _path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write("".join(secrets.choice(_ALPHABET) for _letter in range(_LENGTH)))
    return path.read_text().strip()


def fits(*, code: str) -> bool:
    """False as long as nobody made a code."""
    known = settings.SETUP_CODE or (_path().read_text().strip() if _path().exists() else "")
    return bool(known) and constant_time_compare(code.strip().lower(), str(known).lower())


def spend() -> None:
    """The kept code is of no more use."""
    _path().unlink(missing_ok=True)


def _path() -> Path:
    return Path(settings.SETUP_CODE_PATH)
