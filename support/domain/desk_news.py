"""What the desk is told when a way home is lost, and when it is found again."""

from datetime import datetime

from django.utils.translation import gettext as _

from clinic.models import Infusion
from support.domain import alerts, promise_rows
from support.enums import AlertKind
from support.models import Commitment, Designation

# Keys of the alerts about a way home that somebody had and has not any more.
LOST = "withdrawn:"


def stepped_back(*, visit: Infusion, row: Commitment, now: datetime) -> None:
    """An alert of its own for each time. Needs the visit's lock."""
    with alerts.for_the_desk():
        says = _("%(name)s stepped back from %(when)s.") % _named(visit, row)
    _lost(visit, row, now, says=says, designation=row.designation)


def taken_off(*, visit: Infusion, row: Commitment, now: datetime) -> None:
    """The same where the patient wants it so: who had it is told by nobody. Needs the visit's lock."""
    with alerts.for_the_desk():
        sentence = _(
            "%(name)s is no longer on the list to take %(patient)s home, %(when)s. "
            "Nobody tells %(name)s: please do not call them."
        )
        says = sentence % _named(visit, row)
    _lost(visit, row, now, says=says, designation=None)


def comes_after_all(*, row: Commitment) -> None:
    """Said on the alerts that still wait; a person closes them, who may have called others meanwhile."""
    with alerts.for_the_desk():
        sentence = _("Since then: %(name)s comes after all.") % {"name": row.designation.person.first_name}
    alerts.add(key_begins=_key(row), says=sentence)


def comes_besides(*, visit: Infusion, row: Commitment, now: datetime) -> None:
    """The clinic had arranged a way home already: both stand until a person ends one. Needs the visit's lock."""
    arranged = promise_rows.arranged(visit)
    if arranged is None:
        return
    with alerts.for_the_desk():
        sentence = _("%(name)s takes %(patient)s home, %(when)s. There is also: %(what)s. End what is not needed.")
        named = {"name": row.designation.person.first_name, "patient": visit.patient.first_name}
        says = sentence % {**named, "when": alerts.when(visit), "what": arranged.get_rung_display()}
    key = f"besides:{arranged.pk}:{row.pk}"
    alerts.call_task(key=key, says=says, visit=visit, designation=row.designation, now=now)


def not_needed(*, visit: Infusion, row: Commitment, now: datetime) -> None:
    """The patient left in another way, and somebody may be on the road for them. Needs the visit's lock."""
    with alerts.for_the_desk():
        named = {"name": visit.patient.first_name, "helper": row.designation.person.first_name}
        sentence = _("%(name)s left in another way. Please tell %(helper)s that nobody has to come.") % named
    alerts.call_task(key=f"not-needed:{row.pk}", says=sentence, visit=visit, designation=row.designation, now=now)


def _lost(visit: Infusion, row: Commitment, now: datetime, *, says: str, designation: Designation | None) -> None:
    arranged = promise_rows.arranged(visit)
    with alerts.for_the_desk():
        then = [_("There is no way home now.")]
        if arranged is not None:
            then = [_("There is still: %(what)s.") % {"what": arranged.get_rung_display()}]
        elif visit.started_at is not None:
            then.append(_("The treatment has begun: the patient stays until somebody comes."))
    alerts.open_alert(
        kind=AlertKind.CANT_COME,
        key=f"{_key(row)}{int(now.timestamp())}",
        says=" ".join([says, *then]),
        patient=visit.patient,
        infusion=visit,
        designation=designation,
        now=now,
    )


def _named(visit: Infusion, row: Commitment) -> dict[str, str]:
    return {
        "name": row.designation.person.first_name,
        "patient": visit.patient.first_name,
        "when": alerts.when(visit),
    }


def _key(row: Commitment) -> str:
    return f"{LOST}{row.pk}:"
