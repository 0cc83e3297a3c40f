"""Birth dates as people type them into a search box."""

import re
from datetime import date, datetime

FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d %Y",
    "%B %d %Y",
)
FIGURES = re.compile(r"^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})$")


def read_birth_date(*, text: str) -> list[date]:
    """The dates ``text`` can mean, month first before day first; empty if it is no whole date.

    2/3/1987 is 3 February or 2 March: both are looked for.
    """
    words = " ".join(text.replace(",", " ").split()).removesuffix(".")
    figures = FIGURES.match(words)
    if figures:
        one, other, year = (int(part) for part in figures.groups())
        if "." in words:
            one, other = other, one
        return [day for month, of in dict.fromkeys([(one, other), (other, one)]) if (day := _day(year, month, of))]
    # "Feb." as well as "Feb".
    plain = re.sub(r"([A-Za-z])\.", r"\1", words)
    for form in FORMATS:
        try:
            return [datetime.strptime(plain, form).date()]  # noqa: DTZ007 a date has no zone
        except ValueError:
            continue
    return []


def _day(year: int, month: int, of_month: int) -> date | None:
    try:
        return date(year, month, of_month)
    except ValueError:
        return None
