"""The bin stage, first half: every partition counts its share of the bins."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import msgspec
import numpy as np

from pipeline.bins import NEVER
from pipeline.codec import iso
from pipeline.errors import UserError
from pipeline.geo.homes import at_home
from pipeline.records import DEAD, END, PAST, UP, Bins, Elements, Entity, Heartbeat, Rows, Run, answered
from pipeline.state import pack, remember, touch, unpack

Batch = TypeVar("Batch", Elements, Rows)


class Binner(Protocol[Batch]):
    """Counts one partition of one feed of one run into bins, in event time.

    Input: records in order of arrival; a batch that is cut in two, or comes twice, changes nothing.  Output: partial
    `Bins`, each bin once, in order of start; an entity once seen is in every later bin.  ``crowded``: how many returned
    records of the last batch found no room (those that go to every partition count in partition 0).
    """

    crowded: int

    def add(self, batch: Batch) -> Batch | None:
        """Take in a batch; returns records that were late or found no room, None without any."""
        ...

    def close(self, until: int, observed: bool = True, ended: bool = False) -> list[Bins]:
        """Close every bin that ends at or before ``until`` [s]; not ``observed``: all NaN, the feed was dead.

        ``ended``: the stream ends here, before the bins that start after the last ``until`` and after all records.
        """
        ...

    def save(self) -> bytes:
        """The whole state as bytes."""
        ...

    def load(self, state: bytes) -> None:
        """Take over a saved state."""
        ...


CELLS = 100_000  # most values in one frame of bins [-]: a frame of verdicts, with 66 bytes a value, must fit a message
MakeBinner = Callable[[Run, str, int], Binner]  # ``(run, feed, partition)`` -> the binner of that stream


@dataclass(frozen=True)
class Late:
    """Records that came after their bin was closed, or found no room (``crowded`` of them)."""

    records: Elements | Rows
    crowded: int = 0


@dataclass(frozen=True)
class Taken:
    """The number of records of a feed that were taken into bins."""

    feed: str
    records: int


class Total(msgspec.Struct, frozen=True):
    """The records of a feed that one partition took into bins and found late in a run, ``crowded`` of these without
    room."""

    run: str
    feed: str
    partition: int
    used: int
    late: int
    crowded: int = 0


class FeedStatus(msgspec.Struct, frozen=True):
    """A feed is up, dead or at its end, ``since`` its last event time, None before any; ``reason``: why it is dead, or
    what it is still about."""

    run: str
    tense: str
    feed: str
    status: str
    since: str | None
    reason: str = ""


@dataclass
class Stream:
    """One feed of one run in one partition, with the ``signals`` and ``networks`` of its heartbeats.

    ``lacks``: what its binner lacks, so that there is none; the feed is dead then.
    """

    run: Run
    feed: str
    binner: Binner | None = None
    watermark: int = NEVER
    status: str = ""
    signals: tuple[str, ...] = ()
    networks: dict[tuple[str, str], Entity] = field(default_factory=dict)
    used: int = 0
    late: int = 0
    crowded: int = 0
    reason: str = ""
    lacks: str = ""

    @property
    def shown(self) -> str:
        """The status for people: a feed that sends its past is up."""
        return UP if self.status == PAST else self.status

    @property
    def dead(self) -> bool:
        return self.status == DEAD

    def settled(self, bins: Bins) -> Bins:
        """The same, with the entities of the networks as in the heartbeats, else with their country from the table."""
        known = tuple(self.networks.get(e[:2]) or at_home(e) for e in bins.entities)
        return dataclasses.replace(bins, entities=known)


class BinStage:
    """Counts one partition of the feeds.

    Input: `Elements`, `Rows`, `Heartbeat`.  Output: partial `Bins` in `pieces`, of every signal at each heartbeat (at
    least the watermark); `Late` records; how many were `Taken`; their `Total` at the end; and from partition 0 each new
    `FeedStatus`.  A dead heartbeat behind a newer heartbeat is ignored.  Records after the end of the stream are late.
    """

    def __init__(self, partition: int, make: MakeBinner) -> None:
        self.partition, self.make = partition, make
        self.streams: dict[tuple[str, str], Stream] = {}
        self.ended: dict[tuple[str, str], None] = {}

    def step(self, frame: Elements | Rows | Heartbeat) -> list[Bins | Late | Taken | Total | FeedStatus]:
        if (frame.run.id, frame.feed) in self.ended:
            return [] if isinstance(frame, Heartbeat) else [Taken(frame.feed, 0), Late(frame)]
        stream = self._stream(frame)
        if isinstance(frame, Heartbeat):
            before = stream.shown, stream.reason
            told: list[Bins | Late | Taken | Total | FeedStatus] = [*self._advance(stream, frame)]
            if frame.status == END:
                counts = (stream.used, stream.late, stream.crowded)
                told.insert(0, Total(stream.run.id, stream.feed, self.partition, *counts))
            if self.partition == 0 and (stream.shown, stream.reason) != before:
                since = iso(stream.watermark) if stream.watermark > NEVER else None
                run = stream.run
                told.append(FeedStatus(run.id, run.tense, stream.feed, stream.shown, since, stream.reason))
            return told
        if (binner := self._binner(stream)) is None:
            stream.late, stream.crowded = stream.late + (n := answered(frame, self.partition)), stream.crowded + n
            return [Taken(frame.feed, 0), Late(frame, n)]
        late = binner.add(frame)
        records, missed = answered(frame, self.partition), 0 if late is None else answered(late, self.partition)
        stream.used += records - missed
        stream.late += missed
        stream.crowded += binner.crowded
        taken = Taken(frame.feed, records - missed)
        return [taken] if late is None else [taken, Late(late, binner.crowded)]

    def _stream(self, frame: Elements | Rows | Heartbeat) -> Stream:
        key = (frame.run.id, frame.feed)
        if key not in self.streams:
            self.streams[key] = Stream(frame.run, frame.feed)
        for gone in touch(self.streams, key):
            remember(self.ended, gone)
        return self.streams[key]

    def _binner(self, stream: Stream) -> Binner | None:
        """The binner of a stream, None while it lacks something, as a table: of a live run that ends no other feed."""
        if stream.binner is None:
            try:
                stream.binner, stream.lacks = self.make(stream.run, stream.feed, self.partition), ""
            except UserError as error:
                if stream.run.tense != "live":
                    raise
                stream.lacks = str(error)
        return stream.binner

    def _advance(self, stream: Stream, beat: Heartbeat) -> list[Bins]:
        binner = self._binner(stream)
        if binner is None and beat.status != END:
            beat = dataclasses.replace(beat, status=DEAD, reason=beat.reason or stream.lacks)
        if beat.status == DEAD and beat.time < stream.watermark:
            return []
        stream.signals = beat.signals
        stream.networks |= {network[:2]: network for network in beat.networks}
        closed: dict[str, Bins] = {}
        if beat.status != DEAD:
            stream.watermark = max(stream.watermark, beat.time)
            made = binner.close(stream.watermark, not stream.dead, ended=beat.status == END) if binner else []
            closed = {bins.signal: stream.settled(bins) for bins in made}
        stream.status, stream.reason = beat.status, beat.reason
        if beat.status == END:
            del self.streams[stream.run.id, stream.feed]
            remember(self.ended, (stream.run.id, stream.feed))
        signals = [*beat.signals, *(signal for signal in closed if signal not in beat.signals)]
        blank = no_bins(stream.run, stream.feed, self.partition)
        told = (
            dataclasses.replace(
                closed.get(signal, blank), signal=signal, watermark=stream.watermark, status=beat.status, run=stream.run
            )
            for signal in signals
        )
        return [piece for bins in told for piece in pieces(bins)]

    def save(self) -> bytes:
        streams = list(self.streams.values())
        head = [
            (
                s.run,
                s.feed,
                s.watermark,
                s.status,
                s.signals,
                list(s.networks.values()),
                s.used,
                s.late,
                s.crowded,
                s.reason,
            )
            for s in streams
        ]
        binners = {str(i): np.frombuffer(s.binner.save(), np.uint8) for i, s in enumerate(streams) if s.binner}
        return pack((head, list(self.ended)), binners)

    def load(self, state: bytes) -> None:
        (head, ended), binners = unpack(state)
        self.streams, self.ended = {}, dict.fromkeys((run, feed) for run, feed in ended)
        for i, (saved, feed, watermark, status, signals, told, *rest) in enumerate(head):
            run = Run.of(saved)
            binner = self.make(run, feed, self.partition) if str(i) in binners else None
            if binner:
                binner.load(binners[str(i)].tobytes())
            networks = {(e[0], e[1]): Entity(*e) for e in told}
            self.streams[run.id, feed] = Stream(run, feed, binner, watermark, status, tuple(signals), networks, *rest)


def no_bins(run: Run, feed: str, partition: int) -> Bins:
    """`Bins` without bins, for a watermark alone."""
    none = np.empty((0, 0))
    return Bins(run, feed, partition, "", 0, NEVER, "", (), np.empty(0, np.int64), none, none.astype(np.float32))


def pieces(bins: Bins, edges: Iterable[int] = ()) -> list[Bins]:
    """The same in frames that fit a message; each of the ``edges``, indices of bins, begins a new frame."""
    most, t = max(1, CELLS // max(1, len(bins.entities))), len(bins.start)
    places = np.union1d(np.array([*edges], np.intp), np.arange(most, t, most)).tolist()
    if not places:
        return [bins]
    told = []
    for start, end in zip([0, *places], [*places, t], strict=True):
        until, status = int(bins.start[end - 1]) + bins.width, PAST if bins.status == PAST else UP
        if end == t:
            until, status = bins.watermark, bins.status
        told.append(
            dataclasses.replace(
                bins, start=bins.start[start:end], value=bins.value[start:end], health=bins.health[start:end],
                watermark=until, status=status,
            )
        )  # fmt: skip
    return told
