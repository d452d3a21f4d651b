"""What is no frame on a topic of the path becomes a dead letter that names the feed, the place and the stage."""

import time
from collections.abc import Callable

import msgspec
import pytest

from pipeline import topics
from pipeline.kafka.reader import collect
from pipeline.kafka.transport import Sender
from pipeline.records import DeadLetter
from tests.replay.runners import Worker

pytestmark = [pytest.mark.sockets, pytest.mark.slow]


def letters(broker: str, count: int, patience: float = 60) -> list[DeadLetter]:
    until = time.monotonic() + patience
    while len(found := collect(broker, topics.DEADLETTERS.name)) < count:
        assert time.monotonic() < until, found
        time.sleep(0.3)
    return [msgspec.json.decode(line, type=DeadLetter) for line in found]


def test_rubbish_is_a_letter_of_its_feed_or_of_the_path(broker: str, worker_at: Callable[..., Worker]) -> None:
    worker = worker_at(broker)
    with Sender(broker) as sender:
        for topic in (topics.feed("table"), topics.PARTIALS):
            sender.send(topic.name, b"rubbish", 0)
    found = {(letter.feed, letter.reason, letter.place) for letter in letters(broker, 2)}
    assert found == {
        ("table", "bad-frame", "netvigil.feed.table/0/0 in bin-table"),
        ("path", "bad-frame", "netvigil.bin.partials/0/0 in merge"),
    }
    assert worker.stop() == 0
