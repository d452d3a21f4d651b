"""What has fallen at once: how much is lost of an hour's bins, and was of those just before them.

One bin tells no speed: it may be noise, a value gone wrong, or the first one after a hole.  A cut takes a bin; a
morning on which people sleep in takes hours.
"""

import numpy as np

from pipeline.fusion.columns import DEEP, HALF, LADDER, LATELY, Columns
from pipeline.fusion.evidence import losses
from pipeline.fusion.sags import FEAST
from pipeline.judge.lasting import began

HOUR = 3600

FINEST = 300
"""Of finer bins the first one in so long that was observed tells [s]: medians need no more of them."""

DROP = 0.3
"""What falls at once loses so much more of its usual within an hour [0-1], up to `HALF` where bins are wider, and has
then lost a `FEAST` or more."""

NEXT = 4
"""So many bins off what was observed tells of one that is missing [-]."""


def apart_by(width: int) -> int:
    """How far bins of this ``width`` are apart that tell a level [s].

    Examples
    --------
    >>> [apart_by(width) for width in (60, 120, 300, 900)]
    [300, 360, 300, 900]
    """
    return -(-FINEST // width) * width


def side(width: int) -> int:
    """How many bins so far apart [s] tell a level: those of an hour, two at least.

    Examples
    --------
    >>> [side(width) for width in (300, 900, 1800, 3600, 6 * 3600)]
    [12, 4, 2, 2, 2]
    """
    return min(max(HOUR // width, 2), (LATELY - NEXT) // 2 - 1)


def least(width: int, apart: int) -> float:
    """How much has to be lost between levels with so many bins ``apart`` of this ``width`` [s] between them [0-1].

    Examples
    --------
    >>> [[least(width, apart) for apart in (0, 1)] for width in (300, 1800, 3600)]
    [[0.3, 0.3], [0.3, 0.3], [0.3, 0.45]]
    """
    return min(DROP * max((1 + apart) * width / HOUR, 1), HALF)


def fell(
    cells: Columns, rows: np.ndarray | slice, signal: int | slice, start: np.ndarray, seen: np.ndarray
) -> dict[str, np.ndarray]:
    """What each entity has lost lately, up to when, and since when it is down by what fell at once, after bins that
    start at ``start (t,)`` [s], by the names of these columns.

    Parameters
    ----------
    seen
        ``(t, n)``, or ``(1, n, k)`` of k signals with bins of one width: the values as shares of what was expected, NaN
        where nothing was observed.
    """
    wide, since = int(np.ravel(cells.wide[signal])[0]), cells["sudden"][rows, signal]
    width = apart_by(wide)
    if width > wide:
        start, seen = _first(start // width * width, seen)
    missed = -(-(start[0] - cells["heard"][rows, signal]) // width) - 1
    gaps = np.minimum(-(-np.diff(start) // width), LATELY)
    at = LATELY + np.concatenate([[0], np.cumsum(gaps)])
    lost = np.full((at[-1] + 1, *seen.shape[1:]), np.nan, np.float32)
    lost[at] = np.where(np.isnan(seen), np.nan, losses(seen))
    lately = cells["lately"][rows, signal]
    lost[:LATELY] = np.moveaxis(_moved(lately, missed), -1, 0)
    goes_on = (missed < 0) & ~np.isnan(lately[..., -1])  # its first bin was in the batch before
    lost[LATELY] = np.where(goes_on, lately[..., -1], lost[LATELY])
    fresh = {"lately": np.moveaxis(lost[-LATELY:], 0, -1), "heard": np.full(since.shape, start[-1])}
    may = (since > 0) | _may_fall(lost[LATELY - side(width) :], side(width))
    if may.any():
        holds, breaks = _levels(lost[:, may], at, width)
        fresh["sudden"] = since.copy()
        fresh["sudden"][may] = began(since[may], start - width * (side(width) // 2), holds, breaks)
    return fresh


def _first(slots: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The slots ``(k,)`` of bins ``(t,)``, and what was ``seen (t, ...)`` in each first, NaN where nothing was."""
    places = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
    firsts = [
        np.take_along_axis(own, np.argmax(~np.isnan(own), axis=0)[None], axis=0)[0]
        for own in np.split(seen, places[1:].tolist())
    ]
    return slots[places], np.array(firsts)


def _moved(lately: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Losses ``lately (n, ..., LATELY)`` after so many bins ``by (n, ...)`` of which nothing is known; -1: before the
    last of them."""
    if not by.any():
        return lately
    place = np.arange(LATELY) + by[..., None]
    known = np.take_along_axis(lately, np.clip(place, 0, LATELY - 1), axis=-1)
    return np.where((place >= 0) & (place < LATELY), known, np.nan)


def _levels(lost: np.ndarray, at: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Where what is ``lost (k, n)`` shows in the bins ``at (t,)``, if it was observed in them, that it has fallen at
    once, and that it is back; ``(t, n) bool`` each.

    A level is a median of `side` bins, the one of two that says less of it; between them may lie the bin in which it
    fell.  Of a bin that is missing the one of its neighbours counts that says less.
    """
    m, known = side(width), ~np.isnan(lost)
    least_, most_ = _around(lost, known)
    now, then = at[0] - m, at[0] - 2 * m - 1
    down, back = _medians(least_[now:], m, (m - 1) // 2), _medians(most_[now + 1 :], m, m // 2)
    high, of = _medians(most_[then : at[-1] - m + 1], m, m // 2), at - at[0]
    has_fallen = np.zeros((len(at), lost.shape[1]), bool)
    for ago in (0, 1):  # what was missing in the bin before is known by now
        for apart in (0, 1):
            after, before = down[of + 1 - ago], high[of + 2 - ago - apart]
            has_fallen |= (after >= FEAST) & (after - before >= least(width, apart))
    return has_fallen & known[at], (back[of] < LADDER[DEEP]) & known[at]


def _may_fall(lost: np.ndarray, m: int) -> np.ndarray:
    """Where so many of ``m`` bins of ``lost (k, n, ...)`` that follow one another are a `FEAST`, or missing, that their
    level may be one: the levels of all others need not be read."""
    enough = m - (m - 1) // 2
    many = np.cumsum(~(lost < FEAST), axis=0, dtype=np.int32)
    many[m:] -= many[:-m].copy()
    return np.asarray((many[m - 1 :] >= enough).any(axis=0) & (lost >= FEAST).any(axis=0))


def _medians(lost: np.ndarray, m: int, of: int) -> np.ndarray:
    """What is the ``of``-th of each ``m`` bins of ``lost (k, n)`` that follow one another, ``(k - m + 1, n)``."""
    windows = np.lib.stride_tricks.sliding_window_view(lost, m, axis=0)
    return np.asarray(np.partition(windows, of, axis=-1)[..., of])


def _around(lost: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most of what is ``lost (k, n)`` in the bins that are ``known`` next to each one; -1 and 1 where
    it is not known `NEXT` to it on both sides."""
    k = len(lost)
    place = np.arange(k)[:, None]
    before = np.maximum.accumulate(np.where(known, place, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, place, k)[::-1], axis=0)[::-1]
    sides = [np.take_along_axis(lost, np.clip(at, 0, k - 1), axis=0) for at in (before, after)]
    both = (before >= 0) & (place - before <= NEXT) & (after < k) & (after - place <= NEXT)
    return np.where(both, np.minimum(*sides), -1), np.where(both, np.maximum(*sides), 1)
