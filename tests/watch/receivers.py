"""Servers that take notices: one for mail, and one for what is posted; both may fail."""

import email
import json
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller

from pipeline.kafka.embedded import free_port


class Mailbox:
    """Keeps what comes by SMTP."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@contextmanager
def mail(**options: Any) -> Iterator[tuple[str, Mailbox]]:
    box = Mailbox()
    given = {"auth_require_tls": False, "auth_exclude_mechanism": ["LOGIN"]} | options
    server = Controller(box, hostname="127.0.0.1", port=(port := free_port()), **given)
    server.start()
    yield f"mailto://127.0.0.1:{port}?from=netvigil@example.org&to=desk@example.org&mode=insecure", box
    server.stop()


class Hook(HTTPServer):
    """Keeps what is posted; refuses while ``refuses``."""

    refuses = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.refuses:
            self.server.posts.append(json.loads(body))
        self.send_response(500 if self.server.refuses else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def hook() -> Iterator[tuple[str, Hook]]:
    server = Hook()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_address[1]}/desk", server
    server.shutdown()
    server.server_close()
