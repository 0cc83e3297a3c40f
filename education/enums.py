"""Who a page speaks to, about which part of the visit, and how far it is."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Audience(TextChoices):
    PATIENT = "patient", _("Patients")
    HELPER = "helper", _("Helpers")


class Stage(TextChoices):
    BEFORE = "before", _("Before the visit")
    DURING = "during", _("During the visit")
    AFTER = "after", _("After the visit")


class Language(TextChoices):
    ENGLISH = "en", "English"
    SPANISH = "es", "Español"

    @property
    def search_config(self) -> str:
        """The PostgreSQL text search configuration that knows the language's word endings."""
        return {"en": "english", "es": "spanish"}[self.value]


class NumberKind(TextChoices):
    EMERGENCY = "emergency", _("Emergency")
    CRISIS = "crisis", _("Someone to talk to")


class PageState(TextChoices):
    """What staff see beside a page. ``level`` names the shape and colour of the tag."""

    WAITING = "waiting", _("Waiting for approval")
    CHANGED = "changed", _("Approved, new text waiting")
    REVIEW_DUE = "review_due", _("Review due")
    APPROVED = "approved", _("Approved")

    @property
    def level(self) -> str:
        return {"waiting": "risk", "changed": "calm", "review_due": "risk", "approved": "ok"}[self.value]
