"""Receives Alertmanager's notifications and prints them: ``python -m dashboards.webhook --port 9095``.

GET answers with the last notifications, as JSON.
"""

import argparse
import json
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

import msgspec

LARGEST = 1_000_000  # bytes of a body that is read: a thousand alerts
KEPT = 100  # notifications that GET shows
PATIENCE = 10  # how long a client may take to send its request [s]
MARKS = {"drill": "DRILL: ", "replay": "REPLAY: "}
LINKS = (("Board", "dashboard_url"), ("What to do", "runbook_url"))


class Told(msgspec.Struct, rename="camel"):
    """One alert of a notification, without what is not shown."""

    status: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: str = ""
    ends_at: str = ""


class Notification(msgspec.Struct, rename="camel"):
    """A notification as Alertmanager's webhook sends it (version 4)."""

    status: str
    receiver: str
    alerts: list[Told]
    group_labels: dict[str, str] = {}


def notification(body: bytes) -> Notification:
    """The notification in the body of a request; ValueError where it is something else."""
    try:
        return msgspec.json.decode(body, type=Notification)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a notification of Alertmanager: {error}") from error


def text(told: Notification) -> str:
    """A notification in words."""
    return "\n".join(_alert(alert) for alert in told.alerts)


def _alert(alert: Told) -> str:
    facts = alert.annotations
    title = facts.get("title") or facts.get("summary") or alert.labels.get("alertname", "an alert without a name")
    over = alert.status == "resolved"
    mark = "OVER" if over else alert.labels.get("severity", "").upper() or "ALERT"
    story = [("Last report: " if over else "") + facts["description"]] if "description" in facts else []
    links = [f"{word}: {facts[key]}" for word, key in LINKS if facts.get(key)]
    head = f"{mark:<9} {MARKS.get(alert.labels.get('tense', ''), '')}{title}"
    return "\n".join(printable(line) for line in (head, *(" " * 10 + line for line in (*story, *links))))


def printable(line: str) -> str:
    """A line without control characters, so that a notification cannot control the terminal."""
    return "".join(c if c.isprintable() else "�" for c in line)


class Receiver:
    """Prints notifications, keeps the last ones, and appends them to a file if there is one."""

    def __init__(self, out: TextIO, file: Path | None = None) -> None:
        self.out, self.file = out, file
        self.kept: deque[Notification] = deque(maxlen=KEPT)
        self.lock = threading.Lock()

    def take(self, told: Notification) -> None:
        with self.lock:
            self.kept.append(told)
            print(text(told), file=self.out, flush=True)  # this program prints
            if self.file is not None:
                with self.file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(msgspec.to_builtins(told), ensure_ascii=False) + "\n")

    def seen(self) -> list[Notification]:
        with self.lock:
            return list(self.kept)


class Server(ThreadingHTTPServer):
    """The HTTP server of a receiver."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        super().__init__(address, Handler)
        self.receiver = receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that disconnects is no error; anything else is a bug and is printed."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = PATIENCE

    def do_POST(self) -> None:
        """A notification."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return self._answer(411, "a Content-Length is needed")
        if len(length) > 9 or int(length) > LARGEST:
            return self._answer(413, f"more than {LARGEST} bytes")
        try:
            self.server.receiver.take(notification(self.rfile.read(int(length))))
        except ValueError as error:
            return self._answer(400, str(error))
        return self._answer(200, "told")

    def do_GET(self) -> None:
        """The last notifications."""
        told = msgspec.to_builtins(self.server.receiver.seen())
        return self._answer(200, json.dumps(told, ensure_ascii=False), "application/json")

    def _answer(self, code: int, body: str, kind: str = "text/plain") -> None:
        content = (body + "\n").encode()
        self.close_connection = True
        self.send_response(code)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: the output is the notifications."""


@contextmanager
def listening(receiver: Receiver, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """A server in a thread; gives its address ``http://host:port``."""
    server = Server((host, port), receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: list[str]) -> int:
    """Receive until interrupted; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.webhook", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 inside a container")
    parser.add_argument("--port", type=int, default=9095)
    parser.add_argument("--file", type=Path, help="append each notification as one JSON line")
    options = parser.parse_args(arguments)
    try:
        server = Server((options.host, options.port), Receiver(sys.stdout, options.file))
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
