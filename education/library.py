"""What happens to a page: shipped, reworded, approved, opened, found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from education import directory
from education.enums import Audience, PageState, Stage
from education.models import Page, PageRevision, Reading
from education.placeholders import NUMBERS, PLACEHOLDERS, POLICY
from education.rendering import placeholders_in

CONTENT = Path(__file__).parent / "content"
REVIEW_EVERY = timedelta(days=365)
APPROVERS = frozenset({"director"})
WHO, WHEN = Audience.values, Stage.values

# A helper may not know what the visit is for, so a page for helpers never says it.
UNTOLD = re.compile(
    r"\b(k-?hole|(es)?ketamin\w*|(es)?ketamín\w*|spravato|psychedelic\w*|psicod[eé]lic\w*|antidepress\w*"
    r"|antidepresiv\w*|depress\w*|depresi[oó]n\w*|anxiety|ansiedad|bipolar\w*|ptsd|tept)\b",
    re.IGNORECASE,
)


class PageError(Exception):
    """Refused, with a sentence for the person who asked."""


class Stale(PageError):
    """Somebody else reworded or approved the page meanwhile."""


class NotReady(PageError):
    """The text cannot be shown to people as it is."""


@dataclass(frozen=True)
class Row:
    """A page as the library lists it."""

    page: Page
    state: PageState
    summary: str

    @property
    def needs_approval(self) -> bool:
        return self.state in {PageState.WAITING, PageState.CHANGED, PageState.REVIEW_DUE}


@dataclass(frozen=True)
class Shipped:
    """One file of ``content/``: front matter, text and sources, parted by lines of ``---``."""

    language: str
    audience: str
    stage: str
    title: str
    summary: str
    text: str
    sources: str

    @property
    def slug(self) -> str:
        return f"{self.audience}-{self.stage}"


def shipped() -> Iterator[Shipped]:
    for file in sorted(CONTENT.glob("*/*.md")):
        _nothing, front, text, sources = re.split(r"^---\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        facts = dict(line.split(": ", 1) for line in front.splitlines())
        audience, stage = file.stem.split("-")
        yield Shipped(
            language=file.parent.name,
            audience=Audience(audience),
            stage=Stage(stage),
            title=facts["title"],
            summary=facts["summary"],
            text=text.strip(),
            sources=sources.strip(),
        )


@transaction.atomic
def sync(*, site: Any, now: datetime) -> int:
    """Gives the site its pages and help numbers. Answers how many wordings are new; a second call brings none.

    A later version's wording comes in as a new revision that waits for approval; what is approved stays in use.
    """
    directory.sync(now=now)
    return sum(bring_in(site=site, wording=wording, now=now) for wording in shipped())


def bring_in(*, site: Any, wording: Shipped, now: datetime) -> bool:
    page, _created = Page.objects.get_or_create(
        site=site,
        slug=wording.slug,
        language=wording.language,
        defaults={
            "audience": wording.audience,
            "stage": wording.stage,
            "title": wording.title,
            "created_at": now,
        },
    )
    Page.objects.select_for_update().get(pk=page.pk)
    ours = page.revisions.filter(created_by__isnull=True).first()
    if ours and (ours.text, ours.summary, ours.sources) == (wording.text, wording.summary, wording.sources):
        return False
    page.revisions.create(
        number=page.next_number(),
        text=wording.text,
        summary=wording.summary,
        sources=wording.sources,
        created_at=now,
    )
    return True


@transaction.atomic
def revise(
    *, page: Page, text: str, summary: str, sources: str, based_on: int, actor: Any, now: datetime
) -> PageRevision:
    """A new wording that waits for approval. Raises ``Stale`` where ``based_on`` is no longer the newest number."""
    Page.objects.select_for_update().get(pk=page.pk)
    number = page.next_number()
    if based_on != number - 1:
        raise Stale(_("Somebody saved other changes while you were writing. Your text is kept below."))
    return page.revisions.create(
        number=number, text=text, summary=summary, sources=sources, created_by=actor, created_at=now
    )


@transaction.atomic
def approve(*, revision: PageRevision, actor: Any, now: datetime) -> PageRevision:
    """Publishes a wording, or confirms the one in use for another year. Locks the page.

    Raises ``PermissionDenied`` unless a director asks, ``NotReady`` and ``Stale`` with the reason.
    """
    if actor.role not in APPROVERS:
        raise PermissionDenied
    page = Page.objects.select_for_update(of=["self"]).select_related("site", "current").get(pk=revision.page_id)
    if page.revisions.filter(number__gt=revision.number).exists():
        raise Stale(_("There is a newer wording of this page. Read that one first."))
    refuse_unready(page=page, revision=revision)
    revision.reviewed_by = actor
    revision.reviewed_at = now
    revision.review_due = clinic_day(site=page.site, now=now) + REVIEW_EVERY
    revision.save(update_fields=["reviewed_by", "reviewed_at", "review_due"])
    Page.objects.filter(pk=page.pk).update(current=revision)
    return revision


def refuse_unready(*, page: Page, revision: PageRevision) -> None:
    asked = placeholders_in(revision.text)
    unknown = (asked - PLACEHOLDERS.keys()) | placeholders_in(f"{revision.summary} {revision.sources}")
    if unknown:
        names = get_text_list([f"[[{name}]]" for name in sorted(unknown)], _("and"))
        raise NotReady(_("There is no value for %(names)s here. Mend the text, then approve it.") % {"names": names})
    untold = UNTOLD.search(f"{revision.summary}\n{revision.text}")
    if page.audience == Audience.HELPER and untold:
        raise NotReady(
            _("A helper may not know what the visit is for. Take “%(word)s” out of the text.") % {"word": untold[0]}
        )
    if page.site and asked & POLICY.keys() and not page.site.policies.filter(signed_at__isnull=False).exists():
        raise NotReady(_("This page takes its numbers from the policy. Sign the policy first, then approve it."))
    numbers = asked & NUMBERS.keys()
    if page.site and numbers:
        known = directory.numbers(region=page.site.region, audience=page.audience, language=page.language)
        if numbers - {f"{number.kind}_number" for number in known}:
            raise NotReady(_("We know no help numbers for the region “%(region)s”.") % {"region": page.site.region})


def shelf(*, site: Any, today: date, q: str = "", language: str = "") -> list[Row]:
    """The site's pages in reading order, those with the words ``q`` and in ``language`` where asked."""
    pages = Page.objects.at(site).select_related("current__reviewed_by")
    pages = pages.about(q) if q else pages.with_newest()
    if language:
        pages = pages.filter(language=language)
    in_order = sorted(pages, key=lambda page: (WHO.index(page.audience), WHEN.index(page.stage), page.language))
    return [
        Row(page=page, state=page.state(newest_number=page.newest_number, today=today), summary=page.newest_summary)
        for page in in_order
    ]


def clinic_day(*, site: Any, now: datetime) -> date:
    """Today on the clinic's calendar."""
    return now.astimezone(ZoneInfo(site.timezone) if site else UTC).date()


def published(*, site: Any, audience: str, stage: str, language: str) -> PageRevision | None:
    """The approved wording: the site's own before the shared one, the asked language before English."""
    pages = (
        Page.objects.at(site)
        .filter(audience=audience, stage=stage, language__in=[language, "en"], current__isnull=False)
        .select_related("current")
    )
    best = min(pages, key=lambda page: (page.language != language, page.site_id is None), default=None)
    if best is None or best.current is None:
        return None
    best.current.page = best
    return best.current


def opened(*, revision: PageRevision, reader: str, now: datetime) -> Reading:
    """Remembers the first time only: opening again changes nothing."""
    reading, _created = Reading.objects.get_or_create(revision=revision, reader=reader, defaults={"opened_at": now})
    return reading
