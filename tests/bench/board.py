"""Server time of the pages a clinic looks at all day, beside a bare page in the same run."""

import logging
from collections.abc import Callable
from functools import partial

import time_machine
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.test import Client, override_settings
from django.urls import include, path

from clinic.models import Patient
from tests.bench import scale
from tests.bench.scale import House

# What Django itself takes to answer with forty rows from one query, behind the same middleware and sign-in.
BARE = Engine().from_string(
    "<!doctype html><title>Patients</title><table>"
    "{% for row in rows %}<tr><td>{{ row.family_name }}</td>"
    "<td>{{ row.given_name }}</td><td>{{ row.birth_date }}</td><td>{{ row.record_number }}</td></tr>"
    "{% endfor %}</table>"
)


def bare(request: HttpRequest) -> HttpResponse:
    rows = Patient.objects.filter(site_id=request.site.pk).order_by("family_name", "pk")[:40]
    return HttpResponse(BARE.render(Context({"rows": rows})))


urlpatterns = [path("bare/", bare), path("", include("config.urls"))]


def run() -> dict[str, object]:
    """In databases of its own."""
    logging.disable(logging.INFO)
    plain = override_settings(ROOT_URLCONF=__name__, STORAGES=STORAGES)
    with scale.visiting() as (few, many), plain, time_machine.travel(scale.NOW):
        measured = scale.measure_each(pages(few, " (few)") | pages(many))
    found: dict[str, object] = {}
    for name in pages_of(many):
        page = measured[name]
        found |= {
            f"{name}: median, ms": page.median,
            f"{name}: p95, ms": page.p95,
            f"{name}: of the median Python, ms": page.python,
            f"{name}: queries": page.queries,
            f"{name}: ratio to 1,000 visits": round(page.median / measured[f"{name} (few)"].median, 2),
            f"{name}: ratio to the bare page": round(page.median / measured["bare page"].median, 2),
        }
    return found


# Files by their plain names: nobody has collected them here.
STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def pages_of(house: House) -> dict[str, str]:
    return {
        "bare page": "/bare/",
        "today's board": "/",
        "day on the schedule": f"/schedule/?day={scale.TODAY}&days=1",
        "week on the schedule": f"/schedule/?day={scale.TODAY}&days=7",
        "patient's page": f"/patients/{house.patient.pk}/",
    }


def pages(house: House, suffix: str = "") -> dict[str, Callable[[int], None]]:
    house.enter()
    desk = Client()
    desk.force_login(house.desk)
    assert desk.get("/").content.count(b"/infusions/") >= 60
    return {f"{name}{suffix}": partial(opened, house, desk, address) for name, address in pages_of(house).items()}


def opened(house: House, desk: Client, address: str, _number: int) -> None:
    house.enter()
    assert desk.get(address).status_code == 200
