"""Addresses for people without an account.

A token is ``<link id><22 signs>``: the signs are the first 132 bits of HMAC-SHA256 over id and nonce, with a key that
only the settings hold, written url-safe. It is derived when a message is sent and never stored, so a resent text
carries the same address and a stolen database opens nothing (docs/rules.md, "Links").
"""

import base64
import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse

from clinic.domain import patient_rows
from clinic.models import Patient
from messaging.domain import firewall
from support.enums import LinkPurpose
from support.models import Designation, Link

ID_LENGTH = 8
TOKEN_LENGTH = ID_LENGTH + 22
# No link has it: an id holds no nought.
NOBODYS = "0" * TOKEN_LENGTH
# A link outlives the visit it is about, so that the evening after still works; every new message prolongs it.
KEPT_FOR = timedelta(days=60)
# Somebody's last day goes on into its night: they stay with the patient, and say that they are home.
NIGHT = timedelta(hours=12)
# Of a designation: when its helper last looked themselves; their calendar, which looks every hour, is not them.
LAST_OPENED = Max("links__last_opened_at", filter=Q(links__purpose=LinkPurpose.HELPER))


def for_designation(*, designation: Designation, now: datetime) -> Link:
    """The helper's link for this patient; the one in use, or a new one. A newer message never replaces it."""
    return _usable_or_new(
        now=now, purpose=LinkPurpose.HELPER, designation=designation, patient=None, site_id=designation.person.site_id
    )


def for_patient(*, patient: Patient, now: datetime) -> Link:
    """The patient's own link; the one in use, or a new one. Refused where the record was joined with another."""
    return _usable_or_new(
        now=now, purpose=LinkPurpose.PATIENT, designation=None, patient=patient, site_id=patient.site_id
    )


def _usable_or_new(
    *, now: datetime, purpose: LinkPurpose, designation: Designation | None, patient: Patient | None, site_id: int
) -> Link:
    with transaction.atomic():
        # One at a time per person, or two messages sent together would make two links.
        if designation is not None:
            Designation.objects.select_for_update().get(pk=designation.pk)
        if patient is not None:
            patient_rows.held(patient=patient)
        link = (
            Link.objects.filter(
                purpose=purpose, designation=designation, patient=patient, withdrawn_at=None, expires_at__gt=now
            )
            .order_by("created_at")
            .last()
        )
        if link is None:
            return Link.objects.create(
                purpose=purpose,
                designation=designation,
                patient=patient,
                site_id=site_id,
                created_at=now,
                expires_at=now + KEPT_FOR,
            )
        if link.expires_at < now + KEPT_FOR / 2:
            link.expires_at = now + KEPT_FOR
            link.save(update_fields=["expires_at"])
        return link


def token(link: Link, *, key: str | None = None) -> str:
    """The secret part of the address; give it to nobody but the person the link is for."""
    digest = hmac.new((key or settings.LINK_KEYS[0]).encode(), link.id.encode() + bytes(link.nonce), sha256).digest()
    return link.id + base64.urlsafe_b64encode(digest[:17]).decode().rstrip("=")[:22]


def address(link: Link) -> str:
    """The whole address, from the settings' own base URL and never from a request."""
    return firewall.link_base() + reverse("link", args=[token(link)])


def preferences_of(address: str) -> str:
    """The page behind an address where its reader changes how we write to them, or ends it at a press (RFC 8058)."""
    return f"{address}preferences/" if address else ""


def stand_in() -> str:
    """As long as an address, and nobody's: for words that are only looked at."""
    return firewall.link_base() + reverse("link", args=[NOBODYS])


def resolve(candidate: str) -> Link | None:
    """The link a token belongs to, in use or not; None for anything else. Takes the same time for every wrong token."""
    link = None
    if len(candidate) == TOKEN_LENGTH:
        link = find(candidate[:ID_LENGTH])
    measured = link or Link(id="nobodys0", nonce=b"\0" * 16)
    matches = [hmac.compare_digest(token(measured, key=key).encode(), candidate.encode()) for key in settings.LINK_KEYS]
    return link if any(matches) else None


def find(link_id: str) -> Link | None:
    return (
        Link.objects.select_related(
            "site", "patient", "designation__person__site", "designation__patient", "patient__site"
        )
        .filter(pk=link_id)
        .first()
    )


def is_usable(link: Link, *, now: datetime) -> bool:
    """Not withdrawn, not expired, and the patient still names this person."""
    if link.withdrawn_at is not None or link.expires_at <= now:
        return False
    named = link.designation
    if named is None or named.valid_until is None or named.person.is_escort:
        return named is None or named.holds_at(now)
    return named.withdrawn_at is None and now < named.valid_until + NIGHT


def withdraw_all(*, designation: Designation, now: datetime) -> int:
    """Closes every link of this designation at once, inside the caller's transaction. Returns how many were open."""
    return Link.objects.filter(designation=designation, withdrawn_at=None).update(withdrawn_at=now)


def opened(link: Link, *, now: datetime) -> None:
    """The one thing a GET may write besides the read log."""
    Link.objects.filter(pk=link.pk).update(last_opened_at=now)


def patient_of(link: Link) -> Patient:
    """Whose visits the page is about."""
    if link.patient is not None:
        return link.patient
    if link.designation is not None:
        return link.designation.patient
    raise ValueError("a link is bound to one person")
