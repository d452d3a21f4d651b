"""A worker whose broker is gone for good ends when it is told to."""

import signal
import subprocess
import time

import pytest

from pipeline import topics
from pipeline.agents.worker import AGAIN, LEAVING
from pipeline.codec import encode
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.transport import Sender
from pipeline.records import UP, Heartbeat, Run
from tests.replay.runners import Worker

pytestmark = [pytest.mark.sockets, pytest.mark.slow]

LIVE = Run("live", "live", ("probing.ioda",))
REST = "; what is not saved is read again at the next start"


def send_heartbeats(broker: str, seconds: float) -> None:
    """The last of them are in no snapshot yet."""
    topic, until, at = topics.feed("table"), time.monotonic() + seconds, 1707350400
    with Sender(broker) as sender:
        while time.monotonic() < until:
            at += 600
            for partition in range(topic.partitions):
                sender.send(topic.name, encode(Heartbeat(LIVE, "table", partition, at, UP, LIVE.signals)), partition)
            time.sleep(0.02)


def signalled(worker: Worker, number: signal.Signals) -> "subprocess.Popen[bytes]":
    assert worker.child is not None
    worker.child.send_signal(number)
    return worker.child


def last_line(worker: Worker) -> str:
    said = worker.log.read_text()
    assert "Traceback" not in said
    return said.splitlines()[-1]


def test_a_worker_that_cannot_save_ends_after_a_while_and_at_once_on_a_second_signal(worker_at):
    with embedded() as broker:
        create(broker, topics.every(FEEDS))
        patient, hasty = worker_at(broker), worker_at(broker, "--group", "hasty")
        for worker in (patient, hasty):
            worker.wait_till_at_work()
        send_heartbeats(broker, 2)
    begun = time.monotonic()
    waiting, leaving = signalled(patient, signal.SIGTERM), signalled(hasty, signal.SIGINT)
    time.sleep(AGAIN + 0.5)
    signalled(hasty, signal.SIGTERM)  # as a replay sends after Ctrl-C: another signal is no second one
    time.sleep(1)
    assert (waiting.poll(), leaving.poll()) == (None, None)
    assert signalled(hasty, signal.SIGINT).wait(5) == 1
    assert last_line(hasty) == "netvigil: ended at once, as it was told to twice" + REST
    assert waiting.wait(LEAVING + 10) == 1
    assert time.monotonic() - begun >= LEAVING
    assert last_line(patient) == "netvigil: the broker did not answer for 20 s" + REST
