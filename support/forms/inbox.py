"""Narrowing the inbox."""

from django import forms
from django.utils.translation import gettext_lazy as _


class InboxFilter(forms.Form):
    """Without an answer: what waits."""

    show = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[("", _("What waits for a person")), ("all", _("All texts"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    who = forms.CharField(
        label=_("Name or number"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "class": "form-control", "autocomplete": "off"}),
    )

    @property
    def who_asked(self) -> str:
        return str(self.cleaned_data["who"]) if self.is_valid() else ""

    @property
    def is_narrowed(self) -> bool:
        return self.is_valid() and any(self.cleaned_data.values())

    @property
    def only_waiting(self) -> bool:
        """Who looks for somebody looks through everything."""
        return not self.is_narrowed
