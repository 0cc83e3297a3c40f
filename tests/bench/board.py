"""Server time of the pages a clinic looks at all day, beside a bare page in the same run."""

import logging
from functools import partial

import time_machine
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.test import Client, override_settings
from django.urls import include, path

from clinic.models import Patient
from tests.bench import scale
from tests.bench.scale import House, Measured

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
    """Empties the database and leaves it full. The large size first: the part before has it."""
    logging.disable(logging.INFO)
    many, few = pages(scale.seed(scale.LARGE)), pages(scale.seed(scale.SMALL))
    found: dict[str, object] = {}
    for name, page in many.items():
        found |= {
            f"{name}: median, ms": page.median,
            f"{name}: p95, ms": page.p95,
            f"{name}: of the median Python, ms": page.python,
            f"{name}: queries": page.queries,
            f"{name}: ratio to 1,000 visits": round(page.median / few[name].median, 2),
            f"{name}: ratio to the bare page": round(page.median / many["bare page"].median, 2),
        }
    return found


# Files by their plain names: nobody has collected them here.
STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@override_settings(ROOT_URLCONF="tests.bench.board", STORAGES=STORAGES)
def pages(house: House) -> dict[str, Measured]:
    with time_machine.travel(scale.NOW):
        desk = Client()
        desk.force_login(house.desk)
        assert desk.get("/").content.count(b"/infusions/") >= 60
        day, week = f"/schedule/?day={scale.TODAY}&days=1", f"/schedule/?day={scale.TODAY}&days=7"
        addresses = {
            "bare page": "/bare/",
            "today's board": "/",
            "day on the schedule": day,
            "week on the schedule": week,
            "patient's page": f"/patients/{house.patient.pk}/",
        }
        return scale.measure_each({name: partial(opened, desk, address) for name, address in addresses.items()})


def opened(desk: Client, address: str, _number: int) -> None:
    assert desk.get(address).status_code == 200
