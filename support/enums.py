"""The circle's states and their allowed moves, in one place."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from clinic.enums import Rung


class SupportRole(TextChoices):
    RIDE = "ride", _("Way home")
    PRESENCE = "presence", _("In the room")
    FOLLOWUP = "followup", _("The evening after")


class MayKnow(TextChoices):
    """What a patient lets a helper know, by data class."""

    DATES = "dates", _("Dates and times of visits")
    PROGRESS = "progress", _("That it is going well, or late")
    AFTERCARE = "aftercare", _("What to look out for afterwards")
    REPORT = "report", _("May tell the clinic how it is going")
    CONTACT = "contact", _("May be asked if I do not answer")


class ConsentHow(TextChoices):
    IN_PERSON = "in_person", _("Said in person")
    PHONE = "phone", _("Said by phone")
    WRITTEN = "written", _("In writing")
    OWN_LINK = "own_link", _("By the patient's own link")


class CommitmentStatus(TextChoices):
    ASKED = "asked", _("Asked")
    ACCEPTED = "accepted", _("Said yes")
    RECONFIRMED = "reconfirmed", _("Confirmed")
    KEPT = "kept", _("Came")
    DECLINED = "declined", _("Said no")
    WITHDRAWN = "withdrawn", _("Stepped back")
    LAPSED = "lapsed", _("Did not answer")
    VOID = "void", _("The time changed")
    COVERED = "covered", _("Somebody else has it")

    @property
    def allowed_next(self) -> frozenset["CommitmentStatus"]:
        return COMMITMENT_MOVES[self]


class LadderRung(TextChoices):
    """What is tried next where nobody has the way home. The clinic's rules order and enable the first four."""

    ADULTS = "adults", _("Asking the people the patient named")
    PAID_ESCORT = "paid_escort", _("Booking a paid escort")
    WATCHED_RIDE = "watched_ride", _("Booking a ride the clinic watches")
    EXTENDED_STAY = "extended_stay", _("Deciding on a longer stay")
    POSTPONE = "postpone", _("Finding another day")
    HOLD = "hold", _("The patient stays until somebody comes")


# What the clinic arranges itself, in as few words as a mark has room for.
ARRANGED_WORDS = {Rung.WATCHED_RIDE: _("Watched ride"), Rung.EXTENDED_STAY: _("Longer stay")}


class StepEnd(TextChoices):
    """How a rung ended."""

    TAKEN = "taken", _("Somebody takes the patient home")
    SAID_NO = "said_no", _("Said no")
    SILENT = "silent", _("No answer in time")
    STEPPED_OVER = "stepped_over", _("The desk went on")
    NOT_POSSIBLE = "not_possible", _("Not possible")
    OVER = "over", _("The visit moved, ended or was called off")


class NotHandedOver(TextChoices):
    """Why a patient was not given to somebody who stood there."""

    WRONG_PERSON = "wrong_person", _("Not the person the patient named")
    UNFIT = "unfit", _("Seems not fit to take somebody home")
    UNDER_AGE = "under_age", _("Under 18")
    PATIENT_ASKED = "patient_asked", _("The patient does not want to go with them")


class TouchWish(TextChoices):
    """How a patient wants to be touched during a visit; agreed before it."""

    NONE = "none", _("Please do not touch me")
    ASK = "ask", _("Ask me first")
    HAND = "hand", _("Holding my hand is fine")


class ComfortWish(TextChoices):
    BLANKET = "blanket", _("A blanket")
    MUSIC = "music", _("Music")
    SNACK = "snack", _("Something small to eat afterwards")
    QUIET = "quiet", _("Quiet")
    DIM = "dim", _("Dim light")


class LoadAnswer(TextChoices):
    """After some rides: is it still all right?"""

    GO_ON = "go_on", _("Yes, I can go on")
    LESS = "less", _("Less often, please")
    STEP_BACK = "step_back", _("I would like to step back")


class PendingKind(TextChoices):
    """What a patient asked for while the medicine may still have been at work."""

    NAME_PERSON = "name_person", _("Naming somebody")
    CHANGE_PERSON = "change_person", _("Changing what somebody may do or know")


HOLDING = (CommitmentStatus.ACCEPTED, CommitmentStatus.RECONFIRMED, CommitmentStatus.KEPT)
OPEN_COMMITMENTS = (CommitmentStatus.ASKED, CommitmentStatus.ACCEPTED, CommitmentStatus.RECONFIRMED)

