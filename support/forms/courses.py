"""Opening a course: what is wished for, what gives way, and the offered times as the form carries them."""

from datetime import UTC, date, datetime
from typing import Any
from zlib import crc32

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from clinic.domain import protocols
from clinic.domain.obstacles import CLOSEST, WIDER
from clinic.domain.slots import Slot
from clinic.domain.study import Relaxed
from clinic.enums import Role, Weekday
from clinic.forms import slot_text
from clinic.forms.laid_out import laid_out, row
from clinic.models import Protocol, Room, Site, StaffMember

GIVING_WAY = ("wider", "closer", "weekdays", "later")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
OLD = _("These times are no longer as they were. Look for dates again.")


class CourseForm(forms.Form):
    """The last four come with a link that says what they give, not from the desk's own hand."""

    protocol = forms.ModelChoiceField(
        label=_("Protocol"),
        queryset=Protocol.objects.none(),
        empty_label=_("Choose one"),
        error_messages={"invalid_choice": _("This protocol was changed meanwhile, or is not offered. Choose again.")},
    )
    first_day = forms.DateField(label=_("First possible day"), widget=forms.DateInput(attrs={"type": "date"}))
    prefer = forms.TimeField(
        label=_("Best time of day"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "step": "900"}, format="%H:%M"),
        help_text=_("Leave empty for the earliest."),
    )
    wider = forms.TypedChoiceField(choices=[(days, days) for days in WIDER], coerce=int, empty_value=0, required=False)
    closer = forms.TypedChoiceField(
        choices=[(days, days) for days in range(1, CLOSEST + 1)], coerce=int, empty_value=0, required=False
    )
    weekdays = forms.TypedMultipleChoiceField(choices=Weekday.choices, coerce=int, required=False)
    later = forms.BooleanField(required=False)

    def __init__(self, *args: Any, site: Site, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["protocol"].queryset = protocols.offered(site=site)
        # Once plans are on the page, booking one is the filled button.
        main = not self.is_bound
        self.helper = laid_out(row("protocol", "first_day", "prefer"), button=_("Find plans"), main=main)

    def clean_first_day(self) -> date:
        day: date = self.cleaned_data["first_day"]
        if day < self.today:
            raise forms.ValidationError(_("This day is over. Choose today or later."))
        if day.year - self.today.year > 2:
            raise forms.ValidationError(_("Choose a day within the next two years."))
        return day

    @property
    def relaxed(self) -> Relaxed | None:
        """None where nothing gives way."""
        values = self.cleaned_data
        if not any(values[name] for name in GIVING_WAY):
            return None
        return Relaxed(
            wider=values["wider"],
            closer=values["closer"],
            weekdays=tuple(values["weekdays"]),
            later=values["later"],
        )


def in_address(relaxed: Relaxed) -> dict[str, list[str]]:
    """The same as the address carries it."""
    found = {"weekdays": [str(weekday) for weekday in relaxed.weekdays]}
    if relaxed.wider:
        found["wider"] = [str(relaxed.wider)]
    if relaxed.closer:
        found["closer"] = [str(relaxed.closer)]
    if relaxed.later:
        found["later"] = ["on"]
    return found


class RestForm(CourseForm):
    """The same for the visits of a course that have no date yet: its protocol is settled."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["protocol"]
        self.helper = laid_out(row("first_day", "prefer"), button=_("Find plans"), main=not self.is_bound)


def left_out_mark(*, plan: str, visit: int) -> str:
    """What the box of one visit of one plan carries: the same time may stand in another plan as well."""
    return f"{crc32(plan.encode()):08x}~{visit}"


class ChosenForm(forms.Form):
    """The times of one plan as they were offered, in one field; which of its visits (counted from 1) are ``left_out``;
    and the form's own key, against pressing twice."""

    slots = forms.CharField(max_length=8000, error_messages={"required": _("Choose one of the plans.")})
    form_key = forms.UUIDField()
    override_reason = forms.CharField(max_length=300, required=False)

    def __init__(self, data: QueryDict, *, site: Site) -> None:
        super().__init__(data)
        self.site = site
        self.marks = data.getlist("left_out")

    def clean(self) -> dict[str, Any]:
        """``kept`` are the slots that are not left out."""
        cleaned = self.cleaned_data
        plan, slots = self.data.get("slots", "").strip(), cleaned.get("slots", [])
        numbered = list(enumerate(slots, start=1))
        out = {visit for visit, _slot in numbered if left_out_mark(plan=plan, visit=visit) in self.marks}
        kept = [slot for visit, slot in numbered if visit not in out]
        if slots and not kept:
            raise forms.ValidationError(_("Every date of this plan is left out. Keep at least one."))
        return {**cleaned, "left_out": out, "kept": kept}

    def clean_slots(self) -> list[Slot]:
        try:
            asked = [slot_text.parts(text) for text in self.cleaned_data["slots"].split()]
            rooms = Room.objects.filter(site=self.site).in_bulk([room for _start, room, _who in asked])
            people = StaffMember.objects.filter(sites=self.site, role=Role.CLINICIAN)
            clinicians = people.in_bulk([clinician for _start, _room, clinician in asked])
            return [Slot(starts_at=start, room=rooms[room], clinician=clinicians[who]) for start, room, who in asked]
        except (ValueError, OverflowError, KeyError):
            raise forms.ValidationError(OLD) from None


def moment(text: str) -> datetime:
    """A moment as a hidden field carries it; long ago for anything else, so that nothing is found there."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return LONG_AGO
    return at if at.tzinfo else LONG_AGO
