"""What staff type where a message's words are changed, and where they look for one."""

from typing import Any

from crispy_forms.bootstrap import StrictButton
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.domain.contacts import plain_text
from support.domain.wording_look import Which
from support.domain.wording_page import READERS, Words

LONGEST = {"subject": 120, "text": 1000}


class WordingFilter(forms.Form):
    q = forms.CharField(
        label=_("Words in it"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    audience = forms.ChoiceField(
        label=_("Who reads it"), required=False, choices=[("", _("Anybody")), *READERS.items()]
    )
    only_own = forms.BooleanField(label=_("Only those we changed"), required=False)

    def asked(self) -> dict[str, Any]:
        """As ``wording_page.rows`` takes it; nothing where it makes no sense."""
        asked = self.cleaned_data if self.is_valid() else {}
        return {
            "query": asked.get("q", ""),
            "audience": asked.get("audience", ""),
            "only_own": asked.get("only_own", False),
        }


class WordingForm(forms.Form):
    """New words, written from those in use when the page was opened: ``based_on`` is their version."""

    based_on = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    subject = forms.CharField(label=_("Subject"), max_length=LONGEST["subject"])
    text = forms.CharField(
        label=_("Words"),
        max_length=LONGEST["text"],
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "true"}),
    )

    def __init__(self, *args: Any, which: Which, used: Words, looks_at: str, **kwargs: Any) -> None:
        """``looks_at``: where the words are looked at without being saved."""
        known = {"based_on": used.version, "subject": used.subject, "text": used.text}
        super().__init__(*args, initial=known | kwargs.pop("initial", {}), **kwargs)
        if which.is_text:
            del self.fields["subject"]
        for name in ("subject", "text"):
            if name in self.fields:
                self.fields[name].widget.attrs["lang"] = which.language
        save = StrictButton(_("Save these words"), type="submit", css_class="button button--main")
        peek = StrictButton(
            _("Look first"), type="submit", css_class="button", formaction=looks_at, formnovalidate=True, data_peek=True
        )
        self.helper = FormHelper()
        self.helper.form_tag, self.helper.disable_csrf = False, True
        fields = [Field(name) for name in self.fields]
        self.helper.layout = Layout(*fields, Div(save, peek, css_class="form-actions"))

    def clean_subject(self) -> str:
        """One line: a header of the e-mail."""
        return plain_text(text=self.cleaned_data["subject"])

    def clean_text(self) -> str:
        """Lines as a phone breaks them, whatever the browser sends."""
        return "\n".join(self.cleaned_data["text"].splitlines())

    def typed(self) -> dict[str, str]:
        """The words as they are being typed, right or not; of what is too long no more than shows that it is."""
        said = {name: str(self.data.get(name, "")) for name in LONGEST}
        said["text"] = "\n".join(said["text"].splitlines())
        return {name: said[name][: longest + 1] for name, longest in LONGEST.items()}
