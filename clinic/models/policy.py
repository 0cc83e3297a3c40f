"""The clinic's signed rules. Every clinical threshold stands here, never in code."""

from datetime import time

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.enums import DischargeItem, HoldQuestion, Role, Rung
from clinic.models.history import tracked


def default_rungs() -> list[str]:
    return [Rung.ADULT_DRIVES, Rung.ADULT_ACCOMPANIES, Rung.PAID_ESCORT, Rung.POSTPONE]


def default_override_roles() -> list[str]:
    return [Role.CLINICIAN, Role.DIRECTOR]


def default_hold_questions() -> list[str]:
    return list(HoldQuestion)


def default_discharge_items() -> list[str]:
    return list(DischargeItem)


@tracked
class Policy(models.Model):
    """One version of a site's thresholds and escort rules.

    Signed versions never change; sources of the presets: docs/rules.md.
    """

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    signed_by = models.ForeignKey(
        "clinic.StaffMember", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    # The way home
    rungs = ArrayField(models.CharField(max_length=24, choices=Rung.choices), default=default_rungs)
    override_roles = ArrayField(models.CharField(max_length=16, choices=Role.choices), default=default_override_roles)
    # Whoever starts against the rules does not do so alone: somebody else of these roles signs too.
    override_needs_second = models.BooleanField(_("a second person signs too"), default=False)
    # Nobody has the way home: who is asked, and until when each other way can still be arranged.
    ladder_first_to_take = models.BooleanField(_("ask everybody at once, the first to take it"), default=True)
    ladder_hours = models.PositiveSmallIntegerField(_("one person is asked for (hours)"), default=24)
    cover_days = models.PositiveSmallIntegerField(_("a date nobody took is a task (days before)"), default=10)
    paid_escort_hours = models.PositiveSmallIntegerField(
        _("a paid escort can be booked until (hours before)"), default=12
    )
    watched_ride_hours = models.PositiveSmallIntegerField(
        _("a watched ride can be booked until (hours before)"), default=6
    )
    extended_stay_hours = models.PositiveSmallIntegerField(
        _("a longer stay can be decided until (hours before)"), default=4
    )
    load_after = models.PositiveSmallIntegerField(
        _("ask helpers whether it is still all right after (rides)"), default=3
    )
    helper_min_age = models.PositiveSmallIntegerField(_("helpers are at least (years)"), default=18)
    ask_hours = models.PositiveSmallIntegerField(_("ask again before the visit (hours)"), default=72)
    reconfirm_hours = models.PositiveSmallIntegerField(_("reconfirm before the visit (hours)"), default=24)
    last_call_hours = models.PositiveSmallIntegerField(_("last reminder before the visit (hours)"), default=3)
    travel_minutes = models.PositiveSmallIntegerField(_("home is reached within (minutes)"), default=90)
    stay_with_hours = models.PositiveSmallIntegerField(_("somebody stays with the patient (hours)"), default=8)

    # Before
    solids_hours = models.PositiveSmallIntegerField(_("no food before the visit (hours)"), default=6)
    clear_liquids_minutes = models.PositiveSmallIntegerField(_("no drinks before the visit (minutes)"), default=120)
    alcohol_hours = models.PositiveSmallIntegerField(_("no alcohol before and after (hours)"), default=24)
    hold_questions = ArrayField(
        models.CharField(max_length=12, choices=HoldQuestion.choices),
        verbose_name=_("questions before the treatment"),
        default=default_hold_questions,
        blank=True,
    )
    # Empty: nothing is flagged. Clinics differ, so nothing is assumed.
    systolic_max = models.PositiveSmallIntegerField(_("flag an upper blood pressure above"), null=True, blank=True)
    diastolic_max = models.PositiveSmallIntegerField(_("flag a lower blood pressure above"), null=True, blank=True)
    # 0: consent to the treatment is kept elsewhere and not asked for here.
    consent_days = models.PositiveSmallIntegerField(_("consent to the treatment is good for (days)"), default=0)

    # After
    min_recovery_minutes = models.PositiveSmallIntegerField(_("shortest recovery (minutes)"), default=30)
    extended_stay_minutes = models.PositiveSmallIntegerField(
        _("longer stay without a companion (minutes)"), default=120
    )
    discharge_score_min = models.PositiveSmallIntegerField(_("lowest discharge score"), default=9)
    discharge_items = ArrayField(
        models.CharField(max_length=12, choices=DischargeItem.choices),
        verbose_name=_("looked at before leaving"),
        default=default_discharge_items,
        blank=True,
    )
    # After the time somebody should have come, and after they should be home.
    nobody_came_minutes = models.PositiveSmallIntegerField(
        _("nobody came: the nurse is told after (minutes)"), default=30
    )
    on_call_minutes = models.PositiveSmallIntegerField(
        _("nobody came: the clinician is told after (minutes)"), default=60
    )
    home_call_minutes = models.PositiveSmallIntegerField(
        _("not known to be home: somebody calls after another (minutes)"), default=15
    )
    home_contact_minutes = models.PositiveSmallIntegerField(
        _("not reached: the person to call first is called after another (minutes)"), default=30
    )
    against_advice_minutes = models.PositiveSmallIntegerField(
        _("left against advice: called within (minutes)"), default=60
    )
    drive_block_hours = models.PositiveSmallIntegerField(_("no driving after leaving (hours)"), default=24)
    sleep_required = models.BooleanField(_("driving also needs a night's sleep"), default=True)

    # Asking how it goes
    evening_checkin_at = models.TimeField(_("evening check-in (clinic time)"), default=time(19, 0))
    next_checkin_hours = models.PositiveSmallIntegerField(_("next check-in after leaving (hours)"), default=24)
    checkin_open_hours = models.PositiveSmallIntegerField(_("a check-in stays open (hours)"), default=14)
    call_back_minutes = models.PositiveSmallIntegerField(_("“call me” is answered within (minutes)"), default=60)
    urgent_minutes = models.PositiveSmallIntegerField(_("“urgent” is answered within (minutes)"), default=10)
    # A place that became free
    waitlist_minutes = models.PositiveSmallIntegerField(_("an offered place is kept (minutes)"), default=60)
    waitlist_daily = models.PositiveSmallIntegerField(_("offers to one person on one day, at most"), default=2)
    waitlist_first_to_take = models.BooleanField(_("offer to everybody it fits, the first to take it"), default=False)

    texts_from = models.TimeField(_("texts go from"), default=time(8, 0))
    texts_until = models.TimeField(_("texts go until"), default=time(20, 0))
    texts_per_day = models.PositiveSmallIntegerField(_("texts to one number in 24 hours, at most"), default=4)
    texts_per_week = models.PositiveSmallIntegerField(_("texts to one number in 7 days, at most"), default=12)
    texts_apart_minutes = models.PositiveSmallIntegerField(_("between two texts to one number (minutes)"), default=15)

    class Meta:
        ordering = ["site", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["site", "version"], name="policy_version_once"),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signed_by__isnull=True)
                | Q(signed_at__isnull=False, signed_by__isnull=False),
                name="policy_signed_by_somebody",
            ),
            models.CheckConstraint(condition=Q(texts_until__gt=models.F("texts_from")), name="policy_text_window"),
            models.CheckConstraint(
                condition=Q(texts_per_day__gte=1, texts_per_week__gte=models.F("texts_per_day")),
                name="policy_text_budget",
                violation_error_message=_("A week cannot hold fewer texts than a day."),
            ),
            models.CheckConstraint(condition=Q(helper_min_age__gte=18), name="policy_helpers_are_adults"),
            models.CheckConstraint(
                condition=Q(
                    paid_escort_hours__gte=models.F("watched_ride_hours"),
                    watched_ride_hours__gte=models.F("extended_stay_hours"),
                ),
                name="policy_ladder_in_order",
                violation_error_message=_("Each way home must end before the next: longest before the visit first."),
            ),
            models.CheckConstraint(
                condition=Q(on_call_minutes__gte=models.F("nobody_came_minutes")),
                name="policy_on_call_after_nurse",
                violation_error_message=_("The nurse is told before the clinician."),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="signed_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__signed_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.site} v{self.version}"

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None
