"""What similar days lead to expect, with a noise model that knows counts.  What fusion uses by default."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from detectors.base import (
    DAY,
    NEVER,
    NORMAL,
    SETTLING,
    UNKNOWN,
    Context,
    Detector,
    Verdict,
)
from detectors.history import History
from detectors.noise import ASSUMED_BINS, assumed, learnt
from detectors.seasonal_judged import Judged, judge
from detectors.seasonal_state import SeasonalState, written
from detectors.similar import LAGS, noted, similar
from detectors.state import fresh
from detectors.together import noise_of_sums, pushed

DRIFT = 0.3
"""The level may differ from that of similar days by so much, as a logarithm [-]."""

OVER = 1e-4
"""What is left of an unlike day's level when it is over, as a logarithm [-]."""

UNLIKE_LEVEL = 1.0
"""The level of a day unlike all before may differ by so much, as a logarithm [-]."""


@dataclass(frozen=True)
class Seasonal(Detector[SeasonalState]):
    """Similar days give the shape, the last hours the level, and the residuals the noise.

    The past is kept in slots of half an hour (or a bin, where that is longer), so a step costs the same whatever
    the width, and the shape is read anew once a slot.  In the first day there is no shape: the expectation is the
    running level with a band so wide that only a fall by four fifths is provisional, and nothing is confirmed.

    The noise is that of `detectors.noise`.  Where even a fall to zero would not be clear of it (a dozen counts),
    nothing is said.

    Low bins deeper than ``depth`` do not enter the past, the level or the noise; shallow ones do, so that a loss of
    a few percent is told but becomes the level within a day.

    Parameters
    ----------
    grid
        Length of a slot [s].
    enter, leave
        Deviations below the expectation at which a low begins, and above which it is over [-].
    shallow
        Smallest loss that is told at all, as a share of the expectation [-].
    depth
        A smaller loss is at most provisional [-].
    persist
        Clear bins in a row that confirm [bins].
    overwhelming
        A loss that confirms at once, at one and a half times ``enter`` [-].
    above
        A value is HIGH beyond so many times the expectation [-].
    flat
        Smallest standard deviation as a share of the expectation [-].
    renew_low, renew_high
        A run so long of low, or high, bins is the level from then on [s].
    warmup
        Event time after an entity's first value before which nothing is said [s].
    settle
        Bins and event time after which the shape is trusted [bins], [s].
    memory
        Event time that the noise rests on [s].
    follow
        Time constant of the level's drift against similar days [s].
    adapt
        Time constant at which the level of a day unlike all before is followed [s].

    Examples
    --------
    Two flat days, then a fifth of it is gone:

    >>> from detectors.base import STATES, utc_context
    >>> t = np.arange(0, 2 * DAY + 600, 300)
    >>> x = np.where(t < 2 * DAY, 3000.0, 2400.0)[:, None]
    >>> _, verdict = Seasonal().run(x, t, utc_context(t, 1, 300))
    >>> [STATES[code] for code in verdict.state[-3:, 0]]
    ['normal', 'low provisional', 'low confirmed']

    References
    ----------
    Similar days: Cloudflare's traffic anomalies (REFERENCE.md B4).  Two thresholds: Chocolatine (B3).
    """

    name: ClassVar[str] = "seasonal"

    grid: int = 1800
    enter: float = 4.0
    leave: float = 2.0
    shallow: float = 0.01
    depth: float = 0.10
    persist: int = 2
    overwhelming: float = 0.3
    above: float = 2.0
    flat: float = 0.002
    renew_low: int = 7 * DAY
    renew_high: int = 2 * DAY
    warmup: int = 6 * 3600
    settle: tuple[int, int] = (12, SETTLING)
    memory: int = 3 * DAY
    follow: int = DAY // 2
    adapt: int = 2 * 3600

    def init(self, n: int) -> SeasonalState:
        """The state of n entities of which nothing has been seen."""
        return fresh(SeasonalState, n, last=NEVER, slot=NEVER, past=History(), calendar=History())

    def judge(self, state: SeasonalState, x: np.ndarray, t: int, context: Context) -> tuple[SeasonalState, Verdict]:
        """Judge one bin, see `detectors.base.Detector`."""
        with np.errstate(all="ignore"):
            state = self._turned(state, t, context)
            judged = judge(self, state, x, self._expected(state, t, context.width), (t, context.width))
            return self._learnt(state, judged, t, context.width), self._verdict(state, judged, t)

    def _turned(self, state: SeasonalState, t: int, context: Context) -> SeasonalState:
        """The state in the slot of t: the slot before written down, the shape read anew."""
        grid = max(self.grid, context.width)
        slot, oldest = t // grid * grid, t - (max(LAGS) + 7) * DAY
        if slot == state.slot:
            met = state.calendar.known < len(state.first)
            return replace(state, calendar=noted(state.calendar, t, context)) if met else state
        calendar = noted(state.calendar, t, context).forget(oldest)
        # what was read ahead was read for the day that was: a weekend's first slot is no workday's
        next_one = slot == state.slot + grid and calendar.end == state.calendar.end
        state, renewed = self._renewed(replace(written(state), calendar=calendar), t)
        state = replace(state, slot=slot, past=state.past.forget(oldest))

        def read(at: int) -> tuple[np.ndarray, np.ndarray]:
            return similar(state.past, calendar, state.view, at, grid)

        if context.width >= self.grid:
            shape, days = read(slot)
            return replace(state, shape=shape, days=days)
        after, days = read(slot + grid)
        if next_one and not renewed:
            return replace(state, before=state.shape, shape=state.after, after=after, days=days)
        return replace(state, before=read(slot - grid)[0], shape=read(slot)[0], after=after, days=days)

    def _renewed(self, state: SeasonalState, t: int) -> tuple[SeasonalState, bool]:
        """Runs that have lasted are the level now: their raw values are the past, and nothing before."""
        low = (state.low != NEVER) & (t - state.low >= self.renew_low)
        shifted = low | ((state.high != NEVER) & (t - state.high >= self.renew_high))
        if not shifted.any():
            return state, False
        start = np.where(low, state.low, state.high)
        return replace(
            state,
            since=np.where(shifted, start, state.since),
            until=np.where(shifted, t, state.until),
            first=np.where(shifted, start, state.first),
            drift=np.where(shifted, 0.0, state.drift),
            code=np.where(shifted, NORMAL, state.code).astype(np.int8),
            streak=np.where(shifted, 0, state.streak),
            low=np.where(shifted, NEVER, state.low),
            high=np.where(shifted, NEVER, state.high),
        ), True

    def _expected(self, state: SeasonalState, t: int, width: int) -> np.ndarray:
        """Shape at the middle of the bin, between the middles of the slots, at the present level."""
        shape = state.shape
        if width < self.grid:
            place = (t - state.slot + width / 2) / self.grid - 0.5
            near = state.after if place > 0 else state.before
            mixed = shape + abs(place) * (near - shape)
            # what goes down to less than half at the same minute every day is switched, and does not slope
            shape = np.where(np.isnan(mixed) | (near > 2 * shape), shape, mixed)
        return shape * np.exp(state.drift + state.mood)

    def _verdict(self, state: SeasonalState, judged: Judged, t: int) -> Verdict:
        band = self.enter * judged.deviation
        old = t - state.first >= self.warmup
        says = old & ~np.isnan(judged.x) & (judged.expected >= band)
        expected = np.where(old, judged.expected, np.nan)
        return Verdict(
            expected,
            np.maximum(expected - band, 0.0),
            expected + band,
            np.where(says, judged.score, np.nan),
            np.where(says, judged.code, np.int8(UNKNOWN)),
            judged.settled,
        )

    def _learnt(self, state: SeasonalState, judged: Judged, t: int, width: int) -> SeasonalState:
        x, seen = judged.x, ~np.isnan(judged.x)
        odd = judged.deep | judged.high
        usual = seen & ~odd
        # what a day unlike all before misses by is the expectation's doubt, not the series' noise
        alike = usual & (~judged.settled | (state.days > 0))
        noise, weight, whole = self._noise(state, judged, alike, width)
        age = np.maximum(t - state.first - self.settle[1], width)
        noises = noise_of_sums(
            state.noises, judged.sums, judged.deviations,
            np.where(alike & judged.settled, width / np.minimum(age, self.memory), 0.0),
        )  # fmt: skip
        # bins of a low that is over are no evidence of the next one
        over = (state.code != NORMAL) & (judged.code == NORMAL)
        recent = pushed(state.recent, x - judged.expected, judged.expected, seen & judged.settled, over & seen)
        share = np.where(usual, width / np.minimum((state.seen + 1) * width, DAY), 0.0)
        level = np.where(np.isnan(state.level), x, state.level)
        away = np.where(usual, x - level, 0.0)
        told = state.first <= t - self.warmup
        return replace(
            state,
            last=t,
            first=np.where((state.first == NEVER) & seen, t, state.first),
            seen=state.seen + seen,
            total=state.total + np.where(seen, np.where(odd, judged.expected, x), 0.0),
            raw=state.raw + np.where(seen, x, 0.0),
            count=state.count + seen,
            drift=self._drift(state, judged, usual, width),
            mood=self._mood(state, judged, usual, width),
            level=level + share * away,
            swing=state.swing + share * (np.abs(away) - state.swing),
            previous=np.where(seen, x, state.previous),
            noise=noise,
            weight=weight,
            noises=noises,
            residual=recent.residual,
            mean=recent.mean,
            whole=whole,
            code=np.where(seen, np.where(told, judged.code, np.int8(NORMAL)), state.code),
            streak=np.where(seen, np.where(judged.clear, state.streak + 1, 0), state.streak),
            low=_run(state.low, judged.deep, seen & ~judged.low, t),
            high=_run(state.high, judged.high, seen & ~judged.high, t),
        )

    def _drift(self, state: SeasonalState, judged: Judged, usual: np.ndarray, width: int) -> np.ndarray:
        """Log of the level over that of similar days: follows the usual bins, slowly, and not far."""
        away = np.minimum(np.maximum(judged.x / judged.expected - 1, -self.depth), self.depth)
        moved = state.drift - np.expm1(-width / self.follow) * away
        moved = np.minimum(np.maximum(moved, -DRIFT), DRIFT)
        return np.where(usual & judged.settled & (judged.expected > 0) & (state.days > 0), moved, state.drift)

    def _mood(self, state: SeasonalState, judged: Judged, usual: np.ndarray, width: int) -> np.ndarray:
        """Log of the level of an unlike day: follows its usual bins within hours, and is gone as soon after it.

        What is told low is followed as slowly as the level: a slow return is no unlike day.
        """
        unlike = judged.settled & (state.days == 0) & (judged.expected > 0)
        if not (unlike.any() or state.mood.any()):
            return state.mood
        away = np.clip(judged.x / judged.expected - 1, -DRIFT, DRIFT)
        step = -np.expm1(-1 / max(self.adapt / width, self.settle[0]))
        slow = np.where(judged.low, -np.expm1(-width / self.follow), step)
        moved = np.where(usual, state.mood + slow * away, state.mood)
        gone = np.where(np.abs(state.mood) > OVER, (1 - step) * state.mood, 0.0)
        return np.where(unlike, np.clip(moved, -UNLIKE_LEVEL, UNLIKE_LEVEL), gone)

    def _noise(
        self, state: SeasonalState, judged: Judged, usual: np.ndarray, width: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Noise, its weight, and what is a count: from residuals, or from bin to bin while there is no shape."""
        x, settled = judged.x, judged.settled
        whole = state.whole & (np.isnan(x) | (x == np.rint(x)))
        mean = np.where(settled, judged.expected, (x + state.previous) / 2)
        residual = np.where(settled, x - judged.expected, (x - state.previous) / np.sqrt(2))
        residual = np.where(usual, residual, np.nan)
        mean = np.where(whole, np.maximum(mean, 1.0), mean)
        memory = max(self.memory, self.settle[0] * width)
        noise, weight = learnt(state.noise, state.weight, residual, mean, judged.deviation, (width, memory))
        begins = usual & (state.weight == 0)
        return np.where(begins, assumed(x, whole), noise), np.where(begins, ASSUMED_BINS * width, weight), whole


def _run(start: np.ndarray, inside: np.ndarray, over: np.ndarray, t: int) -> np.ndarray:
    """Start of the present run ``(n,)`` [s]: begins where inside, goes on through missing bins, ends where over."""
    begun = np.where(inside & (start == NEVER), t, start)
    return np.where(over, NEVER, begun)
