"""A feed that says the same again and again: it is stuck upstream, and nothing of it is observed.

    all series repeat their last value for r bins in a row:   stuck where p^r < odds,  p = (still + 4) / (seen + 4)

Single series are flat for weeks and mean it; all of a feed are not flat at once, or else they often are.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.model import Model

FIRST = 4  # bins in which all repeat, before anything is known [-]: a flat feed is not stuck from the start


@dataclass
class Stuck:
    """How often all series of a feed have repeated; ``run``: for how many bins they do so now.

    A value of 0 repeats nothing: it is observed and empty.

    Examples
    --------
    >>> rng, feed = np.random.default_rng(0), Stuck(Model())
    >>> moving = rng.poisson(50, (100, 6)).astype(float)
    >>> bool(feed.take(moving).any()), feed.take(np.tile(moving[-1], (8, 1))).tolist()
    (False, [False, False, False, False, False, False, True, True])
    """

    model: Model
    run: int = 0
    still: int = 0
    seen: int = 0
    last: np.ndarray = field(default_factory=lambda: np.empty(0))

    def take(self, x: np.ndarray) -> np.ndarray:
        """In which bins ``(t,) bool`` of values ``(t, n)`` the feed is stuck."""
        more = x.shape[1] - len(self.last)
        self.last = np.concatenate([self.last, np.full(more, np.nan)])
        stuck, limit = np.zeros(len(x), np.bool_), np.log(self.model.stuck_odds)
        for i, values in enumerate(x):
            told = ~np.isnan(values) & ((values != 0) | (self.last != 0)) & ~np.isnan(self.last)
            chance = (self.still + FIRST) / (self.seen + FIRST)
            if told.sum() >= self.model.company:  # else too few say anything
                repeats = bool((values[told] == self.last[told]).all())
                if not repeats:  # a run teaches once it is over, unless it was no chance
                    taught = self.run if self.run * np.log(chance) >= limit else 0
                    self.seen, self.still = self.seen + taught + 1, self.still + taught
                self.run = self.run + 1 if repeats else 0
            stuck[i] = self.run * np.log(chance) < limit
            self.last = np.where(np.isnan(values), self.last, values)
        return stuck

    def save(self) -> Any:
        """JSON-able head; the array is ``last``."""
        return self.run, self.still, self.seen
