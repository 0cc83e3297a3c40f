"""How a person is reached: one number, one address, read as people write them."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout, Submit
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.domain.contacts import read_email, read_phone
from clinic.models.patient import Contact


def dialable(text: str, region: str) -> str:
    """E.164, or a sentence: staff can ask the person again, so nothing is guessed."""
    number, received = read_phone(text=text, region=region)
    if received:
        raise forms.ValidationError(_("This number cannot be dialled. Check it, or leave it empty."))
    return number


def mailable(text: str) -> str:
    address, received = read_email(text=text)
    if received:
        raise forms.ValidationError(_("Mail cannot be sent to this address. Check it, or leave it empty."))
    return address


class ContactFields(forms.Form):
    phone = forms.CharField(
        label=_("Mobile"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    # The text as typed, so that a wrong address is answered in our words.
    email = forms.CharField(
        label=_("E-mail"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region

    def clean_phone(self) -> str:
        return dialable(self.cleaned_data["phone"], self.region)

    def clean_email(self) -> str:
        return mailable(self.cleaned_data["email"])


class ContactForm(ContactFields):
    """Corrects number and address of a patient or a helper."""

    def __init__(self, *args: Any, person: Contact, region: str, **kwargs: Any) -> None:
        initial = {"phone": person.phone or person.phone_as_received, "email": person.email or person.email_as_received}
        super().__init__(*args, region=region, initial=initial, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.layout = Layout(
            "phone",
            "email",
            Div(Submit("save", _("Save"), css_class="button button--main"), css_class="form-actions"),
        )
