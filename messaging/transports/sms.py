"""Texts through any provider that speaks Twilio's Messages resource, or into files where there is none."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout, InvalidSchema, MissingSchema, RequestException
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from messaging.transports import console
from messaging.transports.outcome import Answer, Lookup, Outcome, Result

HTTP, CONSOLE = "http", "console"

# The request was read and turned away before anything was done; the clinic's set-up or the hour is at fault.
TURNED_AWAY = frozenset({401, 403, 404, 405, 407, 408, 409, 425, 429, 503})
# Codes of a 400 that speak of our own number or account: another try after the repair will do.
OUR_FAULT = frozenset({20003, 20005, 21212, 21603, 21606, 21659, 21660, 63038})
OPTED_OUT = 21610
NOT_A_NUMBER = frozenset({21211, 21214, 21217, 21219, 21401, 21407, 21421})
NO_TEXTS = frozenset({21408, 21612, 21614, 30006})

# What a provider says of a text that it took and that will never arrive.
FAILED = frozenset({"failed", "undelivered", "canceled"})

# Seconds. Who asks for a longer wait than this is asked again after it.
LONGEST_ASKED = 30 * 60

# A provider's clock and ours may differ.
SKEW = timedelta(minutes=5)
PAGES = 5

# One per process: connections are kept open between the messages of a batch.
_http = requests.Session()
# A proxy that the environment names leads out of the house; a provider on this machine is not out there.
_http.proxies = {"http://127.0.0.1": "", "http://localhost": ""}


def send(*, to: str, body: str, send_key: str) -> Outcome:
    """One POST. Retrying is the caller's business; nothing here waits or tries twice."""
    if settings.SMS_TRANSPORT == CONSOLE:
        return console.send(to=to, body=body, send_key=send_key)
    try:
        response = _http.post(
            _messages_url(),
            data={"To": to, "From": settings.SMS_FROM, "Body": body, "StatusCallback": status_url(send_key)},
            headers={"Idempotency-Key": send_key},
            auth=(settings.SMS_ACCOUNT, settings.SMS_TOKEN),
            timeout=_timeouts(),
            allow_redirects=False,
        )
    except (MissingSchema, InvalidSchema):
        return Outcome(result=Result.LATER, fault="not_set_up", reason=_("No text provider is set up."))
    except RequestException as error:
        if never_connected(error):
            return Outcome(
                result=Result.LATER, fault="no_connection", reason=_("The text provider could not be reached.")
            )
        return Outcome(
            result=Result.UNCLEAR, fault="no_answer", reason=_("The text provider took the request and did not answer.")
        )
    return _read(response)


def lookup(*, to: str, since: datetime, matches: Callable[[str], bool], taken: Callable[[str], bool]) -> Lookup:
    """Asks the provider for a text to this number since then whose words match.

    `taken(provider_id)` says that the text is known to be another message.
    """
    if settings.SMS_TRANSPORT == CONSOLE:
        return console.lookup(to=to, since=since, matches=matches, taken=taken)
    url = _messages_url()
    params: dict[str, str] | None = {"To": to, "DateSent>": (since - SKEW).strftime("%Y-%m-%d"), "PageSize": "1000"}
    for _page in range(PAGES):
        try:
            response = _http.get(
                url, params=params, auth=(settings.SMS_ACCOUNT, settings.SMS_TOKEN), timeout=_timeouts()
            )
            response.raise_for_status()
            page = response.json()
            for item in page["messages"]:
                sid, body = str(item["sid"] or ""), str(item["body"] or "")
                if sid and _made_at(item) >= since - SKEW and matches(body) and not taken(sid):
                    return Lookup(answer=Answer.FOUND, provider_id=sid, status=str(item["status"]))
            following = page.get("next_page_uri")
        except (RequestException, AttributeError, KeyError, TypeError, ValueError):
            return Lookup(answer=Answer.CANNOT_SAY)
        if not following:
            return Lookup(answer=Answer.NOT_FOUND)
        url, params = f"{settings.SMS_API_URL}{following}", None
    return Lookup(answer=Answer.CANNOT_SAY)


def longest_wait() -> timedelta:
    """How long one request may take; a lease must last longer."""
    return timedelta(seconds=sum(_timeouts()) + 1)


def status_url(send_key: str) -> str:
    return f"{settings.PUBLIC_URL}/hooks/sms/status?key={send_key}"


def _messages_url() -> str:
    return f"{settings.SMS_API_URL}/2010-04-01/Accounts/{settings.SMS_ACCOUNT}/Messages.json"


def _timeouts() -> tuple[float, float]:
    return min(3.05, settings.SMS_TIMEOUT), float(settings.SMS_TIMEOUT)


def never_connected(error: RequestException) -> bool:
    if isinstance(error, ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, NoConnection) and error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _read(response: requests.Response) -> Outcome:
    status = response.status_code
    answer = _json(response)
    if 200 <= status < 300 and answer.get("sid"):
        if answer.get("status") in FAILED or answer.get("error_code"):
            return _refused(answer.get("error_code"))
        return Outcome(result=Result.ACCEPTED, provider_id=str(answer["sid"]))
    if status in TURNED_AWAY or 300 <= status < 400:
        return Outcome(
            result=Result.LATER,
            fault=f"http_{status}",
            reason=_("The text provider turned the request away (%(status)s).") % {"status": status},
            retry_after=_seconds(response.headers),
        )
    if 400 <= status < 500:
        return _refused(answer.get("code"))
    return Outcome(
        result=Result.UNCLEAR,
        fault=f"http_{status}",
        reason=_("The text provider failed while it had the request (%(status)s).") % {"status": status},
    )


def _refused(given: Any) -> Outcome:
    """By the provider's own code, which may be written as a number or as text."""
    code = int(given) if str(given).isdecimal() and len(str(given)) < 10 else 0
    fault = f"code_{code}"
    if code in OUR_FAULT:
        return Outcome(
            result=Result.LATER, fault=fault, reason=_("The clinic's own number or account is not accepted.")
        )
    if code == OPTED_OUT:
        reason = _("This number has asked for no more texts.")
    elif code in NOT_A_NUMBER:
        reason = _("This is not a phone number that can be reached.")
    elif code in NO_TEXTS:
        reason = _("This number cannot receive texts.")
    elif code:
        reason = _("The text provider refused this message (%(code)s).") % {"code": code}
    else:
        reason = _("The text provider refused this message.")
    return Outcome(result=Result.REFUSED, fault=fault, reason=reason, opted_out=code == OPTED_OUT)


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(headers: Mapping[str, str]) -> int | None:
    """How long the provider asks us to wait. A moment is counted from its own clock, which need not be ours."""
    asked = headers.get("Retry-After", "")
    if asked.isdecimal():
        return min(int(asked[:9]), LONGEST_ASKED)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(int(wait.total_seconds()), 0), LONGEST_ASKED)


def _made_at(item: dict[str, Any]) -> datetime:
    made = parsedate_to_datetime(item["date_created"])
    return made if made.tzinfo else made.replace(tzinfo=UTC)
