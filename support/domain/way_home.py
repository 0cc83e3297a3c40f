"""Who takes the patient home, how sure that is, and whether the drug may be given."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils.translation import gettext as _

from clinic import names
from clinic.enums import InfusionStatus, ReleasedHow, Rung
from clinic.models import Infusion, Policy
from support.domain import busy, rules
from support.domain.visit_rows import VisitRow
from support.enums import ARRANGED_WORDS, HOLDING, CommitmentStatus, SupportRole
from support.models import Arrangement, Commitment

S = CommitmentStatus
Level = Literal["ok", "risk", "stop", "calm"]


class Ride(NamedTuple):
    """One commitment to a ride and who made it; times UTC. All that is said of a way home is made of it."""

    pk: int
    infusion_id: int
    designation_id: int
    status: str
    for_starts_at: datetime
    on_the_way_at: datetime | None
    eta_minutes: int | None
    outside_at: datetime | None
    car: str
    given_name: str
    family_name: str
    phone: str
    email: str
    is_adult: bool | None

    @property
    def first_name(self) -> str:
        return names.first(self.given_name)

    @property
    def full_name(self) -> str:
        return names.full(self.given_name, self.family_name)


class Arranged(NamedTuple):
    """A way home the clinic arranged for the visit's present time, and who signed it off."""

    infusion_id: int
    rung: str
    details: str
    signed_by: str

    @property
    def word(self) -> str:
        return str(ARRANGED_WORDS[Rung(self.rung)])

    @property
    def sentence(self) -> str:
        said = {"what": self.word, "details": self.details, "name": self.signed_by}
        return _("%(what)s: %(details)s. Signed off by %(name)s.") % said


ARRANGED_COLUMNS = ("infusion_id", "rung", "details", "authorised_by__full_name")
OF_THE_PERSON = ("given_name", "family_name", "phone", "email", "is_adult")
COLUMNS = [f"designation__person__{name}" if name in OF_THE_PERSON else name for name in Ride._fields]


@dataclass(frozen=True, kw_only=True)
class WayHome:
    """``word`` for a mark, ``sentence`` for a person, ``asked`` who has not answered yet. ``arranged`` by the clinic;
    somebody may have said yes besides."""

    level: Level
    word: str
    sentence: str
    held: Ride | None = None
    asked: list[Ride] = field(default_factory=list)
    arranged: Arranged | None = None


def of(*, infusions: Sequence[Infusion] | Sequence[VisitRow], now: datetime) -> dict[int, WayHome]:
    """For each visit by id; two queries, however many (policies are taken from what was read along)."""
    rides: dict[int, list[Ride]] = defaultdict(list)
    keys = [infusion.pk for infusion in infusions]
    for row in _rides(keys):
        rides[row.infusion_id].append(row)
    arranged = _arranged(keys)
    policies = rules.of_each(infusions=infusions)
    found = {}
    for infusion in infusions:
        mine = [row for row in rides[infusion.pk] if row.for_starts_at == infusion.starts_at]
        found[infusion.pk] = _of_one(infusion, policies[infusion.pk], mine, arranged.get(infusion.pk), now)
    return found


def gate(infusion: Infusion, now: datetime) -> list[str]:
    """Why there is no safe way home yet: a sentence for the whole and one for each person; empty if there is one."""
    rows = [row for row in _rides([infusion.pk]) if row.for_starts_at == infusion.starts_at]
    sure = next((row for row in rows if row.status in {S.RECONFIRMED, S.KEPT} and row.is_adult), None)
    if sure is not None and not busy.is_treated(person=sure, visit=infusion):
        return []
    arranged = _arranged([infusion.pk]).get(infusion.pk)
    if arranged is not None:
        return [] if arranged.rung in rules.of(infusion=infusion).rungs else [_not_allowed_now(arranged)]
    themselves = [busy.is_treated_then(sure)] if sure is not None else []
    return [_("There is no confirmed way home."), *themselves, *(line for row in rows if (line := _why_not(row)))]


def _rides(infusions: Sequence[int]) -> list[Ride]:
    rows = Commitment.objects.filter(
        infusion__in=infusions, role=SupportRole.RIDE, designation__withdrawn_at=None
    ).exclude(status=S.VOID)
    return [Ride._make(row) for row in rows.order_by("designation__rank", "pk").values_list(*COLUMNS)]


def _arranged(infusions: Sequence[int]) -> dict[int, Arranged]:
    rows = Arrangement.objects.filter(
        infusion__in=infusions, ended_at=None, for_starts_at=F("infusion__starts_at")
    ).values_list(*ARRANGED_COLUMNS)
    return {row[0]: Arranged._make(row) for row in rows}


def _not_allowed_now(arranged: Arranged) -> str:
    return _("%(what)s: the clinic's rules do not allow this way home any more.") % {"what": arranged.word}


