"""A feed that says the same again and again: stuck upstream, it looks like a calm day for ever, and by morning like an
outage."""

from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np

from detectors.base import DAY, is_low
from pipeline.judge.frozen import LONGER, Frozen, log_chance
from pipeline.judge.lasting import latest

LEAST = 24
"""Bins that must have been seen before anything is too unlikely [bins]."""


@dataclass
class Repeats:
    """How often all series of a signal together repeat their last value, and since how many bins they have.

    Single series are flat for weeks and mean it: address space, indices, counts of a handful.  Those of a feed are not
    flat all at once, or else they often are: ``still`` of the ``seen`` bins were.  A ``run`` of such bins that is too
    unlikely for that is no observation, and teaches nothing but its first bins, ``held``, which had passed for one.
    One is chance, too, that is no longer than others that ended by themselves, the ``longest`` of them: a country
    rests at night.  So is one that those who are there may have by their own rates: the lively ones may have gone.
    What is 0 repeats nothing: it is observed and empty.  Low ones may lie on the floor together in a real outage, for
    weeks: ``calm (n,)`` says which were not low when they last moved, and a bin counts only where most of those that
    repeat were calm.  Single series that always move are another matter: ``frozen``.

    ``last (n,)``: the last value that was observed of each, NaN before any; ``moved (t, n)``: whose is another in
    the bins taken in last.
    """

    run: int = 0
    held: int = 0
    still: int = 0
    seen: int = 0
    longest: int = 0
    last: np.ndarray = field(default_factory=lambda: np.empty(0))
    calm: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    frozen: Frozen = field(default_factory=Frozen)
    moved: np.ndarray = field(default_factory=lambda: np.empty((0, 0), bool), compare=False)

    def take(self, x: np.ndarray, odds: float, width: int) -> np.ndarray:
        """Take in bins ``x (t, n) float64``, NaN = not observed, while nothing repeats or something moves; one that
        only repeats alone.

        Returns which values are no observation ``(taken, n) bool``, of one bin at least: all where the feed is stuck,
        those of single series that are frozen.

        Parameters
        ----------
        odds
            A run less likely than this is no chance [0-1]; 0: none is stuck.
        width
            Length of a bin [s]: of a single series a day must have been seen.

        Examples
        --------
        Two series that move, and then stand still; a third one that never moved has no say:

        >>> repeats = Repeats()
        >>> moving = np.array([[100.0 + i % 7, 50.0 - i % 5, 8.0] for i in range(200)])
        >>> len(repeats.take(moving[:1], 1e-9, 1800)), len(repeats.take(moving[1:], 1e-9, 1800))
        (1, 199)
        >>> [repeats.take(moving[[-1, -1]], 1e-9, 1800).tolist() for _ in range(4)][2:]
        [[[False, False, False]], [[True, True, True]]]
        """
        self._grow(x.shape[1])
        seen, last = ~np.isnan(x), _filled(self.last, x)
        known = seen & ~np.isnan(last[:-1])
        same = known & (x == last[:-1])
        moves = (known & ~same).any(axis=1)
        goes = moves | ~(same & (x > 0)).any(axis=1)  # also where nothing is observed, or what is empty
        t = max(1, int(np.argmin(np.append(goes, False))))
        is_stuck = not goes[0] and self._repeats(x[0], same[0], odds)
        unseen = self.frozen.take(x[:t], last[:t], self.calm, odds, max(LEAST, DAY // width), is_stuck)
        t = len(unseen)
        self.moved, self.last = (seen & ~same)[:t], last[t]
        if moving := int(np.count_nonzero(moves[:t])):
            self.still, self.seen = self.still + self.held, self.seen + self.held + moving
            self.longest = max(self.longest, self.run)
            self.run = self.held = 0
        return unseen | is_stuck

    def _repeats(self, x: np.ndarray, same: np.ndarray, odds: float) -> bool:
        """Whether the feed is stuck with a bin ``x (n,)`` in which nothing moves, and some are the ``same (n,)``."""
        rests = same & (x > 0)
        if not 2 * (rests & self.calm).sum() > rests.sum():
            return False
        self.run += 1
        own, _, still, seen, _ = self.frozen.counts[:, rests & self.calm]
        before = np.maximum(own - self.run + 1, 0)  # its rest had begun before that of all
        chance = log_chance(*np.array([self.run, self.still, self.seen]))
        by_each = log_chance(np.full(len(own), self.run), still + before, seen + before).sum()
        is_stuck = self.seen >= LEAST and odds > 0 and bool(max(chance, by_each) < log(odds))
        is_stuck &= self.run > LONGER * self.longest
        self.held += not is_stuck
        return is_stuck

    def judged(self, state: np.ndarray) -> None:
        """What the verdicts of the bins taken in were ``(t, n) int8``: of those that moved they tell who is calm."""
        self.calm = latest(self.calm, ~is_low(state), self.moved)

    def _grow(self, entities: int) -> None:
        more = entities - len(self.last)
        if more:
            self.last, self.calm = (
                np.append(self.last, np.full(more, np.nan)),
                np.append(self.calm, np.ones(more, bool)),
            )
            self.frozen.grow(more)

    def save(self) -> tuple[tuple[int, int, int, int, int], dict[str, np.ndarray]]:
        """Counts and arrays."""
        arrays = {"last": self.last, "calm": self.calm, "counts": self.frozen.counts, "usual": self.frozen.usual}
        return (self.run, self.held, self.still, self.seen, self.longest), arrays

    @classmethod
    def load(cls, counts: Any, arrays: dict[str, np.ndarray]) -> "Repeats":
        """What was saved."""
        run, held, still, seen, longest = counts
        last, calm, each, usual = (arrays[name].copy() for name in ("last", "calm", "counts", "usual"))
        return cls(run, held, still, seen, longest, last, calm, Frozen(each, usual))


def _filled(last: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The last value that was observed before each bin and after all of them ``(t + 1, n)``."""
    rows = np.concatenate([last[None], x])
    for i in np.flatnonzero(np.isnan(x).any(axis=1)).tolist():
        rows[i + 1] = np.where(np.isnan(x[i]), rows[i], x[i])
    return rows
