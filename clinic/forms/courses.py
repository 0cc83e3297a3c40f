"""Opening a course: what is wished for, and the offered times as the form carries them."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.forms import slot_text
from clinic.forms.laid_out import laid_out, row
from clinic.models import Protocol, Room, Site, StaffMember


class CourseForm(forms.Form):
    protocol = forms.ModelChoiceField(
        label=_("Protocol"), queryset=Protocol.objects.none(), empty_label=_("Choose one")
    )
    first_day = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    prefer = forms.TimeField(
        label=_("Best time of day"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "step": "900"}, format="%H:%M"),
        help_text=_("Leave empty for the earliest."),
    )

    def __init__(self, *args: Any, site: Site, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["protocol"].queryset = Protocol.objects.filter(site=site, is_active=True)
        # Once dates are on the page, booking them is the filled button.
        main = not self.is_bound
        self.helper = laid_out("protocol", row("first_day", "prefer"), button=_("Find dates"), main=main)

    def clean_first_day(self) -> date:
        day = self.cleaned_data["first_day"]
        if day < self.today:
            raise forms.ValidationError(_("This day is over. Choose today or later."))
        return day


class OfferedForm(forms.Form):
    """The times as they were offered, one field with all of them; and the form's own key, against pressing twice."""

    slots = forms.CharField(max_length=8000)
    form_key = forms.UUIDField()

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site

    def clean_slots(self) -> list[Slot]:
        try:
            asked = [slot_text.parts(text) for text in self.cleaned_data["slots"].split()]
            rooms = Room.objects.filter(site=self.site).in_bulk([room for _start, room, _who in asked])
            people = StaffMember.objects.filter(sites=self.site, role=Role.CLINICIAN)
            clinicians = people.in_bulk([clinician for _start, _room, clinician in asked])
            return [Slot(starts_at=start, room=rooms[room], clinician=clinicians[who]) for start, room, who in asked]
        except (ValueError, OverflowError, KeyError):
            raise forms.ValidationError(_("These times are no longer as they were. Look for dates again.")) from None
