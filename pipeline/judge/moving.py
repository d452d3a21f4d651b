"""How far bins can be judged at once: up to the first in which a feed's series have moved, or many have fallen."""

import numpy as np

from detectors.base import UNKNOWN, Verdict, is_low
from pipeline.judge.at_once import fall_at_once
from pipeline.judge.common import broken, common_mode, may_have_moved
from pipeline.judge.lasting import latest
from pipeline.judge.level import Level
from pipeline.judge.votes import Votes
from pipeline.settings import Judging


def first_move(
    x: np.ndarray, verdict: Verdict, calm: np.ndarray, level: Level, who: Votes, settings: Judging, width: int
) -> tuple[int, float, float]:
    """How many bins there are, one at least, before all series have moved, or many fall; by what is to be taken out of
    the first (a logarithm), and at which share of their level they stand in it.

    Parameters
    ----------
    x, verdict
        Bins ``(t, n) float64``, NaN = not observed, and what the detector says of them, arrays ``(t, n)``.
    calm
        ``(n,) bool``: which series were not low before the first.
    level
        Where the feed stood in the bin before.
    width
        Length of a bin [s].
    """
    may = may_have_moved(x, verdict, who, settings) | (falls := fall_at_once(verdict, calm, who, width))
    may[:1] |= level.is_broken
    for i in np.flatnonzero(may).tolist():
        said, before = Verdict(*(a[i] for a in verdict)), calm_after(calm, verdict.state[:i])
        shift = common_mode(x[i], said, before, who, settings)
        if shift:
            return (i, 0.0, 1.0) if i else (1, shift, float(np.exp(shift)))
        last = level.share if level.is_broken and not i else 1.0
        share = broken(x[i], said, before, last, who, settings)
        if share != 1:
            return (i, 0.0, 1.0) if i else (1, 0.0, share)
        if falls[i] and i:
            return i, 0.0, 1.0
    return len(x), 0.0, 1.0


def calm_after(was: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Which series were not low ``(n,)`` when they were last judged, after bins ``(t, n)``.

    Examples
    --------
    >>> calm_after(np.array([True, True, False]), np.array([[3, 1, 0], [0, 2, 0]], np.int8)).tolist()
    [False, False, False]
    """
    return latest(was, ~is_low(state), state != UNKNOWN)
