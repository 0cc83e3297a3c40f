"""A protocol: its stages as lines, how long a visit takes, what it needs."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from crispy_forms.layout import HTML
from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from clinic.domain import presets, protocol_words, protocols
from clinic.domain.protocols import Stage
from clinic.enums import Attendant, Equipment, Route, StageKind
from clinic.forms.laid_out import group, laid_out, row
from clinic.models import Protocol
from clinic.models.infusion import LONGEST_VISIT

# Beside a clinician, who is always there.
OTHERS = [(who.value, who.label) for who in Attendant if who is not Attendant.CLINICIAN]
LINES = range(8)
SPARE = 2
NUMBERS = (
    ("visits", _("visits"), protocols.MOST_VISITS),
    ("least", _("days apart, at least"), 366),
    ("best", _("best"), 366),
    ("most", _("at most"), 366),
)


class ProtocolForm(forms.ModelForm):
    """``version`` is the one that was shown; 0 for a new protocol."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    observation_minutes = forms.IntegerField(
        label=_("Watched from the beginning of the treatment, at least (minutes)"),
        min_value=0,
        max_value=LONGEST_VISIT // timedelta(minutes=1),
        required=False,
        help_text=_(
            "Nasal spray in the United States: 120 minutes from the first device. Left empty, that is filled in."
        ),
    )
    needs = forms.MultipleChoiceField(
        label=_("The room must have"), choices=Equipment.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    present = forms.MultipleChoiceField(
        label=_("Besides a clinician, there must be"),
        choices=OTHERS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Protocol
        fields = [*protocol_words.FIELDS, "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["observation_minutes"] = self.instance.observation_minutes or None
        self._add_lines()
        self.helper = laid_out(
            group(_("Course"), row("name", "route"), "is_active"),
            group(_("Stages"), HTML('{% include "clinic/stages.html" with form=form only %}')),
            group(
                _("How long a visit takes, in minutes"),
                row("prep_minutes", "infusion_minutes"),
                row("recovery_minutes", "turnaround_minutes"),
                "observation_minutes",
            ),
            group(_("What it needs"), row("needs", "present")),
            button=_("Save"),
        )

    def _add_lines(self) -> None:
        steps = self.instance.steps if self.instance.pk else []
        for line in LINES:
            step = steps[line] if line < len(steps) else None
            values = (step.visits, *step.gap) if step else (None,) * len(NUMBERS)
            for (part, label, most), value in zip(NUMBERS, values, strict=True):
                self.fields[f"{part}_{line}"] = forms.IntegerField(
                    label=_("Stage %(number)s: %(what)s") % {"number": line + 1, "what": label},
                    min_value=1,
                    max_value=most,
                    required=False,
                    initial=value,
                    widget=forms.NumberInput(attrs={"class": "form-control"}),
                )
            self.fields[f"kind_{line}"] = forms.ChoiceField(
                label=_("Stage %(number)s: %(what)s") % {"number": line + 1, "what": _("kind")},
                choices=StageKind.choices,
                required=False,
                initial=step.kind if step else (StageKind.MAINTENANCE if line else StageKind.INDUCTION),
                widget=forms.Select(attrs={"class": "form-select"}),
            )

    def lines(self) -> Iterator[tuple[int, BoundField, list[tuple[Any, BoundField]]]]:
        """As many as are filled in and two empty ones; each with its kind and its four numbers."""
        filled = [line for line in LINES if any(self[f"{part}_{line}"].value() for part, _label, _most in NUMBERS)]
        for line in range(min(max(filled, default=-1) + 1 + SPARE, len(LINES))):
            numbers = [(label, self[f"{part}_{line}"]) for part, label, _most in NUMBERS]
            yield line + 1, self[f"kind_{line}"], numbers

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for line in LINES:
            self._check(line, [cleaned.get(f"{part}_{line}") for part, _label, _most in NUMBERS])
        if not self.errors and not self.stages():
            self.add_error("visits_0", _("A protocol needs at least one stage."))
        if cleaned.get("observation_minutes") is None:
            cleaned["observation_minutes"] = protocol_words.NASAL_MINUTES if cleaned.get("route") == Route.NASAL else 0
        cleaned["present"] = [Attendant.CLINICIAN, *cleaned.get("present", [])]
        return cleaned

    def _check(self, line: int, values: list[int | None]) -> None:
        missing = [
            f"{part}_{line}" for (part, _label, _most), value in zip(NUMBERS, values, strict=True) if value is None
        ]
        if any(name in self.errors for name in missing) or len(missing) == len(NUMBERS):
            return
        if missing:
            self.add_error(missing[0], _("Fill in the whole line, or leave it empty."))
        elif sorted(values[1:]) != values[1:]:
            self.add_error(f"best_{line}", _("The best number of days lies between the least and the most."))

    def stages(self) -> list[Stage]:
        lines = [[self.cleaned_data.get(f"{part}_{line}") for part, _label, _most in NUMBERS] for line in LINES]
        return [
            Stage(*values, kind=self.cleaned_data[f"kind_{line}"] or StageKind.INDUCTION)
            for line, values in zip(LINES, lines, strict=True)
            if all(values)
        ]

    def parts(self) -> dict[str, Any]:
        fields = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return {"fields": fields, "stages": self.stages()}


class PresetForm(forms.Form):
    names = forms.MultipleChoiceField(
        label=_("Ready-made protocols"),
        choices=[(name, name) for name in presets.PRESETS],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A start from published practice. Change each to what your clinic does."),
    )

    def __init__(self, *args: Any, known: Collection[str], **kwargs: Any) -> None:
        """Offers those that are not among the ``known``; one that was added meanwhile is no mistake."""
        super().__init__(*args, **kwargs)
        names = self.fields["names"]
        names.widget.choices = [(name, label) for name, label in names.choices if name not in known]
        self.helper = laid_out("names", button=_("Add these"))
