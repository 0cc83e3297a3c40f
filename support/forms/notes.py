"""A note from one desk to the next."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.models import Patient, Site


class NoteForm(forms.Form):
    text = forms.CharField(label=_("Note"), max_length=300)
    day = forms.DateField()
    patient = forms.ModelChoiceField(
        label=_("About"),
        queryset=Patient.objects.none(),
        required=False,
        error_messages={"invalid_choice": _("This patient is not on the list any more.")},
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["patient"].queryset = Patient.objects.filter(site=site)
