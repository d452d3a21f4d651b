"""What an entity's past was: one column a bin, never changed once written, shared between states.

A state that is a tuple of arrays can be kept, resumed and compared, but must not be copied whole at every bin:
7 days of 5 min for 100,000 entities are 0.8 GB.  So columns are gathered into chunks, and a longer history shares
the chunks of the shorter one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS, NEVER
from detectors.blocks import CHUNK, Block, Chunk, Column, beside_for, seal

BATCH = 1000
"""Entities whose whole past may be read at once: 1,000 times five weeks of half hours are 13 MB."""

ALL = ((NEVER, ALWAYS),)
"""All times [s]."""


class View(NamedTuple):
    """How each entity's past is to be read: a level shift once accepted makes its past another one.

    since, until ``(n,) int64`` [s]: before ``since`` nothing, between the two what was really observed, and
    after ``until`` what was written.  ``again (n, 2) int64`` [s]: what was written from one time to the other before
    ``since`` holds too, where a level that was lost is back.
    """

    since: np.ndarray
    until: np.ndarray
    again: np.ndarray | None = None

    def hidden(self, times: np.ndarray, pick: np.ndarray | slice = slice(None)) -> np.ndarray:
        """At which of some times ``(c,)`` nothing is to be read of the entities that are picked ``(k, c) bool``."""
        hidden = times < self.since[pick][:, None]
        if self.again is not None:
            hidden &= (times < self.again[pick, :1]) | (times >= self.again[pick, 1:])
        return hidden


def plain(n: int) -> View:
    """The view of n entities whose past is what was written."""
    never = np.full(n, NEVER)
    return View(never, never)


def observed(n: int) -> View:
    """The view of n entities whose past is what was really observed."""
    return View(np.full(n, NEVER), np.full(n, ALWAYS))


@dataclass(frozen=True)
class History:
    """Columns in the order of their times; a position counts every column ever pushed, dropped ones too."""

    dropped: int = 0
    chunks: tuple[Chunk, ...] = ()
    tail: tuple[Column, ...] = ()

    @property
    def end(self) -> int:
        """The position that the next column takes."""
        return self.dropped + CHUNK * len(self.chunks) + len(self.tail)

    @property
    def known(self) -> int:
        """Entities that the newest column knows."""
        if self.tail:
            return len(self.tail[-1].value)
        return len(self.chunks[-1].block.values) if self.chunks else 0

    def push(self, time: int, value: np.ndarray, raw: np.ndarray, replaced: np.ndarray) -> "History":
        """A history with one more column; where ``replaced`` ``(n,) bool``, ``raw`` is kept aside."""
        rows = np.flatnonzero(replaced)
        tail = (*self.tail, Column(time, value, rows.astype(np.int32), raw[rows]))
        if len(tail) < CHUNK:
            return replace(self, tail=tail)
        return replace(self, chunks=(*self.chunks, seal(tail)), tail=())

    def forget(self, before: int) -> "History":
        """A history without the chunks whose columns are all older than ``before`` [s], but the newest column stays."""
        keep = 0
        while keep < len(self.chunks) - (not self.tail) and self.chunks[keep].columns[-1].time < before:
            keep += 1
        return replace(self, dropped=self.dropped + CHUNK * keep, chunks=self.chunks[keep:]) if keep else self

    def time(self, position: int) -> int:
        """Time of the column at a position [s]."""
        return self._column(position).time

    def until(self, time: int) -> int | None:
        """Position of the last column at or before a time, None where there is none."""
        chunk, columns = len(self.chunks), self.tail
        if not (columns and time >= columns[0].time):
            chunk = bisect_right(self.chunks, time, key=lambda c: c.columns[0].time) - 1
            if chunk < 0:
                return None
            columns = self.chunks[chunk].columns
        return self.dropped + CHUNK * chunk + bisect_right(columns, time, key=lambda c: c.time) - 1

    def find(self, time: int) -> int | None:
        """Position of the column of this very time, None where there is none."""
        position = self.until(time)
        return position if position is not None and self.time(position) == time else None

    def replaced(self, position: int) -> bool:
        """Whether the column at a position has values that are not as observed."""
        return bool(len(self._column(position).rows))

    def written(self, position: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The column at a position as it was written ``(m,)``; where that is not as observed, and what was observed."""
        column = self._column(position)
        return column.value, column.rows, column.raw

    def read(self, position: int, view: View) -> np.ndarray:
        """The column at a position ``(n,) float64``; NaN for entities that came later."""
        return self.columns([position], view)[0]

    def as_written(self, position: int, n: int) -> np.ndarray:
        """The column at a position as it was written ``(n,)``; NaN for entities that came later."""
        value = self._column(position).value.astype(np.float64)
        return np.append(value, np.full(n - len(value), np.nan)) if len(value) < n else value

    def columns(self, positions: Sequence[int | None], view: View) -> np.ndarray:
        """The columns at k positions ``(k, n) float64``; NaN for entities that came later, and where there is none."""
        values, times = np.full((len(positions), len(view.since)), np.nan), [0] * len(positions)
        until = view.until.max(initial=NEVER)
        for i, position in enumerate(positions):
            if position is None:
                continue
            column = self._column(position)
            values[i, : len(column.value)], times[i] = column.value, column.time
            if column.time < until and len(column.rows):
                shifted = (column.time >= view.since[column.rows]) & (column.time < view.until[column.rows])
                values[i, column.rows[shifted]] = column.raw[shifted]
        if view.since.max(initial=NEVER) > min(times, default=0):
            values[view.hidden(np.array(times)).T] = np.nan
        return values

    def as_observed(self, values: np.ndarray, position: int, view: View) -> np.ndarray:
        """The ``values (n,)`` of the column at a position, as `read` has them, with what was observed where that is
        not what was written; nothing is before ``view.since``."""
        column, values = self._column(position), values.copy()
        seen = column.time >= view.since[column.rows]
        values[column.rows[seen]] = column.raw[seen]
        return values

    def _column(self, position: int) -> Column:
        chunk, j = divmod(position - self.dropped, CHUNK)
        return self.chunks[chunk].columns[j] if chunk < len(self.chunks) else self.tail[j]

    def rows(
        self, pick: np.ndarray, view: View, spans: Sequence[tuple[int, int]] = ALL
    ) -> tuple[np.ndarray, np.ndarray]:
        """Times ``(c,)`` and the past ``(k, c) float64`` of the entities ``pick (k,)``, rows apart from one another.

        All that is known from the first to the last time of some ``spans`` [s], and maybe more beside it.
        """
        blocks = [
            c.block for c in self.chunks
            if any(c.columns[0].time <= last and first <= c.columns[-1].time for first, last in spans)
        ]  # fmt: skip
        if tail := [c for c in self.tail if any(first <= c.time <= last for first, last in spans)]:
            blocks.append(beside_for(tail, pick))
        if not blocks:
            return np.empty(0, np.int64), np.empty((len(pick), 0))
        values = [_picked(block, pick, view) for block in blocks]
        return np.concatenate([block.times for block in blocks]), np.concatenate(values, axis=1)

    def pack(self, n: int) -> dict[str, np.ndarray]:
        """The whole history of n entities as plain arrays."""
        blocks = [c.block for c in (*self.chunks, *([seal(self.tail)] if self.tail else []))]
        starts = np.cumsum([0, *(len(b.times) for b in blocks)])
        single = all(b.values.dtype == np.float32 for b in blocks)
        values = np.full((int(starts[-1]), n), np.nan, np.float32 if single else np.float64)
        for start, block in zip(starts, blocks, strict=False):
            values[start : start + len(block.times), : len(block.values)] = block.values.T
        return {
            "dropped": np.array(self.dropped, np.int64),
            "times": np.concatenate([np.empty(0, np.int64), *(b.times for b in blocks)]),
            "values": values,
            "raw_row": np.concatenate([np.empty(0, np.int32), *(b.row for b in blocks)]),
            "raw_column": np.concatenate(
                [np.empty(0, np.int64), *(b.column + s for b, s in zip(blocks, starts, strict=False))]
            ),
            "raw": np.concatenate([np.empty(0), *(b.raw for b in blocks)]),
        }

    @staticmethod
    def unpack(arrays: dict[str, np.ndarray]) -> "History":
        """The history that `pack` wrote."""
        columns = tuple(_columns(arrays))
        whole = len(columns) // CHUNK * CHUNK
        chunks = tuple(seal(columns[i : i + CHUNK]) for i in range(0, whole, CHUNK))
        return History(int(arrays["dropped"]), chunks, columns[whole:])


