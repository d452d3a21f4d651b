"""What happens to workers while a recording is on its way."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from pipeline import topics
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import opened
from pipeline.records import Progress
from pipeline.replay.playback import Pace, paced
from tests.replay.runners import Worker
from tests.replay.tapes import Tape, recorded

HOUR = 3600


@dataclass
class Paced(Tape):
    """A tape that takes about so many seconds."""

    speed: float = 1.0

    def under(self, name: str) -> "Paced":
        return Paced(*vars(super().under(name)).values(), speed=self.speed)

    def __iter__(self) -> Iterator[Any]:
        return paced(self.sent, Pace(self.speed))  # type: ignore[arg-type]


def iraq(data: Path, lasting: float) -> Paced:
    """The exam shutdowns by the hour, over some seconds."""
    tape = recorded(data / "signals" / "iraq-2023-exams", chunk=HOUR)
    return Paced(tape.run, tape.sent, speed=10 * 24 * HOUR / lasting)


@dataclass
class Sabotage:
    """Does something to a worker each time that the replay's watermark has passed a point."""

    points: list[int]
    act: list[Callable[[], bool]]
    check: Callable[[], None]
    watermark: int = 0
    done: int = field(default=0)

    def see(self, output: Any) -> None:
        if isinstance(output, Progress):
            self.watermark = max(self.watermark, output.watermark)

    def tick(self) -> None:
        self.check()
        if self.done < len(self.points) and self.watermark >= self.points[self.done] and self.act[self.done]():
            self.done += 1


def kills(worker: Worker, points: list[int], rng: random.Random) -> Sabotage:
    """kill -9 and a new worker, at each of the points and a moment later."""

    def strike() -> bool:
        time.sleep(rng.uniform(0, 0.4))
        worker.kill()
        worker.start()
        return True

    return Sabotage(points, [strike] * len(points), worker.check)


def moments(tape: Tape, count: int, rng: random.Random) -> list[int]:
    """Points of event time of a tape, in order [s]."""
    times = [frame.time for frame in tape.sent if hasattr(frame, "status")]
    return sorted(rng.randrange(times[0], times[-1]) for _ in range(count))


def revisions(broker: str) -> dict[tuple[bytes, str, int], set[bytes]]:
    """What the outages' topic says of each revision of each run."""
    found: dict[tuple[bytes, str, int], set[bytes]] = {}
    with closing(opened(KafkaConsumer, broker, PLAIN, group_id=None, auto_offset_reset="earliest")) as consumer:
        name = topics.OUTAGES.name
        consumer.assign([TopicPartition(name, part) for part in range(topics.OUTAGES.partitions)])
        ends = consumer.end_offsets(consumer.assignment())
        while any(consumer.position(part) < end for part, end in ends.items()):
            for record in chain.from_iterable(consumer.poll(timeout_ms=200).values()):
                fields = msgspec.json.decode(record.value)
                told = (dict(record.headers)["run"], fields["id"], fields["revision"])
                found.setdefault(told, set()).add(record.value)
    return found
