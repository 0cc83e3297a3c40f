"""Waiting for a place: for which visit, on which days."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.enums import InfusionStatus
from clinic.forms.laid_out import laid_out, row
from clinic.models import Course, Infusion
from clinic.templatetags.homeward import when_at


class VisitField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Infusion) -> str:
        return when_at(obj.starts_at, obj.site)


class WaitForm(forms.Form):
    """``infusion`` empty: the next visit that has no time yet."""

    infusion = VisitField(
        label=_("Which visit"),
        queryset=Infusion.objects.none(),
        required=False,
        empty_label=_("The next one without a time"),
    )
    first_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        booked = Infusion.objects.filter(course=course, status=InfusionStatus.BOOKED)
        self.fields["infusion"].queryset = booked.select_related("site").order_by("starts_at")
        self.helper = laid_out("infusion", row("first_day", "last_day"), button=_("Put on the waitlist"))
