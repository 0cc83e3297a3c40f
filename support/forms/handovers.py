"""Giving the patient to an adult, and the other ways out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.domain.infusions import NEEDS_RUNG
from clinic.enums import InfusionStatus, ReleasedHow
from clinic.models import Infusion, Policy
from support.enums import HandoverCheck
from support.models import Commitment


class ScoreField(forms.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Discharge score"), min_value=0, max_value=10, **kwargs)


class HandoverForm(forms.Form):
    commitment = forms.ModelChoiceField(
        label=_("Goes home with"), queryset=Commitment.objects.none(), widget=forms.RadioSelect, empty_label=None
    )
    check_by = forms.ChoiceField(
        label=_("How you know this is the person"), choices=HandoverCheck.choices, widget=forms.RadioSelect
    )
    adult_seen = forms.BooleanField(label=_("I have this adult in front of me"), required=False)
    instructions_given = forms.BooleanField(
        label=_("They have tonight’s instructions, on their phone or on paper"), required=False
    )
    score = ScoreField()

    def __init__(self, *args: Any, takers: list[Commitment], least: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.takers = takers
        self.fields["commitment"].queryset = Commitment.objects.filter(pk__in=[row.pk for row in takers])
        self.fields["commitment"].choices = [(row.pk, row.designation.person.full_name) for row in takers]
        if len(takers) == 1:
            self.fields["commitment"].initial = takers[0].pk
        self.fields["score"].help_text = _(
            "PADSS: five items of 0 to 2 points. At least %(least)s of 10 under the signed rules."
        ) % {"least": least}

    def given(self) -> dict[str, Any]:
        """What ``handovers.complete`` wants to know."""
        return dict(self.cleaned_data)


class OtherWayForm(forms.Form):
    """Only the ways the policy allows; which are possible depends on how far the visit is."""

    how = forms.ChoiceField(label=_("How the patient leaves"), widget=forms.RadioSelect)
    evidence = forms.CharField(
        label=_("What makes it safe, and who made sure"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as the ride’s number and who phones at the door, or who heard the advice."),
    )
    score = ScoreField(required=False)

    def __init__(self, *args: Any, infusion: Infusion, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, prefix="other", **kwargs)
        self.fields["how"].choices = [(how.value, how.label) for how in other_ways(infusion=infusion, policy=policy)]


def other_ways(*, infusion: Infusion, policy: Policy) -> list[ReleasedHow]:
    allowed = [how for how, rung in NEEDS_RUNG.items() if rung in policy.rungs]
    ready = allowed if infusion.state == InfusionStatus.READY else []
    return [*ready, ReleasedHow.AGAINST_ADVICE]
