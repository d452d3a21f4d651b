"""Whatever happens to workers and brokers, the outages are those of the undisturbed run."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition

from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.groups import at_work
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import opened
from pipeline.records import Heartbeat, Progress
from pipeline.replay.playback import Pace, paced
from pipeline.replay.report import ReplayReport
from tests.live.apache import prepare
from tests.replay.runners import Worker, in_memory, sent
from tests.replay.tapes import Tape, mosaic, pieces

pytestmark = [pytest.mark.sockets, pytest.mark.slow]

HOUR = 3600
LASTING, PATIENCE = 25, 60
"""How long a recording takes, and how much longer at most [s]."""


@dataclass
class Paced(Tape):
    """A tape that is sent in `LASTING` seconds, its last tenth once all acts are ``over``."""

    over: threading.Event = field(default_factory=threading.Event)

    def under(self, name: str) -> "Paced":
        own = super().under(name)
        return Paced(own.run, own.sent, self.over)

    def __iter__(self) -> Iterator[Any]:
        times, beats, waited = self.times(), dict[int, Heartbeat](), 0
        for frame in paced(self.sent, Pace((times[-1] - times[0]) / LASTING)):  # type: ignore[arg-type]
            if isinstance(frame, Heartbeat):
                while frame.time > times[len(times) * 9 // 10] and waited < PATIENCE and not self.over.wait(1):
                    waited += 1
                    yield from beats.values()
                beats[frame.partition] = frame
            yield frame

    def times(self) -> list[int]:
        """Times of the heartbeats, in order [s]."""
        return sorted(frame.time for frame in self.sent if isinstance(frame, Heartbeat))


@dataclass
class Sabotage:
    """Acts, one after the other: each once the replay's watermark is so far, and until it succeeds."""

    tape: Paced
    acts: list[Callable[[], bool]]
    check: Callable[[], None]
    watermark: int = 0
    done: int = field(default=0)

    def __post_init__(self) -> None:
        times, rng = self.tape.times(), random.Random(8)
        self.points = sorted(rng.randrange(times[0], times[len(times) * 3 // 4]) for _ in self.acts)

    def see(self, output: Any) -> None:
        if isinstance(output, Progress):
            self.watermark = max(self.watermark, output.watermark)

    def tick(self) -> None:
        self.check()
        if self.done < len(self.acts) and self.watermark >= self.points[self.done] and self.acts[self.done]():
            self.done += 1
        if self.done == len(self.acts):
            self.tape.over.set()


def replayed(tape: Tape, broker: str, sabotage: Sabotage | None = None) -> ReplayReport:
    return sent(tape, broker, *(sabotage.see, sabotage.tick) if sabotage else (lambda _: None, lambda: None))


def killed(worker: Worker) -> bool:
    """Kill -9, and another worker in its place."""
    worker.kill()
    worker.start()
    return True


def revisions(broker: str, topic: topics.Topic = topics.OUTAGES) -> dict[tuple[bytes, str, int], set[bytes]]:
    """What a topic of outages has for each revision of each run."""
    found: dict[tuple[bytes, str, int], set[bytes]] = {}
    with closing(opened(KafkaConsumer, broker, PLAIN, group_id=None, auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(topic.name, part) for part in range(topic.partitions)])
        ends = consumer.end_offsets(consumer.assignment())
        while any(consumer.position(part) < end for part, end in ends.items()):
            for record in chain.from_iterable(consumer.poll(timeout_ms=200).values()):
                fields = msgspec.json.decode(record.value)
                key = (dict(record.headers)["run"], fields["id"], fields["revision"])
                found.setdefault(key, set()).add(record.value)
    return found


def test_workers_that_crash_are_killed_and_join_lose_and_double_nothing(broker, worker_at):
    recording = pieces(mosaic(seed=1), HOUR)
    tape, undisturbed = Paced(recording.run, recording.sent), in_memory(recording).lines()
    assert len(undisturbed.splitlines()) >= 6
    workers = [worker_at(broker, program=("tests.live.flawed", "crash"))]

    def check() -> None:
        """The worker with the bug has ended by it; the next one has none."""
        first = workers[0]
        if first.program != ("pipeline",) and first.child is not None and first.child.poll() is not None:
            assert first.child.returncode == 1
            first.program = ("pipeline",)
            first.start()
        for worker in workers:
            worker.check()

    def join() -> bool:
        workers.append(worker_at(broker))
        return True

    def leave_the_second_alone() -> bool:
        if at_work(broker).get("netvigil", 0) < 2:
            return False
        workers[0].kill()
        return True

    kill = lambda: workers[0].program == ("pipeline",) and killed(workers[0])  # noqa: E731
    sabotage = Sabotage(tape, [kill, join, leave_the_second_alone], check)
    drill, beside = pieces(mosaic(seed=1), 3 * HOUR), list[bytes]()
    drill.run = drill.run._replace(tense="drill")
    other = threading.Thread(target=lambda: beside.append(replayed(drill, broker).lines()))
    other.start()
    assert replayed(tape, broker, sabotage).lines() == undisturbed
    assert sabotage.done == len(sabotage.acts)
    other.join(60)
    assert beside == [in_memory(drill).lines()], "a drill at the same time is not touched"
    assert {len(contents) for contents in revisions(broker).values()} == {1}
    now = revisions(broker, topics.NOW)
    assert {len(contents) for contents in now.values()} == {1}, "a provisional revision that comes again is the same"
    last = {id_: msgspec.json.decode(*contents) for (_, id_, _), contents in sorted(now.items())}
    ends = {one["settled"]: (one["state"], one["end"]) for one in last.values() if one["state"] != "retracted"}
    assert ends == {one["id"]: (one["state"], one["end"]) for one in map(msgspec.json.decode, beside[0].splitlines())}
    assert workers[1].stop() == 0
    newer = worker_at(broker, program=("tests.live.flawed", "newer"))
    assert newer.child is not None
    assert newer.child.wait(60) == 2
    said = newer.log.read_text()
    assert said.splitlines()[-1].startswith("netvigil: the snapshot of stage judge, partition ")
    assert "Traceback" not in said


@pytest.mark.kafka
def test_apache_kafka_and_its_workers_are_killed_or_stand_still_and_nothing_is_lost(java, tmp_path, worker_at):
    recording = pieces(mosaic(seed=3), HOUR)
    tape, undisturbed = Paced(recording.run, recording.sent), in_memory(recording)
    server = prepare(tmp_path / "kafka")
    server.start()
    try:
        create(server.address, topics.every(FEEDS))
        workers = [worker_at(server.address), worker_at(server.address)]

        def stand_still() -> bool:
            """For longer than the six seconds after which a worker has lost its partitions."""
            child = workers[1].child
            if at_work(server.address).get("netvigil") != 2 or child is None:
                return False
            child.send_signal(signal.SIGSTOP)
            time.sleep(9)
            child.send_signal(signal.SIGCONT)
            return True

        def kill_the_broker() -> bool:
            server.kill()
            time.sleep(1)
            server.start()
            return True

        acts = [stand_still, lambda: killed(workers[0]), kill_the_broker]
        sabotage = Sabotage(tape, acts, lambda: [worker.check() for worker in workers].clear())
        found = replayed(tape, server.address, sabotage)
        assert sabotage.done == len(acts)
        assert found.lines() == undisturbed.lines()
        assert (found.used, found.late, found.dead) == (undisturbed.used, 0, [])
        assert {len(contents) for contents in revisions(server.address).values()} == {1}
        assert [worker.stop() for worker in workers] == [0, 0]
    finally:
        server.stop()
