"""Whoever works at the clinics: reads what waits, sooner or later, and does what it says."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from clinic.domain import infusions, moves
from clinic.domain.slots import Slot
from clinic.enums import InfusionStatus, Role, Rung
from clinic.models import Infusion
from support.domain import alerts, arrangements, commitments, escorts, handovers, ladder, promise_rows, quiet_words
from support.enums import AlertKind, AlertStatus, AnsweredVia, CommitmentStatus, LadderRung, NotHandedOver
from support.models import Alert, Commitment, LadderStep
from tests.support.month.chance import HOUR, MINUTE
from tests.support.month.month import Month
from tests.support.month.ward import WITH, Ward, has_way_home

A, L = AlertKind, LadderRung
PHONE = AnsweredVia.PHONE
# Whoever reads it stays at it, at any hour: a patient waits.
AT_ONCE = frozenset({A.NOBODY_CAME, A.ON_CALL, A.QUIET_WORD, A.HOME_UNKNOWN, A.LEFT_ADVICE, A.URGENT})
HOURS = range(8, 19)
TRIES = 4


class Desk:
    def __init__(self, month: Month, ward: Ward) -> None:
        self.month = month
        self.chance = month.chance
        self.ward = ward
        self.helpers = ward.helpers
        self.seen: set[tuple[int, datetime]] = set()

    def walk(self, now: datetime) -> None:
        waiting = Alert.objects.exclude(status=AlertStatus.CLOSED).select_related("site", "patient", "owner")
        for alert in waiting.order_by("opened_at", "pk"):
            if (alert.pk, alert.opened_at) not in self.seen:
                self.seen.add((alert.pk, alert.opened_at))
                self.month.at(alert.opened_at + self._after(alert), self.reading(alert))

    def reading(self, alert: Alert) -> Callable[[datetime], None]:
        return lambda at: self._read(Alert.objects.select_related("site", "patient", "owner").get(pk=alert.pk), at)

    def _read(self, alert: Alert, now: datetime) -> None:
        if alert.status == AlertStatus.CLOSED:
            return
        if alert.kind in AT_ONCE or now.astimezone(alert.site.zone).hour in HOURS:
            self._take_on(alert, now)
        self.month.at(now + HOUR, self.reading(alert))

    def _after(self, alert: Alert) -> timedelta:
        """A fifth is left lying until it was handed on."""
        patient = alert.patient.record_number if alert.patient else ""
        draw = self.chance.of("reads", patient, alert.kind, alert.opened_at)
        return timedelta(minutes=draw.randint(2, 45) if draw.random() < 0.8 else draw.randint(70, 400))

    def _take_on(self, alert: Alert, now: datetime) -> None:
        self.month.attempt(alerts.acknowledge, alert=alert, actor=alert.owner, now=now)
        visit = alert.infusion_id and Infusion.objects.select_related(*WITH).get(pk=alert.infusion_id)
        said = self._do(alert, visit, now) if visit else "Done."
        if said:
            self.month.attempt(alerts.close, alert=alert, outcome=said, actor=alert.owner, now=now)

    def _do(self, alert: Alert, visit: Infusion, now: datetime) -> str:
        """What was done, in words; empty where somebody has to look again."""
        if alert.kind == A.QUIET_WORD:
            return self._speak_alone(visit, now)
        if visit.state is InfusionStatus.RELEASED:
            return self._call_home(alert, visit, now)
        if not visit.state.is_live or visit.state is InfusionStatus.HOME:
            return "Not needed any more."
        if alert.kind == A.CANT_COME and alert.key.startswith("patient-cant"):
            return self._another_day(visit, now)
        if has_way_home(visit, now):
            return self._hurry(visit, now) if visit.ready_at else "There is a way home."
        if self._ask_by_phone(visit, now):
            return "Somebody takes them home."
        if visit.state.before_start:
            return self._arrange(visit, now)
        self._stay_longer(visit, now)
        return "Called everybody. The patient stays." if alert.kind in {A.NOBODY_CAME, A.ON_CALL} else ""

    def _ask_by_phone(self, visit: Infusion, now: datetime) -> bool:
        """Who has it and did not confirm; then those who were asked."""
        held = promise_rows.holder(visit)
        if held is not None:
            return self._confirmed_by_phone(held, now)
        for row in self.helpers.asked(visit):
            says = self.helpers.by_phone(row, now)
            act = {"yes": commitments.accept, "no": commitments.decline}.get(says)
            if act and self._record(act, row, now) and says == "yes":
                self.month.counted["said yes by phone"] += 1
                self.helpers.has_it(row, now)
                if visit.ready_at is not None:
                    self.month.at(now + 30 * MINUTE, lambda at, row=row: self.helpers.outside(row, at))
                return True
        return False

    def _confirmed_by_phone(self, held: Commitment, now: datetime) -> bool:
        says = self.helpers.by_phone(held, now)
        if says == "no":
            self._record(commitments.withdraw, held, now)
        if held.status != CommitmentStatus.ACCEPTED:
            return says == "yes"
        return says == "yes" and self._record(commitments.reconfirm, held, now)

    def _record(self, act: Any, row: Commitment, now: datetime) -> bool:
        desk = self.ward.house(row.infusion).desk
        return self.month.attempt(act, commitment=row, via=PHONE, now=now, recorded_by=desk)

    # --- a way home that the clinic arranges ------------------------------------------------------

    def _arrange(self, visit: Infusion, now: datetime) -> str:
        for _try in range(TRIES):
            step = LadderStep.objects.filter(infusion=visit, ended_at=None).first()
            if step is None or step.rung == L.ADULTS:
                return ""
            if step.rung == L.POSTPONE:
                return self._another_day(visit, now) if self.chance.hits(0.6, "postpone", step.began_at, now) else ""
            is_possible = self.chance.hits(0.75, "possible", visit.patient.record_number, step.rung, step.began_at)
            if is_possible and self._book(visit, step.rung, now):
                self.month.counted[f"arranged: {step.rung}"] += 1
                return "Booked."
            house, why = self.ward.house(visit), {"note": "Nobody is free."}
            if not self.month.attempt(ladder.not_possible, infusion=visit, actor=house.desk, now=now, **why):
                return ""
        return ""

    def _book(self, visit: Infusion, rung: str, now: datetime) -> bool:
        house = self.ward.house(visit)
        if rung == L.PAID_ESCORT:
            chosen = self.chance.of("escort", visit.patient.record_number, visit.number).choice(house.escorts)
            wording = "Somebody of the clinic's list takes me home."
            return self.month.attempt(
                escorts.book, infusion=visit, escort=chosen, actor=house.desk, now=now, wording=wording
            )
        return self.month.attempt(
            arrangements.arrange,
            infusion=visit,
            rung=rung,
            details="Car 12, the desk watches it",
            authorised_by=house.doctor,
            actor=house.desk,
            now=now,
        )

    def _stay_longer(self, visit: Infusion, now: datetime) -> None:
        if Rung.EXTENDED_STAY in self.ward.house(visit).policy.rungs and visit.ready_at is not None:
            self._book(visit, L.EXTENDED_STAY, now)

    def _another_day(self, visit: Infusion, now: datetime) -> str:
        """Once; whoever still has nobody then is called off."""
        house = self.ward.house(visit)
        for days in range(1, 9) if not visit.moves.exists() else ():
            slot = Slot(visit.starts_at + timedelta(days=days), visit.room, visit.clinician)
            if visit.state is InfusionStatus.BOOKED and self.month.attempt(
                moves.move, infusion=visit, slot=slot, actor=house.desk, now=now, version=visit.version
            ):
                self.month.counted["moved to another day"] += 1
                return "Moved to another day."
        if self.month.attempt(infusions.cancel, infusion=visit, actor=house.desk, now=now, reason="No way home."):
            self.month.counted["called off"] += 1
            return "Called off."
        return ""

    # --- after the treatment ----------------------------------------------------------------------

    def _hurry(self, visit: Infusion, now: datetime) -> str:
        """Ready, and whoever has it is not here: called, they come or cannot."""
        held = promise_rows.holder(visit)
        if held is None:
            return "Arranged."
        says = self.helpers.by_phone(held, now)
        if says == "yes":
            self.month.at(now + 25 * MINUTE, lambda at: self.helpers.outside(held, at))
            return "On the way."
        self._record(commitments.withdraw, held, now)
        return ""

    def _speak_alone(self, visit: Infusion, now: datetime) -> str:
        """The alert is closed with the word that was heard; they wait for somebody else."""
        house = self.ward.house(visit)
        outcome = {"outcome": "Somebody else takes them home."}
        if self.month.attempt(quiet_words.hear, infusion=visit, actor=house.nurse, now=now, **outcome):
            held = promise_rows.holder(visit)
            if held is not None:
                self.ward._turn_away(visit, now, why=NotHandedOver.PATIENT_ASKED, note="Said so.", commitment=held)
        return ""

    def _call_home(self, alert: Alert, visit: Infusion, now: datetime) -> str:
        """Two of three answer the first call; whoever is called after that knows."""
        is_last = alert.key.startswith("home-contact") or alert.owner.role == Role.DIRECTOR
        if is_last or self.chance.hits(0.66, "answers", visit.patient.record_number, visit.number, now):
            self.month.attempt(handovers.say_home, infusion=visit, now=now, actor=f"staff:{alert.owner_id}")
            return "They are home."
        return ""
