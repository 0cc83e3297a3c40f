"""What a site is, its rooms and closed days."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.translation import gettext_lazy as _

from clinic.domain import sites, times
from clinic.domain.contacts import read_phone
from clinic.enums import Equipment, Role
from clinic.forms.laid_out import group, laid_out, row
from clinic.models import Room, Site, StaffMember

SHORTEST_WORD = 3


class SiteForm(forms.ModelForm):
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name],
        help_text=_("Every time in this clinic is on this clock."),
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel"}),
        help_text=_("Stands on every page for patients and helpers."),
    )

    never_say = SimpleArrayField(
        forms.CharField(max_length=40, required=False),
        label=_("Words no message may hold"),
        required=False,
        help_text=_("With commas between. Whatever begins so is stopped too. Drugs and diagnoses are stopped anyway."),
    )

    class Meta:
        model = Site
        fields = [
            "name",
            "public_name",
            "timezone",
            "phone",
            "street",
            "city",
            "arrival_note",
            "parking_note",
            "region",
            "never_say",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.name == sites.UNNAMED and not self.instance.phone:
            self.initial |= {"name": "", "public_name": "", "timezone": ""}
            self.fields["timezone"].choices = [("", _("Choose one")), *self.fields["timezone"].choices]
        self.helper = laid_out(
            group(_("Name"), row("name", "public_name"), "never_say"),
            group(_("Where and when"), row("street", "city"), row("timezone", "region")),
            group(_("How to find you"), "phone", row("arrival_note", "parking_note")),
            button=_("Save"),
        )

    def clean_never_say(self) -> list[str]:
        words = [" ".join(word.lower().split()) for word in self.cleaned_data["never_say"]]
        if any(0 < len(word) < SHORTEST_WORD for word in words):
            raise forms.ValidationError(_("A word has three letters or more: shorter ones stand in too many others."))
        return list(dict.fromkeys(word for word in words if word))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        words = {"public_name": cleaned.get("public_name", ""), "never_say": cleaned.get("never_say", [])}
        for field, sentence in sites.telling(**words).items():
            self.add_error(field, sentence)
        number, received = read_phone(text=cleaned.get("phone", ""), region=cleaned.get("region", "US"))
        if received:
            self.add_error("phone", _("This number cannot be dialled. Enter it with the area code."))
        else:
            cleaned["phone"] = number
        return cleaned


class RoomForm(forms.ModelForm):
    equipment = forms.MultipleChoiceField(
        label=_("Equipment"),
        choices=Equipment.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A protocol that needs it is booked into rooms that have it."),
    )

    class Meta:
        model = Room
        fields = ["name", "guest_places", "equipment", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["guest_places"].help_text = _("How many helpers may sit in.")
        self.helper = laid_out(row("name", "guest_places"), "equipment", "is_active", button=_("Save"))

    def clean_name(self) -> str:
        """The site is no field of the form, so the form itself looks whether the name is new there."""
        name = self.cleaned_data["name"]
        others = Room.objects.filter(site=self.instance.site).exclude(pk=self.instance.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is one with this name already."))
        return name


# What lies outside is a slip of the finger, and near the ends of the calendar it could not be reckoned with.
FIRST_YEAR, LAST_YEAR = 2000, 2100


class ClosureForm(forms.Form):
    """From one day to another, whole days unless times are given. In the site's own time."""

    first_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    first_time = forms.TimeField(label=_("at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    last_day = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    last_time = forms.TimeField(label=_("at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    room = forms.ModelChoiceField(
        label=_("Only this room"), queryset=Room.objects.none(), required=False, empty_label=_("The whole clinic")
    )
    clinician = forms.ModelChoiceField(
        label=_("Only this clinician"), queryset=StaffMember.objects.none(), required=False, empty_label=_("Everybody")
    )
    reason = forms.CharField(label=_("Why"), max_length=120, required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        self.fields["room"].queryset = Room.objects.filter(site=site)
        self.fields["clinician"].queryset = StaffMember.objects.filter(sites=site, role=Role.CLINICIAN, is_active=True)
        self.helper = laid_out(
            row("first_day", "first_time"),
            row("last_day", "last_time"),
            row("room", "clinician"),
            "reason",
            button=_("Close this time"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "first_day" not in cleaned or "last_day" not in cleaned:
            return cleaned
        for name in ("first_day", "last_day"):
            if not FIRST_YEAR <= cleaned[name].year <= LAST_YEAR:
                self.add_error(name, _("Look at the year again."))
                return cleaned
        last_day, last_time = cleaned["last_day"], cleaned.get("last_time")
        if last_time is None:
            last_day, last_time = last_day + timedelta(days=1), time.min
        cleaned["starts_at"] = self._moment(cleaned["first_day"], cleaned.get("first_time") or time.min)
        cleaned["ends_at"] = self._moment(last_day, last_time)
        if cleaned["ends_at"] <= cleaned["starts_at"]:
            self.add_error("last_day", _("The end must be after the beginning."))
        return cleaned

    def _moment(self, day: Any, at: time) -> datetime:
        return times.first_valid(day=day, at=at, zone=self.site.zone)

    def closure(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("starts_at", "ends_at", "room", "clinician", "reason")}
