"""The people who sign in: inviting them, what they may do, their quick PIN."""

from datetime import datetime
from itertools import pairwise

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password, make_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from clinic.domain import attempts, audit
from clinic.domain.errors import Refused
from clinic.enums import Role
from clinic.models import Site, StaffMember

PIN_DIGITS = range(4, 7)


class _Invitations(PasswordResetTokenGenerator):
    """Good for one sign-up: it dies with the first password, and after ``PASSWORD_RESET_TIMEOUT``."""

    key_salt = "clinic.domain.people.invitation"


_invitations = _Invitations()


def invite(*, site: Site, email: str, full_name: str, role: str, actor: StaffMember, now: datetime) -> StaffMember:
    """Somebody who has an account here already is added to the site; anybody else gets an invitation by e-mail."""
    known = StaffMember.objects.filter(email__iexact=email).first()
    if known and known.sites.filter(pk=site.pk).exists():
        raise Refused(_("%(name)s is on the list already.") % {"name": known.full_name})
    try:
        with transaction.atomic():
            staff = known or StaffMember.objects.create_user(email=email, full_name=full_name, role=role)
            staff.sites.add(site)
            audit.record(actor=audit.staff(actor), verb="staff.invited", now=now, subject=f"staff:{staff.pk}")
    except IntegrityError as error:
        raise Refused(_("Somebody is using this e-mail already.")) from error
    return staff


def invite_again(*, staff: StaffMember, actor: StaffMember, now: datetime) -> None:
    if has_joined(staff=staff):
        raise Refused(_("%(name)s has signed in already.") % {"name": staff.full_name})
    StaffMember.objects.filter(pk=staff.pk).update(invited_at=None)
    audit.record(actor=audit.staff(actor), verb="staff.invited", now=now, subject=f"staff:{staff.pk}")


def has_joined(*, staff: StaffMember) -> bool:
    return staff.has_usable_password()


def invitation(*, staff: StaffMember) -> str:
    """The secret part of the address; the same staff member may have several that work."""
    return f"{staff.pk}-{_invitations.make_token(staff)}"


def invited(*, token: str) -> StaffMember | None:
    """Whose invitation this is; None when it was used, is too old or was never one."""
    number, _dash, secret = token.partition("-")
    staff = StaffMember.objects.filter(pk=int(number), is_active=True).first() if _is_id(number) else None
    usable = staff is not None and not has_joined(staff=staff) and _invitations.check_token(staff, secret)
    return staff if usable else None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


def join(*, staff: StaffMember, password: str, now: datetime) -> None:
    with transaction.atomic():
        row = StaffMember.objects.select_for_update().get(pk=staff.pk)
        if has_joined(staff=row):
            raise Refused(_("This invitation was used already. Sign in instead."))
        row.set_password(password)
        row.save(update_fields=["password"])
        audit.record(actor=audit.staff(row), verb="staff.joined", now=now, subject=f"staff:{row.pk}")


def to_be_invited() -> list[int]:
    """Who was put on the list and has not been written to."""
    waiting = StaffMember.objects.filter(
        invited_at=None, is_active=True, password__startswith=UNUSABLE_PASSWORD_PREFIX, last_login=None
    )
    return list(waiting.values_list("pk", flat=True))


def claim_invitation(*, staff_id: int, now: datetime) -> StaffMember | None:
    """Only one worker writes to somebody; None for all others. ``release_invitation`` when it could not."""
    claimed = StaffMember.objects.filter(pk=staff_id, invited_at=None).update(invited_at=now)
    return StaffMember.objects.prefetch_related("sites").get(pk=staff_id) if claimed else None


def release_invitation(*, staff_id: int) -> None:
    StaffMember.objects.filter(pk=staff_id).update(invited_at=None)


def change(
    *, staff: StaffMember, full_name: str, role: str, is_active: bool, actor: StaffMember, now: datetime
) -> StaffMember:
    """Refused where it would leave nobody who can set things up, or lock oneself out."""

    def work() -> StaffMember:
        # Both rows, in one order for everybody: two people who close each other's accounts must not both succeed.
        # Not their keys: a booking that names one of them goes on.
        rows = StaffMember.objects.select_for_update(no_key=True).filter(pk__in={staff.pk, actor.pk}).order_by("pk")
        known = {person.pk: person for person in rows}
        row, still = known[staff.pk], known[actor.pk]
        if not still.is_active or still.role != actor.role:
            raise Refused(_("Your own account was changed in this moment. Sign in again."))
        if row.pk == actor.pk and (not is_active or role != row.role):
            raise Refused(_("You cannot change your own role or close your own account. Ask a colleague."))
        if row.role == Role.DIRECTOR and actor.role != Role.DIRECTOR and has_joined(staff=row):
            raise Refused(_("Only a medical director changes a medical director's account."))
        row.full_name, row.role, row.is_active = full_name, role, is_active
        row.save(update_fields=["full_name", "role", "is_active"])
        audit.record(actor=audit.staff(actor), verb="staff.changed", now=now, subject=f"staff:{row.pk}")
        return row

    return attempts.run_or_refuse(work)


def set_pin(*, staff: StaffMember, pin: str, now: datetime) -> None:
    """Four to six digits that nobody guesses first."""
    if not (pin.isascii() and pin.isdigit() and len(pin) in PIN_DIGITS):
        raise Refused(_("A PIN has four to six digits."))
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise Refused(_("This PIN is too easy to guess. Choose digits that do not repeat or count."))
    StaffMember.objects.filter(pk=staff.pk).update(quick_pin=make_password(pin))
    audit.record(actor=audit.staff(staff), verb="staff.pin", now=now, subject=f"staff:{staff.pk}")


def pin_matches(*, staff: StaffMember, pin: str) -> bool:
    """Takes as long for somebody without a PIN as for somebody with one."""
    return check_password(pin, staff.quick_pin or make_password(None)) and bool(staff.quick_pin)
