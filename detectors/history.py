"""The past of all entities: one column a bin, never changed once written, shared between states.

A step must not copy the past: 7 days of 5 min for 100,000 entities are 0.8 GB.  So columns are gathered into chunks,
and a longer history shares the chunks of the shorter one.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS, NEVER

CHUNK = 64  # columns in a chunk [bins]: an append copies at most this many references
NEAR = 1024  # entities whose columns are transposed at once: more do not fit into the processor's caches [-]
BATCH = 1000  # entities whose whole past may be read at once: 1,000 times five weeks of half hours are 13 MB
ALL = ((NEVER, ALWAYS),)  # all times [s]


class Column(NamedTuple):
    """One bin."""

    time: int  # [s]
    value: np.ndarray  # (m,) as written
    rows: np.ndarray  # entities whose observed value differs
    raw: np.ndarray  # that value of each


class Block(NamedTuple):
    """Columns side by side: times ``(c,) int64``, values ``(m, c)``; row, column and raw list the replaced values."""

    times: np.ndarray
    values: np.ndarray
    row: np.ndarray
    column: np.ndarray
    raw: np.ndarray


class Chunk(NamedTuple):
    """`CHUNK` columns side by side, and each of them as a view of these arrays."""

    block: Block
    columns: tuple[Column, ...]


class View(NamedTuple):
    """How the past of each entity is read; an accepted level shift changes it.

    since, until ``(n,) int64`` [s]: nothing before ``since``, what was observed from there to ``until``, and what was
    written after that.
    """

    since: np.ndarray
    until: np.ndarray

    def hidden(self, times: np.ndarray, pick: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Where nothing is read ``(k, c) bool``, at times ``(c,)``, of the entities that are picked."""
        return np.asarray(times < self.since[pick][:, None])


def plain(n: int) -> View:
    """The view of n entities that reads what was written."""
    never = np.full(n, NEVER)
    return View(never, never)


def observed(n: int) -> View:
    """The view of n entities that reads what was observed."""
    return View(np.full(n, NEVER), np.full(n, ALWAYS))


@dataclass(frozen=True)
class History:
    """Columns in the order of their times; a position counts every column pushed, dropped ones too."""

    dropped: int = 0
    chunks: tuple[Chunk, ...] = ()
    tail: tuple[Column, ...] = ()

    @property
    def end(self) -> int:
        """The position that the next column takes."""
        return self.dropped + CHUNK * len(self.chunks) + len(self.tail)

    @property
    def known(self) -> int:  # entities in the newest column
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

    def beside(self, columns: Sequence[tuple[int, np.ndarray]]) -> "History":
        """A history with these newer columns, times and values, to be read only: they may change."""
        none = np.empty(0, np.int32), np.empty(0)
        return replace(self, tail=(*self.tail, *(Column(time, value, *none) for time, value in columns)))

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

    def _column(self, position: int) -> Column:
        place = position - self.dropped
        if (beyond := place - CHUNK * len(self.chunks)) >= 0:
            return self.tail[beyond]
        return self.chunks[place // CHUNK].columns[place % CHUNK]

    def rows(
        self, pick: np.ndarray, view: View, spans: Sequence[tuple[int, int]] = ALL
    ) -> tuple[np.ndarray, np.ndarray]:
        """Times ``(c,)`` and the past ``(k, c) float64`` of the entities ``pick (k,)``.

        All from the first to the last time of each of the ``spans`` [s], and maybe more beside it.
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
    """The entities at ``rows``, ``size`` at a time."""
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


def seal(columns: tuple[Column, ...]) -> Chunk:
    """Columns as one chunk; in single precision where that loses nothing."""
    n, single = max(len(c.value) for c in columns), all(_is_single(c.value) for c in columns)
    values = np.full((n, len(columns)), np.nan, np.float32 if single else np.float64)
    for start in range(0, n, NEAR):
        for j, column in enumerate(columns):
            own = column.value[start : start + NEAR]
            values[start : start + len(own), j] = own
    block = side_by_side(columns, values)
    edges = np.cumsum([0, *(len(c.rows) for c in columns)]).tolist()
    alone = (
        Column(c.time, block.values[:, j], block.row[start:end], block.raw[start:end])
        for j, (c, start, end) in enumerate(zip(columns, edges, edges[1:], strict=False))
    )
    return Chunk(block, tuple(alone))


def _is_single(values: np.ndarray) -> bool:
    """Whether single precision loses nothing."""
    with np.errstate(over="ignore"):
        return bool(((values.astype(np.float32) == values) | np.isnan(values)).all())


def side_by_side(columns: Sequence[Column], values: np.ndarray) -> Block:
    """Columns side by side, with values ``(m, c)``."""
    return Block(
        np.array([c.time for c in columns], np.int64),
        values,
        np.concatenate([c.rows for c in columns]),
        np.repeat(np.arange(len(columns), dtype=np.int64), [len(c.rows) for c in columns]),
        np.concatenate([c.raw for c in columns]),
    )


def beside_for(columns: Sequence[Column], pick: np.ndarray) -> Block:
    """Columns side by side, with values of the entities at ``pick (k,)`` only."""
    values = np.empty((max(len(c.value) for c in columns), len(columns)))  # rows that are not picked stay undefined
    if pick.max(initial=-1) < min(len(c.value) for c in columns):
        values[pick] = np.array([c.value[pick] for c in columns]).T
        return side_by_side(columns, values)
    values[pick[pick < len(values)]] = np.nan
    for j, column in enumerate(columns):
        there = pick[pick < len(column.value)]
        values[there, j] = column.value[there]
    return side_by_side(columns, values)
