"""Narrowing the message list."""

from typing import Any

from django import forms
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from clinic.domain import patients
from clinic.models import Site
from messaging.enums import MessageStatus
from messaging.models import Message
from support.domain.ledger_words import FAILED
from support.models import Designation

GROUPS = {
    "failed": list(FAILED),
    "waiting": [MessageStatus.PENDING, MessageStatus.SENDING, MessageStatus.UNKNOWN],
    "sent": [MessageStatus.SENT, MessageStatus.DELIVERED],
    "dropped": [MessageStatus.VOID],
}


class LedgerFilter(forms.Form):
    state = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            ("", _("All that matter")),
            ("failed", _("Did not arrive")),
            ("waiting", _("Will go")),
            ("sent", _("Went")),
            ("dropped", _("No longer needed")),
        ],
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

    def rows(self, *, site: Site) -> QuerySet[Message]:
        """Failed ones first, then by time; what is no longer needed only where asked for."""
        asked: dict[str, Any] = self.cleaned_data if self.is_valid() else {}
        rows = Message.objects.filter(site=site)
        if asked.get("state"):
            rows = rows.filter(status__in=GROUPS[asked["state"]])
        else:
            rows = rows.exclude(status=MessageStatus.VOID)
        if asked.get("visit"):
            rows = rows.filter(scope=f"infusion:{asked['visit']}")
        if asked.get("who"):
            rows = rows.filter(recipient__in=_recipients(site, asked["who"]))
        failed_first = Case(When(status__in=FAILED, then=Value(0)), default=Value(1), output_field=IntegerField())
        return rows.order_by(failed_first, "-due_at", "-pk")


def _recipients(site: Site, words: str) -> list[str]:
    """The patient and everybody they named."""
    found = [patient.pk for patient in patients.search(site=site, query=words)]
    named = Designation.objects.filter(patient_id__in=found).values_list("pk", flat=True)
    return [*(f"patient:{pk}" for pk in found), *(f"designation:{pk}" for pk in named)]
