"""Verdicts of a detector on a world: peaks without an outage, and how soon each outage was found."""

from dataclasses import dataclass

import numpy as np

from tests.injection.world import BINS, Bin, World

WITHIN = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 72, 144, 288)
"""Bins since the begin of an outage at which its highest score so far is written down."""
APART = 12
"""So many bins without a low, and the next one is another outage."""
NOT = 9999
"""In place of a delay: not found [bins]."""


@dataclass
class Quiet:
    """Runs of lows where nothing was: of which series, how high, and whether it was confirmed."""

    series: list[np.ndarray]
    peak: list[np.ndarray]
    sure: list[np.ndarray]


class Tally:
    """Follows one detector through the world.

    ``best (n, k, c)``: highest score in the first `WITHIN` bins of each outage; ``sure (n, k)``: bins until it
    was confirmed low; ``covered (n, k)``: bins of it that were called low.
    """

    def __init__(self, world: World) -> None:
        shape = world.events.begin.shape
        self.world = world
        self.best = np.zeros((*shape, len(WITHIN)))
        self.sure = np.full(shape, NOT)
        self.covered = np.zeros(shape, int)
        self.observed = np.zeros(shape, int)
        self.quiet_bins = np.zeros(world.n, int)
        self.quiet = Quiet([], [], [])
        self._rising = np.zeros(world.n)
        self._peak, self._calm, self._sure = np.zeros(world.n), np.zeros(world.n, int), np.zeros(world.n, bool)

    def step(self, i: int, now: Bin, score: np.ndarray, low: np.ndarray, sure: np.ndarray) -> None:
        """Take in one bin: score ``(n,)``, and where it was called low, and confirmed ``(n,) bool``."""
        score = np.where(low, score, 0.0)
        self._inside(i, now, score, low, sure)
        if i >= self.world.past:
            self._outside(now, score, low, sure)

    def _inside(self, i: int, now: Bin, score: np.ndarray, low: np.ndarray, sure: np.ndarray) -> None:
        rows = np.flatnonzero(now.event >= 0)
        if not len(rows):
            return
        k = now.event[rows]
        since = i - self.world.events.begin[rows, k] + 1
        self._rising[rows] = np.where(since == 1, score[rows], np.maximum(self._rising[rows], score[rows]))
        for c, within in enumerate(WITHIN):
            early = since <= within
            self.best[rows[early], k[early], c] = self._rising[rows[early]]
        self.sure[rows, k] = np.where(sure[rows], np.minimum(self.sure[rows, k], since), self.sure[rows, k])
        self.covered[rows, k] += low[rows]
        self.observed[rows, k] += ~np.isnan(now.x[rows])

    def _outside(self, now: Bin, score: np.ndarray, low: np.ndarray, sure: np.ndarray) -> None:
        self.quiet_bins += now.quiet & ~np.isnan(now.x)
        counts = low & now.quiet
        self._peak = np.where(counts, np.maximum(self._peak, score), self._peak)
        self._sure |= counts & sure
        self._calm = np.where(low, 0, self._calm + 1)
        self._close((self._peak > 0) & ((self._calm >= APART) | (now.event >= 0)))

    def _close(self, over: np.ndarray) -> None:
        rows = np.flatnonzero(over)
        if len(rows):
            for kept, values in zip(
                (self.quiet.series, self.quiet.peak, self.quiet.sure), (rows, self._peak[rows], self._sure[rows]),
                strict=True,
            ):  # fmt: skip
                kept.append(values)
            self._peak[rows], self._sure[rows] = 0.0, False

    def finish(self) -> "Outcome":
        """All that was tallied."""
        self._close(self._peak > 0)
        runs = (
            np.concatenate([np.zeros(0, dtype), *kept])
            for kept, dtype in ((self.quiet.series, int), (self.quiet.peak, float), (self.quiet.sure, bool))
        )
        return Outcome(
            self.world, self.best, self.sure, self.covered, self.observed, self.quiet_bins / BINS / 365, *runs
        )


@dataclass(frozen=True)
class Outcome:
    """What a detector said: see `Tally`; ``years (n,)`` in which nothing was, and the runs of lows in them."""

    world: World
    best: np.ndarray
    sure: np.ndarray
    covered: np.ndarray
    observed: np.ndarray
    years: np.ndarray
    series: np.ndarray
    peak: np.ndarray
    confirmed: np.ndarray

    def false(self, chosen: np.ndarray, threshold: float = 0.0) -> float:
        """False outages an entity-year of the series ``chosen (n,) bool`` at a threshold on the score."""
        return float((chosen[self.series] & (self.peak > threshold)).sum() / max(self.years[chosen].sum(), 1e-9))

    def threshold(self, chosen: np.ndarray, rate: float) -> float:
        """The lowest threshold at which there are at most so many false outages an entity-year; 0: as shipped."""
        peaks = np.sort(self.peak[chosen[self.series]])[::-1]
        allowed = int(rate * self.years[chosen].sum())
        return float(peaks[allowed]) if allowed < len(peaks) else 0.0

    def hit(self, events: np.ndarray, threshold: float, within: int) -> float:
        """Share of the outages ``events (n, k) bool`` whose score rises above the threshold in so many bins."""
        return float((self.best[events][:, WITHIN.index(within)] > threshold).mean()) if events.any() else float("nan")

    def delay(self, events: np.ndarray, threshold: float) -> float:
        """Median delay of the outages ``events`` [bins], as finely as `WITHIN` is; NaN where most are missed."""
        above = self.best[events] > threshold
        first = np.where(above.any(axis=1), np.array(WITHIN)[above.argmax(axis=1)], NOT)
        middle = float(np.sort(first)[len(first) // 2]) if len(first) else NOT
        return middle if middle < NOT else float("nan")
