"""What a helper needs tonight on a small sheet of paper: for somebody whose phone is dead."""

from dataclasses import dataclass
from datetime import datetime

import segno
from django.db import transaction
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from clinic.domain import audit
from clinic.domain.errors import Refused
from clinic.enums import InfusionStatus
from clinic.models import Infusion, StaffMember
from support.domain import code_words, driving, leaving, links, promise_rows, taken_on
from support.models import Commitment, Handover, Link

S = InfusionStatus


@dataclass(frozen=True, kw_only=True)
class Slip:
    """``qr`` is a drawing of the helper's own address, as an ``svg`` element."""

    visit: Infusion
    commitment: Commitment
    handover: Handover
    link: Link
    address: str
    qr: SafeString
    drive_from: datetime | None

    @property
    def lines(self) -> list[str]:
        return taken_on.lines(visit=self.visit, handover=self.handover)


def make(*, infusion: Infusion, actor: StaffMember, now: datetime) -> Slip:
    """For whoever has the way home, once the patient is ready; the printing is noted. Their link is the one they have
    anyway."""
    # The link locks its helper's row, which nobody does who holds a visit: it is let go before the visit is locked.
    seen = promise_rows.holder(infusion)
    link = links.for_designation(designation=seen.designation, now=now) if seen is not None else None
    with transaction.atomic():
        visit = promise_rows.locked(infusion_id=infusion.pk)
        held = promise_rows.holder(visit)
        is_same = seen is not None and held is not None and held.designation_id == seen.designation_id
        if visit.state not in {S.READY, S.RELEASED} or held is None or link is None or not is_same:
            raise Refused(_("There is nothing to print yet: somebody has the way home, and the patient is ready."))
        handover = code_words.draw(infusion=visit, now=now)
        handover.slip_printed_at = now
        handover.save(update_fields=["slip_printed_at"])
        leaving.note(handover, audit.staff(actor), "handover.slip_printed", now)
        address = links.address(link)
        return Slip(
            visit=visit,
            commitment=held,
            handover=handover,
            link=link,
            address=address,
            qr=drawn(address),
            drive_from=driving.drive_from(infusion=visit),
        )


def drawn(address: str) -> SafeString:
    """Black on white whatever the page's colours, since cameras want it so."""
    code = segno.make(address, error="m", micro=False)
    return SafeString(code.svg_inline(border=4, light="#fff", omitsize=True, svgclass="qr", lineclass=None))