def _why_not(row: Ride) -> str:
    name = {"name": row.first_name}
    if row.status in HOLDING and not row.is_adult:
        return _("Nobody has recorded yet that %(name)s is 18 or older.") % name
    sentences = {
        S.ACCEPTED: _("%(name)s said yes but has not confirmed for today."),
        S.ASKED: _("%(name)s was asked and has not answered."),
        S.DECLINED: _("%(name)s said no."),
        S.WITHDRAWN: _("%(name)s stepped back."),
        S.LAPSED: _("%(name)s did not answer."),
    }
    sentence = sentences.get(S(row.status), "")
    return sentence % name if sentence else ""


def _of_one(
    infusion: Infusion | VisitRow, policy: Policy, rides: Sequence[Ride], arranged: Arranged | None, now: datetime
) -> WayHome:
    state = infusion.state
    held = next((row for row in rides if row.status in HOLDING), None)
    asked = [row for row in rides if row.status == S.ASKED]
    if not state.is_live:
        return WayHome(level="calm", word=str(state.label), sentence="")
    if state in {InfusionStatus.RELEASED, InfusionStatus.HOME}:
        return _left(infusion, held)
    by_a_person = _held(infusion, policy, held, asked, now) if held is not None else None
    if arranged is not None:
        return _by_the_clinic(arranged, by_a_person, asked)
    if by_a_person is not None:
        return by_a_person
    if asked:
        people = ", ".join(row.first_name for row in asked)
        is_far = infusion.starts_at - now > timedelta(hours=policy.ask_hours)
        noes = [line for row in rides if row.status != S.ASKED and (line := _why_not(row))]
        return WayHome(
            level="risk" if is_far else "stop",
            word=_("Asking") if is_far else _("No way home"),
            sentence=" ".join([*(noes or [_("Nobody has said yes yet.")]), _("Asked: %(names)s.") % {"names": people}]),
            asked=asked,
        )
    reasons = " ".join(line for row in rides if (line := _why_not(row)))
    return WayHome(level="stop", word=_("No way home"), sentence=reasons or _("Nobody is asked to take them home."))


def _by_the_clinic(arranged: Arranged, by_a_person: WayHome | None, asked: list[Ride]) -> WayHome:
    """Both may stand: then who is confirmed gives the mark, and both are said."""
    if by_a_person is None:
        return WayHome(level="ok", word=arranged.word, sentence=arranged.sentence, asked=asked, arranged=arranged)
    sure = by_a_person.held is not None and by_a_person.held.status in {S.RECONFIRMED, S.KEPT}
    return replace(
        by_a_person,
        level="ok",
        word=by_a_person.word if sure and by_a_person.level == "ok" else arranged.word,
        sentence=f"{by_a_person.sentence} {arranged.sentence}",
        arranged=arranged,
    )


def _held(infusion: Infusion | VisitRow, policy: Policy, held: Ride, asked: list[Ride], now: datetime) -> WayHome:
    name = {"name": held.first_name}
    where = _where(held, infusion.site.zone)
    if held.is_adult is not True:
        sentence = " ".join(line for line in (_why_not(held), where) if line)
        return WayHome(level="risk", word=_("At risk"), sentence=sentence, held=held, asked=asked)
    if held.status in {S.RECONFIRMED, S.KEPT}:
        sentence = where or _("%(name)s is confirmed.") % name
        return WayHome(level="ok", word=_("Way home"), sentence=sentence, held=held, asked=asked)
    if infusion.starts_at - now > timedelta(hours=policy.reconfirm_hours):
        sentence = _("%(name)s said yes. We ask again the day before.") % name
        return WayHome(level="ok", word=_("Way home"), sentence=sentence, held=held, asked=asked)
    sentence = _("%(name)s said yes but has not confirmed.") % name
    return WayHome(level="risk", word=_("At risk"), sentence=sentence, held=held, asked=asked)


def _where(held: Ride, zone: ZoneInfo) -> str:
    """What they tapped last on their way; empty before they set out."""
    name = {"name": held.first_name}
    if held.outside_at is not None and held.car:
        return _("%(name)s is outside, %(car)s.") % {**name, "car": held.car}
    if held.outside_at is not None:
        return _("%(name)s is outside.") % name
    if held.on_the_way_at is None:
        return ""
    said = {"minutes": held.eta_minutes, "time": f"{held.on_the_way_at.astimezone(zone):%H:%M}"}
    return _("%(name)s is on the way, about %(minutes)d min, said at %(time)s.") % {**name, **said}


def _left(infusion: Infusion | VisitRow, held: Ride | None) -> WayHome:
    if infusion.released_how == ReleasedHow.HANDOVER and held is not None:
        sentence = _("Left with %(name)s.") % {"name": held.first_name}
        return WayHome(level="ok", word=_("Way home"), sentence=sentence, held=held)
    word = str(ReleasedHow(infusion.released_how).label)
    return WayHome(level="ok", word=_("Left"), sentence=word)
