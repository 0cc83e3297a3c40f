"""Takes the pictures. Named so that an ordinary test run passes it by."""

import shutil
import socket
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from clinic.enums import InfusionStatus
from tests import routes
from tests.screenshots import demo as demo_clinic
from tests.screenshots import moments

pytestmark = pytest.mark.django_db(transaction=True)

SHOTS = Path(project.VAR_DIR) / "shots"
README = Path(project.BASE_DIR) / "docs" / "shots"
WIDTHS = {"phone": 360, "desk": 1440}
HEIGHTS = {"phone": 740, "desk": 900}
SCHEMES = ("light", "dark")
OPEN = {"sign-in": "/account/login/", "forgotten": "/account/password/reset/", "styleguide": "/styleguide/"}
# The same page seen in other ways.
LOOKS = {
    "schedule-three": "/schedule/?days=3",
    "schedule-week": "/schedule/?days=7",
    "schedule-clinicians": "/schedule/?by=clinician",
}
ON_PAPER = {"today-paper": "/", "schedule-paper": "/schedule/", "schedule-week-paper": "/schedule/?days=7"}
# What is pressed before the picture is taken.
PRESS = {"designation-calendar-address": "[name=act][value=show]", "patient-link-calendar": "[name=act][value=connect]"}
LOST = {"no-such-page": "/nowhere/", "no-such-link": f"/l/{'x' * 43}/"}


@pytest.fixture
def demo(settings, server, tmp_path):
    """The clinic of ``make demo``, as it stands at this minute."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.SMS_API_URL = f"http://127.0.0.1:{free.getsockname()[1]}"
    settings.DEMO, settings.VAR_DIR, settings.EMAIL_FILE_PATH = True, tmp_path, tmp_path / "mail"
    call_command("seed_demo")
    return demo_clinic.look(now=timezone.now())


@pytest.fixture
def wanted(request):
    """Asks of a picture's name whether it is to be taken."""
    words = [word for word in request.config.getoption("--only").split(",") if word]
    return lambda name: not words or any(word in name for word in words)


@pytest.fixture
def shoot(new_context, wanted):
    """Takes pictures of addresses, by their names; says how many."""

    def take(addresses: dict[str, str], prepare=None, **look) -> int:
        chosen = {name: address for name, address in addresses.items() if wanted(name)}
        return pictures(new_context, chosen, prepare, **look) if chosen else 0

    return take


def come_to(page, address: str) -> None:
    """A helper's page asks on a new phone whose it is."""
    page.goto(address)
    if (yes := page.locator("button[name=me][value=yes]")).count():
        yes.click()
        page.goto(address)


def pictures(new_context, addresses: dict[str, str], prepare, widths=WIDTHS, schemes=SCHEMES, media="screen") -> int:
    """Each address in each width and scheme; how many pictures."""
    taken = 0
    for device, width in widths.items():
        for scheme in schemes:
            context = new_context(viewport={"width": width, "height": HEIGHTS.get(device, 900)}, color_scheme=scheme)
            if prepare:
                prepare(context)
            page = context.new_page()
            for name, address in addresses.items():
                come_to(page, address)
                if name in PRESS:
                    page.click(PRESS[name])
                page.emulate_media(media=media, color_scheme=scheme)
                page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True, animations="disabled")
                taken += 1
            context.close()
    return taken


def staff_pages(demo) -> dict[str, dict[str, str]]:
    """Every page of the URLconf, by the role that shows it."""
    pages: dict[str, dict[str, str]] = {role: {} for role in demo_clinic.WHO}
    for route in routes.ours():
        arguments = demo.arguments(route) if route.is_staff else None
        if arguments is None:
            continue
        role = next(role for role in demo_clinic.WHO if role in route.allows)
        client = Client()
        client.force_login(demo.staff[role])
        answer = client.get(route.url(**arguments))
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            pages[role][route.name.replace("_", "-")] = route.url(**arguments)
    visit = demo.visit(InfusionStatus.BOOKED)
    another = urlencode(
        {"day": f"{visit.starts_at + timedelta(days=1):%Y-%m-%d}", "time": "11:20", "room": visit.room_id}
        | {"clinician": visit.clinician_id}
    )
    pages["director"]["infusion-move-proposed"] = f"/infusions/{visit.pk}/move/preview/?{another}"
    pages["front_desk"]["course-offer"] = demo.series()
    return pages


def test_every_page(shoot, wanted, server, sign_in, demo):
    if wanted(""):
        shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True, exist_ok=True)

    def as_role(role):
        return lambda context: sign_in(context, demo.staff[role])

    def here(paths: dict[str, str]) -> dict[str, str]:
        return {name: server + path for name, path in paths.items()}

    pages = staff_pages(demo)
    taken = sum(shoot(here(paths), as_role(role)) for role, paths in pages.items())
    taken += shoot(here(LOOKS), as_role("front_desk"))
    taken += shoot(here(ON_PAPER), as_role("front_desk"), widths={"paper": 720}, schemes=["light"], media="print")
    taken += shoot(demo.behind_links()) + shoot(here(OPEN | LOST))
    rare, behind = moments.addresses(demo)
    taken += shoot(here(rare), as_role("director")) + shoot(behind)
    print(f"\n{taken} pictures under {SHOTS.relative_to(project.BASE_DIR)}/")  # noqa: T201 - for whoever typed the command


def test_the_readmes_five(new_context, server, sign_in, demo):
    README.mkdir(parents=True, exist_ok=True)
    behind = demo.behind_links()
    desk, tall = (
        new_context(viewport={"width": 1440, "height": height}, color_scheme="light") for height in (900, 1440)
    )
    for context in (desk, tall):
        sign_in(context, demo.staff["front_desk"])
    phone = new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2, color_scheme="light")
    for name, context, address in (
        ("today", desk, f"{server}/"),
        ("schedule", desk, f"{server}/schedule/"),
        ("plans", tall, f"{server}{demo.series()}"),
        ("helper", phone, behind["helper-dates"]),
        ("patient", phone, behind["patient-after"]),
    ):
        page = context.new_page()
        come_to(page, address)
        page.screenshot(path=README / f"{name}.png", animations="disabled")
        assert (README / f"{name}.png").stat().st_size < 300_000
