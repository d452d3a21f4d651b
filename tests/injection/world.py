"""Series as they are in the world, made by hand: days, weeks, noise, holidays, shifts, gaps, and outages laid over.

Thousands of them at once, one bin at a time, so that years of five-minute bins need no memory.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from detectors.base import DAY, Context

WIDTH = 300
"""Length of a bin [s]."""
BINS = DAY // WIDTH
"""Bins in a day."""
MONDAY = 4 * DAY
"""5 January 1970: where every series begins [s]."""

MEANS = (5, 20, 50, 100, 300, 1000, 3000, 10_000)
DISPERSIONS = (1, 2, 4, 8)
DEPTHS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
DURATIONS = (2, 6, 12, 36, 144, 288)
"""From ten minutes to a day [bins]."""
SLOT = 7 * BINS // 2
"""One outage in each so long time, which begins in its first day and is over in its second [bins]."""

KINDS = ("plain", "plain", "plain", "gaps", "holiday", "shift", "young", "weeks")
"""`young`: a day of past; `weeks`: dark for hours, days or weeks, as the sources of one outage return one by one."""
RETURNS = (36, 3 * BINS, 21 * BINS)
"""When the sources of a long outage come back [bins]."""
AFTER = 12
"""Bins after an outage that count neither way: it may take an hour until all has been said."""
SHIFTS = (1.6, 0.75)
RENEWED = 15 * BINS // 2
"""A fall for good may be called an outage for a week; after that it is the level [bins]."""


class Events(NamedTuple):
    """Outages ``(n, k)``, one a slot: first bin and the bin after the last, depth [0-1], bins until it is that deep."""

    begin: np.ndarray
    end: np.ndarray
    depth: np.ndarray
    ramp: np.ndarray
    trough: np.ndarray


class Bin(NamedTuple):
    """One bin of n series: values, true mean without outages, which event goes on (-1: none), and what counts.

    ``quiet``: to call it low here is wrong.
    """

    x: np.ndarray
    mean: np.ndarray
    event: np.ndarray
    quiet: np.ndarray
    context: Context


@dataclass(frozen=True)
class World:
    """All series of one seed.

    Parameters
    ----------
    mean, dispersion
        ``(n,)`` level of a workday, and variance over mean, 1 for Poisson.
    daily, phase, weekend
        ``(n,)`` half of the day's swing, when its trough is [days], and what a weekend has of a workday.
    kind
        ``(n,)`` one of `KINDS`.
    past, end
        Bins before the first that counts, and of all.
    """

    seed: int
    past: int
    end: int
    mean: np.ndarray
    dispersion: np.ndarray
    daily: np.ndarray
    phase: np.ndarray
    weekend: np.ndarray
    kind: np.ndarray
    events: Events
    born: np.ndarray
    shifted: np.ndarray
    factor: np.ndarray

    @property
    def n(self) -> int:
        """How many series."""
        return len(self.mean)

    def truth(self, i: int) -> np.ndarray:
        """True mean ``(n,)`` of bin i without outages."""
        day = i / BINS
        angle = 2 * np.pi * (day - self.phase)
        shape = 1 - self.daily * (np.cos(angle) + 0.25 * np.cos(2 * angle))
        mean = self.mean * shape * np.where(day % 7 >= 5, self.weekend, 1.0)
        mean = mean * np.where(i >= self.shifted, self.factor, 1.0)
        hour = i % BINS / 12
        return np.where(self.holiday(i), mean * (1 - 0.5 * np.clip(min(hour / 4, (24 - hour) / 4), 0, 1)), mean)

    def holiday(self, i: int) -> np.ndarray:
        """Which have a day off ``(n,)``: one every ten days, and by four in the morning half is gone."""
        free = (i // BINS + np.arange(self.n)) % 10 == 0
        return free & (self.kind == "holiday")

    def bin(self, i: int) -> Bin:
        """Bin i, the same for a seed whenever it is asked for."""
        random = np.random.default_rng((self.seed, i))
        mean, event = self.truth(i), self._event(i)
        over = self._event(i, AFTER) >= 0
        lost = self._lost(i, event)
        x = _counts(random, mean * (1 - lost), self.dispersion)
        x = np.where((i < self.born) | self._gap(i, random), np.nan, x)
        quiet = ~over & (i >= self.past) & ~self._unsettled(i)
        day = i // BINS % 7
        kind = np.where(self.holiday(i), 2, int(day >= 5)).astype(np.int8)
        slot = np.full(self.n, i % (7 * BINS) * WIDTH, np.int64)
        return Bin(x, mean, event, quiet, Context(WIDTH, np.ones(self.n), slot, kind))

    def _event(self, i: int, after: int = 0) -> np.ndarray:
        """The event ``(n,)`` that bin i lies in, or within so many bins after; -1 for none."""
        number = (i - self.past) // SLOT
        found = np.full(self.n, -1)
        for k in {0, number} & set(range(self.events.begin.shape[1])):  # the first may last for weeks
            inside = (i >= self.events.begin[:, k]) & (i < self.events.end[:, k] + after)
            found = np.where(inside, k, found)
        return found

    def _lost(self, i: int, event: np.ndarray) -> np.ndarray:
        rows = np.arange(self.n)
        begin, depth, ramp = (a[rows, event] for a in (self.events.begin, self.events.depth, self.events.ramp))
        return np.where(event >= 0, depth * np.minimum((i - begin + 1) / ramp, 1.0), 0.0)

    def _gap(self, i: int, random: np.random.Generator) -> np.ndarray:
        """One bin in a hundred is missing, and some hours of every fourth day."""
        long = ((i // BINS + np.arange(self.n)) % 4 == 0) & (i % BINS < 24 + np.arange(self.n) % 96)
        return (self.kind == "gaps") & (long | (random.random(self.n) < 0.01))

    def _unsettled(self, i: int) -> np.ndarray:
        """After a fall for good, and the young once they are no longer young."""
        fall = (self.factor < 1) & (i >= self.shifted) & (i < self.shifted + RENEWED)
        return fall | ((self.kind == "young") & (i >= self.past + SLOT))


@dataclass(frozen=True)
class Mix:
    """What the series of a world are mixed from, each in equal parts."""

    kinds: tuple[str, ...] = KINDS
    means: tuple[int, ...] = MEANS
    dispersions: tuple[int, ...] = DISPERSIONS
    depths: tuple[float, ...] = DEPTHS


def world(seed: int, n: int, past: int, length: int, mix: Mix = Mix()) -> World:
    """A world of n series with so many days of past, and then so many that count.

    Examples
    --------
    >>> small = world(seed=1, n=64, past=2, length=7)
    >>> small.bin(700).x.shape, bool((small.bin(700).x == small.bin(700).x).any())
    ((64,), True)
    """
    random = np.random.default_rng(seed)
    order = random.permutation(n)
    first, end = past * BINS, (past + length) * BINS
    order, kind = order // len(mix.kinds), np.array(mix.kinds)[order % len(mix.kinds)]
    order, mean = order // len(mix.means), np.array(mix.means, float)[order % len(mix.means)]
    dispersion = np.array(mix.dispersions, float)[order % len(mix.dispersions)]
    phase = random.random(n)
    trough = np.floor(phase * BINS).astype(int)
    shifted = np.where(kind == "shift", first + random.integers(0, 3 * BINS, n), end)
    factor = np.where(kind == "shift", random.choice(SHIFTS, n), 1.0)
    # a series that falls at night falls on days off: one without a day has no weekend
    daily = np.where(kind == "holiday", random.uniform(0.3, 0.5, n), random.uniform(0.05, 0.5, n))
    weekend = 1 - daily * random.uniform(-0.1, 1.0, n)
    return World(
        seed, first, end, mean, dispersion, daily, phase, weekend, kind,
        _events(random, kind, trough, first, max(1, length * BINS // SLOT), mix.depths),
        np.where(kind == "young", first - BINS - trough % 72, 0), shifted, factor,
    )  # fmt: skip


def _events(
    random: np.random.Generator, kind: np.ndarray, trough: np.ndarray, first: int, slots: int, depths: tuple[float, ...]
) -> Events:
    shape = (len(kind), slots)
    slot = first + SLOT * np.arange(slots)
    night = random.random(shape) < 0.25
    in_night = (trough[:, None] - slot) % BINS
    begin = slot + np.where(night, in_night, random.integers(0, BINS, shape))
    duration = random.choice(DURATIONS, shape)
    depth = random.choice(depths, shape)
    ramp = np.where(random.random(shape) < 0.2, np.maximum(np.minimum(12, duration // 2), 1), 1)
    weeks = kind == "weeks"
    duration[weeks, 0], depth[weeks, 0] = random.choice(RETURNS, weeks.sum()), 0.95
    none = (kind == "shift")[:, None] | (random.random(len(kind)) < 0.3)[:, None] & ~weeks[:, None]
    none = none | ((weeks | (kind == "young"))[:, None] & (np.arange(slots) > 0))
    begin = np.where(none, 2**40, begin)
    return Events(begin, begin + duration, depth, ramp, night)


def _counts(random: np.random.Generator, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Poisson where the dispersion is 1, negative binomial beyond."""
    spare = np.maximum(dispersion - 1, 1e-3)
    rate = np.where(dispersion > 1, random.gamma(np.maximum(mean, 1e-9) / spare, spare), mean)
    return random.poisson(rate).astype(np.float64)
