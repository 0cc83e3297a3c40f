"""What a helper said when staff read out what it involves; how a patient wants to be looked after."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.forms.laid_out import group, laid_out, row
from support.enums import AnsweredVia, ComfortWish, TouchWish
from support.models import Comfort

TO_ALL = _("They said yes to all of it: 18 or over, sober on the day")
HOURS = _("For how many hours they can stay")


class AttestingForm(forms.Form):
    """Heard by staff, word for word."""

    said_yes = forms.BooleanField(label=TO_ALL)
    stay_hours = forms.IntegerField(label=HOURS, min_value=0, max_value=24)
    travel_minutes = forms.IntegerField(
        label=_("Their way to us (minutes)"), min_value=0, max_value=600, required=False
    )
    via = forms.ChoiceField(
        label=_("How they said it"),
        choices=[(AnsweredVia.PHONE.value, AnsweredVia.PHONE.label), (AnsweredVia.DESK.value, AnsweredVia.DESK.label)],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = laid_out(
            group(_("What they said"), "said_yes", row("stay_hours", "travel_minutes"), "via"), button=_("Write down")
        )


class ComfortForm(forms.Form):
    """In the patient's words, written down by staff."""

    touch = forms.ChoiceField(label=_("Touch"), choices=TouchWish.choices, widget=forms.RadioSelect)
    wishes = forms.MultipleChoiceField(
        label=_("What helps"), choices=ComfortWish.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(label=_("Anything else"), max_length=300, required=False)

    def __init__(self, *args: Any, said: Comfort | None, **kwargs: Any) -> None:
        known = {"touch": said.touch, "wishes": said.wishes, "note": said.note} if said is not None else None
        super().__init__(*args, initial=known, **kwargs)
        self.helper = laid_out("touch", "wishes", "note", button=_("Write down"))
