"""What each message is for, in plain words, and what the page behind its link is called."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from support.domain.wording_slots import NEWS

ABOUT: Mapping[str, Promise] = {
    "patient_3_days": _("Three days before a visit: when it is, and where everything about it stands."),
    "patient_1_day": _("The day before: when it is, and from when to eat and drink nothing more."),
    "patient_3_hours": _("Some hours before: when it is, and from when to drink nothing more."),
    "patient_moved": _("A visit has another time."),
    "patient_cancelled": _("A visit is off."),
    "patient_closed": _("The clinic, or what the visit needs, is closed at its time."),
    "patient_open": _("What was to be closed stays open: the visit takes place."),
    "waitlist_offer": _("Somebody who waits is offered a time that came free."),
    "patient_home": _("They should be home by now: one tap says so."),
    "checkin_evening": _("The evening after a visit: how are you, and whom to call."),
    "checkin_next_day": _("The day after a visit: how are you, and whom to call."),
    "helper_invitation": _("The first message to a helper. Nothing more goes until they say yes."),
    "helper_new_dates": _("A series has new dates, and the helper is asked for them."),
    "helper_go_on": _("After some rides: is it still all right, less often, or no more?"),
    "helper_ask_again": _("A date nobody has taken: the helper is asked once more."),
    "helper_ask_new_time": _("A visit has another time: the helper is asked for it."),
    "helper_reconfirm": _("The day before: is the helper still coming?"),
    "helper_3_hours": _("Some hours before: a thank you, or a last question."),
    "helper_cancelled": _("The helper is not needed: the visit is off."),
    "helper_covered": _("The helper is not needed: somebody else has it."),
    "helper_closed": _("The helper is not needed: the clinic, or what the visit needs, is closed then."),
    "helper_open": _("What was to be closed stays open: the helper is counted on."),
    "helper_come_in": _("The patient is ready to go home. It goes at any hour."),
    "helper_home": _("They should be home by now: one tap says so."),
    "helper_checkin_evening": _("The evening after a visit: how is the patient?"),
    "helper_checkin_next_day": _("The day after a visit: how is the patient?"),
    NEWS: _("Instead of any message with a date, to helpers who may not know dates."),
    "reply_help": _("The answer to HELP: who we are and how to stop."),
    "reply_link": _("The answer where a yes or no could mean several dates: choose on the page."),
    "reply_noted": _("The answer to a yes or no that was understood: thank you, and their page."),
    "reply_staffed": _("The answer to a text that a person has to read: when somebody is there."),
    "reply_stopped": _("The answer to STOP: no more texts."),
}

# Of what the ledger of messages calls otherwise, or never lists by this name.
TITLES: Mapping[str, Promise] = {
    NEWS: _("There is news, without a date"),
    "reply_help": _("Answer to HELP"),
    "reply_link": _("Answer: choose on your page"),
    "reply_noted": _("Answer: thank you, noted"),
    "reply_staffed": _("Answer: when we read it"),
    "reply_stopped": _("Answer to STOP"),
}
# Titles as the templates write them, so that they are translated with them. A phone that fetches a helper's page to
# show what it is called keeps no cookie: it is asked whose the page is.
PATIENT_PAGE = "Your next visit"
HELPER_PAGE = "Is this page yours?"
PAGES: Mapping[str, str] = {
    "patient_home": "Your day",
    "checkin_evening": "Your day",
    "checkin_next_day": "Your day",
}


def page_title(*, name: str, is_helper: bool, language: str) -> str:
    """As the page calls itself in the reader's language, to whoever opens it for the first time."""
    with override(language):
        return gettext(PAGES.get(name, HELPER_PAGE if is_helper else PATIENT_PAGE))
