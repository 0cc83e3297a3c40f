"""Settings are read once in a process, so their tests start new ones."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def in_a_new_process() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run Python in the checkout with the test run's environment, changed by the keywords (``None`` takes one out)."""

    def run(*arguments: str, timeout: float = 60, **changes: str | None) -> "subprocess.CompletedProcess[str]":
        changed: dict[str, str | None] = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_ALLOW_ASYNC_UNSAFE": None,
            **changes,
        }
        env = {name: value for name, value in changed.items() if value is not None}
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout
        )

    return run
