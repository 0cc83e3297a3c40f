"""Structured logs that say what happened, never to whom.

One JSON object a line in production, ``key=value`` on a developer's machine (``LOG_FORMAT`` chooses otherwise).
Every line passes ``redact``: link tokens, query strings, e-mail addresses, phone numbers and the row contents that
PostgreSQL quotes in its errors are taken out, wherever they stand.
"""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.env import Env

_env = Env()
_LOCAL = _env.flag("HOMEWARD_LOCAL", default=_env.raw("DATABASE_URL") is None)
_FORMAT = _env.text("LOG_FORMAT", "plain" if _LOCAL else "json")
_LEVEL = _env.text("LOG_LEVEL", "INFO").upper()

# Order matters: a query string may hold any of the others.
_PATTERNS = (
    # The address of a person without an account, of a calendar, of an invitation, of a new password: also
    # percent-encoded.
    (re.compile(r"(?i)((?:/|%2f)(?:l|c|join|key)(?:/|%2f))(?!\[)[^/\s?\"'<>&]+?(?=%2f|[/\s?\"'<>&]|$)"), r"\1[link]"),
    (re.compile(r"(?<=[\w/%\]-])\?[\w.%~-]+(?:\[\])?=[^\s\"'<>]*"), "?[query]"),
    (re.compile(r"(?i)[^\s@\"'<>()\[\]{}=:,;/?&][^\s@\"<>()\[\]{}=:,;/?&]*(?:@|%40)[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"(?<![\w+])\+\d[\d ().-]{6,16}\d\b"), "[number]"),
    (re.compile(r"(?<![\w-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"), "[number]"),
    # PostgreSQL quotes the offending row: "DETAIL:  Key (email)=(…) already exists."
    (re.compile(r"(DETAIL:\s*)[^\n]*"), r"\1[left out]"),
)
# Who is asking is for the audit trail in the database, which is guarded; these would only make logs personal.
_UNWANTED = ("ip", "user_agent")


def redact_text(text: str) -> str:
    """The same text without link tokens, query strings, addresses and numbers."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def redact(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """A structlog processor; it must come after exceptions are formatted and before anything is rendered."""
    for key in _UNWANTED:
        event.pop(key, None)
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = _redact_value(value)
    return event


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, dict):
        return {key: _redact_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_redact_value(item) for item in value]
    return redact_text(str(value))


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_RENDERER: Processor = (
    structlog.processors.JSONRenderer(sort_keys=True)
    if _FORMAT == "json"
    else structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=30, pad_level=False
    )
)

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "redacted": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _SHARED,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                redact,
                _RENDERER,
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "redacted"}},
    "root": {"handlers": ["console"], "level": _LEVEL},
    "loggers": {
        # Their own handlers would print unredacted lines; everything goes through the root's.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "gunicorn.error": {"handlers": [], "level": "INFO", "propagate": True},
        "gunicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
        # A tick every five seconds is no news.
        "celery": {"level": "INFO"},
        "celery.beat": {"level": logging.WARNING},
        "celery.app.trace": {"level": logging.WARNING},
        "celery.worker.strategy": {"level": logging.WARNING},
        # A page that is not there and a refused form are the reader's business, not the operator's.
        "django.request": {"level": "ERROR"},
    },
}
