"""The README is a promise: its settings are all there are, its links lead somewhere."""

import re
from pathlib import Path

import pytest

from config.demo.people import PASSWORD, PIN, STAFF

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
READ = re.compile(r"env\.(?:text|flag|whole|words|raw)\(\s*\"([A-Z_]+)\"")


# Whole families of names, which a library reads.
UNDER = re.compile(r"env\.under\(\s*\"([A-Z_]+_)\"")


def settings_read() -> set[str]:
    return {name for file in (ROOT / "config").glob("*.py") for name in READ.findall(file.read_text(encoding="utf-8"))}


def test_the_table_names_every_setting_and_no_other():
    table = README.split("## Settings")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} == settings_read()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README)) - {""}))
def test_every_link_of_the_readme_leads_to_a_file(target):
    assert (ROOT / target).is_file()


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README.replace("`make`", ""))) <= targets


def test_every_environment_name_of_the_example_is_explained():
    example = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    compose_only = {"OWNER_DB_PASSWORD", "APP_DB_PASSWORD"}
    families = tuple(UNDER.findall((ROOT / "config/settings.py").read_text(encoding="utf-8")))
    assert {name for name in example if not name.startswith(families)} - compose_only <= settings_read()
    assert {name for name in families if f"`{name}…`" in README} == set(families) != set()


@pytest.mark.parametrize("person", STAFF, ids=lambda person: person.email)
def test_the_demos_sign_ins_stand_in_the_readme(person):
    line = next(line for line in README.splitlines() if f"`{person.email}`" in line)
    assert [cell.strip() for cell in line.split("|")][3] == str(person.role.label)
    assert person.name in line
    assert {word for word in (f"`{PASSWORD}`", f"`{PIN}`") if word not in README} == set()
