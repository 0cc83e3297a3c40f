"""Education pages for the person behind a link, filled with their clinic's own numbers."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from clinic.domain import policies
from clinic.models import Infusion
from education import library, placeholders, rendering
from education import this_hour as hours
from education.enums import Stage
from education.models import PageRevision
from support.enums import LinkPurpose, MayKnow
from support.models import Link
from support.views.by_link import by_link, language_of


@require_safe
@by_link(LinkPurpose.HELPER, LinkPurpose.PATIENT)
def page(request: HttpRequest, stage: str) -> HttpResponse:
    revision = revision_for(request.link, stage=stage)
    if revision is None:
        raise Http404
    values = values_for(request.link, language=revision.page.language)
    html = rendering.render(revision=revision, values=values)
    library.opened(revision=revision, reader=reader(request.link), now=request.now)
    sources = rendering.render_text(text=revision.sources, values={})
    shown = {"html": html, "sources": sources, "revision": revision, "key": request.link_key, "site": request.link.site}
    return render(request, "support/reading.html", shown)


def reader(link: Link) -> str:
    """Opaque to the library: ``designation:5`` or ``patient:7``."""
    return f"designation:{link.designation_id}" if link.designation_id else f"patient:{link.patient_id}"


def revision_for(link: Link, *, stage: str) -> PageRevision | None:
    """The approved page of this stage, if this reader may have it."""
    if stage not in Stage.values:
        return None
    if link.designation is not None and stage == Stage.AFTER and not link.designation.allows(MayKnow.AFTERCARE):
        return None
    return library.published(site=link.site, audience=link.purpose, stage=stage, language=language_of(link))


def values_for(link: Link, *, language: str) -> dict[str, str]:
    """The clinic's own numbers, in the language of the page they stand in."""
    policy = policies.current(site=link.site)
    return placeholders.values(site=link.site, policy=policy, audience=link.purpose, language=language)


def whole(link: Link, *, stage: str) -> SafeString:
    """All of a page, for paper; empty where nothing is approved or this reader may not have it."""
    revision = revision_for(link, stage=stage)
    if revision is None:
        return SafeString("")
    return rendering.render(revision=revision, values=values_for(link, language=revision.page.language))


def this_hour(link: Link, *, visit: Infusion, now: datetime) -> SafeString:
    """What matters at this hour after the visit's treatment began; empty before it, or where nothing is approved."""
    if visit.started_at is None:
        return SafeString("")
    revision = revision_for(link, stage=Stage.AFTER)
    if revision is None:
        return SafeString("")
    since = (now - visit.started_at).total_seconds() / 3600
    return hours.block(revision=revision, hours_since=since, values=values_for(link, language=revision.page.language))
