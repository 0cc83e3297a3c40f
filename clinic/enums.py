"""The clinic's states and their allowed moves, in one place."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    FRONT_DESK = "front_desk", _("Front desk")
    NURSE = "nurse", _("Nurse")
    CLINICIAN = "clinician", _("Clinician")
    DIRECTOR = "director", _("Medical director")
    ADMIN = "admin", _("Administrator")


class ReachBy(TextChoices):
    """How a person would rather hear from us."""

    SMS = "sms", _("Text")
    EMAIL = "email", _("E-mail")
    VOICE = "voice", _("Phone call")


class Weekday(IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Route(TextChoices):
    IV = "iv", _("Infusion")
    IM = "im", _("Injection")
    NASAL = "nasal", _("Nasal spray")


class Equipment(TextChoices):
    """What a room has and a protocol may need."""

    MONITOR = "monitor", _("Monitor")
    PUMP = "pump", _("Infusion pump")
    BED = "bed", _("Bed")
    OXYGEN = "oxygen", _("Oxygen")
    STEP_FREE = "step_free", _("No steps")


class Attendant(TextChoices):
    """Who must be there besides the patient."""

    CLINICIAN = "clinician", _("A clinician")
    NURSE = "nurse", _("A nurse")
    COMPANION = "companion", _("Somebody the patient brings, in the room")


class StageKind(TextChoices):
    INDUCTION = "induction", _("Induction")
    MAINTENANCE = "maintenance", _("Maintenance")


class SoftRule(TextChoices):
    """What staff whom the signed rules name may book against, with a reason."""

    SPACING = "spacing", _("Days between visits")
    HOURS = "hours", _("Opening and working hours")
    GUESTS = "guests", _("Guest places")
    EQUIPMENT = "equipment", _("Equipment")


class Rung(TextChoices):
    """One allowed way home. The policy orders and enables them."""

    ADULT_DRIVES = "adult_drives", _("A named adult drives")
    ADULT_ACCOMPANIES = "adult_accompanies", _("A named adult rides along by taxi")
    PAID_ESCORT = "paid_escort", _("A paid escort from the clinic's list")
    WATCHED_RIDE = "watched_ride", _("A ride the clinic books and watches")
    EXTENDED_STAY = "extended_stay", _("A longer stay, then home without a companion")
    POSTPONE = "postpone", _("Another day")


class HoldQuestion(TextChoices):
    """Asked before the treatment, the evening before and on arrival. A yes is a flag for a nurse, nothing is decided
    by it. Sources: docs/rules.md."""

    ATE = "ate", _("Did you eat or drink after the times on your page?")
    ALCOHOL = "alcohol", _("Have you had alcohol or other drugs since yesterday?")
    MEDICINE = "medicine", _("Have you taken a new medicine, or something to calm you or help you sleep?")
    ILL = "ill", _("Do you have a fever, a cough, an injury, or have you been sick?")
    PREGNANT = "pregnant", _("Could you be pregnant, or are you breast-feeding?")
    BLADDER = "bladder", _("Is there anything new when you pass water: pain, blood, more often?")
    UNREAL = "unreal", _("Have you felt much too high, or seen or heard things that others did not?")
    DARK = "dark", _("Have thoughts of harming yourself come, or become stronger?")


class AskedWhen(TextChoices):
    EVENING = "evening", _("The evening before")
    ARRIVAL = "arrival", _("On arrival")


class PressurePoint(TextChoices):
    BEFORE = "before", _("Before")
    DURING = "during", _("After 40 minutes")
    LEAVING = "leaving", _("Before leaving")


class DischargeItem(TextChoices):
    """What is looked at before somebody leaves. Sources: docs/rules.md."""

    ORIENTED = "oriented", _("Knows who and where they are, and what day it is")
    STEADY = "steady", _("Walks steadily")
    VITALS = "vitals", _("Blood pressure, pulse and oxygen near where they began")
    NAUSEA = "nausea", _("Not sick, or it is under control")
    CLEAR = "clear", _("Feels like themselves again, in a clinician's judgement")
    QUESTIONS = "questions", _("Their questions are answered")
    EMERGENCY = "emergency", _("They and whoever takes them know the number to call")


class ReleasedHow(TextChoices):
    """How a patient left. Each needs its evidence."""

    HANDOVER = "handover", _("Handed over to a named adult")
    WATCHED_RIDE = "watched_ride", _("Watched ride")
    EXTENDED_STAY = "extended_stay", _("Extended stay")
    AGAINST_ADVICE = "against_advice", _("Left against advice")


class CourseStatus(TextChoices):
    OPEN = "open", _("Under way")
    FINISHED = "finished", _("Finished")
    STOPPED = "stopped", _("Stopped")


# Why a visit is off that was booked by mistake and undone at once, as it is kept.
TAKEN_BACK = "Undone right after it was booked."


class InfusionStatus(TextChoices):
    BOOKED = "booked", _("Booked")
    ARRIVED = "arrived", _("Arrived")
    STARTED = "started", _("Under way")
    RECOVERING = "recovering", _("Recovering")
    READY = "ready", _("Ready to leave")
    RELEASED = "released", _("On the way home")
    HOME = "home", _("Home")
    CANCELLED = "cancelled", _("Cancelled")
    NO_SHOW = "no_show", _("Did not come")

    @property
    def allowed_next(self) -> frozenset["InfusionStatus"]:
        return MOVES[self]

    @property
    def is_live(self) -> bool:
        """Live infusions hold their room, clinician and patient."""
        return self not in OFF

    @property
    def before_start(self) -> bool:
        return self in {InfusionStatus.BOOKED, InfusionStatus.ARRIVED}

    @property
    def in_the_house(self) -> bool:
        return self in {
            InfusionStatus.ARRIVED,
            InfusionStatus.STARTED,
            InfusionStatus.RECOVERING,
            InfusionStatus.READY,
        }


OFF = frozenset({InfusionStatus.CANCELLED, InfusionStatus.NO_SHOW})
AHEAD_OR_HERE = tuple(status for status in InfusionStatus if status.before_start or status.in_the_house)

MOVES: dict[InfusionStatus, frozenset[InfusionStatus]] = {
    InfusionStatus.BOOKED: frozenset({InfusionStatus.ARRIVED, InfusionStatus.CANCELLED, InfusionStatus.NO_SHOW}),
    InfusionStatus.ARRIVED: frozenset({InfusionStatus.STARTED, InfusionStatus.CANCELLED}),
    InfusionStatus.STARTED: frozenset({InfusionStatus.RECOVERING, InfusionStatus.RELEASED}),
    InfusionStatus.RECOVERING: frozenset({InfusionStatus.READY, InfusionStatus.RELEASED}),
    InfusionStatus.READY: frozenset({InfusionStatus.RELEASED}),
    InfusionStatus.RELEASED: frozenset({InfusionStatus.HOME}),
    InfusionStatus.HOME: frozenset(),
    InfusionStatus.CANCELLED: frozenset(),
    InfusionStatus.NO_SHOW: frozenset(),
}
