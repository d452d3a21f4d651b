"""The bin stage, first half: every partition counts its share of the bins."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.bins import NEVER
from pipeline.records import DEAD, END, STATE, Bins, Elements, Heartbeat, Rows, Run
from pipeline.signals.base import Binner
from pipeline.snapshot import pack, unpack

MakeBinner = Callable[[Run, str, int], Binner]
"""``(run, feed, partition)`` -> the binner of that stream."""


@dataclass(frozen=True)
class Late:
    """Records whose bin was closed when they came: they go to the late topic, and are counted."""

    records: Elements | Rows


@dataclass(frozen=True)
class Taken:
    """So many records of a feed were taken into bins."""

    feed: str
    records: int


def answered(records: Elements | Rows, partition: int) -> int:
    """How many of these records a partition answers for: a peer's change of state goes to all, and counts once."""
    if isinstance(records, Elements) and partition:
        return int((records.kind != STATE).sum())
    return len(records)


@dataclass
class Stream:
    """One feed of one run in one partition."""

    run: Run
    feed: str
    binner: Binner
    watermark: int = NEVER
    dead: bool = False


class BinStage:
    """Counts one partition of the feeds.

    Input: `Elements`, `Rows`, `Heartbeat`.  Output: partial `Bins`, one for every signal at each heartbeat (without
    bins where none closed: it carries the watermark alone), `Late` records, and how many were `Taken`.
    """

    def __init__(self, partition: int, make: MakeBinner) -> None:
        self.partition, self.make = partition, make
        self.streams: dict[tuple[str, str], Stream] = {}

    def step(self, frame: Elements | Rows | Heartbeat) -> list[Bins | Late | Taken]:
        """Take in one frame."""
        stream = self._stream(frame)
        if isinstance(frame, Heartbeat):
            return list(self._advance(stream, frame))
        late = stream.binner.add(frame)
        records = answered(frame, self.partition)
        if late is None:
            return [Taken(frame.feed, records)]
        return [Taken(frame.feed, records - answered(late, self.partition)), Late(late)]

    def _stream(self, frame: Elements | Rows | Heartbeat) -> Stream:
        key = (frame.run.id, frame.feed)
        if key not in self.streams:
            self.streams[key] = Stream(frame.run, frame.feed, self.make(frame.run, frame.feed, self.partition))
        return self.streams[key]

    def _advance(self, stream: Stream, beat: Heartbeat) -> list[Bins]:
        closed: dict[str, Bins] = {}
        if beat.status == DEAD:
            stream.dead = True
        else:
            stream.watermark = max(stream.watermark, beat.time)
            closed = {bins.signal: bins for bins in stream.binner.close(stream.watermark, observed=not stream.dead)}
            stream.dead = False
        if beat.status == END:
            del self.streams[stream.run.id, stream.feed]
        signals = [*beat.signals, *(signal for signal in closed if signal not in beat.signals)]
        blank = no_bins(stream.run, stream.feed, self.partition)
        return [
            dataclasses.replace(
                closed.get(signal, blank), signal=signal, watermark=stream.watermark, status=beat.status, run=stream.run
            )
            for signal in signals
        ]

    def save(self) -> bytes:
        """All streams of this partition."""
        streams = list(self.streams.values())
        head = [(s.run, s.feed, s.watermark, s.dead) for s in streams]
        return pack(head, {str(i): np.frombuffer(s.binner.save(), np.uint8) for i, s in enumerate(streams)})

    def load(self, state: bytes) -> None:
        """Take over saved streams."""
        head, binners = unpack(state)
        self.streams = {}
        for i, ((name, tense, signals), feed, watermark, dead) in enumerate(head):
            run = Run(name, tense, tuple(signals))
            binner = self.make(run, feed, self.partition)
            binner.load(binners[str(i)].tobytes())
            self.streams[run.id, feed] = Stream(run, feed, binner, watermark, dead)


def no_bins(run: Run, feed: str, partition: int) -> Bins:
    """A `Bins` of no bin and no entity, to carry a watermark."""
    none = np.empty((0, 0))
    return Bins(run, feed, partition, "", 0, NEVER, "", (), np.empty(0, np.int64), none, none.astype(np.float32))
