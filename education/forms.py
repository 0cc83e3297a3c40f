"""What staff type in the library."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from education.enums import Language
from education.models import PageRevision
from education.placeholders import PLACEHOLDERS
from education.rendering import placeholders_in


class LibraryFilter(forms.Form):
    q = forms.CharField(
        label=_("Words in the page"), required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"})
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("All languages")), *Language.choices]
    )

    def asked(self) -> dict[str, str]:
        """What was asked for; nothing where it makes no sense."""
        return self.cleaned_data if self.is_valid() else {"q": "", "language": ""}


class WordingForm(forms.ModelForm):
    """A new wording of a page, based on the one that stands in the form."""

    based_on = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = PageRevision
        fields = ["summary", "text", "sources"]
        widgets = {"text": forms.Textarea(attrs={"rows": 28}), "sources": forms.Textarea(attrs={"rows": 6})}
        help_texts = {
            "summary": _("One line, shown under the title."),
            "text": _("## begins a part, - a list item, **two stars** make it bold."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].max_length = 20_000
        self.fields["sources"].max_length = 4_000
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(
            "based_on",
            Field("summary"),
            Field("text"),
            Field("sources"),
            Div(Submit("save", _("Save this wording"), css_class="button button--main"), css_class="form-actions"),
        )

    def clean_summary(self) -> str:
        summary: str = self.cleaned_data["summary"]
        if placeholders_in(summary):
            raise forms.ValidationError(_("The summary cannot hold values in brackets."))
        return summary

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if unknown := sorted(placeholders_in(text) - PLACEHOLDERS.keys()):
            names = ", ".join(f"[[{name}]]" for name in unknown)
            raise forms.ValidationError(_("There is no value for %(names)s."), params={"names": names})
        return text
