"""The circle's states and their allowed moves, in one place."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
