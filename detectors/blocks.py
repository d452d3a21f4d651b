"""Columns of a history, one a bin, gathered into chunks in which an entity's values stand side by side."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CHUNK = 64
"""Columns in a chunk [bins]: an append copies at most this many references."""


NEAR = 1024
"""Entities of which all columns are put side by side at once: of more the processor's caches forget the first [-]."""


class Column(NamedTuple):
    """One bin: time [s]; value ``(m,)`` as written; ``rows``, ``raw``: what was observed where that is another."""

    time: int
    value: np.ndarray
    rows: np.ndarray
    raw: np.ndarray


class Block(NamedTuple):
    """Columns side by side: times ``(c,) int64``, values ``(m, c)``; row, column and raw list the replaced values."""

    times: np.ndarray
    values: np.ndarray
    row: np.ndarray
    column: np.ndarray
    raw: np.ndarray


class Chunk(NamedTuple):
    """`CHUNK` columns, side by side, and each of them alone, which looks into these arrays."""

    block: Block
    columns: tuple[Column, ...]


def seal(columns: tuple[Column, ...]) -> Chunk:
    """Columns as one chunk, an entity's values side by side; in single precision where that loses nothing."""
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
    """Whether single precision loses nothing of these."""
    with np.errstate(over="ignore"):
        return bool(((values.astype(np.float32) == values) | np.isnan(values)).all())


def side_by_side(columns: Sequence[Column], values: np.ndarray) -> Block:
    """Columns side by side, whose values are these ``(m, c)``."""
    return Block(
        np.array([c.time for c in columns], np.int64),
        values,
        np.concatenate([c.rows for c in columns]),
        np.repeat(np.arange(len(columns), dtype=np.int64), [len(c.rows) for c in columns]),
        np.concatenate([c.raw for c in columns]),
    )


def beside_for(columns: Sequence[Column], pick: np.ndarray) -> Block:
    """Columns side by side, in which the entities at ``pick (k,)`` alone have values."""
    values = np.empty((max(len(c.value) for c in columns), len(columns)))  # what nobody picks is never touched
    if pick.max(initial=-1) < min(len(c.value) for c in columns):
        values[pick] = np.array([c.value[pick] for c in columns]).T
        return side_by_side(columns, values)
    values[pick[pick < len(values)]] = np.nan
    for j, column in enumerate(columns):
        there = pick[pick < len(column.value)]
        values[there, j] = column.value[there]
    return side_by_side(columns, values)
