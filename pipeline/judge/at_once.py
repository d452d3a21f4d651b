"""Those who fell in one bin: a feed whose parts stop at different minutes of it leaves each of them another share, and
only the next bin tells it from a cable."""

from dataclasses import dataclass, field

import numpy as np

from detectors.base import UNKNOWN, Verdict, is_low
from pipeline.judge.votes import APART, Votes

MANY = 0.25
"""So many of the countries of a feed do not fall in one bin by chance [0-1]."""

MOST = 2
"""So many bins are waited for who has fallen with many, while others fall: the parts of a feed may stop in two
[bins]."""

WIDEST = 1800
"""An outage of an hour is not passed over for it: in longer bins nobody is held [s]."""


@dataclass
class AtOnce:
    """``held (n,) int8``: for how many bins in a row nothing has been said of each, since it fell with many others."""

    held: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))

    def hold(self, verdict: Verdict, calm: np.ndarray, who: Votes, width: int, share: float) -> np.ndarray:
        """Of whom nothing is to be said in this bin ``(n,) bool``: who is low, and was not before `MANY` countries fell
        in it, or in the bin before.

        Parameters
        ----------
        verdict
            What the detector says of the bin, arrays ``(n,)``.
        calm
            ``(n,) bool``: which were not low when they were last judged.
        who
            Who has a say: countries, or nobody is held.
        width
            Length of the bin [s].
        share
            Of its level at which the feed stands, 1 where it is whole: of a broken one nothing is said anyway.

        Examples
        --------
        Eight countries: three fall at once and stay low, and then one does alone:

        >>> from pipeline.records import Entity
        >>> from pipeline.settings import Judging
        >>> from pipeline.judge.votes import votes
        >>> places = [Entity("country", code, code) for code in ("BR", "DE", "IN", "KE", "PK", "UG", "US", "ZA")]
        >>> who, feed, calm = votes("traffic.x", places, Judging()), AtOnce(), np.ones(8, bool)
        >>> feed.grow(8)
        >>> def held(*low):
        ...     state = np.where(np.isin(np.arange(8), low), 3, 1).astype(np.int8)
        ...     bin_ = Verdict(*[np.ones(8)] * 4, state, np.ones(8, bool))
        ...     return np.flatnonzero(feed.hold(bin_, calm, who, 900, 1.0)).tolist()
        >>> held(0, 1, 2), held(0, 1, 2)
        ([0, 1, 2], [])
        >>> held(5)
        []
        """
        hold = np.zeros(len(calm), bool)
        if share == 1 and who.countries and width <= WIDEST:
            low, known = is_low(verdict.state) & calm, np.isfinite(verdict.score)
            free = known & calm & (self.held == 0)
            if (low & free).any() if self.held.any() else _many(low[None], free[None], who)[0]:
                hold = low & known & (self.held < MOST)
        self.held = np.where(hold, self.held + 1, 0).astype(np.int8)
        return hold

    def grow(self, n: int) -> None:
        """Room for further series."""
        self.held = np.pad(self.held, (0, n - len(self.held)))


def fall_at_once(verdict: Verdict, calm: np.ndarray, who: Votes, width: int) -> np.ndarray:
    """In which bins ``(t,) bool`` so many fell that `AtOnce` holds them, where nobody is held before.

    The verdict's arrays are ``(t, n)``; ``calm (n,) bool``: which were not low before the first bin, of that width [s].
    """
    if not who.countries or width > WIDEST:
        return np.zeros(len(verdict.state), bool)
    low = is_low(verdict.state)
    begins = low & np.concatenate([calm[None], ~low[:-1]])
    if np.count_nonzero(begins, axis=1).max(initial=0) < APART:
        return np.zeros(len(low), bool)
    last = np.maximum.accumulate(np.where(verdict.state != UNKNOWN, np.arange(1, len(low) + 1)[:, None], 0))
    stands = np.concatenate([calm[None], ~low])
    before = stands[np.concatenate([np.zeros_like(last[:1]), last[:-1]]), np.arange(low.shape[1])]
    return _many(low, np.isfinite(verdict.score) & before, who)


def _many(low: np.ndarray, free: np.ndarray, who: Votes) -> np.ndarray:
    """In which bins ``(t,) bool`` those that are low are many of those that could fall, both ``(t, n) bool``."""
    fell, voters = who.share(low[:, who.rows], free[:, who.rows])
    return np.asarray(fell >= np.maximum(APART, MANY * voters) * (1 - 1e-9))
