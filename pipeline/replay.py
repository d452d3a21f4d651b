"""Replay: recorded feeds through the engine, in memory or through Kafka, with the same answer."""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from pipeline import topics
from pipeline.binning import Late
from pipeline.bins import NEVER
from pipeline.brokers.transport import Sender
from pipeline.dispatch import Dispatch
from pipeline.engine import Engine, Output, chain
from pipeline.feeds.archive import Recording
from pipeline.records import (
    DeadLetter,
    Elements,
    Frame,
    Heartbeat,
    Outage,
    Progress,
    Rows,
    Run,
    encode,
    outage_json,
)

See = Callable[[Output | DeadLetter], None]
"""Is shown everything that comes out, as it comes."""


@dataclass
class Result:
    """What a replay led to.

    ``read = used + late + dead``: records that the feeds gave, those that were binned, those that came after their
    bin was closed, and those that could not be used.
    """

    run: Run
    outages: dict[str, Outage] = field(default_factory=dict)
    read: int = 0
    late: int = 0
    dead: list[DeadLetter] = field(default_factory=list)
    watermark: int = NEVER

    @property
    def used(self) -> int:
        """Records that are in a bin."""
        return self.read - self.late - len(self.dead)

    def sorted(self) -> list[Outage]:
        """Each outage once, its last revision, by (start, id)."""
        return sorted(self.outages.values(), key=lambda outage: (outage.start, outage.id))

    def lines(self) -> bytes:
        """The outages as ``--outages`` writes them: one JSON object a line."""
        return b"".join(outage_json(outage) + b"\n" for outage in self.sorted())

    def take(self, output: Output | DeadLetter) -> None:
        """Take in what came out; an older revision that comes again changes nothing."""
        match output:
            case Outage():
                known = self.outages.get(output.id)
                if known is None or output.revision > known.revision:
                    self.outages[output.id] = output
            case Late():
                self.late += len(output.records)
            case Progress():
                self.watermark = max(self.watermark, output.watermark)
            case DeadLetter():
                self.dead.append(output)
                self.read += 1


def frames(recordings: Iterable[Recording], run: Run) -> Iterator[Frame | DeadLetter]:
    """The frames of all recordings, side by side in order of event time."""
    streams = [_timed(Dispatch(run, r.feed, r.signals).frames(r.items)) for r in recordings]
    for _, frame in heapq.merge(*streams, key=lambda pair: pair[0]):
        yield frame


def _timed(stream: Iterator[Frame | DeadLetter]) -> Iterator[tuple[int, Frame | DeadLetter]]:
    now = NEVER
    for frame in stream:
        match frame:
            case Heartbeat():
                now = max(now, frame.time)
            case Elements() | Rows():
                now = max(now, int(frame.time[0]))
        yield now, frame


def paced(
    stream: Iterable[Frame | DeadLetter], speed: float, clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Frame | DeadLetter]:
    """The same frames, ``speed`` seconds of event time to a second of the clock."""
    begun, first = clock(), None
    for frame in stream:
        if isinstance(frame, Heartbeat):
            first = frame.time if first is None else first
            sleep(max(0.0, (frame.time - first) / speed - (clock() - begun)))
        yield frame


def through_memory(stream: Iterable[Frame | DeadLetter], engine: Engine, run: Run, see: See) -> Result:
    """Replay through the engine in this process."""
    result = Result(run)

    def counted() -> Iterator[Elements | Rows | Heartbeat]:
        for frame in stream:
            if isinstance(frame, DeadLetter):
                result.take(frame)
                see(frame)
            else:
                result.read += _records(frame)
                yield frame  # type: ignore[misc]

    for output in chain(counted(), engine):
        result.take(output)
        see(output)
    return result


def send(stream: Iterable[Frame | DeadLetter], sender: Sender, result: Result, see: See) -> None:
    """Send frames to their feeds' topics, dead letters to theirs."""
    for frame in stream:
        if isinstance(frame, DeadLetter):
            topic = topics.DEADLETTERS
            sender.send(topic.name, msgspec.json.encode(frame), 0, frame.feed)
            result.take(frame)
            see(frame)
        else:
            result.read += _records(frame)  # type: ignore[arg-type]
            sender.send(topics.feed(frame.feed).name, encode(frame), frame.partition)
    sender.flush()


def _records(frame: Elements | Rows | Heartbeat) -> int:
    return 0 if isinstance(frame, Heartbeat) else len(frame)
