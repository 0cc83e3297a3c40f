"""The staff library: find, read, reword, approve and print pages; check the help numbers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from education import directory
from education import library as pages
from education.access import APPROVERS, CHECKERS, READERS, WRITERS, staff_only
from education.forms import LibraryFilter, WordingForm
from education.models import HelpNumber, Page, PageRevision
from education.placeholders import PLACEHOLDERS, preview, values
from education.rendering import render_text


@staff_only(*READERS)
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    filters = LibraryFilter(request.GET)
    asked = filters.asked()
    today = pages.clinic_day(site=request.site, now=timezone.now())
    rows = pages.shelf(site=request.site, today=today, **asked)
    context = {
        "filters": filters,
        "words": asked["q"],
        "narrowed": any(asked.values()),
        "rows": rows,
        "waiting": sum(row.needs_approval for row in rows),
        "overdue": directory.overdue(region=region_of(request), today=today).exists(),
    }
    return render(request, "education/page_list.html", context)


@staff_only(*READERS)
@require_safe
def page(request: HttpRequest, page_id: int, number: int | None = None) -> HttpResponse:
    found, revision = wording(request, page_id, number)
    revisions = list(found.revisions.select_related("created_by", "reviewed_by"))
    today = pages.clinic_day(site=request.site, now=timezone.now())
    context = {
        **shown(request, found, revision),
        "state": found.state(newest_number=revisions[0].number, today=today),
        "revisions": revisions,
        "is_newest": revision.number == revisions[0].number,
        "may_edit": request.user.role in WRITERS,
        "may_approve": request.user.role in APPROVERS,
    }
    return render(request, "education/page_detail.html", context)


@staff_only(*READERS)
@require_safe
def print_page(request: HttpRequest, page_id: int) -> HttpResponse:
    found = page_of(request, page_id)
    revision = found.current or found.revisions.first()
    return render(request, "education/page_print.html", shown(request, found, revision))


@staff_only(*WRITERS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, page_id: int) -> HttpResponse:
    found, newest = wording(request, page_id)
    form = WordingForm(request.POST or None, instance=newest, initial={"based_on": newest.number})
    if request.method == "POST" and form.is_valid() and save_wording(request, found, form):
        messages.success(request, _("Saved. People see it once a medical director approves it."))
        return redirect("library_page", found.pk)
    context = {"page": found, "form": form, "placeholders": PLACEHOLDERS.items()}
    return render(request, "education/page_edit.html", context, status=422 if form.errors else 200)


@staff_only(*APPROVERS)
@require_POST
def approve(request: HttpRequest, page_id: int) -> HttpResponse:
    found = page_of(request, page_id)
    revision = get_object_or_404(found.revisions, number=whole(request.POST.get("number")))
    try:
        pages.approve(revision=revision, actor=request.user, now=timezone.now())
        messages.success(request, _("Approved. This is what people read from now on."))
    except pages.PageError as error:
        messages.error(request, str(error))
    return redirect("library_page", found.pk)


@staff_only(*READERS)
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    today = pages.clinic_day(site=request.site, now=timezone.now())
    context = {
        "numbers": directory.numbers(region=region_of(request), audience="patient", language="en"),
        "region": region_of(request),
        "today": today,
        "may_check": request.user.role in CHECKERS,
    }
    return render(request, "education/number_list.html", context)


@staff_only(*CHECKERS)
@require_POST
def check_number(request: HttpRequest, number_id: int) -> HttpResponse:
    number = get_object_or_404(HelpNumber, pk=number_id, region=region_of(request))
    today = pages.clinic_day(site=request.site, now=timezone.now())
    directory.confirm(region=number.region, number=number.number, today=today)
    messages.success(request, _("Thank you. %(number)s is marked as checked today.") % {"number": number.number})
    return redirect("library_numbers")


def page_of(request: HttpRequest, page_id: int) -> Page:
    return get_object_or_404(Page.objects.at(request.site).select_related("current", "site"), pk=page_id)


def wording(request: HttpRequest, page_id: int, number: int | None = None) -> tuple[Page, PageRevision]:
    """The page and the asked wording of it, else the newest."""
    found = page_of(request, page_id)
    revisions = found.revisions.select_related("created_by", "reviewed_by")
    if number is None:
        return found, revisions.first()
    return found, get_object_or_404(revisions, number=number)


def shown(request: HttpRequest, found: Page, revision: PageRevision) -> dict[str, Any]:
    """A wording as people will read it, with the values of the policy in force."""
    known = {}
    if request.site:
        policy = request.site.policies.filter(signed_at__isnull=False).first()
        known = values(site=request.site, policy=policy, audience=found.audience, language=found.language)
    filled = preview(known=known, text=f"{revision.text}\n{revision.sources}")
    return {
        "page": found,
        "revision": revision,
        "html": render_text(text=revision.text, values=filled),
        "sources": render_text(text=revision.sources, values=filled),
        "zone": request.site.timezone if request.site else "UTC",
    }


def save_wording(request: HttpRequest, found: Page, form: WordingForm) -> bool:
    try:
        pages.revise(page=found, actor=request.user, now=timezone.now(), **form.cleaned_data)
    except pages.Stale as error:
        form.add_error(None, str(error))
        return False
    return True


def region_of(request: HttpRequest) -> str:
    return request.site.region if request.site else ""


def whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
