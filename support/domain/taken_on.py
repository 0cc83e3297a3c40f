"""What whoever takes a patient home takes on, in sentences; once accepted, the words that were."""

from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from clinic.models import Infusion
from support.domain import driving, helper_dates, rules
from support.models import Handover


def lines(*, visit: Infusion, handover: Handover | None) -> list[str]:
    """In the language of whoever asks, unless they accepted it in another."""
    if handover is not None and handover.accepted_words:
        return handover.accepted_words.splitlines()
    return as_they_stand(visit)


def as_they_stand(visit: Infusion) -> list[str]:
    """Times are the clinic's. Until the patient has left they are those of a patient who leaves as soon as they are
    ready."""
    name = {"name": visit.patient.first_name}
    has_left = visit.released_at is not None
    found = [
        _("I am 18 or older. I have had no alcohol."),
        _("I take %(name)s home and go in too.") % name,
    ]
    if rules.of(infusion=visit).stay_with_hours:
        stays = _("Somebody stays with %(name)s until %(until)s, or later if you leave later.")
        if has_left:
            stays = _("Somebody stays with %(name)s until %(until)s.")
        found.append(stays % {**name, "until": _clock(visit, helper_dates.stay_until(visit))})
    drives = _("%(name)s does not drive before %(when)s, or later if you leave later. No alcohol, no papers to sign.")
    if has_left:
        drives = _("%(name)s does not drive before %(when)s. No alcohol, no papers to sign.")
    drive_from = driving.earliest(infusion=visit, left_at=visit.released_at or visit.ready_at or visit.ends_at)
    when = formats.date_format(timezone.localtime(drive_from, visit.site.zone), "D H:i")
    return [*found, drives % {**name, "when": when}, _("If I am worried, I call.")]


def _clock(visit: Infusion, moment: datetime) -> str:
    """With the day where it is after midnight."""
    local = timezone.localtime(moment, visit.site.zone)
    if local.date() == timezone.localtime(visit.starts_at, visit.site.zone).date():
        return f"{local:%H:%M}"
    return _("%(time)s on %(day)s") % {"time": f"{local:%H:%M}", "day": formats.date_format(local, "l")}
