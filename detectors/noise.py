"""How far a series may stray from what is expected of it: a noise model that knows counts.

The variance of a count grows with its mean, and more than Poisson's where events come in bursts: noise is variance
over mean, learnt from residuals [unit of x].  Three floors stand under it: a count of one, a share of the level
(flat series have no noise of their own), and, while few days are known, the swing of the day.
"""

from typing import NamedTuple

import numpy as np

SWING, UNLIKE = 0.25, 0.5
"""Share of a day's swing by which one similar day may miss the next, and a day of a kind not seen yet [-]."""

ASSUMED, ASSUMED_BINS = 0.03, 1
"""Deviation that is assumed at first, as a share of the value, and the bins that it counts for [-], [bins]."""

CLIP = 4.0
"""A residual counts as at most so many deviations: heavy tails count, an outage does not [-]."""

LOUD, RISEN = 2.0, 3.0
"""And one above what is expected as at most so many; beyond the second number it has risen and is no noise [-]."""

TINY = 1e-9
"""Keeps the deviation of a series of zeros from being zero [unit of x]."""


class Beside(NamedTuple):
    """What stands in the variance of t bins beside their noise: ``times (n,)`` that noise, for the days that the
    expectation rests on; ``doubt (t, n)``, the variance of the expectation itself, and the ``least`` of all
    ``(t, n)``."""

    times: np.ndarray
    doubt: np.ndarray
    least: np.ndarray


def beside(expected: np.ndarray, days: np.ndarray, unsure: np.ndarray, whole: np.ndarray, flat: float) -> Beside:
    """What is known of the variance of t bins before their noise is.

    Parameters
    ----------
    expected
        ``(t, n)`` [unit of x].
    days
        ``(n,)`` similar days that the expectation rests on; 0: on days of another kind.
    unsure
        ``(t, n)`` deviation of the expectation itself, as a share of it, see `doubt` [-].
    whole
        ``(t, n) bool`` counts, which cannot be finer than one.
    flat
        Smallest deviation as a share of the expectation [-].
    """
    return Beside(1 + 1 / np.maximum(days, 1), (unsure * expected) ** 2, np.maximum((flat * expected) ** 2, whole))


def deviation(noise: np.ndarray, expected: np.ndarray, known: Beside) -> np.ndarray:
    """Standard deviation of bins ``(n,)`` or ``(t, n)`` of this noise (1 for Poisson counts) [unit of x].

    Examples
    --------
    Ten thousand Poisson events known from four days, and a flat 3,000:

    >>> days, whole, expected = np.array([4, 4]), np.ones(2, bool), np.array([1e4, 3e3])
    >>> deviation(np.array([1.0, 0.0]), expected, beside(expected, days, np.zeros(2), whole, 0.002)).round(1).tolist()
    [111.8, 6.0]
    """
    return np.sqrt(np.maximum(noise * expected * known.times + known.doubt, known.least)) + TINY


def doubt(days: np.ndarray, swing: np.ndarray) -> np.ndarray:
    """Deviation of the expectation itself ``(t, n)``, as a share of it: less, the more similar days are known.

    ``swing (t, n)``: how much a day goes up and down, as a share of its level [-].

    Examples
    --------
    >>> doubt(np.array([4, 0]), np.array([0.2, 0.2])).tolist()
    [0.025, 0.1]
    """
    return np.where(days > 0, SWING, UNLIKE) * swing / np.sqrt(np.maximum(days, 1))


def cap(residual: np.ndarray, limit: np.ndarray, counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The most that residuals count as: `CLIP` deviations ``limit`` where they are farther, infinity elsewhere.

    But for what is above a shape that is ``expected`` (bool) well clear of none at all: it counts as `LOUD` deviations,
    and beyond `RISEN` as NaN, which is not at all: what has risen is no noise in which a fall may hide.

    Examples
    --------
    >>> residual, limit, counts = np.array([2.0, -9.0, 9.0, 3.0]), np.ones(4), np.array([True, True, False, True])
    >>> cap(residual, limit, counts, np.zeros(4, bool)).tolist()
    [inf, 4.0, inf, inf]
    >>> cap(np.array([1.0, 2.5, 3.5, -9.0]), limit, np.ones(4, bool), np.ones(4, bool)).tolist()
    [inf, 2.0, nan, 4.0]
    """
    most = CLIP * limit
    capped = np.where(~counts | (np.abs(residual) <= most), np.inf, most)
    above = counts & expected & (residual > LOUD * limit)
    if above.any():
        capped = np.where(above, np.where(residual > RISEN * limit, np.nan, LOUD * limit), capped)
    return capped


def followed(noise: np.ndarray, ratio: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Noise before each of t bins and after the last, ``(t + 1, ...)``, where each bin's ratio of square to mean
    counts for its share in it, both ``(t, ...)``.

    Examples
    --------
    Poisson until now, and then a residual of two deviations:

    >>> followed(np.ones(1), ratio=np.array([[4.0]]), share=np.array([[0.5]])).ravel().tolist()
    [1.0, 2.5]
    """
    rows = np.empty((len(ratio) + 1, *noise.shape))
    rows[0] = noise
    for i, after in enumerate(rows[1:]):
        np.subtract(ratio[i], rows[i], out=after)
        after *= share[i]
        after += rows[i]
    return rows


def assumed(x: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Noise of a series of which one value is known ``(n,)``: Poisson for counts, and a share of the value."""
    return np.where(whole, 1.0, 0.0) + ASSUMED**2 * x
