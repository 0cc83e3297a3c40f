"""Times of the week: one question for a patient's good and bad times and for when a helper can."""

from datetime import time
from typing import Any

from crispy_forms.bootstrap import InlineCheckboxes
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.enums import Weekday
from clinic.forms.laid_out import laid_out, row


def clock_field(label: Any) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time", "step": "900"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget)


class WeekTimesForm(forms.Form):
    """No beginning is the beginning of the day, no end its end."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days"), choices=Weekday.choices, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    starts = clock_field(_("From"))
    ends = clock_field(_("Until"))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if {"starts", "ends"} <= values.keys():
            values["starts"] = values["starts"] or time.min
            values["ends"] = values["ends"] or time(23, 59)
            if values["ends"] <= values["starts"]:
                self.add_error("ends", _("The end must be after the beginning."))
        return values


class WishForm(WeekTimesForm):
    suits = forms.TypedChoiceField(
        label=_("These times"),
        choices=[("no", _("do not suit: never offer them")), ("yes", _("suit best: offer them first"))],
        coerce=lambda word: word == "yes",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts"].help_text = _("Leave both empty for the whole day.")
        self.helper = laid_out(InlineCheckboxes("weekdays"), row("starts", "ends"), "suits", button=_("Add"))
