"""Times of records: what is far ahead of the records around it is damage, for it would make all that follows late."""

from collections.abc import Iterable, Iterator

import numpy as np

from detectors.base import ALWAYS
from detectors.state import FORGETS
from pipeline.bins import DAY
from pipeline.codec import iso
from pipeline.errors import DecodeError
from pipeline.records import Elements, Rows

BATCH = 50_000  # elements of a batch; one message more may go over
STRIDE = 300  # event time that one batch may span [s], so that readers see time move on
BEHIND = DAY  # how far behind the others a time may be [s]: streams have been held up for hours

RUN = 50  # messages in a row ahead of all others after which time has moved on [-]; a clock ahead gives shorter runs
YEAR = 365 * DAY  # of two times alone it is unknown which is wrong, unless they are this far apart [s]

HOUR = 3600

FIRST = 4 * RUN  # times at the beginning that are compared with each other before any is used [-]

MANY = 100
"""Rows of a table are a group of their own where they are `FORGETS`, and this many usual steps, from all others [-]."""

Batch = Elements | Rows

Numbered = tuple[int, Batch]  # a batch, and the number of its first record


class TimeCheck:
    """Checks the times of one recording of any feed, whole batches at once.

    The first `FIRST` times are held back.  Those a year ahead of all that follows are damage, if they are at most a
    fifth.  Later, records far ahead of all before them are held back.  If the next records continue the earlier time,
    the held ones are damage, one by one.  If `RUN` times do not, or the recording ends, it was a gap, and they are
    given.  At the end of a recording they are damage if they are a year ahead and at most a quarter of it.

    Records that are behind pass: the binner counts them as late.
    """

    def __init__(self, feed: str) -> None:
        self.feed = feed
        self.last: int | None = None
        self.given = 0
        self.held: list[Numbered] = []
        self.stamps, self.rows = 0, 0

    def take(self, begin: int, batch: Batch) -> Iterator[Batch | DecodeError]:
        if self.last is not None and not self.held and int(batch.time.max()) <= self.last + _reach(batch):
            yield self._give(batch)
            return
        for at, piece in _pieces(begin, batch):
            yield from self._piece(at, piece)

    def rest(self) -> Iterator[Batch | DecodeError]:
        """What is held at the end of the recording."""
        if self.last is None and self.held:
            yield from self._begin()
        if self.last is not None and self.held and self._earliest() > self.last + YEAR and 4 * self.rows <= self.given:
            yield from self._refuse("the last before it", self.last)
        yield from self._settle()

    def _piece(self, begin: int, piece: Batch) -> Iterator[Batch | DecodeError]:
        first, end = int(piece.time.min()), int(piece.time.max())
        if self.last is None or first > self.last + _reach(piece):
            self.held.append((begin, piece))
            self.stamps += _stamps(piece)
            self.rows += len(piece)
            if self.stamps > (FIRST if self.last is None else RUN) or self.rows > BATCH:
                yield from self._begin() if self.last is None else self._settle()
            return
        if self.held and end >= self.last - max(BEHIND, _reach(piece)):
            if self._earliest() > end + _reach(piece):
                yield from self._refuse("those around it", end)
            yield from self._settle()
        yield self._give(piece)

    def _earliest(self) -> int:
        return min(int(piece.time.min()) for _, piece in self.held)

    def _give(self, batch: Batch) -> Batch:
        end = int(batch.time.max())
        self.last = end if self.last is None else max(self.last, end)
        self.given += len(batch)
        return batch

    def _begin(self) -> Iterator[Batch | DecodeError]:
        """The first times, any of which may be wrong: those far ahead are damage, the others are checked."""
        for begin, item in self._followed():
            if isinstance(item, DecodeError):
                yield item
            elif self.last is None:
                yield self._give(item)
            else:
                yield from self._piece(begin, item)

    def _settle(self) -> Iterator[Batch | DecodeError]:
        for _, item in self._followed():
            yield item if isinstance(item, DecodeError) else self._give(item)

    def _followed(self) -> Iterator[tuple[int, Batch | DecodeError]]:
        """What is held, with damage in the place of what is a year ahead of most that follows."""
        rows, held = self.rows, self._taken()
        ends = [int(piece.time.max()) for _, piece in held]
        lowest = np.minimum.accumulate([ALWAYS, *ends[:0:-1]])[::-1].tolist()
        ahead = [low + YEAR < int(piece.time.min()) for (_, piece), low in zip(held, lowest, strict=False)]
        few = 5 * sum(len(piece) for (_, piece), is_ahead in zip(held, ahead, strict=True) if is_ahead) <= rows
        for (begin, piece), is_ahead, low in zip(held, ahead, lowest, strict=False):
            if is_ahead and few:
                yield from ((begin, error) for error in _astray(self.feed, begin, piece, "what follows", low))
            else:
                yield begin, piece

    def _refuse(self, others: str, near: int) -> Iterator[DecodeError]:
        for begin, piece in self._taken():
            yield from _astray(self.feed, begin, piece, others, near)

    def _taken(self) -> list[Numbered]:
        held, self.held, self.stamps, self.rows = self.held, [], 0, 0
        return held


