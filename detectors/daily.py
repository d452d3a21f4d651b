"""Daily means of a series: what is slow shows in them, and what is of an hour does not.

    mean = sum of what came / sum expected of the same bins x mean expected of all bins of the day

A day of which less than `ENOUGH` was observed has none.  A value counts as at most the highest level.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from detectors.base import DAY, NEVER
from detectors.levels import EDGES
from detectors.state import fresh, per_entity

ENOUGH = 0.6  # share of a day's bins


@dataclass(frozen=True)
class Daily:
    """The sums of the day that goes on, for n series."""

    day: int = NEVER
    came: np.ndarray = field(default_factory=lambda: np.empty(0), metadata=per_entity(0.0))
    want: np.ndarray = field(default_factory=lambda: np.empty(0), metadata=per_entity(0.0))
    whole: np.ndarray = field(default_factory=lambda: np.empty(0), metadata=per_entity(0.0))
    seen: np.ndarray = field(default_factory=lambda: np.empty(0), metadata=per_entity(0.0))
    bins: np.ndarray = field(default_factory=lambda: np.empty(0), metadata=per_entity(0.0))

    @classmethod
    def of(cls, n: int) -> "Daily":
        """Sums of which nothing has come."""
        return fresh(cls, n, day=NEVER)

    def take(
        self, x: np.ndarray, expected: np.ndarray, t: np.ndarray, width: int
    ) -> tuple["Daily", np.ndarray, np.ndarray]:  # fmt: skip
        """Take in bins ``(t, n)``; returns the days that are over ``(d,)`` [s] and their means ``(d, n)``.

        Examples
        --------
        >>> t = 1704067200 + 21600 * np.arange(5)
        >>> x = np.array([[4.0], [8.0], [np.nan], [8.0], [1.0]])
        >>> _, days, means = Daily.of(1).take(x, np.array([[4.0], [8.0], [4.0], [8.0], [4.0]]), t, 21600)
        >>> days.tolist(), means.tolist()
        ([1704067200], [[6.0]])
        """
        own, days, means = self, [], []
        for i, (day, after) in enumerate(zip((t // DAY).tolist(), ((t + width) // DAY).tolist(), strict=True)):
            if day != own.day:
                if own.day != NEVER:
                    days.append(own.day * DAY)
                    means.append(own._mean(width))
                own = replace(Daily.of(x.shape[1]), day=day)
            there = ~np.isnan(expected[i])
            seen = there & ~np.isnan(x[i])
            came = np.minimum(x[i], EDGES[-1] * expected[i])
            own = replace(
                own, came=own.came + np.where(seen, came, 0), want=own.want + np.where(seen, expected[i], 0),
                whole=own.whole + np.where(there, expected[i], 0), seen=own.seen + seen, bins=own.bins + there,
            )  # fmt: skip
            if after > day:  # told with its last bin: fusion takes nothing that ended before what it has settled
                days.append(day * DAY)
                means.append(own._mean(width))
                own = Daily.of(x.shape[1])
        return own, np.array(days, np.int64), np.array(means).reshape(len(days), x.shape[1])

    def _mean(self, width: int) -> np.ndarray:
        with np.errstate(all="ignore"):
            mean = self.came / self.want * self.whole / self.bins
        return np.where(self.seen >= ENOUGH * DAY / width, mean, np.nan)
