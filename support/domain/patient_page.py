"""What a patient sees behind their link: who takes me home, what matters at this hour, how to find help."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.enums import OFF, InfusionStatus, ReleasedHow, Rung
from clinic.models import Infusion, Patient
from support.domain import aftercare, checkins, driving, rules, way_home
from support.domain.aftercare import Hour
from support.domain.way_home import WayHome
from support.enums import CommitmentStatus
from support.models import CheckIn, Handover

# After leaving, the page stays with the visit for two nights; then it looks ahead again.
STAYS = timedelta(hours=48)


@dataclass(frozen=True, kw_only=True)
class PatientPage:
    """``visit`` is the one the page is about: today's, the one just over, or the next."""

    patient: Patient
    now: datetime
    visit: Infusion | None
    way: WayHome | None
    hours: list[Hour]
    handover: Handover | None
    drive_from: datetime | None
    checkin: CheckIn | None

    @property
    def after(self) -> bool:
        """Treatment has begun or is over: the page speaks about now, not about getting there."""
        return self.visit is not None and self.visit.started_at is not None

    @property
    def is_near(self) -> bool:
        """Within the hours in which a yes is asked for once more."""
        if self.visit is None:
            return False
        hours = rules.of(infusion=self.visit).reconfirm_hours
        return self.visit.starts_at - self.now <= timedelta(hours=hours)

    @property
    def is_looked_after(self) -> bool:
        """Treatment has begun and nobody has the way home: not a question to put to somebody who rests."""
        return self.after and (self.way is None or (self.way.held is None and self.way.arranged is None))

    @property
    def nobody_is_asked(self) -> bool:
        """Nobody has the way home, and nobody is there who could still say yes."""
        return self.way is not None and self.way.held is None and not self.way.asked

    @property
    def arranged_note(self) -> str:
        """What the clinic arranged, where no person of theirs takes the patient home; empty where one does."""
        if self.visit is None or self.way is None or self.way.arranged is None or self.way.held is not None:
            return ""
        if self.way.arranged.rung == Rung.WATCHED_RIDE:
            return _("We book a ride for you, see you into it and make sure that you come home.")
        until = timezone.localtime(self.visit.ends_at, self.visit.site.zone)
        return _("You stay with us longer, until about %(time)s. Then you can go home.") % {"time": f"{until:%H:%M}"}

    @property
    def helper_note(self) -> str:
        """One line about the person who takes the patient home."""
        given = self.way.held if self.way is not None else None
        if self.visit is not None and self.visit.released_at is not None:
            at = timezone.localtime(self.visit.released_at, self.visit.site.zone)
            together = self.visit.released_how == ReleasedHow.HANDOVER
            words = _("You left together at %(time)s.") if together else _("You left at %(time)s.")
            return words % {"time": f"{at:%H:%M}"}
        if self.nobody_is_asked:
            return _("Nobody is asked right now.")
        if given is None:
            return _("We are asking the people you named.")
        if given.outside_at is not None:
            return _("Outside, %(car)s.") % {"car": given.car} if given.car else _("Outside.")
        if given.on_the_way_at is not None:
            return _("On the way, about %(minutes)d minutes.") % {"minutes": given.eta_minutes or 0}
        if given.status == CommitmentStatus.ACCEPTED:
            return _("Said yes.") if self.is_near else _("Said yes. We ask again the day before.")
        return _("Confirmed.")

    @property
    def asks_about_sleep(self) -> bool:
        return self.visit is not None and driving.is_sleep_asked(infusion=self.visit, given=self.handover, now=self.now)

    @property
    def can_say_late(self) -> bool:
        return self.visit is not None and InfusionStatus(self.visit.status) == InfusionStatus.BOOKED


def build(*, patient: Patient, now: datetime) -> PatientPage:
    """A constant number of queries."""
    visits = list(
        Infusion.objects.filter(patient=patient, ends_at__gt=now - timedelta(days=4))
        .exclude(status__in=OFF)
        .select_related("site", "room", "policy", "patient", "clinician")
        .order_by("starts_at")
    )
    visit = next((v for v in visits if is_about(v, now=now)), None)
    handover = Handover.objects.filter(infusion=visit).first()
    way = way_home.of(infusions=[visit], now=now).get(visit.pk) if visit else None
    is_met = way is not None and way.held is not None
    return PatientPage(
        patient=patient,
        now=now,
        visit=visit,
        way=way,
        hours=aftercare.now_for(infusion=visit, is_met=is_met, now=now) if visit else [],
        handover=handover if visit else None,
        drive_from=driving.drive_from(infusion=visit) if visit else None,
        checkin=checkins.waiting(patient=patient, designation=None, now=now),
    )


def is_about(visit: Infusion, *, now: datetime) -> bool:
    if visit.released_at is not None:
        return now < visit.released_at + STAYS
    return True
