"""The papers beside the README say what is so: every module has its place, every starting value its line."""

import re
from collections import Counter
from pathlib import Path

from django.db.models import IntegerField

from clinic.models import Policy

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("support/domain", "clinic/domain", "messaging/domain", "education", "config")
# Named by what every project of Django has.
OF_DJANGO = {"__init__", "apps", "admin", "enums", "forms", "models", "views", "urls"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_module_of_the_rules_stands_in_the_architecture():
    listed = set(re.findall(r"\w+", read("ARCHITECTURE.md").split("## Every module")[1]))
    modules = {file.stem for place in PLACES for file in (ROOT / place).glob("*.py")}
    assert modules - OF_DJANGO - listed == set()


def test_no_module_stands_there_that_is_gone():
    names = re.findall(r"^  [\w' ]{2,14}  (.*)$", read("ARCHITECTURE.md").split("## Every module")[1], re.MULTILINE)
    files = {
        file.stem
        for place in ("clinic", "support", "messaging", "education", "config")
        for file in (ROOT / place).rglob("*.py")
    }
    said = {name for line in names for name in re.findall(r"[a-z_]{4,}", line) if "_" in name}
    assert said - files == set()


def test_every_starting_value_of_a_policy_has_its_line_in_the_rules():
    """As a number in the column "Start", as often as it is one."""
    table = read("docs/rules.md").split("## 1.")[1].split("\n## ")[0].split("| Field | Start |")[1]
    column = [line.split("|")[2] for line in table.splitlines() if line.count("|") > 3]
    said = Counter(int(number) for cell in column for number in re.findall(r"(?<![:\d])\d+(?!:)", cell))
    numbers = [field.default for field in Policy._meta.get_fields() if isinstance(field, IntegerField)]
    needed = Counter(number for number in numbers if isinstance(number, int) and number)
    words = {"twice a day": 2}
    said += Counter(number for word, number in words.items() if any(word in cell for cell in column))
    assert needed - said == Counter()


def test_whatever_is_longer_in_the_soak_is_run_there():
    """`make soak` takes what is marked."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")}
    long = {name: text for name, text in texts.items() if re.search(r"environ\.get\(.HOMEWARD_SOAK", text)}
    assert len(long) > 5
    assert [name for name, text in long.items() if not re.search(r"mark\.(soak|crash)\b", text)] == []
