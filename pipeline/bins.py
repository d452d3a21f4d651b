"""Event time: half-open bins on an even grid or at slots of the day, and watermarks.  No clock in here."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from detectors.base import DAY, NEVER

WIDTH = 300
"""Width of the bins that netvigil computes, aligned to the epoch [s]; IODA's is 300 too.  Another width is another
signal."""


@dataclass(frozen=True)
class Cadence:
    """When the bins of one signal start; a bin is ``[start, start + width)``.

    ``width`` [s]; ``slots``: seconds of the UTC day at which bins start, for uneven series (06, 10, 16, 20 h), empty:
    every ``width``; ``phase``: offset of an even grid from the epoch [s], 0 for netvigil's own signals.
    """

    width: int
    slots: tuple[int, ...] = ()
    phase: int = 0

    def floor(self, time: np.ndarray) -> np.ndarray:
        """Start of the bin of each time, ``(n,) int64`` [s]; on an uneven grid the last slot at or before it."""
        time = np.asarray(time, np.int64)
        if not self.slots:
            return (time - self.phase) // self.width * self.width + self.phase
        slots = np.array(self.slots, np.int64)
        day, rest = np.divmod(time, DAY)
        at = np.searchsorted(slots, rest, side="right") - 1
        return np.where(at < 0, (day - 1) * DAY + slots[-1], day * DAY + slots[at])

    def starts(self, after: int, until: int) -> np.ndarray:
        """Bin starts ``s`` with ``s > after`` and ``s + width <= until``, in order [s].

        Examples
        --------
        >>> Cadence(4 * 3600, slots=(6 * 3600, 10 * 3600)).starts(after=6 * 3600, until=2 * DAY)[:2].tolist()
        [36000, 108000]
        """
        last = until - self.width
        if last <= after:
            return np.empty(0, np.int64)
        if not self.slots:
            first = (after - self.phase) // self.width * self.width + self.phase + self.width
            return np.arange(first, last + 1, self.width, dtype=np.int64)
        days = np.arange(after // DAY, last // DAY + 1, dtype=np.int64) * DAY
        grid = (days[:, None] + np.array(self.slots, np.int64)).ravel()
        return grid[(grid > after) & (grid <= last)]


UNEVEN = 3  # a bin this many times as long as the narrowest may have lost its successor [-]


def ends_of(start: np.ndarray, width: int) -> np.ndarray:
    """Ends ``(t,) int64`` [s] of bins with ``start (t,)`` [s] in order and this narrowest width [s].

    On an uneven grid a bin lasts to the next slot of the day.

    Examples
    --------
    >>> [end // 3600 for end in ends_of(3600 * np.array([6, 10, 16, 20, 58]), 4 * 3600).tolist()]
    [10, 16, 20, 30, 64]
    """
    if (start % width == start[:1] % width).all():
        return start + width
    slots, at = np.unique(start % DAY, return_inverse=True)
    lasts = np.diff(slots, append=slots[0] + DAY)[at]
    if start[-1] - start[0] < DAY:  # not all slots are known yet
        lasts = np.where(lasts > UNEVEN * width, width, lasts)
    return np.minimum(start + np.maximum(lasts, width), np.append(start[1:], start[-1:] + DAY))


def lowest(watermarks: Iterable[int]) -> int:
    """The lowest of the watermarks, `NEVER` where there is none."""
    return min(watermarks, default=NEVER)


def used_of(index: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The used ones of n places, in order, and the position of each of ``index (m,)`` among them ``(m,) intp``."""
    is_used = np.zeros(n, bool)
    is_used[index] = True
    return np.flatnonzero(is_used), (np.cumsum(is_used) - 1)[index]
