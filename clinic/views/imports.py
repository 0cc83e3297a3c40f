"""Bringing patients in from a file: send it, watch it being read, see what was left out."""

import csv
import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from kombu.exceptions import OperationalError

from clinic.access import DESK_AND_CARE, SET_UP
from clinic.domain import imports
from clinic.domain.fhir.rejects import HEADER, SHOWN
from clinic.forms.patients import ImportForm
from clinic.models import ImportRun
from clinic.tasks import import_file
from clinic.views.desk import at_site, form_page

logger = logging.getLogger(__name__)
IMPORTERS = tuple({*DESK_AND_CARE, *SET_UP})


@at_site(*IMPORTERS)
@require_http_methods(["GET", "POST"])
def patient_import(request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        run = imports.receive(
            site=request.site,
            file_name=file.name,
            chunks=file.chunks(),
            now=timezone.now(),
            started_by=request.user,
        )
        ring(run)
        return redirect("patient_import_run", run.pk)
    runs = ImportRun.objects.filter(site=request.site).select_related("started_by")[:20]
    return form_page(request, "clinic/patient_import.html", form, runs=runs)


def ring(run: ImportRun) -> None:
    """Ask a worker to begin. When the broker does not answer, the clock finds the run within half a minute."""
    try:
        import_file.delay(run.pk)
    except (OperationalError, OSError):
        logger.warning("The broker did not answer; import %s waits for the clock.", run.pk)


def _run(request: HttpRequest, pk: int) -> ImportRun:
    return get_object_or_404(ImportRun.objects.select_related("started_by"), pk=pk, site=request.site)


@at_site(*IMPORTERS)
@require_safe
def patient_import_run(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    return render(request, "clinic/patient_import_run.html", {"run": run, "shown": SHOWN})


@at_site(*IMPORTERS)
@require_safe
def patient_import_rejects(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    disposition = {"Content-Disposition": f'attachment; filename="import-{run.pk}.rejected.csv"'}
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers=disposition)
    rows = csv.writer(answer)
    rows.writerow(HEADER)
    rows.writerows([reject["line"], reject["entry"] or "", reject["reason"]] for reject in run.rejects)
    return answer
