"""The e-mail that asks somebody to sign up."""

from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from clinic.domain import people
from clinic.models import StaffMember


def address(*, staff: StaffMember) -> str:
    """Where this person chooses a password. Built from our own address, never from a request's."""
    return f"{settings.PUBLIC_URL}{reverse('staff_join', args=[people.invitation(staff=staff)])}"


def send(*, staff_id: int, now: datetime) -> bool:
    """Once per invitation: the claim stands before the sending. What could not be sent is tried again."""
    staff = people.claim_invitation(staff_id=staff_id, now=now)
    if staff is None:
        return False
    site = staff.sites.first()
    context = {"staff": staff, "clinic": site.public_name if site else "Homeward", "address": address(staff=staff)}
    try:
        send_mail(
            subject=render_to_string("clinic/mail/invitation.subject.txt", context).strip(),
            message=render_to_string("clinic/mail/invitation.txt", context),
            from_email=None,
            recipient_list=[staff.email],
        )
    except (OSError, SMTPException):
        people.release_invitation(staff_id=staff_id)
        return False
    return True
