"""Refuses a set-up in which messages could go out twice, or never."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from messaging.transports import sms
from messaging.views import email


@register
def lease_outlasts_a_request(**_options: Any) -> list[CheckMessage]:
    if sms.longest_wait().total_seconds() < settings.MESSAGE_LEASE_SECONDS:
        return []
    return [
        Error(
            "A message's lease ends before its request can.",
            hint="Make MESSAGE_LEASE_SECONDS at least twice SMS_TIMEOUT plus five.",
            id="messaging.E001",
        )
    ]


@register
def transport_exists(**_options: Any) -> list[CheckMessage]:
    if settings.SMS_TRANSPORT in (sms.HTTP, sms.CONSOLE):
        return []
    return [
        Error(
            f"There is no way of sending texts called {settings.SMS_TRANSPORT!r}.",
            hint=f"SMS_TRANSPORT is {sms.HTTP} or {sms.CONSOLE}.",
            id="messaging.E002",
        )
    ]


@register(deploy=True)
def texts_leave(**_options: Any) -> list[CheckMessage]:
    if settings.SMS_TRANSPORT != sms.CONSOLE:
        return []
    return [
        Error(
            "Texts are written to files and reach nobody.",
            hint=f"Set SMS_TRANSPORT to {sms.HTTP}.",
            id="messaging.E003",
        )
    ]


@register
def email_service_exists(**_options: Any) -> list[CheckMessage]:
    if not settings.EMAIL_SERVICE or email.tracking_of(settings.EMAIL_SERVICE) is not None:
        return []
    return [
        Error(
            f"There is no e-mail service called {settings.EMAIL_SERVICE!r}.",
            hint="EMAIL_SERVICE is a name of django-anymail's, such as postmark, or empty for a mail server.",
            id="messaging.E004",
        )
    ]


@register(deploy=True)
def email_service_is_heard(**_options: Any) -> list[CheckMessage]:
    if not settings.EMAIL_SERVICE or ":" in str(settings.ANYMAIL.get("WEBHOOK_SECRET", "")):
        return []
    return [
        Warning(
            "Nobody hears which e-mails did not arrive: the e-mail service has no secret to show us.",
            hint="Set ANYMAIL_WEBHOOK_SECRET to name:password, and give the service the address "
            "https://name:password@<your address>/hooks/email/status.",
            id="messaging.W002",
        )
    ]


@register(deploy=True)
def provider_is_set_up(**_options: Any) -> list[CheckMessage]:
    names = ["SMS_API_URL", "SMS_ACCOUNT", "SMS_TOKEN", "SMS_FROM"]
    missing = [name for name in names if not getattr(settings, name)]
    if not missing:
        return []
    return [
        Warning(
            f"Texts cannot be sent: {', '.join(missing)} not set.",
            hint="Set them to your provider's values; messages wait until then.",
            id="messaging.W001",
        )
    ]