_S = CommitmentStatus
COMMITMENT_MOVES: dict[CommitmentStatus, frozenset[CommitmentStatus]] = {
    _S.ASKED: frozenset({_S.ACCEPTED, _S.RECONFIRMED, _S.DECLINED, _S.LAPSED, _S.VOID, _S.COVERED, _S.WITHDRAWN}),
    _S.ACCEPTED: frozenset({_S.RECONFIRMED, _S.KEPT, _S.WITHDRAWN, _S.LAPSED, _S.VOID}),
    _S.RECONFIRMED: frozenset({_S.KEPT, _S.WITHDRAWN, _S.VOID}),
    # People change their minds, both ways: a no can become a yes while the date is open.
    _S.DECLINED: frozenset({_S.ACCEPTED, _S.RECONFIRMED, _S.ASKED, _S.COVERED, _S.VOID}),
    _S.WITHDRAWN: frozenset({_S.ACCEPTED, _S.RECONFIRMED, _S.ASKED, _S.COVERED, _S.VOID}),
    _S.LAPSED: frozenset({_S.ACCEPTED, _S.RECONFIRMED, _S.ASKED, _S.COVERED, _S.VOID}),
    _S.COVERED: frozenset({_S.ASKED, _S.ACCEPTED, _S.RECONFIRMED, _S.VOID}),
    _S.VOID: frozenset(),
    _S.KEPT: frozenset(),
}


class AnsweredVia(TextChoices):
    LINK = "link", _("By link")
    TEXT = "text", _("By text")
    PHONE = "phone", _("By phone")
    DESK = "desk", _("At the desk")


class Purpose(TextChoices):
    """What a person agreed to be written to about."""

    VISITS = "visits", _("The times of visits")
    RIDES = "rides", _("Helping on a visit's day")
    CHECKINS = "checkins", _("How it goes afterwards")
    OFFERS = "offers", _("Places that become free")


class LinkPurpose(TextChoices):
    HELPER = "helper", _("A helper's page")
    PATIENT = "patient", _("A patient's page")
    HELPER_FEED = "helper_feed", _("A helper's calendar")
    PATIENT_FEED = "patient_feed", _("A patient's calendar")
    CLINICIAN_FEED = "clinician_feed", _("A clinician's calendar")
    OWN_FEED = "own_feed", _("A clinician's own calendar")
    ROOM_FEED = "room_feed", _("A room's calendar")


class CheckInKind(TextChoices):
    EVENING = "evening", _("Same evening")
    NEXT_DAY = "next_day", _("After a day")


class CheckInStatus(TextChoices):
    PLANNED = "planned", _("Planned")
    OPEN = "open", _("Asked")
    ANSWERED = "answered", _("Answered")
    CLOSED = "closed", _("Closed")


class PatientAnswer(TextChoices):
    FINE = "fine", _("I'm fine")
    CALL_ME = "call", _("Call me")
    URGENT = "urgent", _("Urgent")


class HelperAnswer(TextChoices):
    AS_EXPECTED = "as_expected", _("As expected")
    NOT_SURE = "not_sure", _("Not sure")
    WORRIED = "worried", _("Worried")


class AlertStatus(TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Being handled")
    CLOSED = "closed", _("Done")


class AlertKind(TextChoices):
    CALL_ME = "call_me", _("Asked for a call")
    URGENT = "urgent", _("Urgent")
    WORRIED = "worried", _("A helper is worried")
    CALL_TASK = "call_task", _("Please call")
    NOBODY_CAME = "nobody_came", _("Nobody came yet")
    HOME_UNKNOWN = "home_unknown", _("Not known to be home")
    CANT_COME = "cant_come", _("Can't come")
    MESSAGE_FAILED = "message_failed", _("A message did not arrive")
    TEXT_CAME = "text_came", _("A text came in")
    TEXTS_STOPPED = "texts_stopped", _("Messages do not go out")
    LADDER = "ladder", _("A way home to arrange")
    ON_CALL = "on_call", _("Nobody came: the clinician decides")
    QUIET_WORD = "quiet_word", _("Wants to speak alone")
    LEFT_ADVICE = "left_advice", _("Left against advice")


class HandoverCheck(TextChoices):
    """How the nurse knew the adult."""

    CODE = "code", _("Both words match")
    PHOTO_ID = "photo_id", _("Photo ID, named person")
    KNOWN = "known", _("Known to the staff")


class OfferStatus(TextChoices):
    """A place that became free, offered to one person."""

    OPEN = "open", _("Offered")
    TAKEN = "taken", _("Taken")
    DECLINED = "declined", _("Said no")
    EXPIRED = "expired", _("Not answered in time")
    GONE = "gone", _("Given to somebody else")
