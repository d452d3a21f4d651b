"""Those who still stand as their feed did when it was broken, while others of it are back."""

from dataclasses import dataclass, field

import numpy as np

WAIT = 3 * 3600
"""So long each of them is waited for in bins of a feed that is not broken any more [s]."""

ZERO = 0.1
"""Of a feed that counts nothing so much may be left, or half of that [0-1]."""

BACK = 1 / 4
"""Who lacks less than so much of what the feed had lost is back [0-1]."""


@dataclass
class Stragglers:
    """``who (n,) bool``: who stood with the feed when it was last broken, each at its ``share (n,)``, and has not been
    seen to leave that since; ``waited (n,) int64``: for how long they have been waited for [s]."""

    who: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    waited: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    share: np.ndarray = field(default_factory=lambda: np.ones(0))

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
        >>> gone([50.0, 101.0, np.nan, 1.0], 1.0), gone([50.0, 50.0, 51.0, 1.0], 1.0)
        ([True, False, False, False], [True, False, True, False])
        >>> gone([80.0, 98.0, 101.0, 1.0], 1.0), gone([80.0, 98.0, 98.0, 1.0], 1.0)
        ([True, False, False, False], [False, False, False, False])
        """
        if share == 1 and not self.who.any():
            return self.who
        with np.errstate(all="ignore"):
            left = x / expected
        seen = ~np.isnan(left)
        stands = _near(left, self.share)
        if share != 1:
            stays = self.who & stands  # where it stood: those that are half back may be most
            alike = _near(left, np.full(len(x), share))
            self.share = np.where(alike & ~stays, share, self.share)
            self.who = np.where(seen, calm & (alike | stays), self.who)
            self.waited = np.where(self.who, self.waited, 0)
            return np.ones(len(x), bool)
        waits = self.who & (self.waited < WAIT)
        self.who = waits & (stands | ~seen)
        # who comes back in the midst of a bin has a part of it
        missing = 1 - left
        comes = waits & seen & ~stands & ((left - self.share) * missing > 0)
        comes &= abs(missing) > BACK * abs(1 - self.share)
        self.waited = np.where(self.who, self.waited + np.where(seen, width, 0), 0)
        return (self.who & seen) | comes

    def grow(self, n: int) -> None:
        """Room for further series."""
        more = (0, n - len(self.who))
        self.who, self.waited = np.pad(self.who, more), np.pad(self.waited, more)
        self.share = np.pad(self.share, more, constant_values=1.0)


def _near(left: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Who is no farther from a share than half of the way to the level, and to nothing."""
    return np.abs(left - share) <= np.minimum(np.abs(share - 1), np.maximum(share, ZERO)) / 2
