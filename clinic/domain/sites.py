"""Setting a clinic up: the first site and administrator, what is still missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from clinic.domain import attempts, audit
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import OpeningHours, Policy, Protocol, Room, Site, StaffMember

UNNAMED = "Clinic"
# The first half of an advisory lock's key: "first".
_FIRST = 0x666972


@dataclass(frozen=True)
class Step:
    """One thing a new clinic needs. ``page`` is the name of the URL where it is done."""

    name: str
    title: str
    why: str
    page: str
    done: bool


_gifts: list[Callable[..., object]] = []


def on_begin(gift: Callable[..., object]) -> None:
    """Call once, from ``AppConfig.ready()``: ``gift(site=…, now=…)`` is what a new site begins with."""
    if gift not in _gifts:
        _gifts.append(gift)


_judges: list[Callable[..., dict[str, str]]] = []


def on_public_words(judge: Callable[..., dict[str, str]]) -> None:
    """Call once, from ``AppConfig.ready()``: ``judge(public_name=…, never_say=…)`` answers a sentence per field of
    ``Site`` at fault."""
    if judge not in _judges:
        _judges.append(judge)


def telling(*, public_name: str, never_say: Sequence[str]) -> dict[str, str]:
    """What is wrong with a name strangers read, and with words no message may hold: field to sentence."""
    return {
        field: sentence
        for judge in _judges
        for field, sentence in judge(public_name=public_name, never_say=never_say).items()
    }


def begin(*, now: datetime) -> Site:
    """The first site, still without address, phone and hours: set-up asks for them."""
    with transaction.atomic():
        site = Site.objects.create(name=UNNAMED, public_name=UNNAMED, timezone="UTC", phone="", street="")
        for gift in _gifts:
            gift(site=site, now=now)
        audit.record(actor="system", verb="site.begun", now=now, subject=f"site:{site.pk}")
    return site


def with_rules(sites: QuerySet[Site]) -> QuerySet[Site]:
    """Each site with ``has_rules``: whether a policy is signed, so that something can be started at all."""
    signed = Policy.objects.filter(site=OuterRef("pk"), signed_at__isnull=False)
    return sites.annotate(has_rules=Exists(signed))


def keep(*, row: Site | Room, actor: StaffMember, now: datetime) -> None:
    """Writes a new or changed site or room, once the bookings under way are through."""

    def work() -> None:
        verb = "changed" if row.pk else "added"
        row.save()
        name = row._meta.model_name
        audit.record(actor=audit.staff(actor), verb=f"{name}.{verb}", now=now, subject=f"{name}:{row.pk}")

    attempts.run_or_refuse(work)


def nobody_yet() -> bool:
    """Whether this installation still waits for its first administrator."""
    return not StaffMember.objects.exists()


def first_administrator(*, full_name: str, email: str, role: str, password: str, now: datetime) -> StaffMember:
    """The person who sets the clinic up, with a site to work at. Refused as soon as there is anybody."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_FIRST])
        if not nobody_yet():
            raise Refused(_("Somebody has set this clinic up already. Ask them to invite you."))
        if role not in (Role.ADMIN, Role.DIRECTOR):
            raise Refused(_("The first person is an administrator or the medical director."))
        staff = StaffMember.objects.create_user(email=email, password=password, full_name=full_name, role=role)
        staff.sites.set(Site.objects.all() or [begin(now=now)])
        audit.record(actor=audit.staff(staff), verb="staff.first", now=now, subject=f"staff:{staff.pk}")
    return staff


def steps(*, site: Site) -> list[Step]:
    """What is done and what is missing, in the order in which it is easiest. Five queries."""
    people = StaffMember.objects.filter(sites=site, is_active=True).aggregate(
        directors=Count("pk", filter=Q(role=Role.DIRECTOR)), clinicians=Count("pk", filter=Q(role=Role.CLINICIAN))
    )
    return [
        Step(
            "site",
            _("Name, address and phone"),
            _("Texts and link pages say where to come and whom to call."),
            "setup_site",
            bool(site.phone and site.street),
        ),
        Step(
            "rooms",
            _("Rooms"),
            _("One visit at a time in each."),
            "setup_rooms",
            Room.objects.filter(site=site, is_active=True).exists(),
        ),
        Step(
            "hours",
            _("Opening hours and closed days"),
            _("Visits are offered inside these hours only."),
            "setup_hours",
            OpeningHours.objects.filter(site=site).exists(),
        ),
        Step(
            "staff",
            _("People"),
            _("At least one clinician, and a medical director who signs the rules."),
            "staff",
            bool(people["directors"] and people["clinicians"]),
        ),
        Step(
            "protocols",
            _("Protocols"),
            _("How many visits a course has, and how far apart."),
            "protocols",
            Protocol.objects.filter(site=site, is_active=True).exists(),
        ),
        Step(
            "policy",
            _("Rules, signed by the medical director"),
            _("Until they are signed nothing can be started."),
            "policy",
            Policy.objects.filter(site=site, signed_at__isnull=False).exists(),
        ),
    ]
