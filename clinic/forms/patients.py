"""A patient's record: taking somebody in, correcting who they are, sending a file of many."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms.laid_out import group, laid_out, row
from clinic.models import Patient

LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
BIGGEST_MEGABYTES = 250


def languages(current: str) -> list[tuple[str, Any]]:
    """English and Spanish, and whatever an import brought."""
    known = {code for code, _name in LANGUAGES}
    return LANGUAGES if not current or current in known else [*LANGUAGES, (current, current)]


class IdentityFields(forms.Form):
    given_name = forms.CharField(label=_("First name"), max_length=120)
    family_name = forms.CharField(label=_("Last name"), max_length=120, required=False)
    preferred_name = forms.CharField(
        label=_("Called"), max_length=60, required=False, help_text=_("What we call them, if it is another name.")
    )
    birth_date = forms.DateField(label=_("Date of birth"), widget=forms.DateInput(attrs={"type": "date"}))
    record_number = forms.CharField(
        label=_("Record number"), max_length=64, required=False, help_text=_("As in your record system.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    interpreter = forms.CharField(
        label=_("Needs an interpreter for"),
        max_length=40,
        required=False,
        help_text=_("The language. Leave it empty where none is needed."),
    )
    guardian = forms.CharField(
        label=_("Legal guardian"),
        max_length=160,
        required=False,
        help_text=_("Name and phone. They agree to who helps. Leave it empty where there is none."),
    )


class PatientForm(IdentityFields):
    """What cannot be dialled or written to is kept as received, so nothing is refused here."""

    phone = forms.CharField(
        label=_("Mobile"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_("Texts go there once the patient has agreed to them."),
    )
    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off"}),
    )
    known_is_fine = forms.BooleanField(
        label=_("This is another person with the same name and date of birth"), required=False
    )

    def __init__(self, *args: Any, ask_if_known: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = laid_out(
            *(["known_is_fine"] if ask_if_known else []),
            group(_("Who"), row("given_name", "family_name"), row("preferred_name", "birth_date")),
            group(_("How to reach them"), row("phone", "email"), row("language", "record_number")),
            group(_("What they need"), row("interpreter", "guardian")),
            button=_("Save"),
        )


class PatientEditForm(IdentityFields):
    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        names = list(IdentityFields.base_fields)
        super().__init__(*args, initial={name: getattr(patient, name) for name in names}, **kwargs)
        self.fields["given_name"].required = False
        self.fields["language"].choices = languages(patient.language)
        self.helper = laid_out(
            row("given_name", "family_name"),
            row("preferred_name", "birth_date"),
            row("record_number", "language"),
            row("interpreter", "guardian"),
            button=_("Save"),
        )


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("FHIR R4 from your record system: NDJSON (one patient a line) or a Bundle, up to 250 MB."),
        max_length=200,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = laid_out("file", button=_("Bring patients in"))

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > BIGGEST_MEGABYTES * 1024 * 1024:
            raise forms.ValidationError(_("The file is larger than 250 MB. Use the command line for it."))
        return file
