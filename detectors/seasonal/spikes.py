"""Dips and spikes of a series: what stands out for less than an hour from the slots on both sides of it."""

import numpy as np

NEXT_TO, BRIEF = 0.95, 3600
"""What has less than so much of the slots on both sides of it, or they of it [-], for less than that [s] is a dip or a
spike."""

STEEP = 3
"""And a spike stands out by more than so many times what the slots on one side of it differ [-]."""


def apart(seen: np.ndarray, reach: int) -> np.ndarray:
    """Which slots ``(t, k)`` are a dip, or a spike, among the ``reach`` of them on both sides, ``(t, k) bool``.

    What goes up or down by and by is neither, nor is a dip what has only one side.

    Examples
    --------
    >>> dips, spike, step = [9.0, 9, 1, 9, 9, 9, 1, 9], [7.0, 8, 9, 50, 50, 12, 13, 14], [9.0, 9, 9, 7, 7, 7, 7, 7]
    >>> [np.flatnonzero(own).tolist() for own in apart(np.array([dips, spike, step]).T, 2).T]
    [[2, 6], [3, 4], []]
    """
    low = np.where(spikes(seen, reach), np.nan, seen)  # beside a spike all is low, and between dips all is high
    dips = low < NEXT_TO * np.minimum(*beside(low, reach, np.fmax))
    return np.asarray(dips | spikes(np.where(dips, np.nan, seen), reach))


def spikes(seen: np.ndarray, reach: int) -> np.ndarray:
    """See `apart`: what stands out by more than an evening that goes up and down within hours; also at an end, where
    only one side is known."""
    return standing(seen, reach)[0]


def standing(seen: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Which slots are `spikes`, and what lies around each at least, on the side that has more, both ``(t, k)``."""
    least, most = (beside(seen, reach, of) for of in (np.fmin, np.fmax))
    around, slopes = np.fmax(*least), np.fmin(most[0] - least[0], most[1] - least[1])
    return np.asarray((NEXT_TO * seen > around) & (seen - around > STEEP * slopes)), around


def beside(seen: np.ndarray, reach: int, of: np.ufunc) -> list[np.ndarray]:
    """The most, or the least, of the ``reach`` slots before each of ``(t, k)``, and of those after it; NaN where none
    is known."""
    both = []
    for side in (seen, seen[::-1]):
        found = np.full_like(seen, np.nan)
        for ago in range(1, min(reach, len(seen) - 1) + 1):
            of(found[ago:], side[:-ago], out=found[ago:])
        both.append(found)
    return [both[0], both[1][::-1]]
