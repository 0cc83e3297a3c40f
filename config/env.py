"""Typed reading of settings from the environment.

Every value may also come from a file: ``NAME_FILE=/run/secrets/name`` wins over ``NAME``.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


class Env:
    """A view of one environment. Raises ``ImproperlyConfigured`` naming the variable at fault."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self.source = os.environ if source is None else source

    def raw(self, name: str) -> str | None:
        file = self.source.get(f"{name}_FILE")
        if file is None:
            return self.source.get(name)
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error.strerror}") from error

    def text(self, name: str, default: str | None = None) -> str:
        value = self.raw(name)
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} must be set.")
        return default

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.raw(name)
        if value is None:
            return default
        if value.lower() in TRUE:
            return True
        if value.lower() in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")

    def whole(self, name: str, default: int) -> int:
        value = self.raw(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a whole number.") from error

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """A comma-separated list."""
        value = self.raw(name)
        if not value:
            return list(default)
        return [word.strip() for word in value.split(",") if word.strip()]

    def under(self, prefix: str) -> dict[str, str]:
        """Every value whose name begins so, by the rest of its name; what is empty is not set."""
        names = {name.removesuffix("_FILE") for name in self.source if name.startswith(prefix)}
        return {name.removeprefix(prefix): value for name in names if (value := self.text(name, ""))}
