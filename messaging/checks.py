"""Refuses a set-up in which messages could go out twice, or never."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from messaging.transports import sms


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
