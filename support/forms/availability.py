"""When a helper can help and when they cannot."""

from typing import Any

from crispy_forms.bootstrap import InlineCheckboxes
from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms.laid_out import group, laid_out, row
from clinic.forms.wishes import WeekTimesForm


class AvailabilityForm(WeekTimesForm):
    """Every week on some weekdays, or from one day to another."""

    first_day = forms.DateField(label=_("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    can = forms.TypedChoiceField(
        label=_("At these times"),
        choices=[("no", _("cannot help")), ("yes", _("can help"))],
        coerce=lambda word: word == "yes",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["weekdays"].required = False
        self.fields["last_day"].help_text = _("Leave empty for a single day.")
        self.fields["starts"].help_text = _("Leave both empty for the whole day.")
        self.helper = laid_out(
            group(_("Every week"), InlineCheckboxes("weekdays")),
            group(_("Or some days"), row("first_day", "last_day")),
            group(_("What holds then"), row("starts", "ends"), "can"),
            button=_("Add"),
        )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        first, last = values.get("first_day"), values.get("last_day")
        if not self.errors and bool(values.get("weekdays")) == bool(first):
            self.add_error(None, _("Choose days of the week, or a first day; one of the two."))
        if last and not first:
            self.add_error("first_day", _("Say from which day."))
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first."))
        return values
