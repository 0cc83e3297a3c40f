"""Narrowing the message list."""

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.enums import Channel
from support.domain.messages_page import TITLES, Asked


class LedgerFilter(forms.Form):
    state = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[("", _("All that matter")), *TITLES.items()],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    who = forms.CharField(
        label=_("Patient or helper"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "class": "form-control", "autocomplete": "off"}),
    )
    channel = forms.ChoiceField(
        label=_("By"),
        required=False,
        choices=[("", _("Any way")), *Channel.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    day = forms.DateField(
        label=_("Day"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"}),
    )
    visit = forms.IntegerField(required=False, min_value=1, max_value=2**31, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=1, max_value=2**31, widget=forms.HiddenInput)

    def asked(self) -> Asked:
        """Nonsense in the address asks for nothing."""
        self.is_valid()
        return Asked(**{name: value for name, value in self.cleaned_data.items() if value})
