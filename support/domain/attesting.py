"""What it involves to take somebody home, in two minutes, and what a helper says to it before their first ride: 18 or
over, sober, and for how many hours they can stay."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext_lazy, override

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.enums import Rung
from clinic.models import Infusion, Policy, StaffMember
from support.domain import alerts, commitments, designations, people, rules
from support.domain.promise_rows import not_past
from support.enums import OPEN_COMMITMENTS, AlertKind, AnsweredVia, SupportRole
from support.models import Attestation, Commitment, Designation, SupportPerson

# Where the rules want nobody to stay, this is left out, and so is the third tick.
STAYS = gettext_noop("Somebody stays with them for the hours after: you, or a person they pick.")
# What they read. Where it comes from: docs/rules.md.
INVOLVES = (
    gettext_noop("You take somebody home after their visit and see them inside. A taxi is fine if you ride along."),
    gettext_noop("They may be sleepy, unsteady, quiet or full of feeling. All of that is common, and it passes."),
    gettext_noop("Until the next day they do not drive, drink alcohol, sign papers or look after a child alone."),
    STAYS,
    gettext_noop("Be near: we text you when they are ready. At the front desk each says one word, and you leave."),
    gettext_noop("If you are worried you call us, without knowing why. In danger you call the emergency number."),
    gettext_noop("You can step back at any time, with one tap and without a reason."),
)
# The first of them where the rules do not know a helper who rides along by taxi.
DRIVES = gettext_noop("You drive somebody home after their visit and see them inside.")
ADULT = gettext_noop("I am 18 or over.")
SOBER = gettext_noop("I will be sober on the day: no alcohol, and nothing that makes me sleepy.")
STAY = ngettext_lazy(
    "I can stay with them for %(hours)s hour afterwards.",
    "I can stay with them for %(hours)s hours afterwards.",
    "hours",
)
MOST_HOURS = 24
MOST_MINUTES = 600
PRESSED_TWICE = timedelta(minutes=1)


def lines(*, policy: Policy) -> list[str]:
    """What it involves under these rules, in the reader's language."""
    first = INVOLVES[0] if Rung.ADULT_ACCOMPANIES in policy.rungs else DRIVES
    return [_(line) for line in (first, *INVOLVES[1:]) if line != STAYS or policy.stay_with_hours]


def ticks(*, hours: int) -> list[str]:
    """What they say yes to: 18 or over, sober, and so many hours. As their page shows it, and as it is kept."""
    return [_(ADULT), _(SOBER), *([STAY % {"hours": hours}] if hours else [])]


def _edition() -> str:
    """Of the English words, whatever language they are read in; the number of hours is the rules' and no matter."""
    with override(None):
        words = [*INVOLVES, DRIVES, *ticks(hours=1), *ticks(hours=2)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]


# Which words somebody read.
EDITION = _edition()


def read_out(*, policy: Policy) -> list[str]:
    """The same with the three questions, for staff to read aloud."""
    asked = _("Are you 18 or over? Will you be sober on the day?")
    if policy.stay_with_hours:
        asked = _("Are you 18 or over? Will you be sober on the day? Can you stay with them for %(hours)d hours?")
    return [*lines(policy=policy), asked % {"hours": policy.stay_with_hours}]


def newest(*, people: Iterable[int]) -> dict[int, Attestation]:
    """What each said last, by person. One query."""
    rows = Attestation.objects.filter(person__in=list(people)).order_by("person_id", "-at", "-pk").distinct("person_id")
    return {row.person_id: row for row in rows}


def needed(person: SupportPerson) -> bool:
    """Whether they have yet to read it as it is worded now. Whoever does it for a living signed with the clinic."""
    return not person.is_escort and not Attestation.objects.filter(person=person, edition=EDITION).exists()


def needed_for(*, designation: Designation, dates: Iterable[int]) -> bool:
    """Whether one of these, by the ids of their commitments, takes somebody home and they have not read it yet."""
    mine = Commitment.objects.filter(designation=designation, pk__in=list(dates)).values("infusion")
    rides = Commitment.objects.filter(designation=designation, role=SupportRole.RIDE, infusion__in=mine)
    return SupportRole.RIDE in designation.roles and rides.exists() and needed(designation.person)


