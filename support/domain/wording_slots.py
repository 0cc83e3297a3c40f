"""The names that may stand in the words of each kind of message, and what a yes must cover for it to go."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from messaging.domain.kinds import Slot
from support.enums import MayKnow

NAME_LENGTH = 20
# What a helper is told who may not know dates: that there is news.
NEWS = "helper_news"

_TIME = "Wed 23 Sep 23:30+1030"
SITE: Mapping[str, Slot] = {
    "site": Slot(longest="W" * 30, says=_("the clinic's name in messages")),
    "phone": Slot(longest="+" + "4" * 15, says=_("the clinic's phone number")),
}
_EVERY: Mapping[str, Slot] = {
    **SITE,
    "stop": Slot(longest=" STOP to opt out", says=_("how to stop these texts; nothing in an e-mail")),
}
_NAME = {"name": Slot(longest="M" * NAME_LENGTH, says=_("the patient's first name"))}
_WHEN = {"when": Slot(data_class=MayKnow.DATES, longest=_TIME, says=_("the day and time"))}
_IS_RIDE = {"is_ride": Slot(longest=True, says=_("whether it is about the way home"))}
_FASTING = {
    "food": Slot(data_class=MayKnow.DATES, longest="Wed 23:30", says=_("when to stop eating")),
    "drinks": Slot(data_class=MayKnow.DATES, longest="Wed 23:30", says=_("when to stop drinking")),
}
_CLOSED = {
    "is_whole": Slot(says=_("whether the whole clinic is closed"), longest=False),
    "day": Slot(data_class=MayKnow.DATES, longest="Wed 23 Sep", says=_("the day")),
}
DANGER: Mapping[str, Slot] = {"danger": Slot(longest="000 or 13 11 14", says=_("the numbers to call in danger"))}
_UNTIL = {"until": Slot(data_class=MayKnow.DATES, longest="23:30", says=_("how long the time is kept"))}
_CONFIRM = {"to_confirm": Slot(longest=True, says=_("whether they still have to confirm"))}

SLOTS: Mapping[str, Mapping[str, Slot]] = {
    "patient_3_days": {**_EVERY, **_WHEN},
    "patient_1_day": {**_EVERY, **_WHEN, **_FASTING},
    "patient_3_hours": {**_EVERY, **_WHEN, **_FASTING},
    "patient_cancelled": {**_EVERY, **_WHEN},
    "patient_moved": {**_EVERY, **_WHEN},
    "patient_closed": {**_EVERY, **_WHEN, **_CLOSED},
    "patient_open": {**_EVERY, **_WHEN},
    "patient_home": {**_EVERY},
    "checkin_evening": {**_EVERY, **DANGER},
    "checkin_next_day": {**_EVERY, **DANGER},
    "waitlist_offer": {**_EVERY, **_WHEN, **_UNTIL},
    "helper_invitation": {**_EVERY, **_NAME, **_IS_RIDE},
    "helper_new_dates": {**_EVERY, **_NAME},
    "helper_go_on": {**_EVERY, **_NAME},
    "helper_ask_again": {**_EVERY, **_NAME, **_WHEN, **_IS_RIDE},
    "helper_ask_new_time": {**_EVERY, **_NAME, **_WHEN, **_IS_RIDE},
    "helper_reconfirm": {**_EVERY, **_NAME, **_WHEN, **_IS_RIDE},
    "helper_3_hours": {**_EVERY, **_NAME, **_WHEN, **_IS_RIDE, **_CONFIRM},
    "helper_cancelled": {**_EVERY, **_NAME, **_WHEN},
    "helper_covered": {**_EVERY, **_NAME, **_WHEN},
    "helper_come_in": {**_EVERY, **_NAME},
    "helper_home": {**_EVERY, **_NAME},
    "helper_checkin_evening": {**_EVERY, **_NAME},
    "helper_checkin_next_day": {**_EVERY, **_NAME},
    "helper_closed": {**_EVERY, **_NAME, **_WHEN, **_CLOSED},
    "helper_open": {**_EVERY, **_NAME, **_WHEN},
    NEWS: {**_EVERY, **_NAME},
}
