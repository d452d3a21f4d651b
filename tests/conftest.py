"""What every test may use."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("NETVIGIL_DATA", Path(__file__).parents[2] / "shared" / "data"))
FOLDERS = (DATA / "signals", DATA / "signals-more")
"""The folders of the labelled cases."""


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a run that skipped anything has failed."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == pytest.ExitCode.OK and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


LONGEST = [
    "test_compose.py", "test_watch.py", "test_recovery.py", "test_told.py",
    "test_late_signals.py", "test_stream.py", "test_groups.py",
    "test_scenarios.py", "test_docs.py", "test_matrix.py", "test_promises.py", "test_cases.py", "test_scores.py",
]  # fmt: skip
"""Files that take most of a minute or more, in an order that leaves little for one process at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


MAY_CONNECT = {"sockets", "kafka", "system", "compose", "slow"}
"""Markers of tests that may connect to servers; so may those with a broker of this file."""


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches a server by accident."""
    marked = any(request.node.get_closest_marker(name) for name in MAY_CONNECT)
    if marked or any(name.endswith("broker") for name in request.fixturenames):
        return
    for name in ("bind", "connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _refused(name))


def _refused(name: str) -> Any:
    def refuse(_: socket.socket, address: object) -> None:
        raise RuntimeError(f"{name} to {address!r}: mark the test `sockets`, or use no server")

    return refuse


@pytest.fixture(autouse=True)
def _no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the table of countries that this machine may have."""
    from pipeline import signals
    from pipeline.geo.places import Places

    monkeypatch.setattr(signals, "places", lambda: Places.load(Path("/nowhere")))


class SocketOfKafkaPython(socket.socket):
    """Has its own name in a warning: kafka-python 3.0.12 leaves sockets open whose connection is refused or given up;
    any other open socket is an error."""


@pytest.fixture(scope="session", autouse=True)
def _named_sockets() -> Iterator[None]:
    from kafka.net.inet import KafkaNetSocket

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(KafkaNetSocket, "socket", lambda _, *kind: SocketOfKafkaPython(*kind))
        yield


@pytest.fixture(scope="session")
def data() -> Path:
    """The real feeds and labelled outages; a test that needs them skips where they are absent, never in CI."""
    if not DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"no recorded feeds at {DATA}, and in CI nothing may skip")
        pytest.skip(f"no recorded feeds at {DATA}: set NETVIGIL_DATA")
    return DATA


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[str]:
    """``127.0.0.1:port`` of a Tansu broker, in memory."""
    from pipeline.kafka.embedded import embedded

    with embedded() as address:
        yield address


@pytest.fixture(scope="session")
def java() -> None:
    """A test that runs Apache Kafka skips where this machine cannot, never in CI."""
    from tests.live.apache import missing

    if reason := missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def apache_broker(java: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``127.0.0.1:port`` of Apache Kafka."""
    from tests.live.apache import apache

    with apache(tmp_path_factory.mktemp("kafka")) as address:
        yield address
