"""The people whom patients named: asked, they answer or do not, step back at bad moments, come late."""

from datetime import datetime, timedelta

from django.db.models import Q

from clinic.enums import AHEAD_OR_HERE, InfusionStatus
from clinic.models import Infusion
from support.domain import attesting, commitments, day, handovers, promise_rows
from support.enums import HOLDING, AnsweredVia, CommitmentStatus, SupportRole
from support.models import Commitment
from tests.support.month.chance import HOUR, MINUTE
from tests.support.month.month import Month

C = CommitmentStatus
LINK = AnsweredVia.LINK
OPEN = Q(infusion__status__in=AHEAD_OR_HERE)


class Helpers:
    def __init__(self, month: Month) -> None:
        self.month = month
        self.chance = month.chance
        self.heard: set[tuple[int, datetime]] = set()
        self.since = datetime.min

    def listen(self, now: datetime) -> None:
        """Whoever was asked since the last time thinks about it."""
        asked = Commitment.objects.filter(OPEN, status=C.ASKED, role=SupportRole.RIDE)
        if self.heard:
            asked = asked.filter(asked_at__gte=self.since)
        for row in asked.select_related("infusion", "infusion__patient", "designation__person"):
            if (row.pk, row.asked_at) not in self.heard:
                self.heard.add((row.pk, row.asked_at))
                self._think(row, now)
        self.since = now - HOUR

    def who(self, row: Commitment) -> tuple[object, ...]:
        """The same in every run of one seed, whatever the ids are."""
        visit = row.infusion
        return visit.patient.record_number, visit.number, row.designation.person.given_name, row.asked_at

    def _think(self, row: Commitment, now: datetime) -> None:
        is_here = not row.infusion.state.before_start
        reaction = self.chance.reaction(*self.who(row), is_urgent=is_here)
        acts = {"yes": self._accept, "no": self._decline}
        if reaction.says in acts:
            act = acts[reaction.says]
            self.month.at(row.asked_at + reaction.after, lambda at: act(row, at))
        else:
            self.month.counted["never answered"] += 1

    def _accept(self, row: Commitment, now: datetime) -> None:
        if attesting.needed(row.designation.person):
            attesting.attest(person=row.designation.person, stay_hours=8, via=LINK, now=now)
        if self.month.attempt(commitments.accept, commitment=row, via=LINK, now=now):
            self.has_it(row, now)

    def _decline(self, row: Commitment, now: datetime) -> None:
        self.month.attempt(commitments.decline, commitment=row, via=LINK, now=now)

    def has_it(self, row: Commitment, now: datetime) -> None:
        """What they will do about it: confirm the day before, most of them; step back, a few."""
        starts = row.for_starts_at
        before = self.chance.stepping_back(*self.who(row))
        if before is not None and starts - before > now:
            self.month.at(starts - before, lambda at: self._step_back(row, before, at))
        if self.chance.hits(0.75, "confirms", *self.who(row)):
            self.month.at(starts - self.chance.minutes(200, 1400, *self.who(row)), lambda at: self._confirm(row, at))

    def _step_back(self, row: Commitment, before: timedelta, now: datetime) -> None:
        if Commitment.objects.filter(pk=row.pk, status__in=HOLDING, infusion__status__in=AHEAD_OR_HERE).exists():
            when = "in the middle of it" if before < timedelta(0) else f"{before} before"
            if self.month.attempt(commitments.withdraw, commitment=row, via=LINK, now=now):
                self.month.counted[f"stepped back {when}"] += 1

    def _confirm(self, row: Commitment, now: datetime) -> None:
        if Commitment.objects.filter(pk=row.pk, status=C.ACCEPTED).exists():
            self.month.attempt(commitments.reconfirm, commitment=row, via=LINK, now=now)

    # --- the day ----------------------------------------------------------------------------------

    def come(self, visit: Infusion, now: datetime) -> None:
        """The patient is ready: whoever has the way home comes, or does not."""
        held = promise_rows.holder(visit)
        if held is None:
            return
        after = self.chance.coming(visit.patient.record_number, visit.number, held.designation.person.given_name)
        if after is None:
            self.month.counted["did not come before a call"] += 1
        else:
            self.month.counted["came late"] += after > 30 * MINUTE
            self.month.at(now + max(after, timedelta()), lambda at: self.outside(held, at))

    def outside(self, row: Commitment, now: datetime) -> None:
        if Commitment.objects.filter(pk=row.pk, status__in=HOLDING, infusion__status=InfusionStatus.READY).exists():
            self.month.attempt(day.outside, commitment=row, car="grey Honda", now=now)

    def accept_lines(self, visit: Infusion, now: datetime) -> bool:
        """Five lines on their own phone; a dead phone accepts nothing."""
        if not self.chance.hits(0.9, "phone", visit.patient.record_number, visit.number):
            return False
        return self.month.attempt(handovers.accept, handover=visit.handover, now=now, actor="link:month")

    def say_home(self, visit: Infusion, now: datetime) -> None:
        """Three of four say so; the others are asked, and then somebody calls."""
        about = (visit.patient.record_number, visit.number)
        if self.chance.hits(0.75, "home", *about):
            at = now + self.chance.minutes(20, 80, "home", *about)
            self.month.at(at, lambda at: self._home(visit, at))
        else:
            self.month.counted["did not say home"] += 1

    def _home(self, visit: Infusion, now: datetime) -> None:
        self.month.attempt(handovers.say_home, infusion=visit, now=now, actor="link:month")

    def by_phone(self, row: Commitment, now: datetime) -> str:
        """What somebody says who is called: most of those reached say yes."""
        about = ("called", *self.who(row), now)
        return self.chance.of(*about).choices(["yes", "no", "not reached"], [50, 20, 30])[0]

    @staticmethod
    def asked(visit: Infusion) -> list[Commitment]:
        rows = Commitment.objects.filter(
            infusion=visit,
            role=SupportRole.RIDE,
            for_starts_at=visit.starts_at,
            status__in=[C.ASKED, C.LAPSED],
            designation__withdrawn_at=None,
        )
        return list(rows.select_related("infusion__patient", "designation__person").order_by("designation__rank"))
