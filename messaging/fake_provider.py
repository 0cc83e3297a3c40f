"""A text provider on loopback: Twilio's Messages resource, phones that only exist here, and faults on request.

    python -m messaging.fake_provider --port 8099 [--file texts.ndjson] [--token secret]

It serves tests and the demo. Its resource asks for the account and the token; its own doors, for whoever runs it, ask
for nothing: `PUT /control` changes its behaviour while it runs (see `Behaviour`), `GET /messages` shows what the phones
received, `GET /state` what it is doing, `POST /inbound` sends a text from a phone to us, as often as its `copies` says,
`DELETE /messages` empties the phones.
"""

import argparse
import base64
import hmac
import json
import os
import re
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from messaging.fake_behaviour import REFUSALS, Behaviour, Mood
from messaging.fake_phones import Phones, Receipt
from messaging.transports.signature import sign

# The clinic it calls back is on this machine, whatever proxies the environment names.
DIRECT = build_opener(ProxyHandler({}))
RESOURCE = re.compile(r"/2010-04-01/Accounts/(\w+)/Messages(?:/\w+)?\.json")
RECEIPTS = ("sent", "delivered")
FAILURES = frozenset({"undelivered", "failed"})


class Provider(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, *, token: str, file: Path | None = None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.token = token
        self.phones = Phones(file)
        self.mood = Mood()
        self.hanging = 0
        self.lock = threading.Lock()
        self.callbacks: SimpleQueue[int] = SimpleQueue()
        for number in self.phones.owed:
            self.callbacks.put(number)
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
        self.mood.behave(self.mood.behaviour.changed(**changes))

    def hang(self, client: socket.socket) -> bool:
        """Until the behaviour says otherwise; False when the client went away first."""
        with self.lock:
            self.hanging += 1
        try:
            while self.mood.may_hang():
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
        statuses = behaviour.receipts if isinstance(behaviour.receipts, list) else RECEIPTS
        if url and behaviour.receipts:
            due = time.time() + behaviour.receipt_delay
            receipts = [
                Receipt(
                    sid=message["sid"],
                    status=status,
                    url=url,
                    due=due,
                    error_code=behaviour.error_code if status in FAILURES else 0,
                )
                for status in statuses
            ]
            for number in self.phones.promise(receipts):
                self.callbacks.put(number)

    def call_back(self) -> None:
        while True:
            number = self.callbacks.get()
            owed = self.phones.owed.get(number)
            time.sleep(max(0.0, owed.due - time.time()) if owed else 0)
            receipt = self.phones.report(number)
            if receipt is None:
                continue
            params = {"MessageSid": receipt.sid, "MessageStatus": receipt.status}
            params["To"] = self.phones.by_sid[receipt.sid]["to"]
            if receipt.error_code:
                params["ErrorCode"] = str(receipt.error_code)
            self.deliver(receipt.url, params)

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
            return
        # Read whatever it is: a connection that stays open has no room for what was not.
        form = dict(parse_qsl(self.read().decode(), keep_blank_values=True))
        if not RESOURCE.fullmatch(self.path) or not self.path.endswith("/Messages.json"):
            self.refuse(404, 20404)
        elif self.is_known():
            self.create(form)
        else:
            self.refuse(*REFUSALS["unauthorised"])

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/messages":
            self.answer(200, list(reversed(self.server.phones.to(query.get("to", "")))))
        elif parts.path == "/state":
            server = self.server
            state = {"asked": server.mood.asked, "hanging": server.hanging, "taken": len(server.phones.all)}
            self.answer(200, state | {"behaviour": asdict(server.mood.behaviour)})
        elif not self.is_known():
            self.refuse(*REFUSALS["unauthorised"])
        else:
            self.look_up(parts.path, query)

    def do_PUT(self) -> None:
        try:
            self.server.control(json.loads(self.read()))
        except (TypeError, ValueError) as error:
            self.answer(400, {"message": str(error)})
        else:
            self.answer(200, asdict(self.server.mood.behaviour))

    def do_DELETE(self) -> None:
        self.server.phones.clear()
        self.answer(200, {})

    def create(self, form: dict[str, str]) -> None:
        behaviour = self.server.mood.of_request()
        time.sleep(behaviour.delay)
        if behaviour.refuse:
            self.refuse(*REFUSALS[behaviour.refuse], retry_after=behaviour.retry_after)
            return
        if behaviour.failed is not None:
            self.answer(201, {"sid": "SM0", "status": "failed", "error_code": behaviour.failed or None})
            return
        key = self.headers.get("Idempotency-Key", "")
        known = self.server.phones.by_key.get(key) if behaviour.honours_keys else None
        if known is not None:
            self.answer(201, twilio(known))
            return
        faulty = behaviour.hang or behaviour.drop or behaviour.status
        message = self.server.phones.take(form, key=key) if behaviour.accept or not faulty else None
        if message is not None:
            self.server.promise_receipts(message, behaviour)
        if (behaviour.hang and not self.server.hang(self.connection)) or behaviour.drop:
            self.close_connection = True
        elif behaviour.status:
            self.refuse(behaviour.status, 20500, retry_after=behaviour.retry_after)
        else:
            self.answer(201, twilio(message or self.server.phones.take(form, key=key)))

    def look_up(self, path: str, query: dict[str, str]) -> None:
        seconds, status = self.server.mood.of_look_up()
        time.sleep(seconds)
        found = self.server.phones.by_sid.get(Path(path).stem)
        if status:
            self.refuse(status, 20500)
        elif path.endswith("/Messages.json"):
            self.list(query)
        elif found is not None:
            self.answer(200, twilio(found))
        else:
            self.refuse(404, 20404)

    def list(self, query: dict[str, str]) -> None:
        since = query.get("DateSent>", "")
        size, page = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        found = [each for each in self.server.phones.to(query.get("To", "")) if each["at"][:10] >= since]
        shown = [twilio(each) for each in found[page * size : (page + 1) * size]]
        following = None
        if len(found) > (page + 1) * size:
            following = f"{urlsplit(self.path).path}?{urlencode(query | {'Page': str(page + 1)})}"
        self.answer(200, {"messages": shown, "next_page_uri": following})

    def phone_writes(self, text: dict[str, Any]) -> None:
        params = {
            "MessageSid": text.get("sid") or f"SM{os.urandom(16).hex()}",
            "From": text["from"],
            "To": text.get("to", ""),
            "Body": text["body"],
        }
        statuses = [self.server.deliver(text["url"], params) for _copy in range(text.get("copies", 1))]
        self.answer(200, {"sid": params["MessageSid"], "status": statuses[-1], "statuses": statuses})

    def is_known(self) -> bool:
        """Whether the request carries the account that its path names, and our token."""
        found = RESOURCE.fullmatch(urlsplit(self.path).path)
        wanted = base64.b64encode(f"{found[1] if found else ''}:{self.server.token}".encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), f"Basic {wanted}".encode())

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
    return {name: value for name, value in message.items() if name not in ("status_callback", "key", "at")}


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
