"""Log lines carry no link token, name, number, address or query string."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog

from config.logs import LOGGING, redact_text

TOKEN = "Zk3-v9_QhT7wXy0aBcDeFgHiJkLm"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger with the project's own formatter writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    settings = LOGGING["formatters"]["redacted"]
    handler.setFormatter(settings["()"](**{key: value for key, value in settings.items() if key != "()"}))
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield stream
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"GET /l/{TOKEN}", "GET /l/[link]"),
        (f"GET /l/{TOKEN}/", "GET /l/[link]/"),
        (f"GET /l/{TOKEN}/accept/", "GET /l/[link]/accept/"),
        (f"https://clinic.example/l/{TOKEN}?next=/today/", "https://clinic.example/l/[link]?[query]"),
        (f"GET /%2Fl%2F{TOKEN}%2Faccept", "GET /%2Fl%2F[link]%2Faccept"),
        (f"Not Found: /l/{TOKEN}: 404", "Not Found: /l/[link] 404"),
        (f"GET /c/{TOKEN}.ics 200", "GET /c/[link] 200"),
        (f"webcal://clinic.example/c/{TOKEN}.ics", "webcal://clinic.example/c/[link]"),
        (f"GET /join/{TOKEN}/", "GET /join/[link]/"),
        (f"GET /account/password/reset/key/{TOKEN}/", "GET /account/password/reset/key/[link]/"),
        ("GET /patients/?q=Gutierez&page=2", "GET /patients/?[query]"),
        ("mail to mia.o'hara+x@example.org failed", "mail to [e-mail] failed"),
        ("text to +14105550123 refused", "text to [number] refused"),
        ("call (410) 555-0123 or 410-555-0123", "call [number] or [number]"),
        ("DETAIL:  Key (name)=(María) already exists.\nnext", "DETAIL:  [left out]\nnext"),
    ],
)
def test_what_points_to_a_person_is_taken_out(said: str, kept: str) -> None:
    assert redact_text(said) == kept


@pytest.mark.parametrize(
    "plain",
    [
        "GET /infusions/0198c1f2-7e2c-7d11-8f4e-1234567890ab/",
        "Task messaging.tick[4f1e2d3c-1111-4222-8333-123456789012] received",
        "2026-03-03T14:41:00.000001Z",
        "17 due, 3 sent, oldest 12.5 s",
        "What now? Nothing.",
    ],
)
def test_what_an_operator_needs_is_kept(plain: str) -> None:
    assert redact_text(plain) == plain


def test_a_line_of_structlog_is_redacted_in_every_field(written: io.StringIO) -> None:
    structlog.get_logger("tests.logs").info(
        "request_finished",
        request=f"GET /l/{TOKEN}",
        ip="203.0.113.9",
        to=["+14105550123"],
        about={"m": "a@example.org"},
    )
    line = written.getvalue()
    assert TOKEN not in line
    assert "203.0.113.9" not in line
    assert "5550123" not in line
    assert "a@example.org" not in line
    assert "request_finished" in line


def test_a_traceback_is_redacted_too(written: io.StringIO) -> None:
    try:
        raise ValueError(f"no page at /l/{TOKEN} for a@example.org")
    except ValueError:
        logging.getLogger("tests.logs").exception("Error handling request /l/%s?x=1", TOKEN)
    line = written.getvalue()
    assert "ValueError" in line
    assert TOKEN not in line
    assert "a@example.org" not in line


def test_production_writes_one_json_object_a_line(in_a_new_process) -> None:
    code = (
        "import django; django.setup(); import logging; logging.getLogger('clinic').warning('late by %s s', 3);"
        f"import structlog; structlog.get_logger('x').error('lost', request='GET /l/{TOKEN}')"
    )
    lines = in_a_new_process("-c", code, LOG_FORMAT="json").stderr.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["late by 3 s", "lost"]
    assert json.loads(lines[1])["request"] == "GET /l/[link]"
