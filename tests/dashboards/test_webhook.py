"""The receiver of notifications: hostile input is answered, bounded and harmless."""

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

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


def printed(receiver: Receiver) -> str:
    assert isinstance(receiver.out, io.StringIO)
    return receiver.out.getvalue()


def test_a_notification_is_printed_in_words_and_can_be_read_again(address: str, receiver: Receiver) -> None:
    answer = requests.post(f"http://{address}/desk", json=told(), timeout=5)
    assert (answer.status_code, answer.text) == (200, "told\n")
    assert printed(receiver).splitlines() == [
        "CRITICAL  Pakistan: mobile networks down", "          Pakistan: 80% is gone.", "          Board: u",
    ]  # fmt: skip
    kept = requests.get(f"http://{address}/", timeout=5).json()
    assert [n["alerts"][0]["labels"] for n in kept] == [{"severity": "critical"}]


def test_a_drill_is_marked_and_an_end_is_reported_as_an_end() -> None:
    assert text(notification(json.dumps(told(tense="drill")).encode())).startswith("CRITICAL  DRILL: Pakistan")
    over = text(notification(json.dumps(told("resolved")).encode()))
    assert over.splitlines()[:2] == [
        "OVER      Pakistan: mobile networks down",
        "          Last report: Pakistan: 80% is gone.",
    ]


def test_notifications_are_kept_in_a_file(tmp_path: Path) -> None:
    receiver = Receiver(io.StringIO(), tmp_path / "told.jsonl")
    for _ in range(2):
        receiver.take(notification(json.dumps(told()).encode()))
    assert [json.loads(line)["receiver"] for line in (tmp_path / "told.jsonl").read_text().splitlines()] == ["desk"] * 2


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b'{"alerts": 3}', b"\xff\xfe", b"[" * 100_000, b'{"status": "firing"}']
)
def test_a_body_that_is_no_notification_is_refused(body: bytes, address: str, receiver: Receiver) -> None:
    headers = {"Content-Length": "0"} if not body else {}
    answer = requests.post(f"http://{address}/desk", body, timeout=5, headers=headers)
    assert answer.status_code == 400
    assert answer.text.startswith("not a notification of Alertmanager")
    assert not receiver.seen()


@pytest.mark.parametrize(
    ("length", "code"),
    [(str(LARGEST + 1), b"413"), ("9" * 400, b"413"), ("-1", b"411"), ("ten", b"411"), ("١٠", b"411")],
)
def test_a_body_that_is_too_large_or_has_no_length_is_not_read(length: str, code: bytes, address: str) -> None:
    with socket.create_connection(tuple(address.split(":")), timeout=5) as connection:  # type: ignore[arg-type]
        connection.sendall(f"POST /desk HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert connection.recv(100).split()[1] == code


def test_only_the_last_notifications_are_kept() -> None:
    receiver = Receiver(io.StringIO())
    for _ in range(KEPT + 5):
        receiver.take(notification(json.dumps(told()).encode()))
    assert len(receiver.seen()) == KEPT


def test_a_notification_cannot_control_the_terminal() -> None:
    evil = told()
    evil["alerts"][0]["annotations"]["title"] = "calm\x1b[2J\nCRITICAL  forged"
    lines = text(notification(json.dumps(evil).encode())).splitlines()
    assert lines[0] == "CRITICAL  calm�[2J�CRITICAL  forged"
