"""Naming a support person, and changing what was said about them."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Fieldset, Layout, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms.patients import LANGUAGES
from clinic.models import Patient
from support.domain import own_people, pending
from support.domain.own_people import Wanted
from support.enums import ConsentHow, MayKnow, SupportRole
from support.forms.contact import ContactFields
from support.forms.days import in_our_time
from support.models import Designation, SupportPerson

WORDING = _(
    "“I would like %(name)s to help me. The clinic may tell %(name)s what is ticked here, and nothing else. "
    "I can take this back at any time.”"
)
SOMEBODY_ELSE = "no"
# How a patient says something to staff.
BEFORE_STAFF = [choice for choice in ConsentHow.choices if choice[0] != ConsentHow.OWN_LINK]


def wording(*, name: str) -> str:
    """What the patient agreed to, as it is read out and kept."""
    return str(WORDING) % {"name": name}


class CircleFields(forms.Form):
    """What this patient says about this person."""

    relationship = forms.CharField(label=_("Relationship"), required=False, max_length=60)
    roles = forms.MultipleChoiceField(
        label=_("Helps with"), choices=SupportRole.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    call_first = forms.BooleanField(
        label=_("Call first in an emergency"),
        required=False,
        help_text=_("One person. Whoever it was before is not any more, and is off the list if it was for that alone."),
    )
    rank = forms.IntegerField(label=_("Order"), min_value=1, max_value=20, help_text=_("1 is asked and called first."))
    until = forms.DateField(
        label=_("Last day"),
        required=False,
        validators=[in_our_time],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: until the patient takes it back. After that day they are off the list."),
    )
    may_know = forms.MultipleChoiceField(
        label=_("May know"),
        choices=MayKnow.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Nothing else is shown to this person. Never the treatment, the reason or how the patient answered."
        ),
    )

    guardian_agreed = forms.BooleanField(label=_("The guardian agreed"), required=False)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patient = patient
        if patient.guardian:
            self.fields["guardian_agreed"].help_text = patient.guardian
        else:
            del self.fields["guardian_agreed"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "roles" not in self.errors and not cleaned.get("roles") and not cleaned.get("call_first"):
            self.add_error("roles", _("Say what this person helps with."))
        if self.patient.guardian and self.gives_more(cleaned) and not cleaned.get("guardian_agreed"):
            self.add_error("guardian_agreed", _("Ask the guardian first, then tick this."))
        return cleaned

    def gives_more(self, cleaned: dict[str, Any]) -> bool:
        """Whether it is more than what was agreed to before."""
        return True

    @property
    def guardian_field(self) -> list[str]:
        return ["guardian_agreed"] if "guardian_agreed" in self.fields else []

    def wanted(self, words: str) -> Wanted:
        """``words``: what the patient agreed to."""
        if self.cleaned_data.get("guardian_agreed"):
            words = pending.with_guardian(words, patient=self.patient)
        names = ("relationship", "roles", "rank", "may_know", "call_first", "until")
        return Wanted(**{name: self.cleaned_data[name] for name in names}, wording=words)


class PersonForm(CircleFields, ContactFields):
    """A new support person. Asks whether it is somebody known, where the number is known."""

    given_name = forms.CharField(label=_("First name"), max_length=120)
    family_name = forms.CharField(label=_("Last name"), required=False, max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    is_adult = forms.BooleanField(
        label=_("Is 18 or older"), required=False, help_text=_("Only an adult can take somebody home.")
    )
    consent_how = forms.ChoiceField(label=_("The patient agreed"), choices=BEFORE_STAFF)
    same_person = forms.ChoiceField(label=_("Is it the same person?"), required=False, widget=forms.RadioSelect)

    def __init__(self, *args: Any, patient: Patient, next_rank: int, region: str, **kwargs: Any) -> None:
        initial = {
            "rank": next_rank,
            "roles": [SupportRole.RIDE],
            "may_know": [MayKnow.DATES, MayKnow.PROGRESS, MayKnow.AFTERCARE, MayKnow.REPORT],
            "language": patient.language if patient.language in dict(LANGUAGES) else "en",
        }
        super().__init__(*args, patient=patient, region=region, initial=initial, **kwargs)
        self.known: list[SupportPerson] = []
        if self.is_bound:
            self._look_for_known()
        if not self.known:
            del self.fields["same_person"]
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = self._layout()

    def _look_for_known(self) -> None:
        """Everybody here with the number that was typed, before the form is drawn or checked."""
        try:
            number = self.fields["phone"].clean(self.data.get("phone", ""))
            self.cleaned_data = {"phone": number}
            number = self.clean_phone()
        except forms.ValidationError:
            return
        if number:
            self.known = list(SupportPerson.objects.filter(site=self.patient.site, phone=number)[:5])
        choices = [(str(person.pk), _("Yes, it is %(name)s") % {"name": person.full_name}) for person in self.known]
        self.fields["same_person"].choices = [*choices, (SOMEBODY_ELSE, _("No, somebody else with the same number"))]

    def _layout(self) -> Layout:
        same = [Div("same_person", css_class="alert alert--risk same-person")] if self.known else []
        return Layout(
            *same,
            Fieldset(
                _("Who"),
                Div("given_name", "family_name", css_class="row"),
                Div("phone", "email", css_class="row"),
                Div("relationship", "language", css_class="row"),
                "is_adult",
                css_class="group",
            ),
            Fieldset(_("What for"), "roles", "call_first", "rank", "until", css_class="group"),
            Fieldset(_("What this person may know"), "may_know", css_class="group"),
            Fieldset(
                _("The patient’s word"),
                HTML('{% include "support/desk/parts/wording.html" %}'),
                "consent_how",
                *self.guardian_field,
                css_class="group",
            ),
            Div(Submit("save", _("Save and invite"), css_class="button button--main"), css_class="form-actions"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if SupportRole.RIDE in cleaned.get("roles", []) and not cleaned.get("is_adult") and not self.chosen:
            self.add_error("is_adult", _("Only an adult can take somebody home. Ask, then tick this."))
        if self.known and not cleaned.get("same_person") and "same_person" not in self.errors:
            self.add_error("same_person", _("We know this number already. Please say whether it is the same person."))
        return cleaned

    @property
    def chosen(self) -> SupportPerson | None:
        """The known person this is, where staff said so."""
        answer = self.cleaned_data.get("same_person")
        return next((person for person in self.known if str(person.pk) == answer), None)

    def person(self) -> dict[str, Any]:
        names = ("given_name", "family_name", "phone", "email", "language", "is_adult")
        return {name: self.cleaned_data[name] for name in names}


class DesignationForm(CircleFields):
    """Changes roles, order and what the person may know; records an age that was not known yet."""

    is_adult = forms.BooleanField(
        label=_("Is 18 or older"), required=False, help_text=_("Only an adult can take somebody home.")
    )
    consent_how = forms.ChoiceField(
        label=_("The patient agreed"),
        choices=BEFORE_STAFF,
        help_text=_("Kept with these words where something more is ticked."),
    )

    def __init__(self, *args: Any, designation: Designation, **kwargs: Any) -> None:
        names = ("relationship", "roles", "rank", "may_know", "call_first")
        self.designation = designation
        initial = {name: getattr(designation, name) for name in names}
        initial |= {"is_adult": designation.person.is_adult, "until": designation.last_day}
        super().__init__(*args, patient=designation.patient, initial=initial, **kwargs)
        if designation.person.is_adult:
            del self.fields["is_adult"]
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(
            "relationship",
            "roles",
            *(["is_adult"] if "is_adult" in self.fields else []),
            "call_first",
            "rank",
            *([] if designation.person.is_escort else ["until"]),
            "may_know",
            HTML('{% include "support/desk/parts/wording.html" %}'),
            "consent_how",
            *self.guardian_field,
            Div(Submit("save", _("Save"), css_class="button button--main"), css_class="form-actions"),
        )

    def gives_more(self, cleaned: dict[str, Any]) -> bool:
        if self.errors:
            return False
        until = own_people.end_of(day=cleaned["until"], patient=self.patient)
        return own_people.gives_more(wanted=cleaned | {"valid_until": until}, designation=self.designation)


class KeptForm(forms.Form):
    """What a patient asked for by their own link, said to staff once more."""

    consent_how = forms.ChoiceField(label=_("The patient says so"), choices=BEFORE_STAFF)
    guardian_agreed = forms.BooleanField(label=_("The guardian agreed"), required=False)
