"""Texts that a person has to read: one matter for each number, with an owner and a deadline as all that waits has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _

from clinic.domain import patients
from clinic.domain.errors import Refused
from clinic.models import Patient, Site, StaffMember
from messaging.enums import Channel
from messaging.models import InboundText, Message
from support.domain import alerts, helper_search, same_number
from support.domain.same_number import Holders
from support.enums import AlertKind, AlertStatus
from support.models import Alert, Designation

# So many numbers are listed, those that wrote last.
LISTED = 500
SHOWN_OF_ONE = 200


@dataclass(frozen=True, kw_only=True)
class Thread:
    """All that came from one number. ``waiting``: how many of its texts nobody has dealt with; ``alert`` says who does
    and by when, None where nobody must."""

    last: InboundText
    waiting: int
    holders: Holders
    alert: Alert | None

    @property
    def number(self) -> str:
        return self.last.from_number

    @property
    def patients(self) -> list[Patient]:
        """Whose record a text from this number can be about, at the site it lies at."""
        about = [*self.holders.patients, *(named.patient for named in self.holders.named)]
        return [patient for patient in dict.fromkeys(about) if patient.site_id == self.last.site_id]

    @property
    def whose(self) -> str:
        """In words: the names, or that nobody has it."""
        return self.holders.names_at(site_id=self.last.site_id) or _("Nobody here has this number")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One text, theirs or ours. ``state`` is what became of it, in a word."""

    at: datetime
    is_ours: bool
    body: str
    state: str


def key(*, site_id: int, number: str) -> str:
    """Names the matter, so that ten texts are one."""
    return f"texts:{site_id}:{number}"


def keep_for_a_person(
    *, text: InboundText, says: str, now: datetime, patient: Patient | None, designation: Designation | None
) -> None:
    """The text waits in the inbox, and somebody owns it. One that was taken on and not closed is unread again."""
    if text.done_at is not None:
        text.done_at = None
        text.save(update_fields=["done_at"])
    alerts.open_alert(
        kind=AlertKind.TEXT_CAME,
        key=key(site_id=text.site_id or 0, number=text.from_number),
        says=says,
        patient=patient,
        site=text.site,
        designation=designation,
        now=now,
        said_again=True,
    )


def newest_of(*, alert: Alert) -> InboundText | None:
    """The last text of the matter an alert is about; None for what is about something else."""
    if alert.kind != AlertKind.TEXT_CAME:
        return None
    texts = InboundText.objects.filter(site=alert.site_id, from_number=alert.key.split(":", 2)[2])
    return texts.order_by("-received_at", "-pk").first()


def waiting(*, site: Site) -> QuerySet[InboundText]:
    """Of this site's texts those that nobody has dealt with."""
    return InboundText.objects.filter(site=site, done_at=None)


def threads(*, site: Site, only_waiting: bool, who: str) -> list[Thread]:
    """One line a number: what waits first, the nearest deadline first; then the newest. ``who`` narrows to a part of a
    name or of a number. A constant number of queries."""
    texts = waiting(site=site) if only_waiting else InboundText.objects.filter(site=site)
    if who:
        texts = texts.filter(_of(site, who))
    counted = (
        texts.order_by().values("from_number").annotate(newest=Max("pk"), open=Count("pk", filter=Q(done_at=None)))
    )
    waiting_of = {row["newest"]: row["open"] for row in counted.order_by("-newest")[:LISTED]}
    lasts = InboundText.objects.filter(pk__in=list(waiting_of)).order_by("-pk")
    holders = same_number.among(numbers=[text.from_number for text in lasts])
    owned = _alerts(site, list(holders))
    found = [
        Thread(
            last=text,
            waiting=waiting_of[text.pk],
            holders=holders[text.from_number],
            alert=owned.get(text.from_number),
        )
        for text in lasts
    ]
    # Sorting keeps the newest first among equals.
    return sorted(found, key=lambda thread: _urgency(thread, site))


def thread(*, text: InboundText, site: Site) -> Thread:
    """The whole matter that a text belongs to."""
    number = text.from_number
    of_it = InboundText.objects.filter(site=site, from_number=number).order_by("-received_at", "-pk")
    last = of_it.first() or text
    return Thread(
        last=last,
        waiting=of_it.filter(done_at=None).count(),
        holders=same_number.holders(number=number),
        alert=_alerts(site, [number]).get(number),
    )


def lines(*, number: str, site: Site) -> list[Line]:
    """What went both ways, the newest last. Of ours what left or may have left, without its link."""
    theirs = InboundText.objects.filter(site=site, from_number=number).order_by("-received_at", "-pk")
    ours = Message.objects.filter(site=site, sent_to=number, channel=Channel.SMS, posted_at__isnull=False)
    found = [
        *(
            Line(at=text.received_at, is_ours=False, body=text.body, state=str(text.get_handled_display()))
            for text in theirs[:SHOWN_OF_ONE]
        ),
        *(
            Line(at=sent.posted_at, is_ours=True, body=sent.body, state=str(sent.get_status_display()))
            for sent in ours.order_by("-posted_at")[:SHOWN_OF_ONE]
            if sent.posted_at is not None
        ),
    ]
    return sorted(found, key=lambda line: (line.at, line.is_ours))[-SHOWN_OF_ONE:]


def done(*, text: InboundText, site: Site, outcome: str, actor: StaffMember, now: datetime) -> None:
    """Everything from its number up to this text was dealt with, and what was done about it. Refused without a word on
    that, where nothing waits, and where one waits that came after it: nobody can have read that."""
    with transaction.atomic():
        if waiting(site=site).filter(from_number=text.from_number, received_at__gt=text.received_at).exists():
            raise Refused(_("Another text came meanwhile. Please read it first."))
        owned = _alerts(site, [text.from_number]).get(text.from_number)
        if owned is not None:
            alerts.close(alert=owned, outcome=outcome, actor=actor, now=now)
        elif not waiting(site=site).filter(from_number=text.from_number).update(done_at=now, done_by=actor):
            raise Refused(_("This is done already."))


def _alerts(site: Site, numbers: Sequence[str]) -> dict[str, Alert]:
    keys = {key(site_id=site.pk, number=number): number for number in numbers}
    rows = Alert.objects.filter(key__in=keys).exclude(status=AlertStatus.CLOSED)
    return {keys[row.key]: row for row in rows.select_related("owner", "site", "patient")}


def _urgency(thread: Thread, site: Site) -> tuple[bool, float]:
    """What waits by its deadline, the rest as it comes."""
    if thread.alert is not None:
        return False, thread.alert.deadline.timestamp()
    return True, 0.0


def _of(site: Site, who: str) -> Q:
    """Texts from whoever is called so, or from a number with these figures."""
    helpers = [named.person for named in helper_search.search(site=site, query=who)]
    people = [*patients.search(site=site, query=who), *helpers]
    found = Q(from_number__in=[person.phone for person in people if person.phone])
    figures = "".join(sign for sign in who if sign.isdecimal())
    return found | Q(from_number__contains=figures) if figures else found
