"""The messages page: what did not arrive, what waits and why, what went. From indexes, however long the ledger is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinic.domain import patients, times
from clinic.models import Site
from messaging.enums import FAILED, MessageStatus
from messaging.models import Message
from support.domain import helper_search, ledger_words
from support.domain.ledger_words import WENT, Line
from support.models import Designation

S = MessageStatus
# Lines of one group where several are shown, and where one is asked for.
FEW, MANY = 12, 50
# What did not arrive longer ago is no news: it is shown where it is asked for.
RECENT = timedelta(days=14)

FIRST_FAILED, WAITS, SENT, DROPPED = "failed", "waiting", "sent", "dropped"
TITLES: dict[str, str | Promise] = {
    FIRST_FAILED: _("Did not arrive"),
    WAITS: _("Will go"),
    SENT: _("Went"),
    DROPPED: _("No longer needed"),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to see. ``after``: the last message of the page before."""

    state: str = ""
    who: str = ""
    visit: int | None = None
    channel: str = ""
    day: date | None = None
    after: int | None = None

    @property
    def is_narrowed(self) -> bool:
        return self != Asked()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Messages of one state. ``more``: there are others; ``last`` is where the next page begins."""

    state: str
    title: str
    lines: list[Line]
    more: bool
    last: int | None


def groups(*, site: Site, asked: Asked, now: datetime) -> list[Group]:
    """Those with something in them; all but what is no longer needed, unless one is asked for."""
    rows = _narrowed(site, asked)
    wanted = [asked.state] if asked.state else [FIRST_FAILED, WAITS, SENT]
    limit = MANY if asked.state else FEW
    found = {state: READ[state](rows, asked, site, now)[: limit + 1] for state in wanted}
    pages = {state: page[:limit] for state, page in found.items()}
    lines = {
        line.message.pk: line
        for line in ledger_words.lines(messages=[row for page in pages.values() for row in page], now=now)
    }
    return [
        Group(
            state=state,
            title=str(TITLES[state]),
            lines=[lines[row.pk] for row in page],
            more=len(found[state]) > limit,
            last=page[-1].pk,
        )
        for state, page in pages.items()
        if page
    ]


def goes_later(*, site: Site, now: datetime) -> bool:
    """Whether anything goes after tomorrow, which is left out until somebody asks for it."""
    return Message.objects.filter(site=site, status=S.PENDING, due_at__gte=soon(site=site, now=now)).exists()


def soon(*, site: Site, now: datetime) -> datetime:
    """When tomorrow ends."""
    tomorrow = times.local_day(moment=now, zone=site.zone) + timedelta(days=1)
    return times.day_bounds(day=tomorrow, zone=site.zone)[1]


def _narrowed(site: Site, asked: Asked) -> QuerySet[Message]:
    rows = Message.objects.filter(site=site)
    if asked.visit:
        rows = rows.filter(scope=f"infusion:{asked.visit}")
    if asked.who:
        rows = rows.filter(recipient__in=_recipients(site, asked.who))
    if asked.channel:
        rows = rows.filter(channel=asked.channel)
    if asked.day:
        begins, ends = times.day_bounds(day=asked.day, zone=site.zone)
        rows = rows.filter(due_at__gte=begins, due_at__lt=ends)
    return rows


def _recipients(site: Site, words: str) -> list[str]:
    """The patient and everybody they named, and every helper of that name."""
    found = [patient.pk for patient in patients.search(site=site, query=words)]
    helpers = [named.pk for named in helper_search.search(site=site, query=words)]
    named = Designation.objects.filter(Q(patient_id__in=found) | Q(pk__in=helpers))
    return [*(f"patient:{pk}" for pk in found), *(f"designation:{pk}" for pk in named.values_list("pk", flat=True))]


def _failed(rows: QuerySet[Message], asked: Asked, site: Site, now: datetime) -> list[Message]:
    failed = rows.filter(status__in=sorted(FAILED))
    if not asked.is_narrowed:
        failed = failed.filter(due_at__gte=now - RECENT)
    return _newest_first(failed, asked, site)


def _sent(rows: QuerySet[Message], asked: Asked, site: Site, now: datetime) -> list[Message]:
    # Nothing went before it was due: so what waits for the months ahead is not looked at.
    return _newest_first(rows.filter(~Q(status=S.VOID), status__in=sorted(WENT), due_at__lte=now), asked, site)


def _dropped(rows: QuerySet[Message], asked: Asked, site: Site, now: datetime) -> list[Message]:
    """The newest made first. Rarely asked for: they have no index of their own."""
    rows = rows.filter(status=S.VOID).order_by("-pk")
    return list((rows.filter(pk__lt=asked.after) if asked.after else rows)[: MANY + 1])


def _waiting(rows: QuerySet[Message], asked: Asked, site: Site, now: datetime) -> list[Message]:
    """What is on its way or uncertain, then what goes next. Without being asked nothing after tomorrow."""
    pending = rows.filter(status=S.PENDING).order_by("due_at", "pk")
    if not asked.is_narrowed:
        pending = pending.filter(due_at__lt=soon(site=site, now=now))
    last = _last(asked, site)
    if last is not None and last.status == S.PENDING:
        return list(pending.filter(_beyond(last, "gt"))[: MANY + 1])
    under_way = rows.filter(Q(status=S.SENDING) | Q(status=S.UNKNOWN)).order_by("due_at", "pk")
    if last is not None:
        under_way = under_way.filter(_beyond(last, "gt"))
    return [*under_way[: MANY + 1], *pending[: MANY + 1]]


def _newest_first(rows: QuerySet[Message], asked: Asked, site: Site) -> list[Message]:
    last = _last(asked, site)
    rows = rows.order_by("-due_at", "-pk")
    return list((rows.filter(_beyond(last, "lt")) if last is not None else rows)[: MANY + 1])


def _last(asked: Asked, site: Site) -> Message | None:
    return Message.objects.filter(pk=asked.after, site=site).first() if asked.after else None


def _beyond(last: Message, way: str) -> Q:
    """What comes after ``last`` in the order of due time and key; said so that an index can begin there."""
    same = {"due_at": last.due_at, f"pk__{way}": last.pk}
    return Q(**{f"due_at__{way}e": last.due_at}) & (Q(**{f"due_at__{way}": last.due_at}) | Q(**same))


READ: dict[str, Callable[[QuerySet[Message], Asked, Site, datetime], list[Message]]] = {
    FIRST_FAILED: _failed,
    WAITS: _waiting,
    SENT: _sent,
    DROPPED: _dropped,
}
