"""A replay at a pace that is slower than a worker waits for a heartbeat: its feed is alive, and the answer the same."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from pipeline import topics
from pipeline.engine import Engine
from pipeline.feeds import Recording, chunks
from pipeline.kafka.reader import collect
from pipeline.kafka.security import PLAIN
from pipeline.records import Entity, Rows, Run
from pipeline.replay import playback as replay
from pipeline.replay.playback import Pace, Playback
from pipeline.replay.report import through_memory
from pipeline.replay.through_kafka import through_kafka
from pipeline.signals.binning import FeedStatus
from tests.replay.runners import Worker

HOUR = 3600
BEGIN, HOURS = 1707350400, 72
SIGNAL = "probing.ioda"
pytestmark = [pytest.mark.sockets, pytest.mark.slow]


def playback(pace: Pace | None) -> Playback:
    """Three days by the hour, out in the last six."""
    at = BEGIN + HOUR * np.arange(HOURS)
    value = np.where(np.arange(HOURS) < HOURS - 6, 100.0 + np.arange(HOURS) % 3, 5.0)
    pakistan = (Entity("country", "PK", "PK"),)
    rows = Rows(Run(), "table", 0, SIGNAL, HOUR, (), 0, pakistan, at, np.zeros(HOURS, np.int32), value)
    run = Run("drill-paced" if pace else "drill-at-once", "drill", (SIGNAL,))
    return Playback([Recording("table", (SIGNAL,), iter(list(chunks([rows], HOUR))))], run, pace)


def test_a_drill_that_sleeps_for_longer_than_a_silence_is_not_dead(
    broker: str, worker_at: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PULSE", 0.5)
    worker = worker_at(broker, "--silence", "4")
    slow = playback(Pace(HOUR / 10, since=BEGIN + (HOURS - 3) * HOUR))
    found = through_kafka(slow, broker, PLAIN, lambda _: None, [worker.check])
    at_once = playback(None)
    assert found.lines() == through_memory(at_once, Engine(), at_once.run, lambda _: None).lines()
    assert found.lines()
    assert sum(found.missed.values()) == 0
    told = [msgspec.json.decode(line, type=FeedStatus) for line in collect(broker, topics.STATUS.name)]
    assert [status.status for status in told if status.run == "drill-paced"] == ["up", "end"]
