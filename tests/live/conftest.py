"""Servers and workers of the tests that kill them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from tests.replay.runners import Worker


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """An embedded broker with all topics."""
    with embedded() as address:
        create(address, topics.every(FEEDS))
        yield address


@pytest.fixture
def worker_at(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts a worker at a broker; all are killed in the end."""
    started: list[Worker] = []

    def start(broker: str, *more: str, program: tuple[str, ...] = ("pipeline",)) -> Worker:
        log = tmp_path / f"worker{len(started)}.log"
        started.append(Worker(broker, log, ("--feed", "table", *more), program).start())
        return started[-1]

    yield start
    for worker in started:
        if worker.child is not None:
            worker.child.kill()
            worker.child.wait()


@pytest.fixture
def own_broker() -> Iterator[str]:
    """A broker for this test alone: what is sent to it must not come to others."""
    with embedded() as address:
        yield address