def batches(rows: np.ndarray, size: int = BATCH) -> Iterator[np.ndarray]:
    """The entities at ``rows``, so many at a time.

    Examples
    --------
    >>> [batch.tolist() for batch in batches(np.arange(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _columns(arrays: dict[str, np.ndarray]) -> Iterator[Column]:
    edges = np.searchsorted(arrays["raw_column"], np.arange(len(arrays["times"]) + 1))
    for i, time in enumerate(arrays["times"].tolist()):
        raw = slice(edges[i], edges[i + 1])
        yield Column(time, arrays["values"][i], arrays["raw_row"][raw], arrays["raw"][raw])


def _picked(block: Block, pick: np.ndarray, view: View) -> np.ndarray:
    there = pick < len(block.values)
    values = np.full((len(pick), len(block.times)), np.nan)
    values[there] = block.values[pick[there]]
    if len(block.raw) and view.until[pick].max(initial=block.times[0]) > block.times[0]:
        place = np.full(len(view.since), -1)
        place[pick] = np.arange(len(pick))
        time = block.times[block.column]
        shifted = (place[block.row] >= 0) & (time >= view.since[block.row]) & (time < view.until[block.row])
        values[place[block.row[shifted]], block.column[shifted]] = block.raw[shifted]
    values[view.hidden(block.times, pick)] = np.nan
    return values
