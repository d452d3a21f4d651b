"""The noise of counts: variance over mean, learnt from residuals [unit of x].

    deviation = sqrt(noise * expected);  Poisson: noise = 1;  events in bursts: noise > 1

It has three floors: a count of one, a share of the level (flat series have no noise of their own), and, while few days
are known, the swing of the day.
"""

import numpy as np

SWING, UNLIKE = 0.25, 0.5
"""Share of a day's swing by which one similar day may miss the next, and a day of a kind not seen yet [-]."""

ASSUMED, ASSUMED_BINS = 0.03, 1
"""Deviation that is assumed at first, as a share of the value, and the bins that it counts for [-], [bins]."""

CLIP = 4.0  # a residual counts as at most so many deviations, so that an outage is not noise [-]

LOUD, RISEN = 2.0, 3.0
"""A residual above expectation counts as at most so many deviations; beyond the second it does not count [-]."""

NORMAL_SPREAD = 1.4826  # the standard deviation of normal values, in median distances from their median [-]
TINY = 1e-9  # keeps the deviation of a series of zeros from being zero [unit of x]


def doubt(days: np.ndarray, swing: np.ndarray) -> np.ndarray:
    """Deviation of the expectation itself ``(t, n)``, as a share of it: less, the more similar days are known.

    ``swing (t, n)``: how much a day goes up and down, as a share of its level [-].
    """
    return np.where(days > 0, SWING, UNLIKE) * swing / np.sqrt(np.maximum(days, 1))


def clipped(residual: np.ndarray, size: np.ndarray, deviation: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Absolute residuals ``(..., n)``, of this ``size``, limited to `CLIP` deviations.

    A residual above a shape that is ``expected (n,) bool`` to be clear of zero counts as at most `LOUD` deviations, and
    beyond `RISEN` as NaN: a rise must not hide a fall.
    """
    counts = np.minimum(size, CLIP * deviation)
    above = expected & (residual > LOUD * deviation)
    if above.any():
        counts = np.where(above, np.where(residual > RISEN * deviation, np.nan, LOUD * deviation), counts)
    return counts


def followed(noise: np.ndarray, ratio: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Noise before each of t bins and after the last ``(t + 1, ...)``: moved by ``share`` towards each ``ratio``.

    ratio ``(t, ...)``: square of a bin's residual over its mean; share ``(t, ...)``: its weight.
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


def middle(values: np.ndarray) -> np.ndarray:
    """Median over the first axis of ``(k, n)``, NaN left out; NaN where there is nothing else."""
    ranked = np.sort(values, axis=0)
    count = np.count_nonzero(~np.isnan(values), axis=0)
    places = np.arange(values.shape[1])
    lower = ranked[np.maximum((count - 1) // 2, 0), places]
    upper = ranked[np.minimum(count // 2, len(values) - 1), places]
    return np.where(count > 0, lower + (upper - lower) / 2, np.nan)


def average(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of ``(k, n)``, NaN left out, added in the same order for any number of entities."""
    known = ~np.isnan(values)
    return np.asarray(np.cumsum(np.where(known, values, 0.0), axis=0)[-1] / np.count_nonzero(known, axis=0))
