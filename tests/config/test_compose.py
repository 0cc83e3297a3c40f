"""The production shape holds together, as far as that can be seen without a container engine."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import load_command_class

ROOT = Path(__file__).resolve().parent.parent.parent
VALUES = {
    "SECRET_KEY": "k9-" + "Qx7vZ2mL" * 8,
    "LINK_KEYS": "m4-" + "Wb8nY5pR" * 6,
    "OWNER_DB_PASSWORD": "owner-of-tables",
    "APP_DB_PASSWORD": "app-of-rows",
    "PUBLIC_URL": "https://care.example",
    "ALLOWED_HOSTS": "care.example",
    "DEFAULT_FROM_EMAIL": "desk@clinic.example.org",
    "EMAIL_HOST": "mail.example.org",
    "SMS_API_URL": "https://sms.example.org",
    "SMS_ACCOUNT": "clinic",
    "SMS_TOKEN": "sms-token",
    "SMS_FROM": "+14105550100",
}
SECRET = re.compile(r"SECRET|KEY|PASSWORD|TOKEN|DATABASE_URL")
# The default of one may be another.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>(?:[^{}]|\{[^{}]*\})*))?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def filled_in(text: str, values: Mapping[str, str] = VALUES) -> str:
    """What compose makes of a value with ``values`` as its .env."""

    def value(found: re.Match[str]) -> str:
        return values.get(found["name"]) or (filled_in(found["rest"], values) if found["kind"] == "-" else "")

    return VARIABLE.sub(value, text).replace("$$", "$")


def test_these_are_the_services(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"web", "worker", "beat", "sender", "migrate", "db", "redis"}


def test_every_lasting_service_has_a_health_check_and_comes_back_after_a_crash(compose: dict[str, Any]) -> None:
    lasting = {name: service for name, service in compose["services"].items() if name != "migrate"}
    assert {name: service["restart"] for name, service in lasting.items()} == dict.fromkeys(lasting, "unless-stopped")
    for service in lasting.values():
        assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])


def test_what_a_service_waits_for_exists_and_can_become_true(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in services[other]
            else:
                assert (wanted["condition"], services[other]["restart"]) == ("service_completed_successfully", "no")


def test_no_service_waits_for_itself_through_others(compose: dict[str, Any]) -> None:
    waits = {name: set(service.get("depends_on", {})) for name, service in compose["services"].items()}
    while ready := {name for name, others in waits.items() if not others}:
        waits = {name: others - ready for name, others in waits.items() if name not in ready}
    assert waits == {}


def test_every_volume_and_network_in_use_is_declared(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    assert {volume.split(":")[0] for service in services for volume in service.get("volumes", [])} == set(
        compose["volumes"]
    )
    assert {network for service in services for network in service["networks"]} == set(compose["networks"])


def test_the_database_and_the_broker_are_reached_from_inside_only(compose: dict[str, Any]) -> None:
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("db", "redis"):
        assert compose["services"][name]["networks"] == ["inside"]
        assert "ports" not in compose["services"][name]


def test_secrets_come_from_the_environment_and_have_no_default(compose: dict[str, Any]) -> None:
    optional = {"EMAIL_HOST_PASSWORD", "SMS_TOKEN"}
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                kinds = {found["kind"] for found in VARIABLE.finditer(value)}
                assert kinds == ({"-"} if name in optional or name.startswith("ANYMAIL_") else {"?"}), name
                assert filled_in(value) != value


def test_the_application_never_learns_the_owners_password(compose: dict[str, Any]) -> None:
    for name in ("web", "worker", "beat", "sender"):
        assert "OWNER_DB_PASSWORD" not in str(compose["services"][name])
        assert "env_file" not in compose["services"][name]


def test_every_variable_that_must_be_set_is_in_the_example(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    needed = {found["name"] for found in VARIABLE.finditer(text) if found["kind"] == "?"}
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert needed <= set(example)
    assert {name for name in example if SECRET.search(name) and example[name]} == set()


def test_what_the_readme_lets_a_clinic_choose_reaches_the_application(compose: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[A-Z].*?) \|", readme.split("## Settings")[1].split("\n## ")[0], re.MULTILINE)
    of_developers = {"HOMEWARD_DEMO", "SMS_TRANSPORT", "TEST_DATABASE_NAME"}
    chosen = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} - of_developers
    assert chosen - set(compose["services"]["web"]["environment"]) == set()


def test_messages_go_within_the_minute_with_broker_and_clock_dead(compose: dict[str, Any]) -> None:
    manage, name, *options = compose["services"]["sender"]["command"][1:]
    parser = load_command_class("messaging", name).create_parser(manage, name)
    assert (manage, parser.parse_args(options).pause <= 30) == ("manage.py", True)


def test_the_broker_forgets_nothing(compose: dict[str, Any]) -> None:
    command = " ".join(compose["services"]["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_images_name_a_version(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert re.fullmatch(r"(postgres|redis):\d+-alpine|homeward:local", service["image"])


def test_the_settings_accept_what_the_file_gives_them(compose: dict[str, Any], in_a_new_process) -> None:
    environment = {name: filled_in(value) for name, value in compose["services"]["web"]["environment"].items()}
    checked = in_a_new_process("manage.py", "check", "--deploy", "--fail-level", "WARNING", **environment)
    assert checked.returncode == 0, checked.stderr


def test_a_mail_service_needs_no_mail_server_and_one_of_them_is_asked_for(
    compose: dict[str, Any], in_a_new_process
) -> None:
    keys = {"EMAIL_SERVICE": "postmark", "ANYMAIL_POSTMARK_SERVER_TOKEN": "t", "ANYMAIL_WEBHOOK_SECRET": "care:s3cret"}
    values = {name: value for name, value in VALUES.items() if name != "EMAIL_HOST"} | keys
    given = compose["services"]["web"]["environment"]
    assert VARIABLE.search(VARIABLE.search(given["EMAIL_HOST"])["rest"]).group("name", "kind") == ("EMAIL_SERVICE", "?")
    environment = {name: filled_in(value, values) for name, value in given.items()}
    checked = in_a_new_process("manage.py", "check", "--deploy", "--fail-level", "WARNING", **environment)
    assert checked.returncode == 0, checked.stderr
    told = "from config import settings as s; print(s.EMAIL_BACKEND, sorted(s.ANYMAIL))"
    asked = in_a_new_process("-c", told, **environment)
    assert asked.stdout.split(" ", 1) == [
        "anymail.backends.postmark.EmailBackend",
        "['IGNORE_UNSUPPORTED_FEATURES', 'POSTMARK_SERVER_TOKEN', 'REQUESTS_TIMEOUT', 'WEBHOOK_SECRET']\n",
    ]


def test_the_image_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["homeward"]
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    assert not [line for line in lines if line.startswith(("ARG ", "ENV ")) and SECRET.search(line)]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".env", ".git", "var"} <= set(ignored)


def test_what_the_image_copies_exists() -> None:
    copies = re.findall(r"^COPY (?!--from)(\S+) ", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert copies == ["requirements/base.txt", "."]
    assert (ROOT / "requirements/base.txt").exists()
