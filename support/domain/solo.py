"""A patient who has nobody for a date: the other ways home the rules allow, in order, and words to ask somebody.

A wish arranges nothing and cancels nothing: a person of the clinic does, and calls.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.enums import Rung
from clinic.models import Infusion, Policy
from support.domain import alerts, arrangements, escorts, promise_rows, rules, rungs
from support.enums import AlertKind, AlertStatus, LadderRung
from support.models import Alert

L = LadderRung
# What the desk reads is asked for; the page says it to the patient in its own words.
ASKED_FOR = {
    L.PAID_ESCORT: gettext_lazy("a paid escort"),
    L.WATCHED_RIDE: gettext_lazy("a ride the clinic books and watches"),
    L.EXTENDED_STAY: gettext_lazy("a longer stay"),
    L.POSTPONE: gettext_lazy("another day"),
}


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way home. ``needs``: what it takes, a sentence each; ``prices`` of the clinic's list; ``until``: when it must
    be arranged by (UTC), None where any time will do."""

    rung: str
    title: str
    needs: list[str]
    prices: list[str]
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Solo:
    """``ways`` in the order of the clinic's rules; ``text`` and ``call`` to ask somebody with; ``wished``: what the
    patient asked the clinic for already, as an open task."""

    ways: list[Way]
    text: str
    call: str
    may_ride_along: bool
    wished: Alert | None


def of(*, infusion: Infusion, now: datetime) -> Solo:
    policy = rules.of(infusion=infusion)
    text, call = _words(infusion, policy)
    return Solo(
        ways=[_way(rung, infusion, policy, now) for rung in _possible(infusion, policy, now)],
        text=text,
        call=call,
        may_ride_along=Rung.ADULT_ACCOMPANIES in policy.rungs,
        wished=Alert.objects.filter(key=_key(infusion)).exclude(status=AlertStatus.CLOSED).first(),
    )


def is_offered(*, infusion: Infusion, now: datetime) -> bool:
    """While the visit is ahead."""
    return infusion.state.before_start and now < infusion.ends_at


def wish(*, infusion: Infusion, rung: LadderRung | str, actor: str, now: datetime) -> Alert:
    """The desk is asked to arrange it and to call. Said twice it is once; another wish is added to the same task."""
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=infusion.pk)
        if not is_offered(infusion=visit, now=now):
            raise Refused(_("This visit has begun or is over. Please call us."))
        holder = promise_rows.holder(visit)
        if holder is not None:
            name = {"name": holder.designation.person.first_name}
            raise Refused(_("%(name)s takes you home that day. If that has changed, please call us.") % name)
        if rung not in _possible(visit, rules.of(infusion=visit), now):
            raise Refused(_("This can no longer be arranged in time. Please call us."))
        alert = _task(visit, L(rung), now)
        audit.record(
            actor=actor, verb="way_home.wished", now=now, patient_id=visit.patient_id, subject=f"infusion:{visit.pk}"
        )
        return alert


def _task(visit: Infusion, rung: LadderRung, now: datetime) -> Alert:
    with alerts.for_the_desk():
        named = {"name": visit.patient.first_name, "when": alerts.when(visit), "wish": str(ASKED_FOR[rung])}
        says = _("%(name)s has nobody for %(when)s and asks for %(wish)s. Please arrange it and call.") % named
        again = _("Asks for %(wish)s.") % named
    alert = alerts.open_alert(
        kind=AlertKind.LADDER,
        key=_key(visit),
        says=says,
        patient=visit.patient,
        infusion=visit,
        now=now,
        said_again=True,
    )
    if named["wish"] not in alert.says:
        alerts.add(key_begins=alert.key, says=again)
    return alert


def _key(visit: Infusion) -> str:
    return alerts.time_key("nobody", visit)


def _possible(visit: Infusion, policy: Policy, now: datetime) -> list[LadderRung]:
    """The clinic's own ways that can still be arranged; an escort only where one is on the list."""
    legal = rungs.legal(policy=policy, status=visit.state, starts_at=visit.starts_at, now=now)
    has_escorts = L.PAID_ESCORT in legal and bool(_terms(visit))
    return [rung for rung in legal if rung in ASKED_FOR and (rung != L.PAID_ESCORT or has_escorts)]


def _terms(visit: Infusion) -> list[str]:
    """Firm and price of everybody on the clinic's list who can be booked."""
    rows = escorts.listed(site=visit.site).filter(is_active=True)
    return list(dict.fromkeys(row.escort_terms or row.first_name for row in rows))


def _way(rung: LadderRung, visit: Infusion, policy: Policy, now: datetime) -> Way:
    until = rungs.deadlines(policy=policy, starts_at=visit.starts_at).get(rung)
    title, needs = _said(rung, visit, now)
    return Way(
        rung=rung,
        title=title,
        needs=needs,
        prices=_terms(visit) if rung == L.PAID_ESCORT else [],
        until=None if rung == L.POSTPONE else until,
    )


def _said(rung: LadderRung, visit: Infusion, now: datetime) -> tuple[str, list[str]]:
    agrees = _("A clinician looks at you first and must agree.")
    if rung == L.PAID_ESCORT:
        return _("A paid escort"), [
            _("Somebody from our list meets you here, rides home with you and sees you in."),
            _("You pay them yourself."),
        ]
    if rung == L.WATCHED_RIDE:
        return _("A ride we book and watch"), [
            _("We walk you to the car, and call you when you should be home."),
            agrees,
        ]
    if rung == L.EXTENDED_STAY:
        at = timezone.localtime(arrangements.stays_until(infusion=visit, now=now), visit.site.zone)
        return _("A longer stay"), [
            _("You rest here until about %(time)s, if the room is free. Then you go home by bus or taxi.")
            % {"time": f"{at:%H:%M}"},
            agrees,
        ]
    return _("Another day"), [_("We look for a day on which somebody can. This date stays yours until then.")]


def _words(visit: Infusion, policy: Policy) -> tuple[str, str]:
    """To send and to say, in the patient's own voice: when and where, how long, and that no is fine. Nothing of what
    the visit is about."""
    zone = visit.site.zone
    starts, begins, ends = (
        timezone.localtime(moment, zone) for moment in (visit.starts_at, visit.pickup_from, visit.ends_at)
    )
    said = {
        "day": date_format(starts, _("l j F")),
        "begins": f"{begins:%H:%M}",
        "ends": f"{ends:%H:%M}",
        "street": visit.site.street,
        "hours": policy.stay_with_hours,
    }
    text = _(
        "Hi! I have an appointment on %(day)s and must not go home alone. Could you come to %(street)s between "
        "%(begins)s and %(ends)s and take me home? It is fine to say no."
    )
    call = _(
        "I have an appointment on %(day)s. Afterwards I must not drive or go home alone. Could you come to %(street)s "
        "between %(begins)s and %(ends)s, take me home and see me in? If you cannot, that is fine: I will ask somebody "
        "else."
    )
    if policy.stay_with_hours:
        call = _(
            "I have an appointment on %(day)s. Afterwards I must not drive or go home alone. Could you come to "
            "%(street)s between %(begins)s and %(ends)s, take me home and see me in? Somebody should be around for "
            "%(hours)d hours; that can be another person. If you cannot, that is fine: I will ask somebody else."
        )
    return text % said, call % said
