"""The patients of the day and whoever looks after them: arrival, questions, start, recovery, and out of the door."""

from datetime import datetime
from typing import Any

from clinic.domain import infusions, policies, prechecks
from clinic.enums import DischargeItem, HoldQuestion, InfusionStatus, PressurePoint, ReleasedHow
from clinic.models import Infusion, StaffMember
from support.domain import handovers, promise_rows, quiet_words, turned_away, way_home
from support.enums import HandoverCheck, NotHandedOver
from support.models import Commitment, Handover
from tests.support.month.chance import HOUR, MINUTE
from tests.support.month.helpers import Helpers
from tests.support.month.month import Month
from tests.support.month.town import House

S = InfusionStatus
WITH = ("site", "patient__site", "policy", "course__protocol", "room", "clinician")
# Nobody waits longer for a way home before the start.
WAITS = 75 * MINUTE


class Ward:
    def __init__(self, month: Month, helpers: Helpers) -> None:
        self.month = month
        self.chance = month.chance
        self.helpers = helpers
        self.expected: set[tuple[int, datetime]] = set()

    def walk(self, now: datetime) -> None:
        """Whoever is expected before the next look, each once for each time they are booked for."""
        soon = Infusion.objects.filter(status=S.BOOKED, starts_at__gt=now - 8 * HOUR, starts_at__lt=now + 4 * HOUR)
        for visit in soon.select_related("patient").order_by("starts_at", "pk"):
            if (visit.pk, visit.starts_at) not in self.expected:
                self.expected.add((visit.pk, visit.starts_at))
                late = self.chance.minutes(-15, 25, *self.about(visit))
                self.then(visit.starts_at + late, self._arrive, visit)

    def then(self, moment: datetime, act: Any, visit: Infusion) -> None:
        self.month.at(moment, lambda at: act(Infusion.objects.select_related(*WITH).get(pk=visit.pk), at))

    def house(self, visit: Infusion) -> House:
        return self.month.town.houses[visit.site_id]

    def about(self, visit: Infusion) -> tuple[str, int]:
        """The same in every run of one seed, whatever the ids are."""
        return visit.patient.record_number, visit.number

    def hits(self, share: float, what: str, visit: Infusion) -> bool:
        return self.chance.hits(share, what, *self.about(visit))

    def step(self, act: Any, visit: Infusion, now: datetime, **more: Any) -> bool:
        """One phase; now and then it was the wrong row, and is undone and made again."""
        nurse = self.house(visit).nurse
        done = self.month.attempt(act, infusion=visit, actor=nurse, now=now, **more)
        if not done or not self.hits(0.03, f"slip {act.__name__}", visit):
            return done
        if not self.month.attempt(infusions.undo, infusion=visit, actor=nurse, now=now + MINUTE):
            return True
        self.month.counted["steps undone"] += 1
        return self.month.attempt(act, infusion=visit, actor=nurse, now=now + MINUTE, **more)

    def _arrive(self, visit: Infusion, now: datetime) -> None:
        if self.hits(0.03, "no-show", visit):
            self.then(visit.starts_at + 30 * MINUTE, self._no_show, visit)
        elif self.step(infusions.arrive, visit, now):
            self.then(now + 10 * MINUTE, self._start, visit)

    def _no_show(self, visit: Infusion, now: datetime) -> None:
        self.step(infusions.no_show, visit, now)

    # --- before the start -------------------------------------------------------------------------

    def _start(self, visit: Infusion, now: datetime) -> None:
        if visit.state is not S.ARRIVED:
            return
        self._check(visit, now)
        if self.step(infusions.start, visit, now):
            self.then(now + self.chance.minutes(38, 55, *self.about(visit)), self._recover, visit)
            return
        waited = now - visit.arrived_at
        if waited >= HOUR and self.hits(0.2, "override", visit) and self._start_anyway(visit, now):
            self.month.counted["started against the rules"] += 1
            self.then(now + 45 * MINUTE, self._recover, visit)
        elif waited >= WAITS:
            nurse = self.house(visit).nurse
            if self.month.attempt(infusions.cancel, infusion=visit, actor=nurse, now=now, reason="No way home."):
                self.month.counted["sent home untreated"] += 1
        else:
            self.then(now + 20 * MINUTE, self._start, visit)

    def _check(self, visit: Infusion, now: datetime) -> None:
        house, policy = self.house(visit), policies.under(infusion=visit)
        asked = prechecks.asked_of(infusion=visit)
        if asked and not visit.hold_answers.exists():
            says_yes = self.chance.of("hold", *self.about(visit)).randrange(40)
            answers = {question: number == says_yes for number, question in enumerate(asked)}
            self.month.attempt(prechecks.answer, infusion=visit, answers=answers, actor=house.nurse, now=now)
        if policy is not None and policy.systolic_max is not None and not visit.pressures.exists():
            upper = self.chance.of("pressure", *self.about(visit)).randint(100, 165)
            point = {"point": PressurePoint.BEFORE, "systolic": upper, "diastolic": 75}
            self.month.attempt(prechecks.record_pressure, infusion=visit, actor=house.nurse, now=now, **point)
        if self.hits(0.7, "cleared", visit):
            for flag in prechecks.open_flags(infusion=visit):
                self._clear(flag, house.doctor, now)

    def _clear(self, flag: prechecks.Flag, doctor: StaffMember, now: datetime) -> None:
        said: dict[str, Any] = {"note": "Spoke with them.", "actor": doctor, "now": now}
        if flag.answer is not None and flag.answer.question != HoldQuestion.DARK:
            self.month.attempt(prechecks.clear, answer=flag.answer, **said)
        elif flag.pressure is not None:
            self.month.attempt(prechecks.clear_pressure, reading=flag.pressure, **said)

    def _start_anyway(self, visit: Infusion, now: datetime) -> bool:
        house = self.house(visit)
        second = house.director if house.policy.override_needs_second else None
        reason = "The sister is on the train and stays tonight."
        given: dict[str, Any] = {"actor": house.doctor, "override_reason": reason, "second": second}
        return self.month.attempt(infusions.start, infusion=visit, now=now, **given)

    # --- after it ---------------------------------------------------------------------------------

    def _recover(self, visit: Infusion, now: datetime) -> None:
        stops = self.hits(0.03, "stopped", visit)
        more = {"reason": "Felt sick."} if stops else {}
        self.step(infusions.stop_early if stops else infusions.recover, visit, now, **more)
        self.then(now + self.chance.minutes(35, 80, *self.about(visit)), self._get_ready, visit)

    def _get_ready(self, visit: Infusion, now: datetime) -> None:
        if not self.step(infusions.ready, visit, now):
            return
        self.helpers.come(visit, now)
        self.then(now + 5 * MINUTE, self._leave, visit)
        if self.hits(0.02, "quiet", visit):
            self.month.attempt(quiet_words.say, infusion=visit, now=now, actor=f"patient:{visit.patient_id}")

    def _leave(self, visit: Infusion, now: datetime) -> None:
        if visit.state is not S.READY:
            return
        self._try_to_leave(visit, now)
        self.then(now + 15 * MINUTE, self._leave, visit)

    def _try_to_leave(self, visit: Infusion, now: datetime) -> None:
        held = promise_rows.holder(visit)
        if held is not None and held.outside_at is not None:
            self._hand_over(visit, held, now)
            return
        standing = promise_rows.arranged(visit)
        waited = now - visit.ready_at
        if standing is not None:
            self._other_way(visit, ReleasedHow(standing.rung), standing.details, now)
        elif waited >= 4 * HOUR and ReleasedHow.WATCHED_RIDE in self.house(visit).policy.rungs:
            self._other_way(visit, ReleasedHow.WATCHED_RIDE, "Car 12, called at home after.", now)
        elif waited >= 5 * HOUR:
            self._against_advice(visit, now)

    def _hand_over(self, visit: Infusion, held: Commitment, now: datetime) -> None:
        if self.hits(0.03, f"unfit {held.designation.person.given_name}", visit):
            why = {"why": NotHandedOver.UNFIT, "note": "Smells of drink.", "commitment": held}
            self._turn_away(visit, now, **why)
            return
        handover = Handover.objects.select_related("infusion").get(infusion=visit)
        visit.handover = handover
        on_paper = handover.accepted_at is None and not self.helpers.accept_lines(visit, now)
        words = (handover.patient_word, handover.helper_word)
        wrong = self.chance.of("words", *self.about(visit)).choices([0, 1, 6], [92, 6, 2])[0]
        for _try in range(wrong if not handover.wrong_words else 0):
            self._complete(visit, held, now, HandoverCheck.CODE, ("wrong", words[1]), on_paper)
        check = HandoverCheck.PHOTO_ID if wrong >= 5 else HandoverCheck.CODE
        if self._complete(visit, held, now, check, words, on_paper):
            self._left(visit, ReleasedHow.HANDOVER, now)

    def _turn_away(self, visit: Infusion, now: datetime, **why: Any) -> None:
        done = self.month.attempt(
            turned_away.not_handed_over, infusion=visit, actor=self.house(visit).nurse, now=now, **why
        )
        self.month.counted["turned away at the door"] += done

    def _complete(
        self,
        visit: Infusion,
        held: Commitment,
        now: datetime,
        check: HandoverCheck,
        words: tuple[str, str],
        on_paper: bool,
    ) -> bool:
        return self.month.attempt(
            handovers.complete,
            infusion=visit,
            commitment=held,
            check_by=check,
            words=words,
            score=10,
            checked=list(DischargeItem),
            instructions_given=True,
            accepted_on_paper=on_paper,
            actor=self.house(visit).nurse,
            now=now,
        )

    def _other_way(self, visit: Infusion, how: ReleasedHow, evidence: str, now: datetime, **more: Any) -> None:
        house = self.house(visit)
        done = self.month.attempt(
            handovers.release_otherwise,
            infusion=visit,
            how=how,
            evidence=evidence,
            authorised_by=house.doctor,
            score=10,
            checked=list(DischargeItem),
            actor=house.nurse,
            now=now,
            **more,
        )
        if done:
            self._left(visit, how, now)

    def _against_advice(self, visit: Infusion, now: datetime) -> None:
        self._other_way(visit, ReleasedHow.AGAINST_ADVICE, "Would not wait.", now, witness=self.house(visit).desk)

    def _left(self, visit: Infusion, how: ReleasedHow, now: datetime) -> None:
        self.month.counted[f"left by {how}"] += 1
        self.helpers.say_home(visit, now)


def has_way_home(visit: Infusion, now: datetime) -> bool:
    return way_home.gate(visit, now) == []
