"""Another way home for one visit: a watched ride, a longer stay, a paid escort; and the clinic's list of escorts."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from clinic.enums import Rung
from clinic.forms.laid_out import laid_out, row
from clinic.models import Infusion
from support.enums import ConsentHow
from support.forms.contact import ContactFields
from support.models import SupportPerson

WORDING = _(
    "“%(name)s, whom the clinic knows, may take me home after this visit. The clinic may tell %(name)s when it is, "
    "that it is going well or late, and what to look out for. I can take this back at any time.”"
)


def wording(*, name: str) -> str:
    """What the patient agrees to, as it is read out and kept."""
    return str(WORDING) % {"name": name}


class MomentField(forms.CharField):
    """A moment that a page carried, as it wrote it."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise forms.ValidationError(_("Please open the page again.")) from error
        if moment.tzinfo is None:
            raise forms.ValidationError(_("Please open the page again."))
        return moment


class ForOneTime(forms.Form):
    """Bound where it is the form that was sent: ``part`` names it among those of the page."""

    part = ""
    for_starts_at = MomentField()

    def __init__(self, data: Any = None, *, infusion: Infusion, **kwargs: Any) -> None:
        is_sent = bool(data) and f"{self.part}-for_starts_at" in data
        initial = {"for_starts_at": infusion.starts_at.isoformat()}
        super().__init__(data if is_sent else None, prefix=self.part, initial=initial, **kwargs)
        self.infusion = infusion


class ArrangementForm(ForOneTime):
    """``says`` makes one line of what was typed: how, and who makes sure of it."""

    rung: Rung
    says: Promise

    def given(self) -> dict[str, Any]:
        """What ``arrangements.arrange`` wants to know."""
        typed = {
            name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in self.cleaned_data.items()
        }
        details = str(self.says) % typed
        return {"rung": self.rung, "details": details, "for_starts_at": self.cleaned_data["for_starts_at"]}


class WatchedRideForm(ArrangementForm):
    part, rung = "ride", Rung.WATCHED_RIDE
    says = _("%(ride)s, home by %(home_by)s; %(watcher)s watches it")

    ride = forms.CharField(
        label=_("The ride"), max_length=120, help_text=_("Firm and booking, such as “City Cabs, booking 4412”.")
    )
    watcher = forms.CharField(
        label=_("Who watches it"), max_length=80, help_text=_("Sees the patient in, and phones at the door.")
    )
    home_by = forms.TimeField(label=_("Home by"), widget=forms.TimeInput(attrs={"type": "time"}))


class LongerStayForm(ArrangementForm):
    part, rung = "stay", Rung.EXTENDED_STAY
    says = _("%(watcher)s looks after them; then home: %(home)s")

    watcher = forms.CharField(label=_("Who looks after them until then"), max_length=80)
    home = forms.CharField(label=_("How they go home then"), max_length=120)


class EscortBookingForm(ForOneTime):
    part = "escort"

    escort = forms.ModelChoiceField(
        label=_("Escort"), queryset=SupportPerson.objects.none(), widget=forms.RadioSelect, empty_label=None
    )
    has_agreed = forms.BooleanField(
        label=_("I spoke with the escort: they come, and texts about it are welcome"),
    )
    consent_how = forms.ChoiceField(
        label=_("The patient agreed"), choices=[c for c in ConsentHow.choices if c[0] != ConsentHow.OWN_LINK]
    )
    guardian_agreed = forms.BooleanField(
        label=_("The guardian agreed"), error_messages={"required": _("Ask the guardian first, then tick this.")}
    )

    def __init__(self, data: Any = None, *, escorts: list[SupportPerson], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["escort"].queryset = SupportPerson.objects.filter(pk__in=[row.pk for row in escorts])
        self.fields["escort"].choices = [(row.pk, _named(row)) for row in escorts]
        self.fields["consent_how"].help_text = wording(name=say("this person"))
        if self.infusion.patient.guardian:
            self.fields["guardian_agreed"].help_text = self.infusion.patient.guardian
        else:
            del self.fields["guardian_agreed"]

    def given(self) -> dict[str, Any]:
        """What ``escorts.book`` wants to know."""
        names = ("escort", "consent_how", "for_starts_at", "guardian_agreed")
        taken = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        return {**taken, "wording": wording(name=taken["escort"].full_name)}


class EscortForm(ContactFields):
    """Somebody of the clinic's list of paid escorts."""

    given_name = forms.CharField(label=_("First name"), max_length=120)
    family_name = forms.CharField(label=_("Last name"), required=False, max_length=120)
    escort_terms = forms.CharField(
        label=_("Firm and price"), max_length=160, help_text=_("As you tell the patient, such as “Homesafe, $45”.")
    )
    is_adult = forms.BooleanField(label=_("Is 18 or older"), help_text=_("Only an adult can take somebody home."))
    is_active = forms.BooleanField(
        label=_("Can be booked"), required=False, help_text=_("Without it, the name is put away and nobody books it.")
    )

    def __init__(self, *args: Any, escort: SupportPerson | None = None, **kwargs: Any) -> None:
        names = ("given_name", "family_name", "phone", "email", "escort_terms", "is_adult", "is_active")
        known = {name: getattr(escort, name) for name in names} if escort is not None else {"is_active": True}
        super().__init__(*args, initial=known, **kwargs)
        button: Promise = _("Save") if escort is not None else _("Add to the list")
        parts = [
            row("given_name", "family_name"),
            row("phone", "email"),
            "escort_terms",
            "is_adult",
            *(["is_active"] if escort is not None else []),
        ]
        if escort is None:
            del self.fields["is_active"]
        self.helper = laid_out(*parts, button=button)

    def clean_phone(self) -> str:
        number = super().clean_phone()
        if not number:
            raise forms.ValidationError(_("An escort needs a number: the desk calls it, and the link goes there."))
        return number

    def kept(self) -> dict[str, Any]:
        """What ``escorts.keep`` wants to know."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "is_adult"}
        return {"is_active": True, **values}


def _named(escort: SupportPerson) -> str:
    return f"{escort.full_name} · {escort.escort_terms}" if escort.escort_terms else escort.full_name
