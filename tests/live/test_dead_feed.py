"""A live feed whose ingest is gone: the worker says so on the stream, and hears when it is back."""

import time
from collections.abc import Callable

import msgspec
import pytest

from pipeline import topics
from pipeline.codec import decode, encode
from pipeline.kafka.reader import collect
from pipeline.kafka.transport import Sender
from pipeline.records import DEAD, Bins, Heartbeat, Run
from pipeline.signals.binning import FeedStatus
from tests.replay.runners import Worker

pytestmark = [pytest.mark.sockets, pytest.mark.slow]
SIGNALS = ("probing.ioda",)


def beat(broker: str, run: Run, at: int) -> None:
    with Sender(broker) as sender:
        for partition in range(topics.feed("table").partitions):
            sender.send(
                topics.feed("table").name, encode(Heartbeat(run, "table", partition, at, "up", SIGNALS)), partition
            )


def statuses(broker: str, run: Run) -> list[str]:
    found = [msgspec.json.decode(line, type=FeedStatus) for line in collect(broker, topics.STATUS.name)]
    return [status.status for status in found if status.run == run.id]


def wait_for(broker: str, run: Run, wanted: list[str], patience: float = 60) -> None:
    until = time.monotonic() + patience
    while statuses(broker, run) != wanted:
        assert time.monotonic() < until, statuses(broker, run)
        time.sleep(0.3)


def told(broker: str, run: Run) -> list[tuple[int, str]]:
    """Watermark and status of what was merged."""
    frames = [decode(message) for message in collect(broker, topics.SIGNALS.name)]
    return [(f.watermark, f.status) for f in frames if isinstance(f, Bins) and f.run == run]


def wait_till_each_partition_is_dead(broker: str, run: Run, patience: float = 60) -> None:
    """Else one is revived before another is found out, and the feed is dead a second time."""
    until, dead = time.monotonic() + patience, set[int]()
    while len(dead) < topics.feed("table").partitions:
        assert time.monotonic() < until, dead
        frames = [decode(message) for message in collect(broker, topics.PARTIALS.name)]
        dead = {f.partition for f in frames if isinstance(f, Bins) and f.run == run and f.status == DEAD}


def test_missing_heartbeats_become_a_word_on_the_stream_and_the_next_one_revives_the_feed(
    broker: str, worker_at: Callable[..., Worker]
) -> None:
    worker = worker_at(broker, "--silence", "3")
    live, recorded = Run("live-dead", "live", SIGNALS), Run("recorded", "replay", SIGNALS)
    beat(broker, live, 600)
    beat(broker, recorded, 600)
    wait_for(broker, live, ["up", "dead"])
    wait_till_each_partition_is_dead(broker, live)
    beat(broker, live, 1200)
    wait_for(broker, live, ["up", "dead", "up"])
    until = time.monotonic() + 30
    while (1200, "up") not in told(broker, live):
        assert time.monotonic() < until, told(broker, live)
        time.sleep(0.3)
    assert told(broker, live) == [(600, "up"), (600, DEAD), (1200, "up")]
    assert statuses(broker, recorded) == ["up"]
    assert worker.stop() == 0


def test_a_feed_that_falls_silent_while_no_worker_is_there_is_found_out(
    broker: str, worker_at: Callable[..., Worker]
) -> None:
    live = Run("live-restart", "live", SIGNALS)
    first = worker_at(broker, "--silence", "600")
    beat(broker, live, 600)
    wait_for(broker, live, ["up"])
    assert first.stop() == 0
    second = worker_at(broker, "--silence", "3")
    wait_for(broker, live, ["up", "dead"])
    assert second.stop() == 0
