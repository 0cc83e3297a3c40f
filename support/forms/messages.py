"""Narrowing the message list."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from clinic.domain import patients
from clinic.models import Site
from messaging.enums import MessageStatus
from messaging.models import Message
from support.domain.ledger_words import GROUPS, WAITING
from support.models import Designation

WAITS = Q(status__in=WAITING)
GROUP = Case(
    *(When(status__in=statuses, then=Value(place)) for place, (_title, statuses) in enumerate(GROUPS.values())),
    output_field=IntegerField(),
)


class LedgerFilter(forms.Form):
    state = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[("", _("All that matter")), *((name, title) for name, (title, _statuses) in GROUPS.items())],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    who = forms.CharField(
        label=_("Patient"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "class": "form-control", "autocomplete": "off"}),
    )
    visit = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    @property
    def is_narrowed(self) -> bool:
        return self.is_valid() and any(self.cleaned_data.values())

    def rows(self, *, site: Site, soon: datetime) -> QuerySet[Message]:
        """What did not arrive, what goes (the next first), what went (the newest first).

        Where nothing is asked for, only what goes before ``soon``, and nothing that is no longer needed.
        """
        asked: dict[str, Any] = self.cleaned_data if self.is_narrowed else {}
        rows = Message.objects.filter(site=site)
        if not asked:
            rows = rows.exclude(WAITS, due_at__gte=soon)
        if asked.get("state"):
            rows = rows.filter(status__in=GROUPS[asked["state"]][1])
        else:
            rows = rows.exclude(status=MessageStatus.VOID)
        if asked.get("visit"):
            rows = rows.filter(scope=f"infusion:{asked['visit']}")
        if asked.get("who"):
            rows = rows.filter(recipient__in=_recipients(site, asked["who"]))
        return rows.order_by(GROUP, Case(When(WAITS, then=F("due_at"))), Coalesce("sent_at", "due_at").desc(), "-pk")

    def later(self, *, site: Site, soon: datetime) -> int:
        """How many go after that and are left out."""
        return 0 if self.is_narrowed else Message.objects.filter(WAITS, site=site, due_at__gte=soon).count()


def _recipients(site: Site, words: str) -> list[str]:
    """The patient and everybody they named."""
    found = [patient.pk for patient in patients.search(site=site, query=words)]
    named = Designation.objects.filter(patient_id__in=found).values_list("pk", flat=True)
    return [*(f"patient:{pk}" for pk in found), *(f"designation:{pk}" for pk in named)]
