"""Those who still stand as their feed did when it was broken, while others of it are back."""

from dataclasses import dataclass, field

import numpy as np

WAIT = 3 * 3600
"""So long each of them is waited for in bins of a feed that is not broken any more [s]."""

ZERO = 0.1
"""Of a feed that counts nothing so much may be left, or half of that [0-1]."""


@dataclass
class Stragglers:
    """``who (n,) bool``: who stood with the feed when it was last broken, at that ``share``, and has not been seen to
    leave it since; ``waited (n,) int64``: for how long they have been waited for [s]."""

    who: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    waited: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    share: float = 1.0

    def gone(self, x: np.ndarray, expected: np.ndarray, calm: np.ndarray, share: float, width: int) -> np.ndarray:
        """Of which series nothing can be said ``(n,) bool``: all of them while the feed is broken, then stragglers.

        Parameters
        ----------
        x, expected
            ``(n,) float64`` in this bin, of that width [s], NaN = not observed.
        calm
            ``(n,) bool``: which were not low before; who was out already is no straggler.
        share
            Of its level at which a feed that is broken stands, 1 where it is not.

        Examples
        --------
        >>> feed, usual, calm = Stragglers(), np.full(4, 100.0), np.array([True, True, True, False])
        >>> feed.grow(4)
        >>> def gone(x, share):
        ...     return feed.gone(np.array(x), usual, calm, share, 3600).tolist()
        >>> gone([50.0, 48.0, 51.0, 1.0], 0.5)
        [True, True, True, True]
        >>> gone([50.0, 99.0, np.nan, 1.0], 1.0), gone([50.0, 50.0, 51.0, 1.0], 1.0)
        ([True, False, False, False], [True, False, True, False])
        >>> gone([50.0, 98.0, 98.0, 1.0], 1.0), gone([50.0, 98.0, 98.0, 1.0], 1.0)
        ([True, False, False, False], [False, False, False, False])
        """
        if share == 1 and not self.who.any():
            return self.who
        with np.errstate(all="ignore"):
            left = x / expected
        seen = ~np.isnan(left)
        if share != 1:
            self.share = share if seen.any() else self.share
            self.who = np.where(seen, calm & self._near(left), self.who)
        else:
            self.who = self.who & (self._near(left) | ~seen) & (self.waited < WAIT)
            self.waited = self.waited + np.where(self.who & seen, width, 0)
        self.waited = np.where(self.who, self.waited, 0)
        return self.who & seen if share == 1 else np.ones(len(x), bool)

    def _near(self, left: np.ndarray) -> np.ndarray:
        """Who is no farther from the share than half of the way to the level, and to nothing."""
        return np.abs(left - self.share) <= min(abs(self.share - 1), max(self.share, ZERO)) / 2

    def grow(self, n: int) -> None:
        """Room for further series."""
        more = (0, n - len(self.who))
        self.who, self.waited = np.pad(self.who, more), np.pad(self.waited, more)
