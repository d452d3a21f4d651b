"""What a feed is (a name, its signals, a pure parser from bytes to records), and how its records reach its topic."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, TypeVar

import numpy as np

from pipeline import topics
from pipeline.bins import NEVER, WIDTH, Cadence
from pipeline.errors import CUT_LINE, DecodeError
from pipeline.feeds.timestamps import BATCH, STRIDE, plausible
from pipeline.kinds import SIGNAL
from pipeline.records import (
    END,
    STATE,
    UP,
    DeadLetter,
    Elements,
    Entity,
    Frame,
    Heartbeat,
    Peer,
    Rows,
    Run,
    answered,
    bounded,
    wrong,
)

Parsed = TypeVar("Parsed")

MAX_LINE = 1024 * 1024  # longest line that is read [bytes]; the largest BGP message makes about 150 kB of JSON

IDLE = 1  # the BGP state of a session that is down

Item = Elements | Rows | DecodeError
"""What a parser yields: batches in the order of the recording, and damage as a value."""

Recorded = Item | Heartbeat
"""What an archive of recorded frames yields (`pipeline.feeds.recorded`)."""


@dataclass(frozen=True)
class Feed:
    """One external stream.

    ``name``: that of the topic, the metrics and the dead letters.  ``signals``: those that it serves; empty where its
    records name their own (tables).  ``recognise``: ``(file name, first 4 KiB after decompression) -> bool``.
    ``read``: a recorded file (decompressed, binary) -> batches of 1 to `BATCH` rows in file order; damage is yielded as
    `DecodeError`, never raised.  Pure: no clock, no socket.
    """

    name: str
    signals: tuple[str, ...]
    recognise: Callable[[str, bytes], bool]
    read: Callable[[BinaryIO], Iterator[Item]]

    def items(self, stream: BinaryIO) -> Iterator[Item]:
        """What `read` gives, checked.

        Inconsistent batches, unknown kinds of signals and times far ahead are damage; impossible values become NaN.
        """
        return plausible(self.name, self._sound(stream))

    def _sound(self, stream: BinaryIO) -> Iterator[tuple[int, Item]]:
        """The number of the first record of each item, and the item."""
        given = 0
        for item in self.read(stream):
            begin = given + 1
            if not isinstance(item, DecodeError):
                given += len(item)
                place = f"records {begin:,} to {given:,}"
                if reason := wrong(item):
                    item = DecodeError(self.name, "bad-batch", place, reason)
                elif isinstance(item, Rows):
                    known = SIGNAL.fullmatch(item.signal)
                    item = bounded(item) if known else DecodeError(self.name, "bad-signal", place, item.signal[:100])
            yield begin, item


def batched(items: Iterable[Item], span: int) -> Iterator[Item]:
    """The same in fewer batches, because a message costs the same whatever its size.

    Batches of one series are joined within the same multiples of ``span`` [s] (elements: of `STRIDE` at most), up to
    `BATCH` rows.  Batches of several series are in order of their first times; damage comes after them.

    Examples
    --------
    >>> import numpy as np
    >>> from pipeline.records import Entity, Run
    >>> series = Rows(Run(), "a-feed", 0, "bgp.ris", 300, (), 0, (Entity("country", "PK", "PK"),),
    ...               np.array([0, 300, 600]), np.zeros(3, int), np.array([7.0, 8.0, 9.0]))
    >>> [batch.value.tolist() for batch in batched([series.take(np.array([i])) for i in range(3)], span=600)]
    [[7.0, 8.0], [9.0]]
    """
    held: list[Item] = []
    rows, place = 0, (0, 0)
    for item in items:
        if isinstance(item, DecodeError):
            size, at = 1, place
        elif len(item):
            size, at = len(item), _place(item, span)
        else:
            continue
        if held and (at != place or rows + size > BATCH):
            yield from _together(held)
            held, rows = [], 0
        held.append(item)
        rows, place = rows + size, at
    yield from _together(held)


def _place(batch: Elements | Rows, span: int) -> tuple[int, int]:
    span = min(span, STRIDE) if isinstance(batch, Elements) else span
    return int(batch.time.min()) // span, int(batch.time.max()) // span


def _together(held: list[Item]) -> Iterator[Item]:
    series: dict[tuple[object, ...], list[Elements | Rows]] = {}
    for item in held:
        if not isinstance(item, DecodeError):
            key = (item.signal, item.width, item.slots, item.phase) if isinstance(item, Rows) else ()
            series.setdefault(key, []).append(item)
    yield from sorted(map(joined, series.values()), key=lambda batch: int(batch.time.min()))
    yield from (item for item in held if isinstance(item, DecodeError))


def joined(batches: Sequence[Elements | Rows]) -> Elements | Rows:
    """One batch of several of the same series; rows stay in order."""
    first = batches[0]
    if len(batches) == 1:
        return first
    names, index = first.NAMED
    places: dict[Peer | Entity, int] = {}
    columns: dict[str, Any] = {}
    for name in first.COLUMNS:
        columns[name] = np.concatenate([getattr(batch, name) for batch in batches])
    at = [[places.setdefault(name, len(places)) for name in getattr(batch, names)] for batch in batches]
    rows = [np.array(to, np.int32)[getattr(batch, index)] for to, batch in zip(at, batches, strict=True)]
    columns[index] = np.concatenate(rows)
    columns[names] = tuple(places)
    return dataclasses.replace(first, **columns)


def sessions_down(feed: str, peers: tuple[Peer, ...], time: int) -> Elements:
    """All these sessions go down at a time [s]: what they announced before it holds no more."""
    columns = {name: np.zeros(len(peers), dtype) for name, dtype in Elements.COLUMNS.items()}
    columns |= {"peer": np.arange(len(peers), dtype=np.int32)}
    columns["time"] += time
    columns["kind"] += STATE
    columns["state"] += IDLE
    return Elements(Run(), feed, 0, peers, **columns)


def parsed(
    feed: str, stream: BinaryIO, parse: Callable[[bytes], Parsed], closed: bool = False
) -> Iterator[tuple[str, Parsed | DecodeError]]:
    """Place of every line that is not blank, and what ``parse`` returns or raises for it.

    A last line without an end is damage, even if it can be parsed, unless lines are ``closed``, as objects of JSON.

    Examples
    --------
    >>> import io
    >>> for place, item in parsed("a-feed", io.BytesIO(b"7|x|".replace(b"|", bytes([10])) + b"9"), bytes.strip):
    ...     print(place, item)
    line 1 b'7'
    line 2 b'x'
    line 3 a-feed: truncated-line at line 3: the file breaks off in it
    """
    for number, line in enumerate(iter(partial(stream.readline, MAX_LINE + 1), b""), 1):
        last = line
        while len(last) > MAX_LINE and not last.endswith(b"\n"):
            last = stream.readline(MAX_LINE + 1)
        if line.isspace():
            continue
        place, has_end = f"line {number}", last.endswith(b"\n")
        try:
            if last is not line:
                raise DecodeError(feed, "line-too-long", "", "skipped to its end")
            item = parse(line)
            if not (has_end or closed):
                raise DecodeError(feed, CUT_LINE, "")
            yield place, item
        except DecodeError as error:
            detail = ": ".join(filter(None, ("" if has_end else "the file breaks off in it", error.detail)))
            yield place, DecodeError(feed, error.reason if has_end else CUT_LINE, place, detail)


@dataclass
class Dispatch:
    """Sends the records of one feed in one run to its topic: stamped with the run, and with heartbeats.

    The watermark is the first time of the next batch, so that a recording gets heartbeats from its own time stamps;
    that of the last record says where the recording ends: a bin that starts later cannot be missing.
    Frames that were ``recorded`` with their heartbeats keep both, and their partitions.  ``width``: bins that netvigil
    computes itself [s]; ``networks``: those of known country, sent with the first heartbeat.
    """

    run: Run
    feed: str
    signals: tuple[str, ...]
    width: int = WIDTH
    networks: tuple[Entity, ...] = ()
    recorded: bool = False
    status: str = UP
    watermark: int = NEVER
    last: int = NEVER
    end: int = NEVER
    sent: int = 0
    dead: int = 0
    partitions: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.partitions = topics.feed(self.feed).partitions

    def frames(self, items: Iterable[Recorded]) -> Iterator[Frame | DeadLetter]:
        """Frames and dead letters of a recording, in order; the last heartbeat has the end of the last bin."""
        for item in items:
            if isinstance(item, DecodeError):
                self.dead += 1
                yield DeadLetter(self.run.id, item.feed, item.reason, item.place, item.detail)
            elif isinstance(item, Heartbeat):
                yield from self._again(item)
            elif len(item):
                yield from self._batch(item)
        if self.last > self.watermark and self.status == UP:
            yield from self.beat(self.last)
        self.end = max(self.end, self.watermark) if self.recorded else self.end
        yield from self.beat(self.end, END)  # also where nothing was usable: fusion waits for every feed

    def _batch(self, batch: Elements | Rows) -> Iterator[Frame]:
        first = int(batch.time.min())
        if first > self.watermark and not self.recorded:
            yield from self.beat(first)
        self.sent += answered(batch, batch.partition)
        self.last = max(self.last, int(batch.time.max()))
        cadence = Cadence(batch.width, batch.slots, batch.phase) if isinstance(batch, Rows) else Cadence(self.width)
        last_bin = int(cadence.floor(np.array([batch.time.max()]))[0])
        self.end = max(self.end, last_bin + cadence.width)
        own = dataclasses.replace(batch, run=self.run, feed=self.feed)
        yield from [own] if self.recorded else topics.split(own, self.partitions)

    def _again(self, beat: Heartbeat) -> Iterator[Heartbeat]:
        """A recorded heartbeat; its end is that of its file, after which another may go on."""
        if beat.status == END:
            self.end = max(self.end, beat.time)
            return
        self.watermark, self.status = max(self.watermark, beat.time), beat.status
        yield dataclasses.replace(beat, run=self.run)

    def beat(self, time: int, status: str = UP) -> Iterator[Heartbeat]:
        self.watermark = time
        networks, self.networks = self.networks, ()
        for partition in range(self.partitions):
            yield Heartbeat(self.run, self.feed, partition, time, status, self.signals, networks)
