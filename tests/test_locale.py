"""What a helper or a patient can read is there in Spanish, whole, and the compiled catalogue is the written one."""

import ast
import html
import re
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext, override, templatize

from clinic.domain import infusions
from clinic.enums import Role
from clinic.models import Infusion
from support.domain import code_words, commitments, handovers, links
from support.enums import AlertKind, HandoverCheck
from support.models import Alert, Attestation, Link
from tests import world

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale/es/LC_MESSAGES/django.po"
TEMPLATES = (
    "support/helper/*.html",
    "support/patient/*.html",
    "support/preferences.html",
    "support/seen_as.html",
    "support/reading.html",
    "support/driving.html",
    "support/desk/parts/slip.html",
    "support/calendar.html",
    "components/phone/*.html",
    "components/alert.html",
    "shell/link.html",
    "shell/plain.html",
    "shell/messages.html",
    "errors/*.html",
    "[45]*.html",
)
# Whole modules, though a few of their sentences are for the desk: nobody has to keep a list of which.
MODULES = (
    "support/views/link_*.py",
    "support/views/by_link.py",
    "support/enums.py",
    "support/domain/helper_page.py",
    "support/domain/helper_dates.py",
    "support/domain/taken_on.py",
    "support/domain/attesting.py",
    "support/domain/comfort.py",
    "support/domain/coverage.py",
    "support/domain/going_on.py",
    "support/domain/patient_page.py",
    "support/domain/living.py",
    "support/domain/calendars.py",
    "support/domain/visit_entries.py",
    "support/views/calendars.py",
    "support/domain/aftercare.py",
    "support/domain/asking.py",
    "support/domain/availability.py",
    "support/domain/own_times.py",
    "support/domain/commitments.py",
    "support/domain/own_people.py",
    "support/domain/pending.py",
    "support/forms/people_own.py",
    "support/forms/contact.py",
    "support/domain/place_offers.py",
    "support/domain/promise_rows.py",
    "support/domain/solo.py",
    "support/domain/day.py",
    "support/domain/handovers.py",
    "support/domain/checkins.py",
    "clinic/domain/infusions.py",
    "clinic/domain/prechecks.py",
    "clinic/domain/changes.py",
    "clinic/templatetags/homeward.py",
)
LITERAL = r"u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
MARKED = re.compile(rf"(?:n?gettext|_)\(({LITERAL})(?:, ({LITERAL}))?")
MARKERS = {"_", "gettext", "ngettext", "gettext_lazy"}


def files(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        found = sorted(folder.glob(pattern))
        assert found, pattern
        yield from found


def marked_in_template(path: Path) -> Iterator[str]:
    for literals in MARKED.findall(templatize(path.read_text(), origin=str(path))):
        yield from (ast.literal_eval(literal) for literal in literals if literal)


def marked_in_module(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def marked() -> set[str]:
    """Every string a reader of a link page can meet, as its msgid or plural msgid."""
    found = {text for path in files(ROOT / "templates", TEMPLATES) for text in marked_in_template(path)}
    return found | {text for path in files(ROOT, MODULES) for text in marked_in_module(path)}


def written() -> dict[str, str]:
    """The catalogue as people write it: msgid (with its plural after a NUL) to msgstr, as in the compiled file."""
    found = {}
    for block in CATALOGUE.read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#~")]
        flags = [line for line in lines if line.startswith("#,")]
        fields: dict[str, str] = {}
        name = ""
        for line in lines:
            if line.startswith("#"):
                continue
            if not line.startswith('"'):
                name, _space, line = line.partition(" ")
            fields[name] = fields.get(name, "") + ast.literal_eval(line)
        strings = [text for name, text in fields.items() if name.startswith("msgstr")]
        if all(strings) and strings and not any("fuzzy" in line for line in flags):
            key = "\0".join(fields[name] for name in ("msgid", "msgid_plural") if name in fields)
            context = f"{fields['msgctxt']}\4" if "msgctxt" in fields else ""
            found[context + key] = "\0".join(strings)
    # msgfmt leaves out when the strings were gathered.
    found[""] = re.sub(r"POT-Creation-Date: .*\n", "", found[""])
    return found


def compiled() -> dict[str, str]:
    data = CATALOGUE.with_suffix(".mo").read_bytes()
    _magic, _version, count, originals, translations = struct.unpack("<5I", data[:20])

    def text(table: int, number: int) -> str:
        length, offset = struct.unpack_from("<2I", data, table + 8 * number)
        return data[offset : offset + length].decode()

    return {text(originals, number): text(translations, number) for number in range(count)}


def test_everything_behind_a_link_has_words_in_spanish():
    translated = {text for key in written() for text in key.split("\0")}
    missing = sorted(marked() - translated)
    assert missing == [], "run `make messages`, write the Spanish into locale/es/LC_MESSAGES/django.po, run it again"


def test_the_compiled_catalogue_is_the_written_one():
    """``make messages`` makes it; both are committed, so that no clinic needs gettext."""
    assert compiled() == written()


def test_every_placeholder_is_kept():
    places = re.compile(r"%\(\w+\)[sd]|\{\w+\}|</?\w+[^>]*>")
    lost = {
        key
        for key, said in written().items()
        for one in said.split("\0")
        if key and not set(places.findall(one)) <= set(places.findall(key))
    }
    assert lost == set()


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("We’re home", "Ya estamos en casa"),
        ("I’m on my way", "Voy en camino"),
        ("I’m outside", "Estoy afuera"),
        ("I accept", "Acepto"),
        ("I can’t come after all", "Ese día no puedo"),
        ("Call me", "Llámenme"),
        ("Worried", "Me preocupa"),
        ("Arrived", "Llegó"),
        ("Resting", "Descansando"),
        ("Nearly ready", "Casi a punto"),
        ("Come in", "Ya puedes entrar"),
    ],
)
def test_buttons_and_steps_are_called_what_the_education_pages_call_them(english, spanish):
    with override("es"):
        assert gettext(english) == spanish
    pages = "".join(path.read_text() for path in (ROOT / "education/content/es").glob("*.md"))
    assert f"**{spanish}**" in pages