def attest(
    *,
    person: SupportPerson,
    stay_hours: int,
    via: AnsweredVia | str,
    now: datetime,
    recorded_by: StaffMember | None = None,
    actor: str = "",
    travel_minutes: int | None = None,
) -> Attestation:
    """They read or heard it and said yes to all of it. Also makes them an adult, in their own word. Fewer hours than
    the rules ask are written down as they are. Pressed twice it is said once. Raises ``Refused``."""
    if not 0 <= stay_hours <= MOST_HOURS:
        raise Refused(_("Say how many hours, from 0 to 24."))
    if travel_minutes is not None and not 0 <= travel_minutes <= MOST_MINUTES:
        raise Refused(_("Say the way in minutes, at most 600."))
    with transaction.atomic():
        row = _locked(person.pk)
        if row.is_adult is False:
            raise Refused(_("We have noted that you are under 18. Please call us if that is wrong."))
        same = {"person": row, "edition": EDITION, "stay_hours": stay_hours, "via": via, "recorded_by": recorded_by}
        said = Attestation.objects.filter(**same, at__gt=now - PRESSED_TWICE).first()
        if said is not None:
            return said
        wording = "\n".join([*lines(policy=rules.at(site=row.site)), *ticks(hours=stay_hours)])
        said = Attestation.objects.create(**same, at=now, wording=wording)
        row.is_adult = True
        row.travel_minutes = row.travel_minutes if travel_minutes is None else travel_minutes
        row.save(update_fields=["is_adult", "travel_minutes"])
        for designation in _named(row):
            designations.note(designation, _who(designation, recorded_by, actor), "person.attested", now)
    return said


def under_age(*, designation: Designation, actor: str, now: datetime) -> None:
    """They say by their own link that they are under 18: they take nobody home, for nobody; the desk is told, and what
    they were asked or had said yes to ends. Idempotent. What staff know for sure is corrected by staff."""
    with transaction.atomic():
        people.is_under_age(person_id=designation.person_id, actor=actor, verb="person.says_under_age", now=now)
        with alerts.for_the_desk():
            says = _("%(name)s says that they are under 18 and takes nobody home. Please ask somebody else.")
        _tell_the_desk(designation, says, now)
    # Each in a transaction of its own: visits are locked before people elsewhere.
    for ride in _open_rides(designation, now):
        commitments.decline(commitment=ride, via=AnsweredVia.LINK, now=now, actor=actor)


def seen_under_age(*, designation: Designation, actor: StaffMember, now: datetime) -> None:
    """The same by sight; the desk is told where they had other dates. Not inside a transaction that holds a visit:
    visits are locked before people."""
    rides = _open_rides(designation, now)
    with transaction.atomic():
        by = audit.staff(actor)
        people.is_under_age(person_id=designation.person_id, actor=by, verb="person.is_under_age", now=now)
        if rides:
            with alerts.for_the_desk():
                says = _("%(name)s is under 18 and takes nobody home. Please ask somebody else for their other dates.")
            _tell_the_desk(designation, says, now)
    for ride in rides:
        commitments.end_here(commitment=ride, recorded_by=actor, now=now)


def _open_rides(designation: Designation, now: datetime) -> list[Commitment]:
    """What this person is asked or said yes to, for whomever, that is not over."""
    rides = Commitment.objects.filter(
        designation__person=designation.person_id, role=SupportRole.RIDE, status__in=OPEN_COMMITMENTS
    )
    return list(rides.filter(not_past(now)).order_by("infusion_id", "pk"))


def flag(*, said: Attestation | None, visit: Infusion) -> str:
    """What staff should know about somebody who takes this patient home; empty where all is well."""
    if said is None:
        return _("Has not read yet what it involves: read it out when you call.")
    asked = rules.of(infusion=visit).stay_with_hours
    if said.stay_hours >= asked:
        return ""
    until = timezone.localtime(visit.ends_at + timedelta(hours=said.stay_hours), visit.site.zone)
    words = {"can": said.stay_hours, "asked": asked, "until": f"{until:%H:%M}"}
    return _("Can stay %(can)d of %(asked)d hours: somebody else from %(until)s.") % words


def _tell_the_desk(designation: Designation, says: str, now: datetime) -> None:
    alerts.open_alert(
        kind=AlertKind.CALL_TASK,
        key=f"under-age:{designation.person_id}",
        says=says % {"name": designation.person.first_name},
        patient=designation.patient,
        designation=designation,
        now=now,
        once=True,
    )


def _who(designation: Designation, recorded_by: StaffMember | None, actor: str) -> str:
    if recorded_by is not None:
        return audit.staff(recorded_by)
    return actor or f"designation:{designation.pk}"


def _locked(pk: int) -> SupportPerson:
    return SupportPerson.objects.select_for_update(no_key=True).get(pk=pk)


def _named(person: SupportPerson) -> Iterable[Designation]:
    return person.designations.filter(withdrawn_at=None).select_related("patient__site", "person__site")
