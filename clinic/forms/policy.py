"""The rules a medical director signs."""

from itertools import pairwise
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from clinic.enums import DischargeItem, HoldQuestion, Role, Rung
from clinic.forms.laid_out import group, laid_out, row
from clinic.models import Policy

RUNG = "rung_"
# Nobody answers a text faster than that, in minutes.
SHORTEST_OFFER = 5
PADSS_MOST = 10
# Longer apart, and a reminder would come after what it reminds of. Minutes.
FURTHEST_APART = 240


class PolicyForm(forms.ModelForm):
    override_roles = forms.MultipleChoiceField(
        label=_("Who may start without a confirmed way home, with a reason"),
        choices=[(role.value, role.label) for role in (Role.NURSE, Role.CLINICIAN, Role.DIRECTOR)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    hold_questions = forms.MultipleChoiceField(
        label=_("Questions before the treatment"),
        choices=HoldQuestion.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Asked the evening before and on arrival. A yes is a flag that a clinician clears."),
    )
    discharge_items = forms.MultipleChoiceField(
        label=_("Looked at before somebody leaves"),
        choices=DischargeItem.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Policy
        fields = [
            "override_roles",
            "override_needs_second",
            "ladder_first_to_take",
            "ladder_hours",
            "cover_days",
            "paid_escort_hours",
            "watched_ride_hours",
            "extended_stay_hours",
            "load_after",
            "helper_min_age",
            "stay_with_hours",
            "travel_minutes",
            "extended_stay_minutes",
            "ask_hours",
            "reconfirm_hours",
            "last_call_hours",
            "solids_hours",
            "clear_liquids_minutes",
            "alcohol_hours",
            "hold_questions",
            "systolic_max",
            "diastolic_max",
            "consent_days",
            "min_recovery_minutes",
            "discharge_score_min",
            "discharge_items",
            "nobody_came_minutes",
            "on_call_minutes",
            "home_call_minutes",
            "home_contact_minutes",
            "against_advice_minutes",
            "drive_block_hours",
            "sleep_required",
            "evening_checkin_at",
            "next_checkin_hours",
            "checkin_open_hours",
            "call_back_minutes",
            "urgent_minutes",
            "waitlist_minutes",
            "waitlist_daily",
            "waitlist_first_to_take",
            "texts_from",
            "texts_until",
            "texts_per_day",
            "texts_per_week",
            "texts_apart_minutes",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = list(self.instance.rungs)
        for rung in Rung:
            self.fields[f"{RUNG}{rung}"] = forms.IntegerField(
                label=rung.label,
                min_value=1,
                max_value=len(Rung),
                required=False,
                initial=allowed.index(rung) + 1 if rung in allowed else None,
            )
        self.fields["waitlist_minutes"].validators.append(MinValueValidator(SHORTEST_OFFER))
        self.fields["waitlist_minutes"].widget.attrs["min"] = SHORTEST_OFFER
        self.fields["discharge_score_min"].validators.append(MaxValueValidator(PADSS_MOST))
        self.fields["discharge_score_min"].widget.attrs["max"] = PADSS_MOST
        self.fields["discharge_score_min"].help_text = _("PADSS: five items of 0 to 2 points, 10 in all.")
        self.fields["helper_min_age"].help_text = _(
            "What helpers read. The questions and the check before the start go by 18 in any case."
        )
        self.fields["waitlist_daily"].help_text = _("0: nobody is asked by itself, the desk sees the place.")
        self.fields["texts_per_day"].validators.append(MinValueValidator(1))
        self.fields["texts_per_day"].widget.attrs["min"] = 1
        self.fields["texts_per_day"].help_text = _("Beyond it, a person calls. Urgent news always goes.")
        self.fields["texts_apart_minutes"].validators.append(MaxValueValidator(FURTHEST_APART))
        self.fields["texts_apart_minutes"].widget.attrs["max"] = FURTHEST_APART
        self.fields["consent_days"].help_text = _("0: consent to the treatment is kept elsewhere.")
        for name in ("evening_checkin_at", "texts_from", "texts_until"):
            self.fields[name].widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        rungs = [f"{RUNG}{rung}" for rung in Rung]
        self.helper = laid_out(
            group(_("Ways home: number those you allow, in the order you try them"), row(*rungs)),
            group(
                _("Before somebody goes home"),
                "override_roles",
                "override_needs_second",
                row("helper_min_age", "stay_with_hours"),
                row("travel_minutes", "extended_stay_minutes"),
            ),
            group(
                _("Where nobody has the way home"),
                "ladder_first_to_take",
                row("ladder_hours", "cover_days"),
                row("paid_escort_hours", "watched_ride_hours", "extended_stay_hours"),
            ),
            group(_("Asking helpers"), row("ask_hours", "reconfirm_hours", "last_call_hours"), "load_after"),
            group(
                _("Before the visit"),
                row("solids_hours", "clear_liquids_minutes", "alcohol_hours"),
                "hold_questions",
                row("systolic_max", "diastolic_max", "consent_days"),
            ),
            group(
                _("After the treatment"),
                row("min_recovery_minutes", "discharge_score_min", "drive_block_hours"),
                "sleep_required",
                "discharge_items",
                row("nobody_came_minutes", "on_call_minutes"),
                row("home_call_minutes", "home_contact_minutes", "against_advice_minutes"),
            ),
            group(
                _("Asking how it goes"),
                row("evening_checkin_at", "next_checkin_hours", "checkin_open_hours"),
                row("call_back_minutes", "urgent_minutes"),
            ),
            group(
                _("Texts"),
                row("texts_from", "texts_until"),
                row("texts_per_day", "texts_per_week"),
                "texts_apart_minutes",
            ),
            group(
                _("A time that becomes free"),
                row("waitlist_minutes", "waitlist_daily"),
                "waitlist_first_to_take",
            ),
            button=_("Save the draft"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        numbered = self._numbered(cleaned)
        if not numbered:
            self.add_error(f"{RUNG}{Rung.ADULT_DRIVES}", _("Allow at least one way home."))
        for (number, _rung), (other, rung) in pairwise(numbered):
            if number == other:
                self.add_error(f"{RUNG}{rung}", _("Two ways have the same number."))
        if (cleaned.get("helper_min_age") or 18) < 18:
            self.add_error("helper_min_age", _("Helpers who take somebody home are adults: 18 or more."))
        if cleaned.get("texts_from") and cleaned.get("texts_until") and cleaned["texts_until"] <= cleaned["texts_from"]:
            self.add_error("texts_until", _("This must be later than when texts begin."))
        if (cleaned.get("texts_per_week") or 0) < (cleaned.get("texts_per_day") or 0):
            self.add_error("texts_per_week", _("A week cannot hold fewer texts than a day."))
        return cleaned

    @staticmethod
    def _numbered(cleaned: dict[str, Any]) -> list[tuple[int, Rung]]:
        chosen = [(number, rung) for rung in Rung if (number := cleaned.get(f"{RUNG}{rung}"))]
        return sorted(chosen, key=lambda pair: pair[0])

    def save(self, commit: bool = True) -> Policy:
        self.instance.rungs = [rung for _number, rung in self._numbered(self.cleaned_data)]
        return super().save(commit)
