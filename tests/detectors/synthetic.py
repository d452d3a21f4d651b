"""Labelled series made by hand: days, weeks, noise, outages, level shifts and gaps, the same for a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.base import DAY, Context, utc_context


@dataclass(frozen=True)
class Made:
    """A series: bin starts t ``(t,)`` [s], values x ``(t, n)``, their mean without noise, outage and gaps, bins in an
    outage ``(t,) bool``, and a context of healthy entities with UTC as local time."""

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
    """A series of n entities with the same mean and their own noise, from a Monday on.

    level is the mean of a workday; daily half of its swing, and weekend the loss at weekends, as shares of it.
    dispersion is variance over mean: 0 no noise, 1 Poisson.  ``left`` is what remains in outages; shift is a day and
    the factor of the level from then on.  Spans are in days.

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
