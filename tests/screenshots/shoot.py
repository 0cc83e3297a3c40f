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

pytestmark = pytest.mark.django_db(transaction=True)

SHOTS = Path(project.VAR_DIR) / "shots"
README = Path(project.BASE_DIR) / "docs" / "shots"
WIDTHS = {"phone": 360, "desk": 1440}
HEIGHTS = {"phone": 740, "desk": 900}
SCHEMES = ("light", "dark")
OPEN = {"sign-in": "/account/login/", "forgotten": "/account/password/reset/", "styleguide": "/styleguide/"}
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


def shoot(new_context, addresses: dict[str, str], prepare=None) -> int:
    """Each address in both widths and schemes; how many pictures."""
    taken = 0
    for device, width in WIDTHS.items():
        for scheme in SCHEMES:
            context = new_context(viewport={"width": width, "height": HEIGHTS[device]}, color_scheme=scheme)
            if prepare:
                prepare(context)
            page = context.new_page()
            for name, address in addresses.items():
                page.goto(address)
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
    offer = urlencode(
        {"protocol": demo.subjects["setup/protocols"], "first_day": f"{demo.now + timedelta(days=7):%Y-%m-%d}"}
    )
    visit = demo.visit(InfusionStatus.BOOKED)
    another = urlencode(
        {"day": f"{visit.starts_at + timedelta(days=1):%Y-%m-%d}", "time": "11:20", "room": visit.room_id}
        | {"clinician": visit.clinician_id}
    )
    pages["director"]["infusion-move-proposed"] = f"/infusions/{visit.pk}/move/preview/?{another}"
    pages["front_desk"]["course-offer"] = f"/patients/{demo.subjects['patients']}/course/new/?{offer}"
    return pages


def test_every_page(new_context, server, sign_in, demo):
    shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True)
    taken = 0
    for role, pages in staff_pages(demo).items():
        addresses = {name: server + path for name, path in pages.items()}
        taken += shoot(new_context, addresses, lambda context, role=role: sign_in(context, demo.staff[role]))
    taken += shoot(new_context, demo.behind_links())
    taken += shoot(new_context, {name: server + path for name, path in (OPEN | LOST).items()})
    print(f"\n{taken} pictures under {SHOTS.relative_to(project.BASE_DIR)}/")  # noqa: T201 - for whoever typed the command


def test_the_readmes_three(new_context, server, sign_in, demo):
    README.mkdir(parents=True, exist_ok=True)
    behind = demo.behind_links()
    desk = new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    sign_in(desk, demo.staff["front_desk"])
    phone = new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2, color_scheme="light")
    for name, context, address in (
        ("today", desk, f"{server}/"),
        ("helper", phone, behind["helper-dates"]),
        ("patient", phone, behind["patient-after"]),
    ):
        page = context.new_page()
        page.goto(address)
        page.screenshot(path=README / f"{name}.png", animations="disabled")
        assert (README / f"{name}.png").stat().st_size < 300_000
