"""A text provider on loopback: Twilio's Messages resource, phones that only exist here, and faults on request.

    python -m messaging.fake_provider --port 8099 [--file texts.ndjson] [--token secret]

It serves tests and the demo. `PUT /control` changes its behaviour while it runs (see `Behaviour`), `GET /messages`
shows what the phones received, `GET /state` what it is doing, `POST /inbound` sends a text from a phone to us,
`DELETE /messages` empties the phones.
"""

import argparse
import itertools
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from messaging.transports.signature import sign

REFUSALS = {
    "bad_number": (400, 21211),
    "not_mobile": (400, 21614),
    "opted_out": (400, 21610),
    "busy": (429, 20429),
    "unauthorised": (401, 20003),
}
# The clinic it calls back is on this machine, whatever proxies the environment names.
DIRECT = build_opener(ProxyHandler({}))
RECEIPTS = ("sent", "delivered")


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the next requests are answered.

    `refuse` names one of REFUSALS; `status` answers with that code; `hang` keeps the request open until told
    otherwise; `drop` closes the connection without an answer; `failed` answers as if all were well, with a text that
    failed with that code. `retry_after` stands in the header of whatever is refused. `accept` says whether a
    request that is hung, dropped or answered with `status` was taken all the same. `receipts` lists the callbacks
    in their order (true: sent, delivered). `lookup_status` fails the look-ups. `cycle` holds changes to be used in
    turn, one for each request.
    """

    delay: float = 0
    refuse: str = ""
    status: int = 0
    hang: bool = False
    drop: bool = False
    failed: int | None = None
    retry_after: str = ""
    accept: bool = False
    receipts: bool | list[str] = False
    receipt_url: str = ""
    receipt_delay: float = 0
    lookup_status: int = 0
    cycle: list[dict[str, Any]] = field(default_factory=list)

    def changed(self, **changes: Any) -> "Behaviour":
        unknown = set(changes) - {each.name for each in fields(self)}
        if unknown:
            raise ValueError(f"No such behaviour: {', '.join(sorted(unknown))}")
        return replace(self, **changes)


class Phones:
    """Everything the provider took, in order and by number. Thread-safe."""

    def __init__(self, file: Path | None) -> None:
        self.lock = threading.Lock()
        self.file = file
        self.all: list[dict[str, Any]] = []
        self.by_sid: dict[str, dict[str, Any]] = {}
        self.by_number: dict[str, list[dict[str, Any]]] = defaultdict(list)
        if file is not None and file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                self._keep(json.loads(line))

    def take(self, form: dict[str, str]) -> dict[str, Any]:
        now = datetime.now(UTC)
        message = {
            "to": form.get("To", ""),
            "from": form.get("From", ""),
            "body": form.get("Body", ""),
            "status": "queued",
            "status_callback": form.get("StatusCallback", ""),
            "date_created": format_datetime(now),
            "at": now.isoformat(),
        }
        with self.lock:
            message["sid"] = f"SM{len(self.all):08x}{os.urandom(12).hex()}"
            self._keep(message)
            if self.file is not None:
                with self.file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(message) + "\n")
        return message

    def _keep(self, message: dict[str, Any]) -> None:
        self.all.append(message)
        self.by_sid[message["sid"]] = message
        self.by_number[message["to"]].append(message)

    def to(self, number: str) -> list[dict[str, Any]]:
        """Newest first, as Twilio lists them; all numbers when none is given."""
        with self.lock:
            return list(reversed(self.by_number[number] if number else self.all))

    def clear(self) -> None:
        with self.lock:
            self.all.clear()
            self.by_sid.clear()
            self.by_number.clear()
            if self.file is not None:
                self.file.write_text("", encoding="utf-8")


class Provider(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, *, token: str, file: Path | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.token = token
        self.phones = Phones(file)
        self.behaviour = Behaviour()
        self.turns: Iterator[dict[str, Any]] = iter(())
        self.asked = 0
        self.hanging = 0
        self.lock = threading.Lock()
        self.callbacks: SimpleQueue[tuple[float, str, dict[str, str]]] = SimpleQueue()
        for _number in range(4):
            threading.Thread(target=self.call_back, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news here; anything else is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def control(self, changes: dict[str, Any]) -> None:
        with self.lock:
            self.behaviour = self.behaviour.changed(**changes)
            self.turns = itertools.cycle(self.behaviour.cycle) if self.behaviour.cycle else iter(())

    def next_behaviour(self) -> Behaviour:
        with self.lock:
            self.asked += 1
            return self.behaviour.changed(**next(self.turns, {}))

    def hang(self, client: socket.socket) -> bool:
        """Until the behaviour says otherwise; False when the client went away first."""
        with self.lock:
            self.hanging += 1
        try:
            while self.behaviour.hang or any(turn.get("hang") for turn in self.behaviour.cycle):
                readable, _w, _x = select.select([client], [], [], 0.02)
                if readable and not client.recv(1, socket.MSG_PEEK):
                    return False
            return True
        except OSError:
            return False
        finally:
            with self.lock:
                self.hanging -= 1

    def promise_receipts(self, message: dict[str, Any], behaviour: Behaviour) -> None:
        url = behaviour.receipt_url or message["status_callback"]
        if behaviour.receipt_url and message["status_callback"]:
            url += "?" + urlsplit(message["status_callback"]).query
        wanted = behaviour.receipts if isinstance(behaviour.receipts, list) else RECEIPTS
        if url and behaviour.receipts:
            for status in wanted:
                params = {"MessageSid": message["sid"], "MessageStatus": status, "To": message["to"]}
                self.callbacks.put((time.monotonic() + behaviour.receipt_delay, url, params))

    def call_back(self) -> None:
        while True:
            due, url, params = self.callbacks.get()
            time.sleep(max(0.0, due - time.monotonic()))
            message = self.phones.by_sid.get(params["MessageSid"])
            if message is not None:
                message["status"] = params["MessageStatus"]
            self.deliver(url, params)

    def deliver(self, url: str, params: dict[str, str]) -> int:
        """One signed request to us; the status we answered, 0 where nobody did."""
        signature = sign(token=self.token, url=url, params={name: [value] for name, value in params.items()})
        request = Request(url, data=urlencode(params).encode(), headers={"X-Twilio-Signature": signature})  # noqa: S310
        try:
            with DIRECT.open(request, timeout=10) as response:
                return int(response.status)
        except OSError as error:
            return int(getattr(error, "code", 0))


class Handler(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"
    # One segment an answer: unbuffered, each would wait for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        if self.path == "/inbound":
            self.phone_writes(json.loads(self.read()))
        elif self.path.startswith("/2010-04-01/Accounts/") and self.path.endswith("/Messages.json"):
            self.create(dict(parse_qsl(self.read().decode(), keep_blank_values=True)))
        else:
            self.refuse(404, 20404)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/messages":
            self.answer(200, list(reversed(self.server.phones.to(query.get("to", "")))))
        elif parts.path == "/state":
            server = self.server
            state = {"asked": server.asked, "hanging": server.hanging, "taken": len(server.phones.all)}
            self.answer(200, state | {"behaviour": asdict(server.behaviour)})
        elif self.server.behaviour.lookup_status:
            self.refuse(self.server.behaviour.lookup_status, 20500)
        elif parts.path.endswith("/Messages.json"):
            self.list(query)
        else:
            found = self.server.phones.by_sid.get(Path(parts.path).stem)
            self.answer(200, twilio(found)) if found else self.refuse(404, 20404)

    def do_PUT(self) -> None:
        try:
            self.server.control(json.loads(self.read()))
        except (TypeError, ValueError) as error:
            self.answer(400, {"message": str(error)})
        else:
            self.answer(200, asdict(self.server.behaviour))

    def do_DELETE(self) -> None:
        self.server.phones.clear()
        self.answer(200, {})

    def create(self, form: dict[str, str]) -> None:
        behaviour = self.server.next_behaviour()
        time.sleep(behaviour.delay)
        if behaviour.refuse:
            self.refuse(*REFUSALS[behaviour.refuse], retry_after=behaviour.retry_after)
            return
        if behaviour.failed is not None:
            self.answer(201, {"sid": "SM0", "status": "failed", "error_code": behaviour.failed or None})
            return
        faulty = behaviour.hang or behaviour.drop or behaviour.status
        message = self.server.phones.take(form) if behaviour.accept or not faulty else None
        if message is not None:
            self.server.promise_receipts(message, behaviour)
        if (behaviour.hang and not self.server.hang(self.connection)) or behaviour.drop:
            self.close_connection = True
        elif behaviour.status:
            self.refuse(behaviour.status, 20500, retry_after=behaviour.retry_after)
        else:
            self.answer(201, twilio(message or self.server.phones.take(form)))

    def list(self, query: dict[str, str]) -> None:
        since = query.get("DateSent>", "")
        size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        found = [each for each in self.server.phones.to(query.get("To", "")) if each["at"][:10] >= since]
        shown = [twilio(each) for each in found[page * size : (page + 1) * size]]
        following = None
        if len(found) > (page + 1) * size:
            following = f"{urlsplit(self.path).path}?{urlencode(query | {'Page': str(page + 1)})}"
        self.answer(200, {"messages": shown, "next_page_uri": following})

    def phone_writes(self, text: dict[str, str]) -> None:
        params = {
            "MessageSid": text.get("sid") or f"SM{os.urandom(16).hex()}",
            "From": text["from"],
            "To": text.get("to", ""),
            "Body": text["body"],
        }
        self.answer(200, {"sid": params["MessageSid"], "status": self.server.deliver(text["url"], params)})

    def read(self) -> bytes:
        """The whole body: a request whose sender was killed half-way is no request."""
        length = int(self.headers.get("Content-Length", "0"))
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionResetError
        return data

    def refuse(self, status: int, code: int, *, retry_after: str = "") -> None:
        self.answer(status, {"status": status, "code": code, "message": "as asked"}, retry_after=retry_after)

    def answer(self, status: int, content: Any, *, retry_after: str = "") -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: its log would hold numbers."""


def twilio(message: dict[str, Any]) -> dict[str, Any]:
    """As Twilio shows it: the address of the callback is not among what it tells."""
    return {name: value for name, value in message.items() if name not in ("status_callback", "at")}


def main() -> None:
    parser = argparse.ArgumentParser(description="A text provider that reaches nobody.")
    parser.add_argument("--port", type=int, required=True, help="0: any free one, printed when it listens")
    parser.add_argument("--file", type=Path, help="keep the phones' texts here")
    parser.add_argument("--token", default=os.environ.get("SMS_TOKEN", "local"), help="signs what it sends to us")
    parser.add_argument("--receipts", action="store_true", help="report every text as delivered")
    chosen = parser.parse_args()
    provider = Provider(chosen.port, token=chosen.token, file=chosen.file)
    provider.control({"receipts": chosen.receipts})
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(0))
    sys.stdout.write(f"{provider.api_url}\n")
    sys.stdout.flush()
    try:
        provider.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        provider.server_close()


if __name__ == "__main__":
    main()