# --- the pages themselves --------------------------------------------------------------------------

STEPS = ["booked", "arrived", "started", "recovering", "ready", "released", "home"]
# Without the words that stand in the names of the societies an education page rests on.
ENGLISH = re.compile(r"\b(and|you|your|with|we|is|are|was|this|not)\b", re.IGNORECASE)


@pytest.fixture
def clock(now: datetime) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def here(db: None, clock: time_machine.Traveller, now: datetime) -> world.World:
    """Maya and her helper read Spanish; the visit begins in two hours."""
    built = world.build(now=now)
    for person in (built.patient, built.designation.person):
        person.language = "es"
        person.save()
    return built


def visit_of(here: world.World) -> Infusion:
    related = Infusion.objects.select_related("site", "patient__site", "policy", "course__protocol")
    return related.get(pk=here.commitment.infusion_id)


def until(here: world.World, step: str, clock: time_machine.Traveller) -> None:
    """The day as far as this step, each at its hour."""
    nurse = here.staff[Role.NURSE]
    visit = visit_of(here)
    at = visit.starts_at
    if step != "booked":
        commitments.reconfirm(commitment=here.commitment, via="link", now=at - timedelta(hours=1))
    doors = {"arrived": infusions.arrive, "started": infusions.start, "recovering": infusions.recover}
    doors |= {"ready": infusions.ready, "released": None, "home": None}
    for number, name in enumerate(STEPS[1 : STEPS.index(step) + 1]):
        moment = at + timedelta(minutes=40 * number)
        if name == "released":
            handovers.complete(
                infusion=visit,
                commitment=here.commitment,
                check_by=HandoverCheck.PHOTO_ID,
                score=10,
                instructions_given=True,
                accepted_on_paper=True,
                actor=nurse,
                now=moment,
            )
        elif name == "home":
            handovers.say_home(infusion=visit, now=moment, actor="test")
        else:
            visit = doors[name](infusion=visit, actor=nurse, now=moment)
        if name == "ready":
            code_words.draw(infusion=visit, now=moment)
        clock.move_to(moment + timedelta(minutes=5))


def opened(link: Link, path: str = "") -> HttpResponse:
    """The page behind a link, in a browser of whoever it is for."""
    return world.theirs(Client(), link).get(f"/l/{link.id}/{path}")


