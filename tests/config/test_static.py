"""What leaves the house: one stylesheet from many sources, no chain of imports, little to carry."""

import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import FileSystemStorage

from config.static import flatten

COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)\(")


@pytest.fixture
def folder(tmp_path) -> FileSystemStorage:
    (tmp_path / "css" / "parts").mkdir(parents=True)
    return FileSystemStorage(tmp_path)


def write(folder: FileSystemStorage, name: str, text: str) -> None:
    Path(folder.path(name)).write_text(text, encoding="utf-8")


def source(name: str) -> FileSystemStorage:
    return FileSystemStorage(FileSystemFinder().find(name)[: -len(name)])


def sent(name: str) -> bytes:
    if name.endswith(".css"):
        return flatten(source(name), name).encode()
    return Path(finders.find(name)).read_bytes()


def weight(*names: str) -> int:
    """Compressed as WhiteNoise sends it."""
    return sum(len(brotli.compress(sent(name))) for name in names)


def test_an_import_is_put_in_place(folder):
    write(folder, "css/desk.css", '@import url("parts/a.css");\n.b { color: red; }\n')
    write(folder, "css/parts/a.css", ".a { color: blue; }\n")
    assert flatten(folder, "css/desk.css") == ".a { color: blue; }\n.b { color: red; }\n"


def test_an_import_in_an_import_is_put_in_place(folder):
    write(folder, "css/desk.css", '@import url("parts/a.css");\n')
    write(folder, "css/parts/a.css", '@import url("b.css");\n')
    write(folder, "css/parts/b.css", ".b { color: red; }\n")
    assert flatten(folder, "css/desk.css") == ".b { color: red; }\n"


def test_comments_stay_at_home(folder):
    write(folder, "css/desk.css", "/* why\n   this */\n.a { color: red; }\n")
    assert flatten(folder, "css/desk.css") == ".a { color: red; }\n"


@pytest.mark.parametrize("name", ["css/desk.css", "css/phone.css", "css/phone-parts.css"])
def test_what_is_served_asks_for_no_further_stylesheet(name):
    assert "@import" not in flatten(source(name), name)


def test_a_stylesheet_is_found_flat_where_nothing_is_collected():
    assert "@import" not in Path(finders.find("css/desk.css")).read_text(encoding="utf-8")


def test_a_staff_page_carries_less_than_30_kilobytes():
    files = ["css/tokens.css", "css/desk.css", "js/forms.js", "js/desk.js", "django_htmx/htmx-4.min.js"]
    assert weight(*files) < 30_000


def test_a_phone_page_carries_less_than_12_kilobytes():
    assert weight("css/tokens.css", "css/phone.css", "js/forms.js", "js/phone.js") < 12_000


def test_values_live_in_the_tokens_only():
    """A colour written anywhere else would not follow the light or dark setting."""
    text = flatten(source("css/desk.css"), "css/desk.css") + flatten(source("css/phone.css"), "css/phone.css")
    assert COLOUR.findall(text) == []
