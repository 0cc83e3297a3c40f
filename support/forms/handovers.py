"""Giving the patient to an adult, and the other ways out."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinic.domain.infusions import NEEDS_RUNG
from clinic.enums import DischargeItem, InfusionStatus, ReleasedHow
from clinic.models import Infusion, Policy, StaffMember
from support.domain import code_words
from support.enums import HandoverCheck, NotHandedOver
from support.models import Arrangement, Commitment, Designation, Handover

AS_HEARD = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})


class ScoreField(forms.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Discharge score"), min_value=0, max_value=10, **kwargs)


class CheckedField(forms.MultipleChoiceField):
    """What the signed rules want looked at. Nothing is ticked for the nurse; what is missing the domain names."""

    def __init__(self, policy: Policy) -> None:
        choices = [(item, DischargeItem(item).label) for item in policy.discharge_items]
        widget = forms.CheckboxSelectMultiple
        super().__init__(label=_("Looked at before leaving"), choices=choices, widget=widget, required=False)


class LeavingFields(forms.Form):
    """``checked`` is there where the signed rules name anything."""

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if policy.discharge_items:
            self.fields["checked"] = CheckedField(policy)
            self.order_fields([*(name for name in self.fields if name != "score"), "score"])
        self.fields["score"].help_text = _(
            "PADSS: five items of 0 to 2 points. At least %(least)s of 10 under the signed rules."
        ) % {"least": policy.discharge_score_min}


class HandoverForm(LeavingFields):
    commitment = forms.ModelChoiceField(
        label=_("Goes home with"), queryset=Commitment.objects.none(), widget=forms.RadioSelect, empty_label=None
    )
    check_by = forms.ChoiceField(
        label=_("How you know this is the person"), choices=HandoverCheck.choices, widget=forms.RadioSelect
    )
    patient_word = forms.CharField(label=_("The patient says"), max_length=20, required=False, widget=AS_HEARD)
    helper_word = forms.CharField(label=_("The helper says"), max_length=20, required=False, widget=AS_HEARD)
    adult_seen = forms.BooleanField(label=_("I have this adult in front of me"), required=False)
    accepted_on_paper = forms.BooleanField(
        label=_("They accepted what they take on: read aloud or on paper, in front of me"), required=False
    )
    instructions_given = forms.BooleanField(
        label=_("They have tonight’s instructions, on their phone or on paper"), required=False
    )
    score = ScoreField()

    def __init__(self, *args: Any, takers: list[Commitment], handover: Handover | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.takers = takers
        self.fields["commitment"].queryset = Commitment.objects.filter(pk__in=[row.pk for row in takers])
        self.fields["commitment"].choices = [(row.pk, row.designation.person.full_name) for row in takers]
        if len(takers) == 1:
            self.fields["commitment"].initial = takers[0].pk
        if handover is not None and handover.accepted_at is not None:
            del self.fields["accepted_on_paper"]
        if handover is not None and code_words.are_spent(handover):
            del self.fields["patient_word"], self.fields["helper_word"]
            without = [choice for choice in HandoverCheck.choices if choice[0] != HandoverCheck.CODE]
            self.fields["check_by"].choices = without

    def given(self) -> dict[str, Any]:
        """What ``handovers.complete`` wants to know."""
        given = dict(self.cleaned_data)
        words = (given.pop("patient_word", ""), given.pop("helper_word", ""))
        return {**given, "words": words if any(words) else None}


class OtherWayForm(LeavingFields):
    """Only the ways the policy allows; which are possible depends on how far the visit is."""

    how = forms.ChoiceField(label=_("How the patient leaves"), widget=forms.RadioSelect)
    evidence = forms.CharField(
        label=_("What makes it safe, and who made sure"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as the ride’s number and who phones at the door."),
    )
    score = ScoreField(required=False)

    def __init__(
        self, *args: Any, infusion: Infusion, policy: Policy, arranged: Arrangement | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, prefix="other", policy=policy, **kwargs)
        self.ways = other_ways(infusion=infusion, policy=policy)
        if arranged is not None:
            # Signed off already, with its evidence.
            self.fields["evidence"].required = False
            self.initial |= {"how": arranged.rung, "evidence": arranged.details}
        self.fields["how"].choices = [(how.value, how.label) for how in self.ways]


class AgainstAdviceForm(forms.Form):
    evidence = forms.CharField(
        label=_("What was said, by whom, and how they leave"), max_length=300, widget=forms.Textarea(attrs={"rows": 4})
    )
    witness = forms.ModelChoiceField(
        label=_("Who else of the staff saw it"), queryset=StaffMember.objects.none(), empty_label=_("Choose")
    )

    def __init__(self, *args: Any, infusion: Infusion, actor: StaffMember, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = infusion.site.staff.filter(is_active=True).exclude(pk=actor.pk).order_by("full_name")
        self.fields["witness"].queryset = people


class NotThemForm(forms.Form):
    commitment = forms.ModelChoiceField(
        label=_("Who stood there"),
        queryset=Commitment.objects.none(),
        widget=forms.RadioSelect,
        empty_label=_("Somebody the patient had not named"),
        required=False,
    )
    why = forms.ChoiceField(label=_("Why not"), choices=NotHandedOver.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("What you saw"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, takers: list[Commitment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["commitment"]
        field.queryset = Commitment.objects.filter(pk__in=[row.pk for row in takers])
        nobody = ("", field.empty_label)
        field.choices = [*((row.pk, row.designation.person.full_name) for row in takers), nobody]


class SwapForm(forms.Form):
    designation = forms.ModelChoiceField(
        label=_("Who stands in front of you"),
        queryset=Designation.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
    )

    def __init__(self, *args: Any, named: Sequence[Designation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.named = named
        self.fields["designation"].queryset = Designation.objects.filter(pk__in=[row.pk for row in named])
        self.fields["designation"].choices = [(row.pk, row.person.full_name) for row in named]


def other_ways(*, infusion: Infusion, policy: Policy) -> list[ReleasedHow]:
    allowed = [how for how, rung in NEEDS_RUNG.items() if rung in policy.rungs]
    return allowed if infusion.state == InfusionStatus.READY else []
