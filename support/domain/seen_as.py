"""A helper's page as somebody else may look at it: word for word, with nothing on it that acts."""

import re
from dataclasses import replace
from datetime import datetime

from support.domain import links
from support.domain.helper_page import HelperPage
from support.models import Designation

# Where the page itself begins; before it are the head and the way past the masthead.
BEGINS = '<header class="masthead"'
LINK = re.compile(r'(<a\b[^>]*?)\s+href="[^"]*"')
FORM = re.compile(r"<form\b([^>]*)>")
SENDS = re.compile(r'\s(?:method|action)="[^"]*"')
CONTROL = re.compile(r"<(button|input|select|textarea)\b(?![^>]*\sdisabled)")
TOKEN = re.compile(r'<input type="hidden"[^>]*>')


def inert(*, page: str, band: str) -> str:
    """The rendered page under ``band``. What sent something or led somewhere is there to be seen and does nothing."""
    head, begins, shown = page.partition(BEGINS)
    shown = FORM.sub(lambda form: f'<div role="group"{SENDS.sub("", form[1])}>', TOKEN.sub("", shown))
    shown = shown.replace("</form>", "</div>")
    return head + band + begins + CONTROL.sub(r"<\1 disabled", LINK.sub(r"\1", shown))


def to_patient(page: HelperPage) -> HelperPage:
    """Without a no: a patient does not read when the helper cannot. Which days are left to say never to would tell the
    others."""
    months = [
        replace(month, rows=[replace(row, note="") if row.says_no else row for row in month.rows])
        for month in page.months
    ]
    return replace(page, months=months, stepped_back=[], never=[])


def last_opened(*, designation: Designation) -> datetime | None:
    """When this person last looked at their page themselves."""
    theirs = Designation.objects.filter(pk=designation.pk)
    opened: datetime | None = theirs.aggregate(last=links.LAST_OPENED)["last"]
    return opened
