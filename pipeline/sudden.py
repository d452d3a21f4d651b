"""What has fallen at once: how much is lost of an hour's bins, and was of those just before them.

One bin tells no speed: it may be noise, a value gone wrong, or the first one after a hole.  A cut takes a bin; a
morning on which people sleep in takes hours.
"""

import numpy as np

from pipeline.columns import DEEP, HALF, LADDER, LATELY, Columns
from pipeline.evidence import losses
from pipeline.lasting import began

HOUR = 3600

DROP = 0.3
"""What falls at once loses so much more of its usual within an hour [0-1], up to `HALF` where bins are wider."""

DOWN = 0.4
"""And is then down by so much [0-1]: feasts and strikes take less."""


def side(width: int) -> int:
    """How many bins of this ``width`` [s] tell a level: those of an hour, two at least.

    Examples
    --------
    >>> [side(width) for width in (60, 300, 900, 1800, 3600, 6 * 3600)]
    [12, 12, 4, 2, 2, 2]
    """
    return min(max(HOUR // width, 2), LATELY // 2)


def least(width: int) -> float:
    """How much has to be lost at once, by bins of this ``width`` [s], [0-1].

    Examples
    --------
    >>> [least(width) for width in (300, 1800, 3600)]
    [0.3, 0.3, 0.45]
    """
    return min(DROP * max(2 * width, HOUR) / HOUR, HALF)


def fell(
    cells: Columns, rows: np.ndarray | slice, signal: int | slice, start: np.ndarray, seen: np.ndarray
) -> dict[str, np.ndarray]:
    """What each entity has lost lately, up to when, and since when it is down by what fell at once, after bins that
    start at ``start (t,)`` [s], by the names of these columns.

    Parameters
    ----------
    seen
        ``(t, n)``, or ``(1, n, k)`` of k signals with bins of one width: the values as shares of what was expected, NaN
        where nothing was observed.  What was not says nothing of a fall: a bin too many that is not known is one
        that had not fallen.
    """
    width, lately, since = (
        int(np.ravel(cells.wide[signal])[0]),
        cells["lately"][rows, signal],
        cells["sudden"][rows, signal],
    )
    gaps = np.minimum(-(-np.diff(start) // width), LATELY)
    at = LATELY + np.concatenate([[0], np.cumsum(gaps)])
    lost = np.full((at[-1] + 1, *seen.shape[1:]), np.nan, np.float32)
    lost[at] = np.where(np.isnan(seen), np.nan, losses(seen))
    lost[:LATELY] = np.moveaxis(_moved(lately, -(-(start[0] - cells["heard"][rows, signal]) // width) - 1), -1, 0)
    fresh = {"lately": np.moveaxis(lost[-LATELY:], 0, -1), "heard": np.full(since.shape, start[-1])}
    may = (since > 0) | (lost[LATELY - side(width) + 1 :] >= DOWN).any(axis=0)
    if may.any():
        holds, breaks = _levels(lost[:, may], at, side(width), least(width))
        fresh["sudden"] = since.copy()
        fresh["sudden"][may] = began(since[may], start - width * (side(width) // 2), holds, breaks)
    return fresh


def _moved(lately: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Losses ``lately (n, ..., LATELY)`` after so many bins ``by (n, ...)`` of which nothing is known."""
    if not (by > 0).any():
        return lately
    place = np.arange(LATELY) + np.maximum(by, 0)[..., None]
    known = np.take_along_axis(lately, np.minimum(place, LATELY - 1), axis=-1)
    return np.where(place < LATELY, known, np.nan)


def _levels(lost: np.ndarray, at: np.ndarray, m: int, drop: float) -> tuple[np.ndarray, np.ndarray]:
    """Where what is ``lost (k, n)`` shows in the bins ``at (t,)`` that it has fallen at once, and that it is back;
    ``(t, n) bool`` each.

    A level is a median of ``m`` bins, the one of two that says less of it; between them lies the bin in which it fell.
    """
    windows = np.lib.stride_tricks.sliding_window_view(lost, m, axis=0)  # (k - m + 1, n, m)
    last, before = windows[at - m + 1], windows[at - 2 * m]
    down = np.sort(np.where(np.isnan(last), -1, last), axis=-1)[..., (m - 1) // 2]
    above = np.sort(np.where(np.isnan(before), 1, before), axis=-1)[..., m // 2]
    back = np.sort(np.where(np.isnan(last), 1, last), axis=-1)[..., m // 2] < LADDER[DEEP]
    return (down >= DOWN) & (down - above >= drop), back
