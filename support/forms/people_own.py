"""A patient names the people who stand by them, by their own link: few fields, plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.forms.patients import LANGUAGES
from support.domain.own_people import Wanted
from support.enums import MayKnow, SupportRole
from support.forms.contact import ContactFields
from support.forms.days import in_our_time
from support.models import Designation

# What the patient agrees to, shown above the button and kept in the words they saw.
WORDS = gettext_lazy(
    "I would like this person to stand by me. The clinic may tell them what I ticked here, and nothing else. "
    "I can take this back at any time."
)
HELPS = {
    SupportRole.RIDE: (gettext_lazy("Takes me home"), gettext_lazy("Meets me at the clinic and goes in with me.")),
    SupportRole.PRESENCE: (gettext_lazy("Sits with me"), gettext_lazy("In the room, quietly, while I am there.")),
    SupportRole.FOLLOWUP: (gettext_lazy("Is there in the evening"), gettext_lazy("Stays, or looks in on me.")),
}
KNOWS = {
    MayKnow.DATES: (gettext_lazy("My dates"), gettext_lazy("When my visits are, all of them.")),
    MayKnow.PROGRESS: (
        gettext_lazy("How the visit goes"),
        gettext_lazy("That it goes well or takes longer. Never what is given, or why."),
    ),
    MayKnow.AFTERCARE: (
        gettext_lazy("What helps afterwards"),
        gettext_lazy("What to look out for in the evening, and whom to call."),
    ),
    MayKnow.REPORT: (
        gettext_lazy("They may tell the clinic how I am"),
        gettext_lazy("The clinic reads it. Nothing about me comes back to them."),
    ),
    MayKnow.CONTACT: (
        gettext_lazy("They may be asked if I do not answer"),
        gettext_lazy("The clinic may ask them whether I am all right."),
    ),
}
AT_FIRST = [MayKnow.DATES, MayKnow.PROGRESS, MayKnow.AFTERCARE, MayKnow.REPORT]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One box, its words and one plain sentence."""

    name: str
    value: str
    title: str
    note: str
    checked: bool


def words(value: str) -> str:
    """``ride`` as "Takes me home", ``dates`` as "My dates"."""
    known: dict[str, tuple[Any, Any]] = {**HELPS, **KNOWS}
    return str(known[value][0])


class OwnFields(forms.Form):
    relationship = forms.CharField(label=gettext_lazy("Who they are to you"), required=False, max_length=60)
    roles = forms.MultipleChoiceField(choices=SupportRole.choices, required=False, label=gettext_lazy("Helps with"))
    may_know = forms.MultipleChoiceField(choices=MayKnow.choices, required=False, label=gettext_lazy("May know"))
    call_first = forms.BooleanField(required=False, label=gettext_lazy("Call first in an emergency"))
    until = forms.DateField(
        required=False,
        label=gettext_lazy("Until when? You can leave this empty."),
        validators=[in_our_time],
        widget=forms.DateInput(attrs={"type": "date", "class": "field"}, format="%Y-%m-%d"),
    )
    ask_first = forms.BooleanField(required=False, label=gettext_lazy("Ask this person first"))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("roles") and not cleaned.get("call_first"):
            self.add_error("roles", _("Tick at least one thing this person helps with."))
        return cleaned

    def wanted(self) -> Wanted:
        names = ("roles", "may_know", "relationship", "call_first", "ask_first", "until")
        return Wanted(**{name: self.cleaned_data[name] for name in names}, wording=str(WORDS))

    @property
    def helps(self) -> list[Choice]:
        return self._choices("roles", HELPS)

    @property
    def knows(self) -> list[Choice]:
        return self._choices("may_know", KNOWS)

    @property
    def emergency(self) -> Choice:
        note = _("If something is wrong and the clinic cannot reach you. One person can be the first.")
        return self._one("call_first", _("Call first in an emergency"), note)

    @property
    def first(self) -> Choice:
        return self._one("ask_first", _("Ask this person first"), _("Before the others on your list."))

    def _choices(self, name: str, said: dict[Any, tuple[Any, Any]]) -> list[Choice]:
        ticked: Sequence[str] = self[name].value() or []
        return [
            Choice(name=name, value=value, title=title, note=note, checked=value in ticked)
            for value, (title, note) in said.items()
        ]

    def _one(self, name: str, title: str, note: str) -> Choice:
        return Choice(name=name, value="yes", title=title, note=note, checked=bool(self[name].value()))


class OwnPersonForm(OwnFields, ContactFields):
    """Somebody new."""

    given_name = forms.CharField(label=gettext_lazy("First name"), max_length=120)
    family_name = forms.CharField(label=gettext_lazy("Last name"), required=False, max_length=120)
    language = forms.ChoiceField(label=gettext_lazy("Their language"), choices=LANGUAGES)
    is_adult = forms.BooleanField(required=False, label=gettext_lazy("18 or older"))

    def __init__(self, *args: Any, region: str, language: str, **kwargs: Any) -> None:
        initial = {
            "roles": [SupportRole.RIDE],
            "may_know": AT_FIRST,
            "language": language if language in dict(LANGUAGES) else "en",
        }
        super().__init__(*args, region=region, initial=initial, **kwargs)
        self.fields["phone"].label = _("Mobile number")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if SupportRole.RIDE in cleaned.get("roles", []) and not cleaned.get("is_adult"):
            self.add_error("is_adult", _("Only somebody who is 18 or older can take you home. If they are, tick this."))
        reachable = {"phone", "email"} & set(self.errors) or cleaned.get("phone") or cleaned.get("email")
        if not reachable:
            self.add_error("phone", _("Give a number or an e-mail address, so that we can reach them."))
        return cleaned

    def person(self) -> dict[str, Any]:
        """By the names of ``SupportPerson``. Who is not said to be 18 is not said to be younger either."""
        names = ("given_name", "family_name", "phone", "email", "language")
        return {name: self.cleaned_data[name] for name in names} | {"is_adult": self.cleaned_data["is_adult"] or None}

    @property
    def adult(self) -> Choice:
        return self._one("is_adult", _("This person is 18 or older"), _("Only an adult can take somebody home."))


class OwnDesignationForm(OwnFields):
    """What somebody on the list may do and know from now on."""

    def __init__(self, *args: Any, designation: Designation, **kwargs: Any) -> None:
        names = ("relationship", "roles", "may_know", "call_first")
        initial = {name: getattr(designation, name) for name in names} | {"until": designation.last_day}
        super().__init__(*args, initial=initial, **kwargs)
