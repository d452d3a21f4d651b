"""A single series that says the same again and again while its feed goes on: frozen upstream, and not observed."""

from dataclasses import dataclass, field
from math import log

import numpy as np

SHORTEST = 3
"""Fewer repeats are told of nobody [bins]."""

LONGER = 1.5
"""So many times the longest run that ended by itself: what rests every night does not repeat by chance [-]."""

MOVES = 0.1
"""A series that repeats its value in a larger share of its bins does so by its nature [0-1]."""

FALL = 0.75
"""What begins with a fall to less than this share of the value before may be an outage that is flat [0-1]."""


@dataclass
class Frozen:
    """How often each series repeats its last value, and since how many bins it does.

    Address space, indices and counts of a handful are flat for weeks and mean it: their past says so, and nothing is
    ever said of them.  Whose values hardly ever repeat, and who now does so for longer than that is probable, is not
    observed until it moves.  Not so what may be an outage that is flat: zeros, and a run that began with a fall, or
    at a value that was low by its verdict.

    ``counts (5, n) int64`` [bins]: the present run, what of it had passed for observed; of the runs that are over, how
    much was a repeat, and of how many bins; and the longest of them.  ``usual (n,) bool``: whether the run began
    without a fall.
    """

    counts: np.ndarray = field(default_factory=lambda: np.zeros((5, 0), np.int64))
    usual: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    def take(
        self, x: np.ndarray, last: np.ndarray, calm: np.ndarray, odds: float, least: int, is_blind: bool = False
    ) -> np.ndarray:
        """Take in bins ``x (t, n) float64``, NaN = not observed, as far as it is known who is calm.

        Returns which values are no observation, ``(taken, n) bool``, of one bin at least.

        Parameters
        ----------
        last
            The last value that was observed before each bin ``(t, n)``.
        calm
            Which were not low when they moved last before these bins ``(n,) bool``.
        odds
            A run less likely than this is no chance [0-1]; 0: none is frozen.
        least
            Bins that must have been seen of a series [bins].
        is_blind
            Whether these bins are no observation of anybody: they teach nothing.

        Examples
        --------
        One that moves and then stands still, one that is always flat, and one that falls and is flat then:

        >>> x = np.array([[100.0 + i % 7, 8.0, 50.0 - i % 5] for i in range(60)])
        >>> x[50:] = [[104, 8, 20]]
        >>> frozen = Frozen(np.zeros((5, 3), np.int64), np.zeros(3, bool))
        >>> told = frozen.take(x, np.vstack([np.full((1, 3), np.nan), x[:-1]]), np.ones(3, bool), 1e-9, 24)
        >>> len(told), frozen.take(x[len(told):], x[len(told) - 1:-1], np.ones(3, bool), 1e-9, 24).sum(axis=0).tolist()
        (56, [4, 0, 0])
        """
        run, held, still, seen, longest = self.counts
        unseen, fresh = np.zeros(x.shape, bool), np.zeros(x.shape[1], bool)
        each = x, (x != last) & ~np.isnan(x - last), (x == last) & (x > 0), x >= FALL * last
        for i, (value, moves, same, stands) in enumerate(zip(*each, strict=True)):
            found = self._found(value, same, odds, least)
            if len(found):
                if fresh[found].any():  # of whom it is not known yet whether it moved to a low value
                    return unseen[:i]
                unseen[i, found] = calm[found]
            fresh |= moves
            seen += moves
            over = np.flatnonzero(moves & (run > 0))
            still[over] += held[over]
            seen[over] += held[over]
            longest[over] = np.maximum(longest[over], held[over])
            run[over] = held[over] = 0
            np.copyto(self.usual, stands, where=moves)
            run += same
            held += same & ~(unseen[i] | is_blind)
        return unseen

    def _found(self, value: np.ndarray, same: np.ndarray, odds: float, least: int) -> np.ndarray:
        """Those ``(m,) int`` whose run is no chance with this bin, in which they repeat their ``value (n,)``."""
        run, _, still, seen, longest = self.counts
        at = np.flatnonzero(same & self.usual & (run + 1 >= SHORTEST))
        if len(at):
            seldom = (seen[at] >= least) & (still[at] + 1 < MOVES * (seen[at] + 2))
            at = at[seldom & (run[at] + 1 > LONGER * longest[at])]
        if not (len(at) and odds > 0):
            return at[:0]
        with np.errstate(divide="ignore"):
            by_chance = (run[at] + 1) * np.log(_chance(value[at]))
        return at[np.maximum(log_chance(run[at] + 1, still[at], seen[at]), by_chance) < log(odds)]

    def grow(self, more: int) -> None:
        """Make room for so many series more."""
        self.counts = np.append(self.counts, np.zeros((5, more), np.int64), axis=1)
        self.usual = np.append(self.usual, np.zeros(more, bool))


def log_chance(run: np.ndarray, still: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Logarithm of how likely a ``run`` of repeats is, where ``still`` of the bins that were ``seen`` repeated their
    value, all ``(n,) int`` [bins].

    So many at their rate, in a series that was often seen to move.  The rests of one that was not may be longer than
    the few that are over: their length, geometric of an unknown mean, has a Lomax tail.

    Examples
    --------
    Three repeats of what never did; and a morning's rest of what moved twice in two hours, or in a week as often:

    >>> run, still, seen = np.array([[3, 0, 300], [120, 22, 24], [120, 1850, 2018]]).T
    >>> [f"{each:.1e}" for each in np.exp(log_chance(run, still, seen))]
    ['3.6e-08', '4.2e-03', '2.8e-05']
    """
    at_rate = run * np.log((still + 1) / (seen + 2))
    return np.maximum(at_rate, -(seen - still + 1) * np.log1p(run / (still + 1)))


def _chance(value: np.ndarray) -> np.ndarray:
    """How often a count around ``value (n,)`` repeats itself by chance alone; 0 where it is no whole number [0-1].

    Examples
    --------
    >>> _chance(np.array([1.0, 100.0, 0.5])).round(3).tolist()
    [0.282, 0.028, 0.0]
    """
    return np.where(value == np.rint(value), 1 / np.sqrt(4 * np.pi * value), 0.0)
