"""Signing up, inviting colleagues, the quick PIN."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from clinic.domain.contacts import read_email
from clinic.enums import Role
from clinic.forms.laid_out import laid_out, row
from clinic.models import StaffMember

PIN_INPUT = {"inputmode": "numeric", "autocomplete": "off", "pattern": "[0-9]*", "maxlength": "6"}


def read_address(text: str) -> str:
    address, received = read_email(text=text)
    if received:
        raise forms.ValidationError(_("Mail cannot be sent to this address. Check it."))
    return address


class PasswordFields(forms.Form):
    """A new password, twice, held against the rules in settings."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        help_text=_("At least 12 characters. Three or four words are easy to remember."),
    )
    again = forms.CharField(
        label=_("Password again"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )

    def person(self) -> StaffMember:
        """Whose password it will be: it must not look like their name or e-mail."""
        return StaffMember(**{name: self.cleaned_data.get(name, "") for name in ("full_name", "email")})

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password = cleaned.get("password")
        if password and cleaned.get("again") and password != cleaned["again"]:
            self.add_error("again", _("The two passwords are not the same."))
        elif password:
            try:
                password_validation.validate_password(password, self.person())
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class FirstAdministratorForm(PasswordFields):
    code = forms.CharField(
        label=_("One-time code"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("It stands in the window where Homeward was started."),
    )
    full_name = forms.CharField(label=_("Your name"), max_length=120)
    email = forms.CharField(label=_("Your e-mail"), max_length=254, widget=forms.EmailInput())
    role = forms.ChoiceField(
        label=_("You are"),
        choices=[(Role.ADMIN, _("The administrator")), (Role.DIRECTOR, _("The medical director"))],
        help_text=_("The medical director signs the rules. Others are invited later."),
    )

    field_order = ["code", "full_name", "email", "role", "password", "again"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = laid_out(*self.field_order, button=_("Begin"))

    def clean_email(self) -> str:
        return read_address(self.cleaned_data["email"])

    def fields_of_person(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("full_name", "email", "role", "password")}


class JoinForm(PasswordFields):
    def __init__(self, *args: Any, staff: StaffMember, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff = staff
        self.helper = laid_out("password", "again", button=_("Start working"))

    def person(self) -> StaffMember:
        return self.staff


class InviteForm(forms.Form):
    full_name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.CharField(label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.FRONT_DESK)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = laid_out("full_name", row("email", "role"), button=_("Invite"))

    def clean_email(self) -> str:
        return read_address(self.cleaned_data["email"])


class StaffForm(forms.Form):
    full_name = forms.CharField(label=_("Name"), max_length=120)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    is_active = forms.BooleanField(
        label=_("May sign in"), required=False, help_text=_("Take this away when somebody leaves. Nothing is deleted.")
    )

    def __init__(self, *args: Any, staff: StaffMember, **kwargs: Any) -> None:
        names = ("full_name", "role", "is_active")
        super().__init__(*args, initial={name: getattr(staff, name) for name in names}, **kwargs)
        self.helper = laid_out(row("full_name", "role"), "is_active", button=_("Save"))


class PinForm(forms.Form):
    """A quick PIN; the password shows that it is really you."""

    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), strip=False
    )
    pin = forms.CharField(
        label=_("New PIN"),
        max_length=6,
        widget=forms.PasswordInput(attrs=PIN_INPUT),
        help_text=_("Four to six digits."),
    )
    again = forms.CharField(label=_("New PIN again"), max_length=6, widget=forms.PasswordInput(attrs=PIN_INPUT))

    def __init__(self, *args: Any, staff: StaffMember, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff = staff
        self.helper = laid_out("password", row("pin", "again"), button=_("Save the PIN"))

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        if not self.staff.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("pin") and cleaned.get("again") and cleaned["pin"] != cleaned["again"]:
            self.add_error("again", _("The two PINs are not the same."))
        return cleaned


class SwitchForm(forms.Form):
    staff = forms.ModelChoiceField(
        label=_("Who are you?"), queryset=StaffMember.objects.none(), empty_label=None, widget=forms.RadioSelect
    )
    pin = forms.CharField(label=_("Your PIN"), max_length=6, widget=forms.PasswordInput(attrs=PIN_INPUT))

    def __init__(self, *args: Any, people: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = StaffMember.objects.filter(pk__in=people, is_active=True).exclude(quick_pin="")
        self.fields["staff"].queryset = known
        self.helper = laid_out("staff", "pin", button=_("Take over"))
