"""Free times to choose from, the one that was chosen, and a visit that begins now."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.domain import diary, premises, scheduling, times
from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.forms import slot_text
from clinic.models import Protocol, Room, Site, StaffMember
from support.forms.days import in_our_time

# Asks for the page with what a select says; needs scripts.
LOOKS_AGAIN = {
    "hx-get": "?",
    "hx-trigger": "change",
    "hx-target": "#main",
    "hx-select": "#main",
    "hx-swap": "outerMorph",
}


def read(text: str, *, site: Site) -> Slot:
    """Refused where it is no time of this site; whether it is free is the booking's question."""
    try:
        starts_at, room, clinician = slot_text.parts(text)
        here = premises.of(site=site)
        # Whoever is not booked any more is read all the same, so that the booking can say so.
        return Slot(
            starts_at=starts_at,
            room=next((row for row in here.rooms if row.pk == room), None) or Room.objects.get(pk=room, site=site),
            clinician=next((one for one in here.clinicians if one.pk == clinician), None)
            or StaffMember.objects.get(pk=clinician, sites=site),
        )
    except (ValueError, OverflowError, Room.DoesNotExist, StaffMember.DoesNotExist):
        raise Refused(str(_("Pick one of the times."))) from None


def asked(data: Mapping[str, Any], *, site: Site) -> Slot:
    """A time that was picked, or one written down by hand. Refused with what is wrong with it."""
    if "day" not in data:
        return read(data.get("slot", ""), site=site)
    form = AnyTimeForm(data, site=site)
    if not form.is_valid():
        raise Refused(*(str(error) for errors in form.errors.values() for error in errors))
    return form.slot


def by_day(slots: list[Slot], *, site: Site) -> list[tuple[datetime, list[tuple[str, Slot]]]]:
    """Each day with its times; the first start stands for the day."""
    days = groupby(slots, key=lambda slot: slot.starts_at.astimezone(site.zone).date())
    return [
        (rows[0][1].starts_at, rows)
        for _day, group in days
        if (rows := [(slot_text.written(slot), slot) for slot in group])
    ]


def thinned(found: list[Slot]) -> list[Slot]:
    """Full and half hours only: a day of quarter hours is too much to choose from."""
    return [slot for slot in found if slot.starts_at.minute % 30 == 0] or found


class AnyTimeForm(forms.Form):
    """Any time at all, on the clinic's clock; what speaks against it is said on the next page."""

    day = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[in_our_time],
    )
    time = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    room = forms.ModelChoiceField(label=_("Room"), queryset=Room.objects.none(), empty_label=None)
    clinician = forms.ModelChoiceField(label=_("Clinician"), queryset=StaffMember.objects.none(), empty_label=None)

    def __init__(self, data: object = None, *, site: Site, start: Slot | None = None) -> None:
        """``start`` is what the fields begin with."""
        initial = {}
        if start is not None:
            local = start.starts_at.astimezone(site.zone)
            initial = {"day": local.date(), "time": local.time(), "room": start.room, "clinician": start.clinician}
        super().__init__(data, initial=initial)
        self.site = site
        self.fields["room"].queryset = Room.objects.filter(site=site, is_active=True)
        self.fields["clinician"].queryset = StaffMember.objects.filter(sites=site, is_active=True, role=Role.CLINICIAN)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if {"day", "time"} <= values.keys():
            at = values["time"].replace(second=0, microsecond=0)
            values["starts_at"] = times.wall(day=values["day"], at=at, zone=self.site.zone)
            if values["starts_at"] is None:
                self.add_error("time", _("The clocks skip this time on that day."))
        return values

    @property
    def slot(self) -> Slot:
        values = self.cleaned_data
        return Slot(starts_at=values["starts_at"], room=values["room"], clinician=values["clinician"])


class WhatForForm(forms.Form):
    """What somebody came for: how long it takes decides who is free."""

    protocol = forms.ModelChoiceField(label=_("What for"), queryset=Protocol.objects.none(), empty_label=None)

    def __init__(self, data: object = None, *, site: Site, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial, auto_id="what_for_%s")
        self.fields["protocol"].queryset = Protocol.objects.filter(site=site, is_active=True)


class WalkInForm(forms.Form):
    """Somebody who came without a booking; the visit begins now. Each room and clinician says from when it is free;
    another protocol, chosen here, has the page look again."""

    protocol = forms.ModelChoiceField(label=_("What for"), queryset=Protocol.objects.none(), empty_label=None)
    room = forms.ModelChoiceField(label=_("Room"), queryset=Room.objects.none(), empty_label=None)
    clinician = forms.ModelChoiceField(label=_("Clinician"), queryset=StaffMember.objects.none(), empty_label=None)

    def __init__(self, data: object = None, *, site: Site, protocol: Protocol | None = None, now: datetime) -> None:
        self.soonest = protocol and scheduling.soonest(site=site, protocol=protocol, now=now)
        first = self.soonest and self.soonest.slot
        initial = {"protocol": protocol}
        if first:
            initial |= {"room": first.room, "clinician": first.clinician}
        super().__init__(data, initial=initial)
        self.now, self.zone = now, site.zone
        self.fields["protocol"].queryset = Protocol.objects.filter(site=site, is_active=True)
        self.fields["protocol"].widget.attrs |= LOOKS_AGAIN
        self.fields["room"].queryset = premises.rooms_of(site=site)
        self.fields["clinician"].queryset = premises.clinicians_of(site=site)
        if self.soonest and protocol:
            self.fields["room"].label_from_instance = self._of_room(protocol, self.soonest.rooms)
            clinicians = self.soonest.clinicians
            self.fields["clinician"].label_from_instance = lambda one: self._said(one.full_name, clinicians.get(one.pk))

    def _of_room(self, protocol: Protocol, free: dict[int, datetime]) -> Callable[[Room], str]:
        def label(room: Room) -> str:
            if not diary.suits(room=room, protocol=protocol):
                return gettext("%(name)s · not fitted out for this") % {"name": room.name}
            return self._said(room.name, free.get(room.pk))

        return label

    def _said(self, name: str, free: datetime | None) -> str:
        if free is None:
            return gettext("%(name)s · not free today") % {"name": name}
        if free <= self.now:
            return gettext("%(name)s · free now") % {"name": name}
        return gettext("%(name)s · free from %(time)s") % {"name": name, "time": f"{free.astimezone(self.zone):%H:%M}"}
