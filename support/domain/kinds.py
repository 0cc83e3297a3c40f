"""The kinds of message support sends, registered with messaging when the app is ready.

Where nobody can say whether a message went, it is better not said than said twice, and a person calls. Two matters are
better said twice: "ready, please come in", since somebody sits and waits, and that the clinic is closed: who does not
hear it fasts, travels and stands in front of a closed door, and on such a day there are many to call. That a visit is
off or has moved is a call: who misses it finds an open door and a front desk.
"""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from clinic.models import Infusion
from messaging.domain import kinds, outbox
from messaging.domain.kinds import Kind, Verdict
from messaging.enums import Audience
from messaging.models import Message
from support.domain import closing, fallback, going_on, replan, subjects, text_answers, wording
from support.domain.wording_slots import SLOTS
from support.enums import CommitmentStatus, OfferStatus
from support.models import Commitment

Asked = Callable[[Message, datetime], Verdict]

PLANNED_PATIENT = (
    "patient_3_days",
    "patient_1_day",
    "patient_3_hours",
    "patient_cancelled",
    "patient_home",
    "checkin_evening",
    "checkin_next_day",
)
PLANNED_HELPER = (
    "helper_ask_again",
    "helper_ask_new_time",
    "helper_reconfirm",
    "helper_3_hours",
    "helper_cancelled",
    "helper_covered",
    "helper_come_in",
    "helper_home",
    "helper_checkin_evening",
    "helper_checkin_next_day",
)
QUIET_EXEMPT = frozenset({"helper_come_in"})
TWICE_IS_BETTER = frozenset({"helper_come_in", "patient_closed", "helper_closed"})
# Who sits and waits, or must not come, hears it however much was said before.
BESIDE_THE_BUDGET = frozenset(
    {
        "helper_come_in",
        "helper_home",
        "patient_home",
        "patient_cancelled",
        "helper_cancelled",
        "patient_moved",
        "patient_closed",
        "helper_closed",
        "patient_open",
        "helper_open",
    }
)
SEGMENTS = {"helper_invitation": 2}


def register_all() -> None:
    """Once, from ``AppConfig.ready()``."""
    for name in PLANNED_PATIENT:
        kinds.register(_kind(name, Audience.PATIENT, in_plan))
    for name in PLANNED_HELPER:
        kinds.register(_kind(name, Audience.HELPER, in_plan))
    kinds.register(_kind("patient_moved", Audience.PATIENT, still_that_time))
    kinds.register(_kind("helper_invitation", Audience.HELPER, still_named))
    kinds.register(_kind("helper_new_dates", Audience.HELPER, still_asked))
    kinds.register(_kind("helper_go_on", Audience.HELPER, still_unanswered))
    kinds.register(_kind("patient_closed", Audience.PATIENT, still_closed))
    kinds.register(_kind("helper_closed", Audience.HELPER, still_closed))
    kinds.register(_kind("patient_open", Audience.PATIENT, still_there))
    kinds.register(_kind("helper_open", Audience.HELPER, still_there))
    kinds.register(_kind("waitlist_offer", Audience.PATIENT, still_offered))


def in_plan(message: Message, now: datetime) -> Verdict:
    """The plan is asked once more: a message it no longer holds is not sent, one it moved goes later."""
    visit_id = int(message.scope.partition(":")[2])
    for wanted in replan.wanted_now(infusion_id=visit_id, now=now):
        # A row made beside the plan (by staff, or as the fallback of a text) is wanted while its kind is.
        same = (wanted.kind, wanted.recipient) == (message.kind, message.recipient)
        if same and (message.plan_version == 0 or wanted.key == outbox.key_of(message)):
            if message.plan_version > 0 and wanted.due_at > now:
                return Verdict(wanted=False, retry_at=wanted.due_at)
            return Verdict(wanted=True)
    if message.rule.startswith(outbox.RESENT):
        return still_live(message, now)
    return Verdict(wanted=False, reason=_("Things changed: this is no longer needed."))


