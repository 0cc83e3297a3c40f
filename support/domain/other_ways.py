"""What a visit's page says of the ways home the clinic can arrange: what stands, what is possible, until when."""

from dataclasses import dataclass
from datetime import datetime

from clinic.domain import stays
from clinic.enums import Role, Rung
from clinic.models import Infusion, Policy, StaffMember
from support.domain import arrangements, escorts, rules, rungs
from support.domain.promise_rows import is_over
from support.enums import LadderRung
from support.models import Arrangement, SupportPerson

OFFERED = (Rung.PAID_ESCORT, Rung.WATCHED_RIDE, Rung.EXTENDED_STAY)


@dataclass(frozen=True, kw_only=True)
class Way:
    """``until`` when it can be arranged; None once the treatment has begun. ``why_not``: sentences, empty if it can
    be arranged now."""

    rung: Rung
    until: datetime | None
    why_not: list[str]


@dataclass(frozen=True, kw_only=True)
class OtherWays:
    """``stands`` now, ``ended`` what was arranged before; ``signers``: roles in words. ``stays_until``: when a longer
    stay would end, ``in_the_way``: who needs the place before, ``closes``: the end of the clinic's day where that is
    earlier."""

    stands: Arrangement | None
    ended: list[Arrangement]
    ways: list[Way]
    escorts: list[SupportPerson]
    may_sign: bool
    signers: list[str]
    stays_until: datetime | None
    in_the_way: list[str]
    closes: datetime | None

    @property
    def signers_asked(self) -> bool:
        """Whether something could be arranged if somebody signed it off who may."""
        return not self.may_sign and any(way.rung != Rung.PAID_ESCORT and not way.why_not for way in self.ways)


def of(*, infusion: Infusion, reader: StaffMember, now: datetime) -> OtherWays:
    """Four queries at most, nine more after the premises changed. Changes nothing."""
    rows = list(Arrangement.objects.filter(infusion=infusion).select_related("arranged_by", "authorised_by"))
    stands = next((row for row in rows if row.ended_at is None and row.for_starts_at == infusion.starts_at), None)
    policy = rules.of(infusion=infusion)
    ways = [] if is_over(infusion) else _ways(infusion, policy, now)
    possible = {way.rung for way in ways if not way.why_not}
    until = arrangements.stays_until(infusion=infusion, now=now) if Rung.EXTENDED_STAY in possible else None
    can_book = Rung.PAID_ESCORT in possible
    return OtherWays(
        stands=stands,
        ended=[row for row in rows if row.ended_at is not None],
        ways=ways,
        escorts=list(escorts.listed(site=infusion.site).filter(is_active=True)) if can_book else [],
        may_sign=reader.role in policy.override_roles,
        signers=[str(Role(role).label) for role in policy.override_roles],
        stays_until=until,
        in_the_way=stays.in_the_way(infusion=infusion, until=until) if until else [],
        closes=stays.closes_before(infusion=infusion, until=until) if until else None,
    )


def _ways(infusion: Infusion, policy: Policy, now: datetime) -> list[Way]:
    deadlines = rungs.deadlines(policy=policy, starts_at=infusion.starts_at)
    return [
        Way(
            rung=rung,
            until=deadlines[LadderRung(rung)] if infusion.started_at is None else None,
            why_not=arrangements.not_now(infusion=infusion, policy=policy, rung=LadderRung(rung), now=now),
        )
        for rung in OFFERED
        if rung in policy.rungs
    ]
