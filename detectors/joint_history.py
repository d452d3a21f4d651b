"""The pasts of several groups of entities as one, so that a detector judges all of them in one call."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detectors.blocks import CHUNK, Chunk, Column, side_by_side
from detectors.history import History


def times(past: History) -> bytes:
    """When its columns were written, and how many are gone: pasts are joined only where these are the same."""
    blocks = [chunk.block.times.tobytes() for chunk in past.chunks]
    return b"".join([past.dropped.to_bytes(8), *blocks, np.array([c.time for c in past.tail], np.int64).tobytes()])


def joint(pasts: Sequence[History], sizes: Sequence[int]) -> History:
    """The past of all entities, ``sizes`` of each past, which were written at the same `times`.

    Examples
    --------
    >>> from detectors.history import plain
    >>> a, b = (History().push(0, np.array(x), np.array(x), np.zeros(len(x), bool)) for x in ([1.0, 2.0], [3.0]))
    >>> joint([a, b], [2, 1]).read(0, plain(3)).tolist()
    [1.0, 2.0, 3.0]
    """
    first = pasts[0]
    chunks = [_chunk(own, sizes) for own in zip(*(past.chunks for past in pasts), strict=True)]
    tail = [
        _column(own, np.concatenate([_whole(c.value, n) for c, n in zip(own, sizes, strict=True)]), sizes)
        for own in zip(*(past.tail for past in pasts), strict=True)
    ]
    return History(first.dropped, tuple(chunks), tuple(tail))


def parted(whole: History, before: History, rows: slice) -> History:
    """The past of the entities ``rows`` out of that of all, which went on from where they were ``before`` that.

    Examples
    --------
    >>> from detectors.history import plain
    >>> a, b = (History().push(0, np.array(x), np.array(x), np.zeros(len(x), bool)) for x in ([1.0, 2.0], [3.0]))
    >>> later = joint([a, b], [2, 1]).push(600, np.array([4.0, 5, 6]), np.zeros(3), np.zeros(3, bool))
    >>> parted(later, b, slice(2, 3)).columns([0, 1], plain(1)).tolist()
    [[3.0], [6.0]]
    """
    gone = (whole.dropped - before.dropped) // CHUNK
    own = replace(before, dropped=whole.dropped, chunks=before.chunks[gone:])
    if whole.dropped > before.end:
        own = History(whole.dropped)
    for position in range(own.end, whole.end):
        value, replaced, raw = whole.written(position)
        observed, is_other = value.astype(np.float64), np.zeros(len(value), bool)
        observed[replaced], is_other[replaced] = raw, True
        own = own.push(whole.time(position), value[rows], observed[rows], is_other[rows])
    return own


def _chunk(chunks: Sequence[Chunk], sizes: Sequence[int]) -> Chunk:
    values = np.concatenate([_whole(c.block.values, n) for c, n in zip(chunks, sizes, strict=True)])
    each = zip(*(chunk.columns for chunk in chunks), strict=True)
    columns = tuple(_column(own, values[:, j], sizes) for j, own in enumerate(each))
    return Chunk(side_by_side(columns, values), columns)


def _column(columns: Sequence[Column], value: np.ndarray, sizes: Sequence[int]) -> Column:
    first = columns[0]
    if not any(len(column.rows) for column in columns):
        return Column(first.time, value, first.rows, first.raw)
    starts = np.cumsum([0, *sizes[:-1]]).astype(np.int32)
    rows = np.concatenate([c.rows + start for c, start in zip(columns, starts, strict=True)])
    return Column(first.time, value, rows, np.concatenate([c.raw for c in columns]))


def _whole(values: np.ndarray, n: int) -> np.ndarray:
    """Values ``(m,)`` or ``(m, c)`` of n entities: nothing is known of those that came later."""
    if len(values) == n:
        return values
    return np.concatenate([values, np.full((n - len(values), *values.shape[1:]), np.nan, values.dtype)])
