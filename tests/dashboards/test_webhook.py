"""The receiver of notifications: hostile input is answered, bounded and harmless."""

import http.client
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.webhook import KEPT, LARGEST, Receiver, listening, notification, text

pytestmark = pytest.mark.sockets


def told(status: str = "firing", **labels: str) -> dict[str, Any]:
    facts = {"title": "Pakistan: mobile networks down", "description": "Pakistan: 80% is gone.", "dashboard_url": "u"}
    alert = {"status": status, "labels": {"severity": "critical", **labels}, "annotations": facts, "fingerprint": "f"}
    return {"version": "4", "status": status, "receiver": "desk", "alerts": [alert], "truncatedAlerts": 0}


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(io.StringIO())


@pytest.fixture
def address(receiver: Receiver) -> Iterator[str]:
    with listening(receiver) as url:
        yield url.removeprefix("http://")


def asked(
    address: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def printed(receiver: Receiver) -> str:
    assert isinstance(receiver.out, io.StringIO)
    return receiver.out.getvalue()


def test_a_notification_is_printed_in_words(address: str, receiver: Receiver) -> None:
    assert asked(address, "POST", "/desk", json.dumps(told()).encode()) == (200, "told\n")
    assert printed(receiver).splitlines() == [
        "CRITICAL  Pakistan: mobile networks down", "          Pakistan: 80% is gone.", "          Board: u",
    ]  # fmt: skip


def test_a_drill_is_marked_and_an_end_is_told_as_an_end() -> None:
    assert text(notification(json.dumps(told(tense="drill")).encode())).startswith("CRITICAL  DRILL: Pakistan")
    over = text(notification(json.dumps(told("resolved")).encode()))
    assert over.splitlines()[:2] == [
        "OVER      Pakistan: mobile networks down",
        "          Last report: Pakistan: 80% is gone.",
    ]


def test_what_was_received_can_be_asked_for(address: str) -> None:
    asked(address, "POST", "/desk", json.dumps(told()).encode())
    status, body = asked(address, "GET", "/")
    assert status == 200
    assert [n["alerts"][0]["labels"] for n in json.loads(body)] == [{"severity": "critical"}]
    assert asked(address, "GET", "/-/healthy") == (200, "healthy\n")


def test_notifications_are_kept_in_a_file(tmp_path: Path) -> None:
    receiver = Receiver(io.StringIO(), tmp_path / "told.jsonl")
    for _ in range(2):
        receiver.take(notification(json.dumps(told()).encode()))
    assert [json.loads(line)["receiver"] for line in (tmp_path / "told.jsonl").read_text().splitlines()] == ["desk"] * 2


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b'{"alerts": 3}', b"\xff\xfe", b"[" * 100_000, b'{"status": "firing"}']
)
def test_what_is_no_notification_is_refused(body: bytes, address: str, receiver: Receiver) -> None:
    status, answer = asked(address, "POST", "/desk", body)
    assert status == 400
    assert answer.startswith("not a notification of Alertmanager")
    assert not receiver.seen()


@pytest.mark.parametrize("length", [str(LARGEST + 1), "9" * 400])
def test_a_body_that_is_too_large_is_not_read(length: str, address: str, receiver: Receiver) -> None:
    with socket.create_connection(tuple(address.split(":")), timeout=5) as connection:  # type: ignore[arg-type]
        connection.sendall(f"POST /desk HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert connection.recv(100).split()[1] == b"413"


@pytest.mark.parametrize("length", ["-1", "ten", "١٠"])
def test_a_length_that_is_none_is_refused(length: str, address: str) -> None:
    with socket.create_connection(tuple(address.split(":")), timeout=5) as connection:  # type: ignore[arg-type]
        connection.sendall(f"POST /desk HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert connection.recv(100).split()[1] == b"411"


def test_only_the_last_notifications_are_kept() -> None:
    receiver = Receiver(io.StringIO())
    for _ in range(KEPT + 5):
        receiver.take(notification(json.dumps(told()).encode()))
    assert len(receiver.seen()) == KEPT


def test_what_comes_from_the_network_does_not_steer_the_terminal() -> None:
    evil = told()
    evil["alerts"][0]["annotations"]["title"] = "calm\x1b[2J\nCRITICAL  forged"
    lines = text(notification(json.dumps(evil).encode())).splitlines()
    assert lines[0] == "CRITICAL  calm�[2J�CRITICAL  forged"
