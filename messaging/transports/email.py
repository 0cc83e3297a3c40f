"""E-mail through Django's backend: SMTP, an e-mail service by anymail, or files."""

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
from anymail.message import AnymailMessage
from django.conf import settings
from django.utils.translation import gettext as _
from requests.exceptions import RequestException

from messaging.transports import sms
from messaging.transports.outcome import Outcome, Result

# The name under which a service keeps our key with an e-mail, and gives it back when it tells what became of it.
KEY = "send_key"


def send(*, to: str, subject: str, body: str, html: str, send_key: str, preferences: str = "") -> Outcome:
    """One hand-over. The Message-ID is made of the send key, so a second copy can be told from a second message.

    ``preferences``: the address of the reader's page where they change or stop this. Services count no clicks and no
    openings: a link of ours must not lead over theirs.
    """
    message_id = f"<{send_key}@{urlsplit(settings.PUBLIC_URL).hostname}>"
    headers = {"Message-ID": message_id, "Auto-Submitted": "auto-generated"}
    if preferences:
        headers |= {"List-Unsubscribe": f"<{preferences}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mail = AnymailMessage(
        subject=subject,
        body=body,
        to=[to],
        headers=headers,
        metadata={KEY: send_key},
        track_clicks=False,
        track_opens=False,
    )
    if html:
        mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except (AnymailRecipientsRefused, SMTPRecipientsRefused, SMTPResponseException, AnymailAPIError) as error:
        return _not_reached() if _never_connected(error) else _by_code(_code(error))
    except (ConnectionRefusedError, gaierror):
        return _not_reached()
    except (SMTPException, OSError):
        return Outcome(
            result=Result.UNCLEAR, fault="no_answer", reason=_("The mail server took the e-mail and did not answer.")
        )
    except ValueError:
        return _by_code(550)
    return Outcome(result=Result.ACCEPTED, provider_id=_service_id(mail) or message_id)


def _service_id(mail: AnymailMessage) -> str:
    """The service's own name for it; empty where a mail server has it."""
    return str(mail.anymail_status.message_id or "")


def _never_connected(error: Exception) -> bool:
    """Of a service's interface: nothing of the request can have arrived."""
    return isinstance(error.__cause__, RequestException) and sms.never_connected(error.__cause__)


def _not_reached() -> Outcome:
    return Outcome(result=Result.LATER, fault="no_connection", reason=_("The mail server could not be reached."))


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
    return 450 if status is not None and 300 <= status < 500 else 0


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
