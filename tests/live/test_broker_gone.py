"""A worker whose broker is gone for good ends when it is told to."""

import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from pipeline import topics
from pipeline.agents.worker import AGAIN, LEAVING
from pipeline.codec import encode
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import Sender
from pipeline.records import UP, Heartbeat, Run
from tests.replay.runners import Worker

pytestmark = [pytest.mark.sockets, pytest.mark.slow]
At = Callable[..., Worker]

LIVE = Run("live", "live", ("probing.ioda",))
REST = "; what is not saved is read again at the next start"


def at_work(worker: Worker) -> Worker:
    until = time.monotonic() + 60
    while "at work" not in worker.log.read_text():
        worker.check()
        assert time.monotonic() < until
        time.sleep(0.3)
    return worker


def feed_for(broker: str, seconds: float) -> None:
    """Heartbeats, of which the last ones are in no snapshot yet."""
    topic, until, at = topics.feed("table"), time.monotonic() + seconds, 1707350400
    with Sender(broker, PLAIN) as sender:
        while time.monotonic() < until:
            at += 600
            for partition in range(topic.partitions):
                beat = Heartbeat(LIVE, "table", partition, at, UP, LIVE.signals)
                sender.send(topic.name, encode(beat), partition)
            time.sleep(0.02)


def told(worker: Worker, number: signal.Signals) -> "subprocess.Popen[bytes]":
    assert worker.child is not None
    worker.child.send_signal(number)
    return worker.child


def last_word(worker: Worker) -> str:
    said = worker.log.read_text()
    assert "Traceback" not in said
    return said.splitlines()[-1]


def test_a_worker_that_cannot_save_ends_after_a_while_and_at_once_when_it_is_told_twice(worker_at: At) -> None:
    with embedded() as broker:
        create(broker, topics.every(FEEDS))
        patient, hasty = at_work(worker_at(broker)), at_work(worker_at(broker, "--group", "hasty"))
        feed_for(broker, 3)
    begun = time.monotonic()
    waiting, leaving = told(patient, signal.SIGTERM), told(hasty, signal.SIGINT)
    time.sleep(AGAIN + 0.5)
    told(hasty, signal.SIGTERM)  # as a replay does after Ctrl-C, of which its workers have heard: no second time
    time.sleep(1)
    assert (waiting.poll(), leaving.poll()) == (None, None)
    assert told(hasty, signal.SIGINT).wait(5) == 1
    assert last_word(hasty) == "netvigil: ended at once, as it was told to twice" + REST
    assert waiting.wait(LEAVING + 10) == 1
    assert time.monotonic() - begun >= LEAVING
    assert last_word(patient) == "netvigil: the broker did not answer for 20 s" + REST


def test_a_worker_that_has_nothing_to_save_just_ends(worker_at: At) -> None:
    with embedded() as broker:
        create(broker, topics.every(FEEDS))
        worker = at_work(worker_at(broker))
    assert worker.stop() == 0
    assert "Traceback" not in worker.log.read_text()
