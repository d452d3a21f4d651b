"""What similar days lead to expect, with a noise model that knows counts.  What fusion uses by default."""

from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np

from detectors.base import DAY, NEVER, SETTLING, UNKNOWN, Context, Detector, Swept, Verdict, joined
from detectors.history import History
from detectors.seasonal.course import Given, given, may_be_switched, running
from detectors.seasonal.hearing import hearing
from detectors.seasonal.judged import Judged, settled
from detectors.seasonal.renewed import renewed, returned
from detectors.seasonal.similar import HIGHER, LAGS, Ways, similar
from detectors.seasonal.similar_calendar import changed, noted
from detectors.seasonal.state import SeasonalState, heard_in, written
from detectors.state import fresh, unheard


@dataclass(frozen=True)
class Seasonal(Detector[SeasonalState]):
    """Similar days give the shape, the last hours the level, and the residuals the noise.

    The past is kept in slots of half an hour (about a bin, where that is longer: `slot_of`), so a step costs the same
    whatever the width, and the shape is read anew once a slot.  In the first day there is no shape: the expectation is
    the running level with a band so wide that only a fall by four fifths is provisional, and nothing is confirmed.
    What falls within an hour to less than half is no shape of the next day; but networks may be switched off by night.

    So it is of a first day unlike all before, a first weekend.  And what rises at once to more than twice of all that a
    place had on its first day has begun in an outage: it begins anew.  A surge of hours in a first day is
    no shape of the next ones (`detectors.seasonal.first_day`), and a weekday that is quiet as a whole is its own way
    (`detectors.seasonal.similar_quiet`).

    What a first day has at once more than twice of all before is not believed for a quarter of an hour, and a day that
    had more than twice what all others had counts as these until one has as much (`detectors.seasonal.course.believed`,
    `detectors.seasonal.similar`): one value gone wrong is no level, no noise and no day.

    The score of a bin that is confirmed low is that of up to six bins in a row together, where it is lower and four
    similar days are known, or one and three quarters are lost: half of a hundred counts is five deviations in each
    bin, and twelve in all of them.  Beyond
    a slot only a loss of half adds up so, and for half a day: a smaller one may be the mood of the day.

    The noise is that of `detectors.noise`.  Where even a fall to zero would not be clear of it (two dozen counts),
    nothing is said, but by up to six bins in a row that together have lost three quarters and are clear of it; a
    confirmed low goes on through such hours, as a night, until one bin in them has nearly all again, and says so.

    Low bins deeper than ``depth`` do not enter the past, the level or the noise; shallow ones do, so that a loss of
    a few percent is told but becomes the level within a day.

    Parameters
    ----------
    grid
        Least length of a slot, a divisor of a day [s].
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
    renew_low, renew_high, renew_back
        A run so long of low, or high, bins is the level from then on; of high ones that rise from nothing, or from a
        level that was lost, ``renew_back`` [s].
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
    swept: ClassVar[Swept] = ("enter", (2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0))

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
    renew_high: int = 7 * DAY
    renew_back: int = 2 * DAY
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
        state, verdict = self.judge_many(state, x[None], np.array([t]), context)
        return state, Verdict(*(a[0] for a in verdict))

    def judge_many(
        self, state: SeasonalState, x: np.ndarray, t: np.ndarray, context: Context
    ) -> tuple[SeasonalState, Verdict]:
        """Judge bins, those of a slot at once, see `detectors.base.Detector`."""
        told = []
        slots = np.flatnonzero(np.diff(t // slot_of(max(self.grid, context.width)), prepend=NEVER)).tolist()
        with np.errstate(all="ignore"):
            for start, end in zip(slots, [*slots[1:], len(t)], strict=True):
                state = self._turned(state, int(t[start]), context.row(start))
                state, verdict = self._judged(state, x[start:end], t[start:end], context)
                told.append(verdict)
        return state, joined(told, x.shape[1])

    def _judged(
        self, state: SeasonalState, x: np.ndarray, t: np.ndarray, context: Context
    ) -> tuple[SeasonalState, Verdict]:
        """Judge bins of the slot that the state is in."""
        shapes = state.before, state.shape, state.after
        shape = risen = self._shape(state, t, context.width, *shapes)
        if (state.risen != 1).any():
            free = (own * held for own, held in zip(shapes, state.risen.T, strict=True))
            risen = self._shape(state, t, context.width, *free)
        bins = given(self, state, x, t, context, shape, risen)
        judged = settled(self, state, bins)
        return self._learnt(state, bins, judged), self._verdict(bins, judged)

    def _turned(self, state: SeasonalState, t: int, context: Context) -> SeasonalState:
        """The state in the slot of t: the slot before written down, the shape read anew."""
        grid = slot_of(max(self.grid, context.width))
        slot, oldest = t // grid * grid, t - (max(LAGS) + 7) * DAY
        if slot == state.slot:
            met = state.calendar.known < len(state.first)
            return replace(state, calendar=noted(state.calendar, t, context, within=True)) if met else state
        state = unheard(state, state.heard, slot, grid)
        calendar = noted(state.calendar, t, context).forget(oldest)
        # what was read ahead was read for the day that was: a weekend's first slot is no workday's
        anew = changed(state.calendar, calendar, t, len(state.first)) | (slot != state.slot + grid)
        past, switched = written(state), may_be_switched(context, len(state.first))
        state = returned(self, state, past, t, context.width, grid, switched)
        state = hearing(self, state, past, t, context.width, grid, switched)
        state, is_renewed = renewed(self, state, past, calendar, t, grid, switched)
        lost = np.where(t - state.until > max(LAGS) * DAY, 0.0, state.lost)  # what was before is past remembering
        out = (state.low != NEVER) & (t - state.low > DAY)
        past, view, zero = past.forget(oldest), state.view, np.zeros_like(state.total)
        ways = Ways(state.first, state.stretch, switched, state.level, state.swing, out)

        def read(at: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
            return similar(past, calendar, view, at, grid, lost == 0, ways)

        crest = np.full_like(state.crest, np.nan)
        if slot == state.slot + grid:
            crest[:, 0] = state.crest[:, 1]
        before, shape, after, days, now = state.shape, state.after, state.after, state.coming, state.most
        risen = [*state.risen.T[1:], state.risen[:, 2]]
        if context.width >= self.grid:
            before, (shape, days, now, risen[1]), coming, most = state.before, read(slot), state.coming, state.most
        else:
            after, coming, most, risen[2] = read(slot + grid)
            if (anew := anew | is_renewed).any():  # and only theirs: what others do is nothing to an entity
                (old, _, _, held), of_now = read(slot - grid), read(slot)
                ahead, late = (before, shape, days, now, *risen[:2]), (old, *of_now[:3], held, of_now[3])
                before, shape, days, now, *risen[:2] = (np.where(anew, *both) for both in zip(late, ahead, strict=True))
        return replace(
            state, slot=slot, past=past, calendar=calendar, total=zero, raw=zero, count=np.zeros_like(state.count),
            before=before, shape=shape, after=after, days=days, coming=coming, most=most, highest=now,
            lost=lost, crest=crest, risen=np.stack(risen, axis=1),
        )  # fmt: skip

    def _shape(
        self, state: SeasonalState, t: np.ndarray, width: int, before: np.ndarray, shape: np.ndarray, after: np.ndarray
    ) -> np.ndarray:  # fmt: skip
        """Shape ``(t, n)`` at the middle of the bins, between the middles of the slots, of which these are."""
        if width >= self.grid:
            return np.broadcast_to(shape, (len(t), len(shape)))
        place = (t[:, None] - state.slot + width / 2) / self.grid - 0.5
        near = np.where(place > 0, after, before)
        mixed = shape + np.abs(place) * (near - shape)
        # what goes down to less than half at the same minute every day is switched, and does not slope
        return np.where(np.isnan(mixed) | (near > 2 * shape), shape, mixed)

    def _verdict(self, bins: Given, judged: Judged) -> Verdict:
        band, expected = self.enter * judged.deviation, judged.levels.expected
        old = bins.t - bins.first[:-1] >= self.warmup
        says = old & bins.seen & judged.said
        expected = np.where(old, expected, np.nan)
        return Verdict(
            expected,
            np.maximum(expected - band, 0.0),
            expected + band,
            np.where(says, judged.score, np.nan),
            np.where(says, judged.told, np.int8(UNKNOWN)),
            bins.settled,
        )

    def _learnt(self, state: SeasonalState, bins: Given, judged: Judged) -> SeasonalState:
        """The state after bins of one slot."""
        x, seen, course = bins.x, bins.seen, judged.course
        levels, (heard, stretch) = judged.levels, heard_in(state, seen, bins.t)
        # what is as high as the past was expected to be is no surge: it was not the day's own way to be low
        back = judged.high & (x <= HIGHER * state.highest)
        inpainted = np.where(course.odd & ~back, np.fmin(levels.expected, judged.noises.fallen[:, 0]), x)
        return replace(
            state,
            last=int(bins.t[-1, 0]),
            first=bins.first[-1],
            heard=heard,
            stretch=stretch,
            seen=bins.number[-1],
            total=_added(state.total, np.where(seen, inpainted, 0.0)),
            raw=_added(state.raw, np.where(seen, x, 0.0)),
            count=state.count + (bins.number[-1] - state.seen),
            drift=levels.drift,
            mood=levels.mood,
            level=levels.level[-1],
            swing=levels.swing[-1],
            previous=bins.previous[-1],
            top=np.ascontiguousarray(bins.top.T),
            crest=np.stack([state.crest[:, 0], np.fmax(state.crest[:, 1], np.fmax.reduce(x))], axis=1),
            fallen=np.ascontiguousarray(judged.noises.fallen[-1].T),
            noise=judged.noises.noise[0],
            weight=judged.noises.weight,
            noises=np.ascontiguousarray(judged.noises.noise[1:].T),
            residual=np.ascontiguousarray(judged.residual.T),
            mean=np.ascontiguousarray(judged.mean.T),
            whole=bins.whole[-1],
            code=course.code[-1],
            streak=judged.streak,
            low=_run(state.low, judged.deep, seen & ~(course.low | judged.deep), bins.t),
            high=_run(state.high, judged.high, seen & ~judged.high, bins.t),
        )


@cache
def slot_of(least: int) -> int:
    """The length of a slot that is no shorter than ``least`` [s]: a part of a day, or else none would be at the same
    time of two days; more than a day stays what it is.

    Examples
    --------
    >>> slot_of(3600), slot_of(2500), slot_of(9 * 3600), slot_of(7 * DAY) // DAY
    (3600, 2700, 43200, 7)
    """
    return next((part for part in range(least, DAY + 1) if DAY % part == 0), least)


def _added(total: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The total ``(n,)`` and values ``(t, n)``, one after the other: the sum of bins that come one by one."""
    return running(np.add, total, values)[-1]


def _run(start: np.ndarray, inside: np.ndarray, over: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Start of the present run ``(n,)`` [s]: begins where inside, goes on through missing bins, ends where over."""
    if not (inside.any() or (start != NEVER).any()):
        return start
    for i, time in enumerate(t):
        begun = np.where(inside[i] & (start == NEVER), time, start)
        start = np.where(over[i], NEVER, begun)
    return start
