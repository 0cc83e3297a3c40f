"""The style guide: every component in each of its states. It holds nobody's data."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from clinic.access import public
from clinic.templatetags.homeward import ICONS, SHAPES
from messaging.enums import MessageStatus
from support.domain import day_counts
from support.domain.coverage import Coverage, Date


class ExampleForm(forms.Form):
    """One field of each kind our pages use."""

    name = forms.CharField(label=_("Name"), max_length=120)
    phone = forms.CharField(label=_("Mobile number"), help_text=_("With area code. We text it once to check."))
    role = forms.ChoiceField(label=_("What they do"), choices=[("ride", _("Way home")), ("presence", _("In the room"))])
    contact = forms.ChoiceField(
        label=_("How to ask them"),
        widget=forms.RadioSelect,
        choices=[("text", _("By text")), ("call", _("By phone"))],
    )
    may_know = forms.MultipleChoiceField(
        label=_("What they may know"),
        widget=forms.CheckboxSelectMultiple,
        choices=[("dates", _("Dates and times")), ("progress", _("That it is going well, or late"))],
    )
    starts_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    adult = forms.BooleanField(label=_("They are 18 or older"))


COLUMNS = [
    {"label": _("Name"), "sort": "?sort=name", "sorted": "ascending"},
    {"label": _("Next visit"), "sort": "?sort=next"},
    {"label": _("Way home")},
    {"label": _("Visits"), "number": True},
]
ROWS: list[list[Any]] = [
    [
        {"head": True, "text": "Maya T.", "href": "#tables", "note": "MR 20481"},
        "10:30",
        {"level": "stop", "word": _("No way home")},
        {"number": True, "text": "2"},
    ],
    [
        {"head": True, "text": "Omar P.", "href": "#tables", "note": "MR 20517"},
        "13:00",
        {"level": "risk", "word": _("Not reconfirmed")},
        {"number": True, "text": "5"},
    ],
]
HOURS = [{"label": f"{8 + hour:02}", "column": 1 + 12 * hour} for hour in range(9)]

DATES = [
    {"state": "open", "number": 3, "iso": "2026-03-03", "spoken": "3 March", "weekday": "Tuesday", "value": "1"}
    | {"hours": "14:15 to 15:15", "checked": True},
    {"state": "taken", "number": 5, "iso": "2026-03-05", "spoken": "5 March", "weekday": "Thursday"}
    | {"note": "Jo has this one", "initial": "J"},
    {"state": "open", "number": 10, "iso": "2026-03-10", "spoken": "10 March", "weekday": "Tuesday", "value": "2"}
    | {"hours": "14:15 to 15:15", "note": "Lee said maybe. You can still take it."},
    {"state": "fixed", "number": 12, "iso": "2026-03-12", "spoken": "12 March", "weekday": "Thursday"}
    | {"hours": "14:15 to 15:15", "note": "You take this one"},
]
PHASES = [{"word": "Arrived", "state": "past"}, {"word": "Resting", "state": "current"}]
PHASES += [{"word": "Nearly ready"}, {"word": "Come in"}]
STEPS = [
    {"at": "12:30", "text": "You came in.", "state": "past"},
    {"at": "14:05", "tag": "Now", "text": "Rest. There is nothing you need to do.", "state": "current"},
    {"at": "14:20", "until": "14:40", "tag": "Next", "text": "Sam comes in. You each say your word, then go home."},
    {"at": "19:00", "tag": "Tonight", "text": "We ask how you are. Eat something light."},
]
NUMBERS = [
    {"label": "In danger", "number": "911"},
    {"label": "Someone to talk to", "number": "988", "note": "Call or text, any hour."},
    {"label": "Crisis Text Line", "number": "741741", "by_text": True, "note": "Text HOME, any hour."},
    {"label": "Us, until 18:00", "number": "+14105550142"},
]
LOCKSCREENS = [
    {"sender": "+1 410 555 0100", "words": "Northgate Care: see you Tue 3 Mar 09:00.", "language": "en"},
    {"sender": "+1 410 555 0100", "language": "es", "page_title": "Tu próxima visita", "host": "homeward.example"}
    | {
        "words": "Northgate Care: tu visita es mar 3 mar 09:00. Horas y regreso: https://homeward.example/l/k7",
        "is_cut": True,
    },
    {
        "sender": "Northgate Care",
        "subject": "Jo asked for your help",
        "words": "See the dates and choose.",
        "language": "en",
    },
]
THREAD = [
    {"at": datetime(2026, 3, 3, 14, 2, tzinfo=UTC), "body": "Yes but I may be late.", "state": _("For a person")},
    {"at": datetime(2026, 3, 3, 14, 3, tzinfo=UTC), "is_ours": True, "state": _("Delivered")}
    | {"body": "Northgate Care: we read texts until 18:00 today."},
]
WEEK = [date(2026, 3, day) for day in range(2, 9)]
ARRIVED = [12, 18, 0, 25, 31, 4, 9]
COUNTED = Counter(
    {(day, str(MessageStatus.DELIVERED)): number for day, number in zip(WEEK, ARRIVED, strict=True)}
    | {(WEEK[3], "failed"): 2, (WEEK[6], str(MessageStatus.SENT)): 5}
)
COVERED = [("sure", "Sam, confirmed"), ("full", "Lee said yes"), ("half", "Maybe Sam"), ("asked", "Asked: Sam, Lee")]
COVERAGE = Coverage(
    dates=[
        Date(infusion_id=number, starts_at=datetime(2026, 3, 3 + 2 * number, 15, 30, tzinfo=UTC), mark=mark, word=word)
        for number, (mark, word) in enumerate([*COVERED, ("open", "Nobody yet"), ("red", "Nobody yet")], start=1)
    ],
    marks=["past", *(mark for mark, _word in COVERED), "open", "red"],
    cover="1 confirmed, 1 covered, 1 maybe, 3 open",
    share="Sam 4 rides, Lee 1 ride",
    hint="Sam has most of them. Perhaps Lee can take one.",
)
PHONE = {
    "coverage": COVERAGE,
    "marks": ["full", "full", "half", "open"],
    "dates": DATES,
    "phases": PHASES,
    "steps": STEPS,
    "numbers": NUMBERS,
    "minutes": [5, 10, 20, 30, 45],
    "links": [
        {"href": "#phone", "label": "Map", "icon": "pin"},
        {"href": "#phone", "label": "Parking", "icon": "parking"},
        {"href": "tel:+14105550142", "label": "Call", "icon": "phone"},
    ],
    "lines": ["I am 18 or older. I have had no alcohol.", "I take Maya home and go in with her."],
    "answers": [
        {"value": "fine", "level": "ok", "title": "I’m fine", "note": "Nothing needed"},
        {"value": "call", "level": "risk", "icon": "phone", "title": "Call me", "note": "Dana calls you soon"},
        {"value": "urgent", "level": "stop", "title": "Urgent", "note": "We come or call now"},
    ],
    "normal": ["Sleepy or very quiet", "Not hungry"],
    "call_us": ["Sick more than twice", "You are not sure. That is reason enough."],
    "emergency": ["Hard to wake", "You fear for her safety"],
}


@public
def styleguide(request: HttpRequest) -> HttpResponse:
    """Open to anybody: no name in it is a person's."""
    context = {
        "levels": list(SHAPES),
        "icons": list(ICONS),
        "columns": COLUMNS,
        "rows": ROWS,
        "hours": HOURS,
        "lockscreens": LOCKSCREENS,
        "counts": day_counts.drawn(days=WEEK, found=COUNTED),
        "thread": THREAD,
        "form": ExampleForm(),
        "wrong_form": ExampleForm({"wrong-name": "Jo", "wrong-starts_on": "3rd of May"}, prefix="wrong"),
        "phone": PHONE,
    }
    return render(request, "styleguide.html", context)
