"""No test reaches a server by accident, and in CI none is left out."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT


@pytest.mark.parametrize("reach", ["connect", "bind"])
def test_a_test_without_a_marker_reaches_nothing(reach: str) -> None:
    with socket.socket() as one, pytest.raises(RuntimeError, match="mark the test `sockets`"):
        getattr(one, reach)(("127.0.0.1", 0))
    with pytest.raises(RuntimeError, match="mark the test `sockets`"):
        asyncio.run(asyncio.open_connection("127.0.0.1", 9))


@pytest.mark.sockets
def test_a_marked_test_can() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_run_that_skips_anything_fails_in_ci(ci: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "test_left_out.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('no time')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"CI": ci}, capture_output=True, text=True)
    assert "1 skipped" in done.stdout
    assert done.returncode == code
