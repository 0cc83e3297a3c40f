"""E-mail through Django's backend: SMTP, a provider by anymail, or files."""

from smtplib import (
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from socket import gaierror
from urllib.parse import urlsplit

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext as _

from messaging.transports.outcome import Outcome, Result


def send(*, to: str, subject: str, body: str, html: str, send_key: str) -> Outcome:
    """One hand-over. The Message-ID is made of the send key, so a second copy can be told from a second message."""
    message_id = f"<{send_key}@{urlsplit(settings.PUBLIC_URL).hostname}>"
    mail = EmailMultiAlternatives(
        subject=subject,
        body=body,
        to=[to],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
    )
    if html:
        mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except (AnymailRecipientsRefused, SMTPRecipientsRefused, SMTPResponseException, AnymailAPIError) as error:
        return _by_code(_code(error))
    except (ConnectionRefusedError, gaierror):
        return Outcome(result=Result.LATER, fault="no_connection", reason=_("The mail server could not be reached."))
    except (SMTPException, OSError):
        return Outcome(
            result=Result.UNCLEAR, fault="no_answer", reason=_("The mail server took the e-mail and did not answer.")
        )
    except ValueError:
        return _by_code(550)
    return Outcome(result=Result.ACCEPTED, provider_id=message_id)


def _code(error: Exception) -> int:
    """The reply as an SMTP code; the answers of providers' HTTP interfaces are translated to it."""
    if isinstance(error, SMTPRecipientsRefused):
        return max((code for code, _text in error.recipients.values()), default=550)
    if isinstance(error, SMTPConnectError | SMTPSenderRefused):
        return 450
    if isinstance(error, SMTPResponseException):
        return error.smtp_code if isinstance(error, SMTPDataError) or error.smtp_code < 530 else 450
    status = getattr(error, "status_code", None)
    if isinstance(error, AnymailRecipientsRefused) or status in (400, 422):
        return 550
    return 450 if status is not None and status < 500 else 0


def _by_code(code: int) -> Outcome:
    if code >= 500:
        return Outcome(
            result=Result.REFUSED, fault=f"smtp_{code}", reason=_("The mail server does not accept this address.")
        )
    if code > 0:
        return Outcome(result=Result.LATER, fault=f"smtp_{code}", reason=_("The mail server asks to try again later."))
    return Outcome(
        result=Result.UNCLEAR, fault="no_answer", reason=_("The mail provider failed while it had the e-mail.")
    )
