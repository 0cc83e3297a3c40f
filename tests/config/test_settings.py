"""Outside local use the process refuses to start half configured."""

import pytest

PRODUCTION = {
    "HOMEWARD_LOCAL": "0",
    "DEBUG": "0",
    "SECRET_KEY": "Qx7vZ2mL" * 8,
    "LINK_KEYS": "Wb8nY5pR" * 6,
    "PUBLIC_URL": "https://clinic.example.org",
    "ALLOWED_HOSTS": "clinic.example.org",
    "DEFAULT_FROM_EMAIL": "desk@clinic.example.org",
    "DATABASE_URL": "postgresql://app@db/homeward",
    "REDIS_URL": "redis://redis:6379/0",
}


def test_a_full_configuration_starts(in_a_new_process) -> None:
    started = in_a_new_process("-c", "import config.settings", **PRODUCTION)
    assert (started.returncode, started.stderr) == (0, "")


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name not in {"HOMEWARD_LOCAL", "DEBUG"}])
def test_what_is_missing_is_named(in_a_new_process, name: str) -> None:
    started = in_a_new_process("-c", "import config.settings", **{**PRODUCTION, name: None})
    assert started.returncode == 1
    last_line = started.stderr.strip().splitlines()[-1]
    assert last_line.startswith(f"django.core.exceptions.ImproperlyConfigured: {name} must be set")


def test_an_address_without_encryption_is_refused(in_a_new_process) -> None:
    started = in_a_new_process("-c", "import config.settings", **{**PRODUCTION, "PUBLIC_URL": "http://clinic.example"})
    assert started.stderr.strip().splitlines()[-1].endswith("PUBLIC_URL must begin with https:// outside local use.")
