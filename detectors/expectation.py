"""What is expected of a series: three causal forecasts, weighted by their running errors.

    level   median of the last day                        e = exp(weighted median of f_j),  w_j = err_j^-2
    day     median of this time of day in the last week
    week    median of this time of week in the last four weeks

The past is kept in slots of half an hour, or of a bin where that is wider: a slot is the mean of its bins' logarithms.
Forecasts are made once a slot; between the middles of slots they are interpolated.
"""

from collections.abc import Sequence

import numpy as np

from detectors.base import DAY, NEVER
from detectors.history import History, View

SLOT = 1800  # narrowest slot [s]
FORECASTS = 3
DAYS_AGO, WEEKS_AGO = (DAY, 7), (7 * DAY, 4)  # of the slots of the others: how far apart [s], and how many [-]
PAST = WEEKS_AGO[0] * WEEKS_AGO[1]  # age of the oldest [s]
RECENT = 8  # slots of the last day that the level is the median of [-]


def slot_width(width: int) -> int:
    """Width of the slots of bins of this width [s]."""
    return max(width, SLOT)


def lower_median(a: np.ndarray) -> np.ndarray:
    """Lower median along the first axis ``(k, n)`` of what is not NaN, ``(n,)``.

    Examples
    --------
    >>> lower_median(np.array([[1.0, np.nan], [3.0, np.nan], [2.0, 5.0]])).tolist()
    [2.0, 5.0]
    """
    if not len(a):
        return np.full(a.shape[1:], np.nan)
    a = np.sort(a, axis=0)
    known = len(a) - np.isnan(a).sum(0)
    return np.asarray(np.take_along_axis(a, np.maximum(known - 1, 0)[None] // 2, 0)[0])


def forecasts(
    past: History, slot: int, now: int, width: int, since: np.ndarray, span: tuple[int, int] = (0, DAY)
) -> np.ndarray:
    """The forecasts of a slot ``(3, n)``, as logarithms, from slots that ended before the one ``now`` began.

    Parameters
    ----------
    slot, now
        Numbers of slots: their start is that times their ``width`` [s].
    since
        ``(n,)`` nothing before it counts [s].
    span
        The level is the median of what is so much older than the slot, from and to [s]; where that leaves the last days
        out, there is no other forecast.
    """
    n = len(since)
    view, last = View(since, np.full(n, NEVER)), past.until((now - 1) * width - span[0])

    def of(slots: Sequence[int]) -> np.ndarray:
        positions = [past.find(s * width) for s in slots if s < now]
        return lower_median(past.columns([p for p in positions if p is not None], view))

    recent: Sequence[int] = ()
    if last is not None:
        before = past.until((now - 1) * width - span[1])
        first = min(past.dropped if before is None else before + 1, last + 1 - FORECASTS)
        recent = range(last, max(first, past.dropped) - 1, -1)
    level = lower_median(past.columns(recent[:: max(1, -(-len(recent) // RECENT))], view))
    if span[0]:
        return np.stack([level, np.full(n, np.nan), np.full(n, np.nan)])
    others = [[(slot * width - i * ago) // width for i in range(1, many + 1)] for ago, many in (DAYS_AGO, WEEKS_AGO)]
    return np.stack([level, *map(of, others)])


def interpolated(f: np.ndarray, start: np.ndarray, width: int, slot: int) -> np.ndarray:
    """Forecasts of bins at ``start (t,)`` [s], ``(t, 3, n)``, from those of the slot before theirs, theirs and the next
    ``f (3, 3, n)``."""
    off = ((start + width / 2) / slot) % 1 - 0.5
    side = np.where((off > 0)[:, None, None], f[None, 2], f[None, 0])
    step = side - f[None, 1]
    return np.asarray(f[None, 1] + np.abs(off)[:, None, None] * np.where(np.isnan(step), 0.0, step))


def mixed(f: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Weighted median ``(t, n)`` of forecasts ``(t, 3, n)``, by their errors ``(3, n)``; NaN where there is none."""
    with np.errstate(all="ignore"):
        share = (error.min(0) / error) ** 2
        share = np.where(np.isnan(f), 0.0, share)
        order = np.argsort(f, axis=1, kind="stable")  # NaN comes last
        upto = np.take_along_axis(share, order, 1).cumsum(1)
        first = (upto >= 0.5 * upto[:, -1:]).argmax(1)
        return np.take_along_axis(f, np.take_along_axis(order, first[:, None], 1), 1)[:, 0]
