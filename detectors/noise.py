"""How far a series may stray from what is expected of it: a noise model that knows counts.

The variance of a count grows with its mean, and more than Poisson's where events come in bursts: noise is variance
over mean, learnt from residuals [unit of x].  Three floors stand under it: a count of one, a share of the level
(flat series have no noise of their own), and, while few days are known, the swing of the day.
"""

import numpy as np

SWING, UNLIKE = 0.25, 0.5
"""Share of a day's swing by which one similar day may miss the next, and a day of a kind not seen yet [-]."""

ASSUMED, ASSUMED_BINS = 0.03, 1
"""Deviation that is assumed at first, as a share of the value, and the bins that it counts for [-], [bins]."""

CLIP = 4.0
"""A residual counts as at most so many deviations: heavy tails count, an outage does not [-]."""

TINY = 1e-9
"""Keeps the deviation of a series of zeros from being zero [unit of x]."""


def deviation(
    noise: np.ndarray, expected: np.ndarray, days: np.ndarray, unsure: np.ndarray, whole: np.ndarray, flat: float
) -> np.ndarray:
    """Standard deviation of a bin ``(n,)`` [unit of x].

    Parameters
    ----------
    noise
        ``(n,)`` variance over mean, 1 for Poisson counts [unit of x].
    days
        ``(n,)`` similar days that the expectation rests on; 0: on days of another kind.
    unsure
        ``(n,)`` deviation of the expectation itself, as a share of it, see `doubt` [-].
    whole
        ``(n,) bool`` counts, which cannot be finer than one.
    flat
        Smallest deviation as a share of the expectation [-].

    Examples
    --------
    Ten thousand Poisson events known from four days, and a flat 3,000:

    >>> days, whole = np.array([4, 4]), np.ones(2, bool)
    >>> deviation(np.array([1.0, 0.0]), np.array([1e4, 3e3]), days, np.zeros(2), whole, 0.002).round(1).tolist()
    [111.8, 6.0]
    """
    variance = noise * expected * (1 + 1 / np.maximum(days, 1)) + (unsure * expected) ** 2
    variance = np.maximum(variance, np.maximum((flat * expected) ** 2, whole))
    return np.sqrt(variance) + TINY


def doubt(days: np.ndarray, swing: np.ndarray) -> np.ndarray:
    """Deviation of the expectation itself ``(n,)``, as a share of it: less, the more similar days are known.

    ``swing (n,)``: how much a day goes up and down, as a share of its level [-].

    Examples
    --------
    >>> doubt(np.array([4, 0]), np.array([0.2, 0.2])).tolist()
    [0.025, 0.1]
    """
    return np.where(days > 0, SWING, UNLIKE) * swing / np.sqrt(np.maximum(days, 1))


def learnt(
    noise: np.ndarray,
    weight: np.ndarray,
    residual: np.ndarray,
    mean: np.ndarray,
    limit: np.ndarray,
    time: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Noise and its weight ``(n,)`` [s] after one more residual, NaN = none.

    Parameters
    ----------
    mean
        ``(n,)`` expectation that the residual is of; at least one for counts, positive.
    limit
        ``(n,)`` standard deviation that was believed until now.
    time
        Width of the bin and memory of the noise [s].

    Examples
    --------
    Poisson until now, and then a residual of two deviations:

    >>> one, weight = np.ones(1), np.array([600.0])
    >>> learnt(one, weight, residual=20 * one, mean=100 * one, limit=10 * one, time=(600, 1200))
    (array([2.5]), array([1200.]))
    """
    width, memory = time
    residual = np.minimum(np.abs(residual), CLIP * limit)
    ratio = residual * residual / mean
    counts = np.isfinite(ratio)
    weight = np.where(counts, np.minimum(weight + width, memory), weight)
    return np.where(counts, noise + width / weight * (ratio - noise), noise), weight


def assumed(x: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Noise of a series of which one value is known ``(n,)``: Poisson for counts, and a share of the value."""
    return np.where(whole, 1.0, 0.0) + ASSUMED**2 * x
