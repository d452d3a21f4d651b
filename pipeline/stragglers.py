"""Those who still stand as their feed did when it was broken, while others of it are back."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.bins import NEVER

WAIT = 3 * 3600
"""So long a feed that comes back for one after the other is waited for after the last of them; after its end, as long
as it was broken, if that is longer [s]."""


@dataclass
class Stragglers:
    """``who (n,) bool``: who stood with the feed when it was last broken, and has not left that ``share`` since;
    ``since``: when it broke, and ``until``: how long they are waited for [s]."""

    who: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    share: float = 1.0
    since: int = NEVER
    until: int = NEVER

    def gone(
        self, x: np.ndarray, expected: np.ndarray, calm: np.ndarray, share: float, span: tuple[int, int]
    ) -> np.ndarray:
        """Of which series nothing can be said ``(n,) bool``: all of them while the feed is broken, then stragglers.

        Parameters
        ----------
        x, expected
            ``(n,) float64`` in this bin, NaN = not observed.
        calm
            ``(n,) bool``: which were not low before; who was out already is no straggler.
        share
            Of its level at which a feed that is broken stands, 1 where it is not.
        span
            Begin and end of the bin [s].

        Examples
        --------
        >>> feed, usual, calm = Stragglers(np.zeros(4, bool)), np.full(4, 100.0), np.array([True, True, True, False])
        >>> def gone(x, share, hour):
        ...     return feed.gone(np.array(x), usual, calm, share, (3600 * hour, 3600 * hour + 3600)).tolist()
        >>> gone([50.0, 48.0, np.nan, 1.0], 0.5, 0)
        [True, True, True, True]
        >>> gone([50.0, 99.0, 51.0, 1.0], 1.0, 1), gone([50.0, 50.0, 98.0, 1.0], 1.0, 2)
        ([True, False, True, False], [True, False, False, False])
        >>> gone([50.0, 98.0, 98.0, 1.0], 1.0, 5), gone([50.0, 98.0, 98.0, 1.0], 1.0, 6)
        ([True, False, False, False], [False, False, False, False])
        """
        if share == 1 and not self.who.any():
            return self.who
        with np.errstate(all="ignore"):
            left = x / expected
        begin, end = span
        if share != 1:
            self.since = begin if begin > self.until else self.since
            self.share, self.until = share, end + max(WAIT, end - self.since)
            self.who = calm & (np.isnan(left) | self._near(left))
            return np.ones(len(x), bool)
        near = self._near(left)
        stay = self.who & (near | np.isnan(left))
        if (self.who & ~stay).any():  # it goes on coming back
            self.until = max(self.until, end + WAIT)
        self.who = stay & (begin < self.until)
        return self.who & near

    def _near(self, left: np.ndarray) -> np.ndarray:
        """Who is no farther from the share than half of the way to the level."""
        return np.abs(left - self.share) <= abs(self.share - 1) / 2

    def grow(self, n: int) -> None:
        """Room for further series."""
        self.who = np.append(self.who, np.zeros(n - len(self.who), bool))

    def save(self) -> tuple[tuple[Any, ...], np.ndarray]:
        """Head and array."""
        return (self.share, self.since, self.until), self.who
