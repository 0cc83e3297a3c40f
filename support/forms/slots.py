"""Free times to choose from, the one that was chosen, and a visit that begins now."""

from datetime import datetime
from itertools import groupby

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.domain.errors import Refused
from clinic.domain.slots import Slot
from clinic.enums import Role
from clinic.forms import slot_text
from clinic.models import Protocol, Room, Site, StaffMember


def read(text: str, *, site: Site) -> Slot:
    """Refused where it is no time of this site; whether it is free is the booking's question."""
    try:
        starts_at, room, clinician = slot_text.parts(text)
        return Slot(
            starts_at=starts_at,
            room=Room.objects.get(pk=room, site=site),
            clinician=StaffMember.objects.get(pk=clinician, sites=site),
        )
    except (ValueError, OverflowError, Room.DoesNotExist, StaffMember.DoesNotExist):
        raise Refused(str(_("Pick one of the times."))) from None


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


class WalkInForm(forms.Form):
    """Somebody who came without a booking; the visit begins now."""

    protocol = forms.ModelChoiceField(label=_("What for"), queryset=Protocol.objects.none(), empty_label=None)
    room = forms.ModelChoiceField(label=_("Room"), queryset=Room.objects.none(), empty_label=None)
    clinician = forms.ModelChoiceField(label=_("Clinician"), queryset=StaffMember.objects.none(), empty_label=None)

    def __init__(self, data: object = None, *, site: Site) -> None:
        super().__init__(data)
        self.fields["protocol"].queryset = Protocol.objects.filter(site=site, is_active=True)
        self.fields["room"].queryset = Room.objects.filter(site=site, is_active=True)
        self.fields["clinician"].queryset = StaffMember.objects.filter(sites=site, is_active=True, role=Role.CLINICIAN)
