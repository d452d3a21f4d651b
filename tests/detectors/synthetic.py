"""Labelled series made by hand: days, weeks, noise, outages, level shifts and gaps, the same for a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.base import DAY, Context, utc_context


@dataclass(frozen=True)
class Made:
    """A series and what is in it.

    Parameters
    ----------
    t
        ``(t,) int64`` bin starts [s].
    x
        ``(t, n) float64`` values, NaN in gaps.
    mean
        ``(t, n) float64`` what x would be without noise, outage and gaps.
    outage
        ``(t,) bool`` bins in an outage.
    context
        Healthy and by UTC.
    """

    t: np.ndarray
    x: np.ndarray
    mean: np.ndarray
    outage: np.ndarray
    context: Context


Span = tuple[float, float]
"""From and to, in days since the series began."""


def made(
    days: float,
    *,
    width: int = 600,
    n: int = 1,
    level: float = 1000.0,
    daily: float = 0.4,
    weekend: float = 0.1,
    dispersion: float = 1.0,
    outages: Sequence[Span] = (),
    left: float = 0.2,
    shift: tuple[float, float] | None = None,
    gaps: Sequence[Span] = (),
    seed: int = 0,
) -> Made:
    """A series of n entities with the same mean and their own noise.

    Parameters
    ----------
    days
        Length [days]; the first is a Monday, UTC.
    width
        Length of a bin [s].
    level
        Mean of a workday.
    daily, weekend
        Half of the swing of a day, and the loss at weekends, as shares of the level [-].
    dispersion
        Variance over mean: 0 no noise, 1 Poisson, more is over-dispersed (negative binomial).
    outages, left
        Spans in which only the share ``left`` remains [days], [-].
    shift
        A day and the factor of the level from then on [days], [-].
    gaps
        Spans in which nothing is observed [days].

    Examples
    --------
    >>> series = made(1, width=21600, outages=[(0.5, 0.75)], daily=0, dispersion=0)
    >>> series.x.ravel().tolist(), series.outage.tolist()
    ([1000.0, 1000.0, 200.0, 1000.0], [False, False, True, False])
    """
    t = np.arange(0, int(days * DAY), width, dtype=np.int64)
    day = t / DAY
    mean = level * (1 - daily * np.cos(2 * np.pi * (day % 1))) * np.where(day % 7 >= 5, 1 - weekend, 1.0)
    if shift:
        mean = mean * np.where(day >= shift[0], shift[1], 1.0)
    outage = _within(day, outages)
    x = _noisy(np.repeat((mean * np.where(outage, left, 1.0))[:, None], n, axis=1), dispersion, seed)
    x[_within(day, gaps)] = np.nan
    start = 4 * DAY  # 5 January 1970 was a Monday
    return Made(t + start, x, np.repeat(mean[:, None], n, axis=1), outage, utc_context(t + start, n, width))


def _within(day: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    inside = np.zeros(len(day), bool)
    for start, end in spans:
        inside |= (day >= start) & (day < end)
    return inside


def _noisy(mean: np.ndarray, dispersion: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    if dispersion == 0:
        return mean.copy()
    if dispersion > 1:
        mean = random.gamma(mean / (dispersion - 1), dispersion - 1)
    return random.poisson(mean).astype(np.float64)
