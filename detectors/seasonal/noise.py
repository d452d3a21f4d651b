"""How much bins that `detectors.seasonal.seasonal` judges stray, alone and added up, learnt from one bin to the next.

A residual counts into the noise as no more than a few of the deviations that the noise makes: what a bin may add is
known only from those before it.  All that does not hang on the noise is found for all bins at once.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.base import NEVER
from detectors.noise import ASSUMED_BINS, SWING, TINY, assumed, clipped, doubt
from detectors.seasonal.course import Given, Levels, running
from detectors.seasonal.state import SeasonalState
from detectors.seasonal.together import SPANS, Sums

if TYPE_CHECKING:
    from detectors.seasonal.seasonal import Seasonal

WIDE = 0.22
"""Deviation of a series without a shape, as a share of its level: a night may fall to an eighth of it [-]."""

LEAST = 0.01
"""An expectation is off by no more than a hundred times [-]."""

HALF = 0.5
"""A value below so much of what is expected is a loss that is no mood of a day [0-1]."""

SUDDEN = 3600
"""What falls below half within so long [s] does so by no time of the day."""

EMPTY = 0.0
"""Where there is no more, and no more is expected, nothing is learnt of the noise [unit of x]: a feed may write zeros
before it counts."""

GONE, COUNTABLE = 0.1, 64
"""What has less than so much of its expectation has lost all but a little [0-1], where that is so many counts [-]."""

MOST, RISES = 0.75, 1.5
"""And is back with so much of what there was before, or where it rises at once to so many times what was left [-]."""

STEP, SLOPE = 0.1, 0.6
"""And so is no time of the day what loses, from one bin to the next, more than a share [-] and what an evening takes of
it in that time [1/h]."""


class Noises(NamedTuple):
    """The ``noise`` after the last bin, of it alone and of the sums that it ends, ``(1 + len(SPANS), n)``; the
    ``deviation`` of each, ``(t, 1 + len(SPANS), n)`` [unit of x]; the bins [s] that it rests on, ``weight (n,)``; and
    what each bin has ``fallen (t, 2, n)`` from and when that is over, see `Falls`."""

    noise: np.ndarray
    deviation: np.ndarray
    weight: np.ndarray
    fallen: np.ndarray


def noises(
    rule: "Seasonal", state: SeasonalState, bins: Given, level: Levels, sums: Sums, usual: np.ndarray, over: np.ndarray
) -> Noises:
    """Noise from residuals, or from bin to bin while there is no shape, and the deviations that follow from it.

    ``usual (t, n)``: the bins that it learns from; ``over (t, n)``: those by which a low is over.
    """
    x, settled, expected, previous = bins.x, bins.settled, level.expected, bins.previous[:-1]
    whole, width = bins.whole[1:], bins.width
    # what a day unlike all before misses by is the expectation's doubt, not the series' noise
    alike = usual & (~settled | (state.days > 0))
    alone = np.where(settled, level.free, (x + previous) / 2)
    residual = _with(np.where(settled, x - level.free, (x - previous) / np.sqrt(2)), sums.residual)
    alike &= (x > EMPTY) | (alone > EMPTY)
    mean = _with(np.where(whole, np.maximum(alone, 1.0), alone), sums.mean)
    age = np.maximum(bins.t - bins.first[:-1] - rule.settle[1], width)
    # what sums add up to at the end of a low, with the first bin that is back, is no noise
    share = np.where(alike & settled & ~over, width / np.minimum(age, rule.memory), 0.0)
    counts = _with(alike, (share > 0)[:, None]) & np.isfinite(residual) & (mean > 0)
    fresh = alike & (state.weight == 0)
    if is_fresh := fresh.any():
        fresh &= running(np.add, np.zeros(x.shape[1], np.int64), alike)[1:] == 1
        first = assumed(x, whole)

    falls = Falls(rule, state, bins, expected)
    spread = Spread(rule, state, bins, level, sums, falls.are)
    most, size = max(rule.memory, rule.settle[0] * width), np.abs(residual)
    noise, weight = np.concatenate([state.noise[None], state.noises.T]), state.weight.copy()
    more, deviation = np.zeros(x.shape[1], np.int64), np.empty_like(residual)
    gains = is_fresh or (weight != most).any()  # who rests on as much as it may rests on no more
    for i, its in enumerate(deviation):
        spread.over(i, noise, falls.at(i, noise[0]), out=its)
        speaks = settled[i] & (expected[i] >= rule.enter * its[0])
        away = clipped(residual[i], size[i], spread.own(i, noise, its), counts[i] & speaks)
        ratio = away * away / mean[i]
        if (mute := settled[i] & ~speaks).any():  # a loss of all but a little is no noise, even where it is not told
            all_gone = (
                mute & (x[i] < GONE * expected[i]) & (expected[i] >= np.maximum(COUNTABLE, rule.enter / 2 * its[0]))
            )
            ratio = np.where(all_gone, np.nan, ratio)
        count = counts[i] & np.isfinite(ratio)  # what is clipped to NaN does not
        if gains:
            more = more + (np.where(fresh[i], ASSUMED_BINS, count[0]) if is_fresh else count[0])
            weight = np.minimum(state.weight + more * width, most)
        step = ratio - noise
        step[0] *= width / weight
        step[1:] *= share[i]
        if is_fresh:
            step[0], count[0] = np.where(fresh[i], first[i] - noise[0], step[0]), count[0] | fresh[i]
        noise = np.where(count, noise + step, noise)
    return Noises(noise, deviation, weight, falls.rows)


class Falls:
    """The value before the sudden fall of a first day, that has no shape yet, or of one unlike all before, and the one
    with which it is over: ``rows (t, 2, n)``, in the bins that are out since then, told as low or not; NaN in others.

    That is no night of a place, though it may be one of a network.  It begins below half of the level, and of the most
    of the bins before, up to an hour of a first day, and lasts until most of that is back, or half as much again as
    there was comes back at once.  Where a first day has no ups and downs it begins with a `STEP`, too, and lasts until
    half of that is back.  Where bins are missing it has had all that time to fall: what was seen last more than an
    hour ago is no value before a sudden fall.
    """

    def __init__(self, rule: "Seasonal", state: SeasonalState, bins: Given, expected: np.ndarray) -> None:
        self.rule, self.bins, self.expected = rule, bins, expected
        self.last, self.until = state.fallen.T
        self.rows = np.full((len(bins.x), 2, bins.x.shape[1]), np.nan)
        open_ = ~bins.switched & (~bins.settled | (state.days == 0))
        self.are = bins.width <= SUDDEN and bool(open_.any())
        self.open = open_ & (bins.first[:-1] <= bins.t - rule.warmup)
        self.early = open_ & ~bins.settled
        self.crest = np.fmax(*state.crest.T)
        if self.are:
            heard = np.concatenate([state.heard[None], np.where(bins.seen, bins.t, NEVER)])
            self.ago = bins.t - np.maximum.accumulate(heard)[:-1]
            self.step = STEP + SLOPE * self.ago / 3600

    def at(self, i: int, noise: np.ndarray) -> np.ndarray | None:
        """What the i-th bin ``(n,)`` has fallen from, where a series has this ``noise (n,)``; None: nothing can."""
        if not self.are:
            return None
        x, last, expected = self.bins.x[i], self.bins.previous[i], self.expected[i]
        lately = np.where(self.ago[i] <= SUDDEN, last, np.nan)
        crest = np.where(self.early[i], np.fmax(self.crest, lately), lately)
        self.crest = np.fmax(self.crest, x)
        clear = expected - x >= 2 * self.rule.enter * np.sqrt(noise * expected)
        low = (x < expected / 2) & clear
        was = ~np.isnan(self.last)
        before = np.where(was, self.last, crest)
        back = (x >= np.where(was, self.until, 0)) | ((x >= RISES * last) & (x >= before / 4))
        falls, until = low & (x < before / 2) & (before >= expected / 2), MOST * before
        if self.early[i].any():
            left = 1 - self.step[i]
            steps = ~falls & ~was & clear & self.early[i] & (x < left * np.fmin(last, expected))
            before, until = np.where(steps, last, before), np.where(steps, (1 + left) / 2 * last, until)
            falls |= steps
        out = self.open[i] & np.where(was, ~back, falls)
        self.until = np.where(out, np.where(was, self.until, until), np.nan)
        self.last = np.where(out, before, np.nan)
        self.rows[i] = self.last, self.until
        return self.last


class Spread:
    """The deviation of bins and of their sums, as far as it does not hang on the noise."""

    def __init__(
        self, rule: "Seasonal", state: SeasonalState, bins: Given, level: Levels, sums: Sums, may_fall: bool
    ) -> None:
        expected, self.settled, self.flat = level.expected, bins.settled, rule.flat
        swing = np.where(level.level[:-1] > 0, level.swing[:-1] / level.level[:-1], 0.0)
        ratio, is_place = bins.x / expected, ~bins.switched
        self.few = bins.settled & (bins.t - bins.first[:-1] < 2 * rule.settle[1])
        self.is_few = self.few.any()
        self.times, self.mean = 1 + 1 / np.maximum(state.days, 1), _with(expected, sums.mean)
        self.least = np.maximum((rule.flat * expected) ** 2, bins.whole[:-1])
        self.widest = np.where(bins.settled, 0.0, WIDE * expected)
        self.doubt = self._variance(unsure(doubt(state.days, swing), ratio, is_place))
        self.fallen = self._variance(unsure(SWING * swing, ratio, is_place)) if may_fall else self.doubt

    def _variance(self, unsure: np.ndarray) -> np.ndarray:
        """That of expectations ``(t, 1 + len(SPANS), n)`` that are off by so much of themselves in every bin of a sum:
        it does not average out."""
        return (_with(unsure, np.maximum(unsure, self.flat)[:, None]) * self.mean) ** 2

    def over(self, i: int, noise: np.ndarray, fallen: np.ndarray | None, out: np.ndarray) -> None:
        """The deviation ``(1 + len(SPANS), n)`` of the i-th bin, of this ``noise`` (1 for Poisson counts), and of the
        sums that it ends, whose noise is not below its own."""
        doubt, mean = self.doubt[i], self.mean[i]
        if fallen is not None:
            doubt = np.where(~np.isnan(fallen) & self.settled[i], self.fallen[i], doubt)
        alone = np.sqrt(np.maximum(noise[0] * mean[0] * self.times + doubt[0], self.least[i])) + TINY
        np.maximum(alone, self.widest[i], out=out[0])
        np.sqrt(np.maximum(noise[1:], noise[0]) * mean[1:] + doubt[1:], out=out[1:])

    def own(self, i: int, noise: np.ndarray, all_: np.ndarray) -> np.ndarray:
        """The deviations of the i-th bin less what its expectation is off by, as long as that is the first day alone:
        what was a surge of it is no noise; later they are ``all_`` of it, ``(1 + len(SPANS), n)``."""
        if not self.is_few:
            return all_
        own = np.sqrt(np.maximum(np.maximum(noise, noise[0]) * self.mean[i], self.least[i])) + TINY
        return np.where(self.few[i], np.minimum(own, all_), all_)


def unsure(share: np.ndarray, ratio: np.ndarray, is_place: np.ndarray) -> np.ndarray:
    """Deviation of the expectation itself, as a share of it ``(t, n)``, for a value of this ``ratio (t, n)`` to it.

    An expectation of a place (``is_place (1, n)``) is off by a factor: below half of it the deviation is that of
    logarithms, for to leave a twentieth it must be off by twenty.  A network may leave that on any feast.
    """
    deep = (ratio < HALF) & is_place
    if not deep.any():
        return share
    left = np.clip(ratio, LEAST, HALF)
    return np.where(deep, share * ((1 - left) / np.log(1 / left)) / ((1 - HALF) / np.log(1 / HALF)), share)


def _with(alone: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Bins ``(t, n)``, and their sums ``(t, len(SPANS), n)``, or what holds for all of these ``(t, 1, n)``, together
    ``(t, 1 + len(SPANS), n)``."""
    both = np.empty((len(alone), 1 + len(SPANS), alone.shape[1]), alone.dtype)
    both[:, 0], both[:, 1:] = alone, sums
    return both
