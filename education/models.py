"""Education pages, who approved them, who opened them, and the numbers people call in need."""

from datetime import date

import pghistory
import pgtrigger
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import Case, Max, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from education.enums import Audience, Language, NumberKind, PageState, Stage


def tracked(model: type[models.Model]) -> type[models.Model]:
    """Every insert, update and delete leaves an event row that cannot be changed."""
    track = pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), append_only=True)
    return track(model)


class PageQuerySet(models.QuerySet["Page"]):
    def at(self, site: models.Model | None) -> "PageQuerySet":
        """The site's own pages and those that belong to every site."""
        return self.filter(Q(site=site) | Q(site__isnull=True))

    def with_newest(self) -> "PageQuerySet":
        """Adds ``newest_number``, ``newest_summary`` and ``newest_text``, approved or not."""
        newest = PageRevision.objects.filter(page=OuterRef("pk")).order_by("-number")
        return self.annotate(
            newest_number=Subquery(newest.values("number")[:1]),
            newest_summary=Subquery(newest.values("summary")[:1]),
            newest_text=Subquery(newest.values("text")[:1]),
        )

    def about(self, words: str) -> "PageQuerySet":
        """Full-text search in title, summary and newest text, in each page's own language."""
        config = Case(
            *(When(language=language, then=Value(language.search_config)) for language in Language),
            default=Value("simple"),
        )
        pages = self.with_newest().annotate(search_config=config)
        vector = SearchVector("title", "newest_summary", "newest_text", config=models.F("search_config"))
        query = SearchQuery(words, search_type="websearch", config=models.F("search_config"))
        return pages.annotate(found=vector).filter(Q(found=query) | Q(title__icontains=words))


@tracked
class Page(models.Model):
    """One subject for one audience in one language. Without a site it serves every site."""

    site = models.ForeignKey("clinic.Site", on_delete=models.CASCADE, null=True, blank=True, related_name="pages")
    slug = models.SlugField(_("short name"), max_length=60)
    audience = models.CharField(_("for"), max_length=8, choices=Audience.choices)
    stage = models.CharField(_("about"), max_length=8, choices=Stage.choices)
    language = models.CharField(_("language"), max_length=8, choices=Language.choices, default=Language.ENGLISH)
    title = models.CharField(_("title"), max_length=80, help_text=_("Keep it neutral: others may see it."))
    current = models.ForeignKey(
        "education.PageRevision", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ["audience", "stage", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "slug", "language"], name="page_slug_once_per_site", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["site", "audience", "stage", "language"], name="page_once_per_stage", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(audience__in=Audience.values), name="page_audience_known"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="page_stage_known"),
        ]

    def __str__(self) -> str:
        return self.title

    def state(self, *, newest_number: int, today: date) -> PageState:
        if self.current is None:
            return PageState.WAITING
        if newest_number > self.current.number:
            return PageState.CHANGED
        if self.current.review_due <= today:
            return PageState.REVIEW_DUE
        return PageState.APPROVED

    def next_number(self) -> int:
        return (self.revisions.aggregate(last=Max("number"))["last"] or 0) + 1


@tracked
class PageRevision(models.Model):
    """One wording of a page. The words never change; a director's approval publishes them. No author: shipped by us."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    text = models.TextField(_("text"))
    summary = models.CharField(_("summary"), max_length=160)
    sources = models.TextField(_("where this comes from"), blank=True)
    created_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_due = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["page", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="page_revision_number_once"),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True, reviewed_at__isnull=True, review_due__isnull=True)
                | Q(reviewed_by__isnull=False, reviewed_at__isnull=False, review_due__isnull=False),
                name="page_revision_reviewed_by_somebody",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="words_stay", fields=["page", "number", "text", "summary", "sources", "created_by", "created_at"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.number}"

    @property
    def is_published(self) -> bool:
        return self.reviewed_at is not None


class Reading(models.Model):
    """The first time a person opened a wording. ``reader`` is an opaque name such as ``designation:5``."""

    revision = models.ForeignKey(PageRevision, on_delete=models.CASCADE, related_name="readings")
    reader = models.CharField(max_length=40)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [models.UniqueConstraint(fields=["revision", "reader"], name="reading_first_time_only")]
        # Asked by the handover: did this person open tonight's instructions?
        indexes = [models.Index(fields=["reader"], name="reading_reader")]

    def __str__(self) -> str:
        return f"{self.reader} {self.revision_id}"


@tracked
class HelpNumber(models.Model):
    """A number to call in need. Data with a review date, never text in a page."""

    region = models.CharField(_("region"), max_length=8)
    audience = models.CharField(_("for"), max_length=8, choices=Audience.choices)
    language = models.CharField(_("language"), max_length=8, choices=Language.choices)
    kind = models.CharField(_("kind"), max_length=10, choices=NumberKind.choices)
    place = models.PositiveSmallIntegerField(_("order"), default=1)
    label = models.CharField(_("name"), max_length=80)
    number = models.CharField(_("number"), max_length=20)
    by_text = models.BooleanField(_("by text message only"), default=False)
    note = models.CharField(_("how it works"), max_length=160, blank=True)
    source = models.CharField(_("source"), max_length=120)
    reviewed_on = models.DateField(_("checked on"))
    review_due = models.DateField(_("check again by"))

    class Meta:
        ordering = ["region", "audience", "language", "-kind", "place"]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "audience", "language", "kind", "place"], name="help_number_place_once"
            ),
            models.CheckConstraint(
                condition=Q(review_due__gt=models.F("reviewed_on")), name="help_number_checked_again_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.number}"

    @property
    def href(self) -> str:
        digits = "".join(c for c in self.number if c.isdigit() or c == "+")
        return f"sms:{digits}" if self.by_text else f"tel:{digits}"