def still_live(message: Message, now: datetime) -> Verdict:
    """Staff said "send again": whatever the plan thinks, as long as the visit is on and the reader is still named."""
    if wording.addressee(message).designation is not None and not (verdict := still_named(message, now)).wanted:
        return verdict
    visit = wording.visit_of(message)
    if visit is not None and visit.state.is_live:
        return Verdict(wanted=True)
    return Verdict(wanted=False, reason=_("The visit is off."))


def still_that_time(message: Message, now: datetime) -> Verdict:
    visit = wording.visit_of(message)
    # Two moves in a row: only the newest is news.
    newest = visit is not None and message.subject == _newest_move(message)
    if visit is not None and newest and visit.state.before_start and _tells_its_time(message, visit):
        return Verdict(wanted=True)
    return Verdict(wanted=False, reason=_("The time changed again, or the visit is off."))


def still_named(message: Message, now: datetime) -> Verdict:
    named = wording.addressee(message).designation
    if named is None or not named.holds_at(now):
        return Verdict(wanted=False, reason=_("This person is no longer on the list."))
    return Verdict(wanted=True)


def still_asked(message: Message, now: datetime) -> Verdict:
    verdict = still_named(message, now)
    named = wording.addressee(message).designation
    course_id = int(message.subject.partition(":")[2])
    waiting = Commitment.objects.filter(
        designation=named,
        status=CommitmentStatus.ASKED,
        infusion__course=course_id,
        infusion__starts_at__gt=now,
    )
    if verdict.wanted and not waiting.exists():
        return Verdict(wanted=False, reason=_("They have answered already."))
    return verdict


def still_unanswered(message: Message, now: datetime) -> Verdict:
    """Whoever has said how they go on is not asked."""
    verdict = still_named(message, now)
    named = wording.addressee(message).designation
    if verdict.wanted and named is not None and not going_on.is_asked(named):
        return Verdict(wanted=False, reason=_("They have answered already."))
    return verdict


def still_closed(message: Message, now: datetime) -> Verdict:
    """Who was moved out of the closed time meanwhile is not told, nor anybody once it was lifted."""
    verdict = still_there(message, now)
    closure = subjects.closure(message)
    visit = wording.visit_of(message)
    if verdict.wanted and visit is not None:
        hit = closure is not None and closing.hit(closure=closure, now=now).filter(pk=visit.pk).exists()
        return Verdict(wanted=True) if hit else Verdict(wanted=False, reason=_("The visit is out of the closed time."))
    return verdict


def still_there(message: Message, now: datetime) -> Verdict:
    """The visit is ahead at the time the message is about, and the reader is still named."""
    if wording.addressee(message).designation is not None and not (verdict := still_named(message, now)).wanted:
        return verdict
    visit = wording.visit_of(message)
    if visit is not None and visit.state.before_start and _tells_its_time(message, visit):
        return Verdict(wanted=True)
    return Verdict(wanted=False, reason=_("The time changed, or the visit is off."))


def still_offered(message: Message, now: datetime) -> Verdict:
    offer = subjects.offer(message)
    if offer is not None and offer.status == OfferStatus.OPEN and now < offer.expires_at:
        return Verdict(wanted=True)
    return Verdict(wanted=False, reason=_("This place is not offered any more."))


def _kind(name: str, audience: Audience, still_wanted: Asked) -> Kind:
    return Kind(
        name=name,
        audience=audience,
        facts=wording.facts,
        still_wanted=still_wanted,
        on_dead=fallback.on_dead,
        twice=name in TWICE_IS_BETTER,
        quiet_exempt=name in QUIET_EXEMPT,
        max_segments=SEGMENTS.get(name, 1),
        slots=SLOTS[name],
        counts=name not in BESIDE_THE_BUDGET,
        on_answer=text_answers.on_answer if name in text_answers.ASKS else None,
        is_open=text_answers.is_open if name in text_answers.ASKS else None,
    )


def _tells_its_time(message: Message, visit: Infusion) -> bool:
    """What staff send again is written anew, with the time the visit has by then."""
    return message.rule.startswith(outbox.RESENT) or visit.starts_at == message.about_at


def _newest_move(message: Message) -> str | None:
    rows = Message.objects.filter(scope=message.scope, kind=message.kind).order_by("-pk")
    return rows.values_list("subject", flat=True).first()
