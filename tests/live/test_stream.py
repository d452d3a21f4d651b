"""What a worker and a replay write on the topics: dead letters, dead feeds, and the end of a replay."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from pipeline import topics
from pipeline.codec import decode, encode, iso
from pipeline.engine import Engine
from pipeline.feeds import Recording, chunks
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import Sender
from pipeline.records import DEAD, UP, Bins, DeadLetter, Entity, Heartbeat, Progress, Rows, Run
from pipeline.replay.playback import Pace, Playback
from pipeline.replay.report import through_memory
from pipeline.replay.through_kafka import through_kafka
from pipeline.signals.binning import FeedStatus
from tests.dashboards.servers import until
from tests.kafka.collected import collect

pytestmark = [pytest.mark.sockets, pytest.mark.slow]

HOUR = 3600
BEGIN = 1707350400
SIGNALS = ("probing.ioda",)
TABLE = topics.feed("table")
RUBBISH = b"rubbish"


def told(broker: str, topic: topics.Topic, kind: type) -> list[Any]:
    return [msgspec.json.decode(line, type=kind) for line in collect(broker, topic.name)]


def statuses(broker: str, run: Run) -> list[str]:
    return [status.status for status in told(broker, topics.STATUS, FeedStatus) if status.run == run.id]


def merged(broker: str, run: Run, topic: topics.Topic = topics.SIGNALS) -> list[Bins]:
    frames = (decode(message) for message in collect(broker, topic.name) if message != RUBBISH)
    return [frame for frame in frames if isinstance(frame, Bins) and frame.run == run]


def beat(broker: str, run: Run, at: int) -> None:
    with Sender(broker) as sender:
        for partition in range(TABLE.partitions):
            sender.send(TABLE.name, encode(Heartbeat(run, "table", partition, at, UP, SIGNALS)), partition)


def test_bytes_that_are_no_frame_become_dead_letters_and_missing_heartbeats_a_dead_feed(broker, worker_at):
    worker = worker_at(broker, "--silence", "5")
    with Sender(broker) as sender:
        for topic in (TABLE, topics.PARTIALS):
            sender.send(topic.name, RUBBISH, 0)
    live, recorded = Run("live-dead", "live", SIGNALS), Run("recorded", "replay", SIGNALS)
    for run in (live, recorded):
        beat(broker, run, 600)
    until(lambda: statuses(broker, live) == ["up", "dead"], 60)
    partitions = set(range(TABLE.partitions))  # of one that is found dead later, the feed would be dead a second time
    dead = lambda: {part.partition for part in merged(broker, live, topics.PARTIALS) if part.status == DEAD}  # noqa: E731
    until(lambda: dead() == partitions, 60)
    beat(broker, live, 1200)
    until(lambda: statuses(broker, live) == ["up", "dead", "up"], 60)
    marks = lambda: [(bins.watermark, bins.status) for bins in merged(broker, live)]  # noqa: E731
    until(lambda: marks() == [(600, UP), (600, DEAD), (1200, UP)], 30)
    assert statuses(broker, recorded) == ["up"], "a replay has its heartbeats in itself"
    assert {(letter.feed, letter.reason, letter.place) for letter in told(broker, topics.DEADLETTERS, DeadLetter)} == {
        ("table", "bad-frame", "netvigil.feed.table/0/0 in bin-table"),
        ("path", "bad-frame", "netvigil.bin.partials/0/0 in merge"),
    }
    assert worker.stop() == 0
    assert statuses(broker, live) == ["up", "dead", "up"]
    later = worker_at(broker, "--silence", "3")
    until(lambda: statuses(broker, live) == ["up", "dead", "up", "dead"], 60)  # it fell silent without any worker
    assert later.stop() == 0


def case(folder: Path) -> Path:
    """Three days of one even series."""
    rows = "".join(f"{iso(BEGIN + 600 * i)},probing.ioda,country,PK,{100 + i % 3}\n" for i in range(3 * 144))
    (folder / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + rows)
    return folder


def test_a_replay_that_is_stopped_ends_its_run_and_a_worker_whose_terminal_closes_ends(broker, worker_at, tmp_path):
    worker = worker_at(broker)
    options = ("--through", "kafka", "--broker", f"kafka://{broker}", "--workers", "0", "--speed", "2880")
    command = [sys.executable, "-m", "pipeline", "replay", str(case(tmp_path)), *options, "--tense", "drill"]

    def hears() -> None:
        """A shell's job in the background ignores Ctrl-C, one under nohup a closed terminal."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    codes = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}

    def runs(status: str) -> set[str]:
        found = told(broker, topics.STATUS, FeedStatus)
        return {said.run for said in found if (said.tense, said.status) == ("drill", status)}

    worker.wait_till_at_work()
    replays = [subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=hears) for _ in codes]
    try:
        until(lambda: len(runs("up")) == len(codes), 60)
        for replay, number in zip(replays, codes, strict=True):
            replay.send_signal(number)
        assert [replay.wait(40) for replay in replays] == list(codes.values())
        until(lambda: runs("end") == runs("up"), 60)
    finally:
        for replay in replays:
            replay.kill()
            replay.wait()
    ended = {(run, partition) for run in runs("up") for partition in range(topics.VERDICTS.partitions)}
    until(lambda: {(p.run, p.partition) for p in told(broker, topics.PROGRESS, Progress) if p.ended} >= ended, 30)
    assert worker.stop(signal.SIGHUP) == 0


def playback(pace: Pace | None) -> Playback:
    """Three days by the hour, out in the last six."""
    at = BEGIN + HOUR * np.arange(72)
    value = np.where(np.arange(72) < 66, 100.0 + np.arange(72) % 3, 5.0)
    pakistan = (Entity("country", "PK", "PK"),)
    rows = Rows(Run(), "table", 0, SIGNALS[0], HOUR, (), 0, pakistan, at, np.zeros(72, np.int32), value)
    run = Run("drill-paced" if pace else "drill-at-once", "drill", SIGNALS)
    return Playback([Recording("table", SIGNALS, iter(list(chunks([rows], HOUR))))], run, pace)


def test_a_drill_whose_pace_is_slower_than_a_silence_is_not_dead_and_gives_the_same_outages(broker, worker_at):
    worker = worker_at(broker, "--silence", "5")
    worker.wait_till_at_work()
    slow, at_once = playback(Pace(HOUR / 7, since=BEGIN + 70 * HOUR, pulse=0.5)), playback(None)
    found = through_kafka(slow, broker, PLAIN, lambda _: None, [worker.check])
    assert found.lines() == through_memory(at_once, Engine(), at_once.run, lambda _: None).lines()
    assert found.lines()
    assert sum(found.missed.values()) == 0
    assert statuses(broker, slow.run) == ["up", "end"]
