"""From a feed's records to the frames of its topic: run and partition stamped, heartbeats put in between."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline import topics
from pipeline.bins import NEVER, WIDTH, Cadence
from pipeline.errors import DecodeError
from pipeline.feeds.base import Item
from pipeline.records import END, UP, DeadLetter, Elements, Entity, Frame, Heartbeat, Rows, Run


@dataclass
class Dispatch:
    """Sends one feed of one run on its way.

    The watermark is the first time of the batch that is about to go: all before it has gone.  A recording without
    heartbeats so gets them from its own time stamps.  ``width``: length of the bins that netvigil computes itself [s];
    ``networks``: those of which it is settled whose they are, said before the first record.
    """

    run: Run
    feed: str
    signals: tuple[str, ...]
    width: int = WIDTH
    networks: tuple[Entity, ...] = ()
    watermark: int = NEVER
    end: int = NEVER
    sent: int = 0
    dead: int = 0
    partitions: int = field(init=False)

    def __post_init__(self) -> None:
        self.partitions = topics.feed(self.feed).partitions

    def frames(self, items: Iterable[Item]) -> Iterator[Frame | DeadLetter]:
        """Frames and dead letters of a recording, in order; its end moves the watermark to the last bin's end."""
        for item in items:
            if isinstance(item, DecodeError):
                self.dead += 1
                yield DeadLetter(self.run.id, item.feed, item.reason, item.place, item.detail)
            elif len(item):
                yield from self._batch(item)
        yield from self.beat(self.end, END)  # also where nothing could be used: fusion waits for everybody's word

    def _batch(self, batch: Elements | Rows) -> Iterator[Frame]:
        first = int(batch.time.min())
        if first > self.watermark:
            yield from self.beat(first)
        self.sent += len(batch)
        self.end = max(self.end, self._end(batch))
        yield from topics.split(replace(batch, run=self.run, feed=self.feed), self.partitions)

    def beat(self, time: int, status: str = UP) -> Iterator[Heartbeat]:
        """A heartbeat for every partition."""
        self.watermark = time
        networks, self.networks = self.networks, ()
        for partition in range(self.partitions):
            yield Heartbeat(self.run, self.feed, partition, time, status, self.signals, networks)

    def _end(self, batch: Elements | Rows) -> int:
        """End of the last bin that a batch reaches [s]."""
        cadence = Cadence(self.width)
        if isinstance(batch, Rows):
            cadence = Cadence(batch.width, batch.slots, batch.phase)
        return int(cadence.floor(np.array([batch.time.max()]))[0]) + cadence.width
