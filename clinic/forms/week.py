"""Hours for each day of a week, with one break: opening hours of a site, working hours of a clinician."""

from collections.abc import Iterable
from datetime import time
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from clinic.enums import Weekday

Span = tuple[int, time, time]
PARTS = (("from", _("from")), ("to", _("to")), ("again", _("after a break, from")), ("until", _("until")))


class WeekForm(forms.Form):
    """Both ends empty: nothing on that day."""

    def __init__(self, *args: Any, spans: Iterable[Span], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        begun: dict[int, list[time]] = {}
        for weekday, start, end in spans:
            begun.setdefault(weekday, []).extend((start, end))
        for weekday in Weekday:
            for place, (part, label) in enumerate(PARTS):
                known = begun.get(weekday, [])
                self.fields[f"{part}_{weekday}"] = forms.TimeField(
                    label=f"{weekday.label} {label}",
                    required=False,
                    initial=known[place] if place < len(known) else None,
                    widget=forms.TimeInput(attrs={"type": "time", "class": "form-control"}, format="%H:%M"),
                )

    def rows(self) -> list[tuple[Any, list[tuple[Any, BoundField]]]]:
        """Each day with its four fields and their short labels."""
        return [(day.label, [(label, self[f"{part}_{day}"]) for part, label in PARTS]) for day in Weekday]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for day in Weekday:
            start, end, again, until = (cleaned.get(f"{part}_{day}") for part, _label in PARTS)
            self._check(day, "to", start, end)
            self._check(day, "until", again, until)
            if again and not end:
                self.add_error(f"from_{day}", _("Fill in the hours before the break first."))
            elif again and end and again <= end:
                self.add_error(f"again_{day}", _("The break must end after it begins."))
        return cleaned

    def _check(self, day: Weekday, field: str, start: time | None, end: time | None) -> None:
        if bool(start) != bool(end) and not any(f"{part}_{day}" in self.errors for part, _label in PARTS):
            self.add_error(f"{field}_{day}", _("Fill in both times, or neither."))
        elif start and end and end <= start:
            self.add_error(f"{field}_{day}", _("This must be later than the time before it."))

    def spans(self) -> list[Span]:
        found = []
        for day in Weekday:
            start, end, again, until = (self.cleaned_data.get(f"{part}_{day}") for part, _label in PARTS)
            found += [(int(day), a, b) for a, b in ((start, end), (again, until)) if a and b]
        return found
