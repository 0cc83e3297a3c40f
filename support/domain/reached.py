"""Who of those asked about a visit hears of it by message, and who does not, in words for the desk."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from clinic.models import Infusion
from support.domain import visit_state
from support.domain.plan_state import Reach
from support.enums import CommitmentStatus
from support.models import Commitment


@dataclass(frozen=True, kw_only=True)
class Asked:
    """First names of those who have not answered: whom a message asks, who gets none until they answer their
    invitation, and whom none could reach."""

    by_message: list[str]
    silent: list[str]
    without_address: list[str]

    @property
    def to_call(self) -> str:
        """Empty where messages ask everybody."""
        lines = (
            (self.silent, _("Invited, not written to again until they answer: %(names)s. Please call.")),
            (self.without_address, _("No message reaches %(names)s. Please call.")),
        )
        return " ".join(sentence % {"names": ", ".join(names)} for names, sentence in lines if names)


def reaches(*, commitments: Sequence[Commitment]) -> dict[int, Reach]:
    """How each person of one visit is reached, by designation. All of the visit's commitments, with
    ``designation__person__site`` selected along. One query."""
    mine: dict[int, list[Commitment]] = defaultdict(list)
    for row in commitments:
        mine[row.designation_id].append(row)
    known = visit_state.standing_of(*(row.designation.person for row in commitments))
    return {
        pk: visit_state.reach_helper(
            designation=rows[0].designation, has_answered=visit_state.said_yes(rows), known=known
        )
        for pk, rows in mine.items()
    }


def why_not(*, commitments: Sequence[Commitment]) -> dict[int, str]:
    """Why no message asks them, by commitment, of those that wait for an answer. One query."""
    reach = reaches(commitments=commitments)
    return {
        row.pk: _why(reach[row.designation_id])
        for row in commitments
        if row.status == CommitmentStatus.ASKED and reach[row.designation_id].is_unreached
    }


def of(*, infusion: Infusion) -> Asked:
    """Whom a visit asks as it stands. Two queries."""
    rows = list(Commitment.objects.filter(infusion=infusion).select_related("designation__person__site").order_by("pk"))
    reach = reaches(commitments=rows)
    asked = Asked(by_message=[], silent=[], without_address=[])
    for row in {row.designation_id: row for row in rows if row.status == CommitmentStatus.ASKED}.values():
        how = reach[row.designation_id]
        where = asked.silent if how.is_silent else asked.without_address if how.is_unreached else asked.by_message
        where.append(row.designation.person.first_name)
    return asked


def booked(*, infusion: Infusion) -> str:
    """What is said when a visit has been booked. Two queries."""
    asked = of(infusion=infusion)
    names = ", ".join(asked.by_message)
    said = [_("Asked now: %(names)s.") % {"names": names} if names else "", asked.to_call]
    return " ".join([_("Booked."), *(filter(None, said) if any(said) else [_("Nobody is named who could be asked.")])])


def _why(reach: Reach) -> str:
    if reach.is_silent:
        return _("Invited, not written to again until they answer. Please call.")
    return _("No message reaches them. Please call.")