def left_in_english(response: HttpResponse) -> list[str]:
    """Sentences of the catalogue that stand on the page in English, and words no Spanish sentence has."""
    page = html.unescape(response.content.decode())
    pieces = {piece.strip() for text in marked() for piece in re.split(r"%\(\w+\)[sd]|<[^>]*>", text)}
    known = [piece for piece in pieces if re.search(r"\w \w", piece) and re.search(rf"\b{re.escape(piece)}", page)]
    shown = re.sub(r"<(script|style|title).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    return sorted(known) + [match[0] for match in ENGLISH.finditer(shown)]


def assert_spanish(response: HttpResponse) -> None:
    assert '<html lang="es"' in response.content.decode()
    assert left_in_english(response) == []


@pytest.mark.parametrize("step", STEPS)
def test_both_pages_are_spanish_at_every_step_of_the_day(here, clock, step):
    until(here, step, clock)
    for link in (here.helper_link, here.patient_link):
        assert_spanish(opened(link))


OTHER_PAGES = ["dates/", "what-it-involves/", "read/before/", "read/during/", "read/after/"]


@pytest.mark.parametrize("path", OTHER_PAGES)
def test_a_helpers_other_pages_are_spanish(here, path):
    response = opened(here.helper_link, path)
    assert response.status_code == 200
    assert_spanish(response)


def test_the_question_of_the_evening_is_spanish_before_and_after_the_answer(here):
    path = f"check-in/{here.checkin.pk}/"
    assert_spanish(opened(here.helper_link, path))
    client = Client()
    address = f"/l/{links.token(here.helper_link)}/{path}"
    assert_spanish(client.post(address, {"answer": ""}))
    answered = client.post(address, {"answer": "worried"})
    assert "Me preocupa" in answered.content.decode()
    assert_spanish(answered)


@pytest.mark.parametrize("answer", ["fine", "call", "urgent"])
def test_the_answer_to_a_patient_is_spanish(here, clock, answer):
    until(here, "released", clock)
    assert_spanish(Client().post(f"/l/{links.token(here.patient_link)}/how-are-you/", {"answer": answer}))


@pytest.mark.parametrize(
    ("who", "path", "fields"),
    [
        ("helper", "dates/", {"answer": "none"}),
        ("helper", "dates/", {"answer": "take"}),
        ("helper", "never/", {"weekday": "3"}),
        ("helper", "still-all-right/", {"answer": "less", "most": "2"}),
        ("helper", "still-all-right/", {"answer": "less", "most": "many"}),
        ("helper", "visit/{visit}/confirm/", {}),
        ("helper", "visit/{visit}/on-my-way/", {"minutes": "10"}),
        ("helper", "visit/{visit}/on-my-way/", {}),
        ("helper", "visit/{visit}/outside/", {"car": "Honda gris"}),
        ("helper", "visit/{visit}/home/", {}),
        ("helper", "visit/{visit}/step-back/", {}),
        ("helper", "visit/{visit}/come-after-all/", {}),
        ("patient", "visit/{visit}/late/", {"minutes": "10"}),
        ("patient", "visit/{visit}/late/", {}),
        ("patient", "visit/{visit}/cannot-come/", {}),
        ("patient", "visit/{visit}/we-are-home/", {}),
    ],
)
def test_what_a_tap_is_answered_with_is_spanish(here, who, path, fields):
    link = here.helper_link if who == "helper" else here.patient_link
    client = world.theirs(Client(), link)
    assert_spanish(client.post(f"/l/{links.token(link)}/{path.format(visit=visit_of(here).pk)}", fields, follow=True))


def test_stopping_is_confirmed_in_spanish(here):
    assert_spanish(Client().post(f"/l/{links.token(here.helper_link)}/stop/"))


def test_whose_page_it_is_is_asked_in_spanish(here):
    client = Client()
    assert_spanish(client.get(f"/l/{links.token(here.helper_link)}/", follow=True))
    assert_spanish(client.post(f"/l/{here.helper_link.id}/whose/", {"me": "no"}))


def test_the_words_before_a_first_ride_are_spanish(here):
    Attestation.objects.all().delete()
    client, address = world.theirs(Client(), here.helper_link), f"/l/{here.helper_link.id}/what-it-involves/"
    assert_spanish(client.get(f"{address}?date={here.commitment.pk}"))
    assert_spanish(client.post(address, {"answer": "yes"}))
    assert_spanish(client.post(address, {"answer": "yes", "adult": "yes", "sober": "yes"}))
    assert_spanish(client.post(address, {"answer": "under_age"}))


def test_what_helps_in_the_room_is_spanish_to_patient_and_helper(here):
    mine = world.theirs(Client(), here.patient_link)
    assert_spanish(mine.get(f"/l/{here.patient_link.id}/comfort/"))
    assert_spanish(mine.post(f"/l/{here.patient_link.id}/comfort/", {}))
    here.designation.roles = ["ride", "presence"]
    here.designation.save()
    assert_spanish(opened(here.helper_link, "in-the-room/"))
    assert_spanish(opened(here.helper_link))


def test_a_closed_link_says_so_in_the_language_of_its_reader(here, now):
    links.withdraw_all(designation=here.designation, now=now)
    response = opened(here.helper_link)
    assert response.status_code == 410
    assert_spanish(response)


def test_an_address_that_is_not_there_answers_in_the_browsers_language(db):
    response = Client().get("/l/nonsense/", headers={"accept-language": "es-MX,es;q=0.9"})
    assert response.status_code == 404
    assert_spanish(response)


def test_staff_pages_stay_whole_in_english_for_a_browser_that_asks_for_spanish(here):
    client = Client(headers={"accept-language": "es"})
    client.force_login(here.staff[Role.FRONT_DESK])
    page = client.get(reverse("patient", args=[here.patient.pk])).content.decode()
    assert '<html lang="en"' in page
    assert "Tuesday 3 March" in page or "Tue 3 Mar" in page
    assert "Vuelta a casa" not in page


def test_dates_are_written_as_people_write_them(here, now):
    assert "martes 3 de marzo" in opened(here.helper_link).content.decode()


def test_the_desk_reads_english_whoever_tapped(here):
    Client().post(f"/l/{links.token(here.patient_link)}/visit/{visit_of(here).pk}/cannot-come/")
    said = Alert.objects.get(kind=AlertKind.CANT_COME).says
    assert said == "Maya can't come Tue 3 Mar 11:41. Please call and find another day."
