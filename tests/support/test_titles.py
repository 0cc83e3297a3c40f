"""No address and no title of a page behind a link tells what the visit is about, whatever a clinic calls its things."""

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from clinic.models import Patient, Room, Site
from education.enums import Stage
from education.models import Page
from messaging.domain import telling
from support.models import Link, SupportPerson
from tests import routes, world

BEHIND_LINKS = [route for route in routes.ours() if route.is_behind_a_link]


@pytest.fixture
def here(db) -> world.World:
    return world.build(now=timezone.now())


@pytest.fixture
def readers(here: world.World) -> list[tuple[Client, Link]]:
    """The helper and the patient, each with their link open in a browser of their own."""
    found = []
    for link in (here.helper_link, here.patient_link):
        found.append((world.theirs(Client(), link), link))
    return found


def titles(here: world.World, readers: list[tuple[Client, Link]], *names: str) -> list[str]:
    """Of every page behind a link, or of those with these names, as each of the two sees it."""
    found = []
    for route in BEHIND_LINKS:
        for browser, link in readers:
            if not names or route.name in names:
                url = route.url(**here.arguments(path=route.path, params=route.params, key=link.pk))
                response = browser.get(url, follow=True)
                if response.status_code == 200 and response.headers["content-type"].startswith("text/html"):
                    found += re.findall(r"<title>(.*?)</title>", response.content.decode(), re.S)
    return [unescape(title) for title in found]


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_title_tells(language, here, readers):
    for model in (Patient, SupportPerson):
        model.objects.update(language=language)
    found = titles(here, readers)
    assert [title for title in found if telling.word(text=title)] == []
    assert len(set(found)) >= 6
    assert {title.partition(" · ")[2] for title in found} == {here.site.public_name}


def test_no_title_tells_where_a_clinic_named_its_things_without_care(here, readers):
    Site.objects.update(public_name="Ketamine & Mood Clinic")
    Room.objects.update(name="Infusion 2")
    Page.objects.update(title="The day of your infusion")
    assert set(titles(here, readers)) == {"Your page"}


def test_only_the_title_that_tells_is_replaced(here, readers):
    Page.objects.filter(stage=Stage.BEFORE).update(title="What to bring")
    tail = f" · {here.site.public_name}"
    assert titles(here, readers, "link_reading") == [f"What to bring{tail}"] * 2
    Site.objects.update(never_say=["bring"])
    assert titles(here, readers, "link_reading") == ["Your page"] * 2


@pytest.mark.parametrize("route", [route for route in routes.ours() if not route.is_staff], ids=routes.ids)
def test_no_address_tells(route):
    assert telling.word(text=route.path.replace("/", " ").replace("_", " ")) == ""
    assert telling.word_in_address(address=route.path) == ""


@pytest.mark.parametrize("stage", Stage.values)
def test_what_stands_in_an_address_for_a_stage_is_neutral(stage):
    assert telling.word(text=stage) == ""