def _astray(feed: str, begin: int, piece: Batch, others: str, near: int) -> Iterator[DecodeError]:
    for number, time in enumerate(piece.time.tolist(), begin):
        yield DecodeError(feed, "bad-time", f"record {number:,}", f"{iso(time)}, far ahead of {others}, {iso(near)}")


def plausible(feed: str, found: Iterable[tuple[int, Batch | DecodeError]]) -> Iterator[Batch | DecodeError]:
    """Batches (with the number of their first record) and damage of a recording, without times that are far ahead."""
    times = TimeCheck(feed)
    for begin, item in found:
        if isinstance(item, DecodeError) or not len(item):
            yield item
        else:
            yield from times.take(begin, item)
    yield from times.rest()


def far_off(times: np.ndarray) -> np.ndarray:
    """Which of the sorted times ``(n,)`` [s] of a series are far from all others, ``(n,) bool``.

    They are a group of less than a day of bins, and of at most a quarter of the bins of the largest group.

    Examples
    --------
    >>> day = 1_700_000_000 + 3600 * np.arange(24)
    >>> far_off(np.array([20_000, *day, 3_999_000_000, 4_000_000_000])).nonzero()[0].tolist()
    [0, 25, 26]
    """
    steps = np.diff(times)
    if not (steps > FORGETS).any():
        return np.zeros(len(times), bool)
    usual = max(HOUR, int(np.median(steps[steps > 0])))  # rows of many may be seconds apart
    groups = np.cumsum(np.append(False, steps > max(FORGETS, MANY * usual)))
    bins = np.bincount(groups[np.append(True, np.diff(times // usual) > 0)])
    return np.asarray(((bins * usual < DAY) & (4 * bins <= bins.max()))[groups])


def _reach(batch: Batch) -> int:
    """How far ahead of all before it a time may be without a gap [s]; within it, batches come in any order."""
    return STRIDE if isinstance(batch, Elements) else max(DAY, 2 * batch.width)


def _pieces(begin: int, batch: Batch) -> Iterator[Numbered]:
    cuts = np.flatnonzero(np.abs(np.diff(batch.time)) > _reach(batch)) + 1
    if not len(cuts):
        yield begin, batch
        return
    for rows in np.split(np.arange(len(batch)), cuts):
        yield begin + int(rows[0]), batch.take(rows)


def _stamps(piece: Batch) -> int:
    """Number of time stamps: a message of a peer has one, and so has an answer of a publisher."""
    changes = np.diff(piece.time) != 0
    if isinstance(piece, Elements):
        changes |= np.diff(piece.peer) != 0
    return 1 + int(np.count_nonzero(changes))
