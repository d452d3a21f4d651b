"""No test reaches a server by accident, and none is left out in CI."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT


def test_a_test_without_a_marker_cannot_connect() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="mark the test `sockets`"):
        client.connect(("127.0.0.1", 9))


def test_a_test_without_a_marker_cannot_listen() -> None:
    with socket.socket() as server, pytest.raises(RuntimeError, match="mark the test `sockets`"):
        server.bind(("127.0.0.1", 0))


def test_an_event_loop_cannot_either() -> None:
    async def connect() -> None:
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(RuntimeError, match="mark the test `sockets`"):
        asyncio.run(connect())


@pytest.mark.sockets
def test_a_marked_test_can() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(server.getsockname(), 5) as client:
            assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_run_that_skips_anything_fails_in_ci(ci: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "test_left_out.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('no time')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"CI": ci}, capture_output=True, text=True)
    assert "1 skipped" in done.stdout
    assert done.returncode == code
