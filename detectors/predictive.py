"""Ours: the predictive distribution of each series, and the likelihood of each bin under what may be the matter.

    expected   `detectors.expectation`: competing forecasts, mixed by their errors
    noise      s_t = 1.25 mean|y - y(1)| g(h), its memory phi = sum u_t u_t-1 / sum u_t^2, both over fine bins of a week
    levels     `detectors.levels`: P(fine, out, off, quiet, moved) of the series alone, and the likelihoods that fusion
               takes for all signals of a place together

A slot (`detectors.expectation`) is learnt some hours late, by the probability that it was fine, as it is known by then
(`detectors.waiting`): what is low enters neither level nor noise.  The bins of a slot are judged at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np

from detectors import levels
from detectors.base import (
    DAY,
    HIGH,
    LOW_CONFIRMED,
    LOW_PROVISIONAL,
    NEVER,
    NORMAL,
    UNKNOWN,
    Context,
    Detector,
    Verdict,
    bounded,
)
from detectors.expectation import FORECASTS, PAST, forecasts, interpolated, mixed, slot_width
from detectors.history import History
from detectors.levels import FINE, LEVELS, MOVED, OFF, OUT, QUIET, densities, filtered, priors, student
from detectors.model import YEAR, Model
from detectors.state import forgotten, fresh, per_entity, unheard
from detectors.waiting import Waiting

HOURS = 8  # parts of a day of which each has noise of its own [-]
MEAN_TO_DEVIATION = np.sqrt(np.pi / 2)  # of a normal distribution
SMALL, LEAST_SHARE = 1e-6, 0.3  # a value of 0 is learnt as this, or as this share of what is expected
CLIP = 2.5  # an error counts as at most so many mean errors: a third of the bins may be an outage [-]
LOG_BELL = -np.log(2 * np.pi) / 2
BAND, HIGH_FROM = 3.0, 5.0  # half width of the band that is shown, and where a value is called high [deviations]

CommonMode = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Ratios and noise ``(t, n)``, which are low ``(n,)``, and starts ``(t,)`` -> share at which all series are ``(t,)``,
NaN where nothing can be said of any."""


class Judged(NamedTuple):
    """Verdicts ``(t, n)``; ``likelihood (t, n, 5) float32`` and ``left (t, n) float32`` of `levels`, NaN where nothing
    is said; ``ratio (t, n)`` of what is expected; ``common (t,)`` share at which all series are by their feed."""

    verdict: Verdict
    likelihood: np.ndarray
    left: np.ndarray
    ratio: np.ndarray
    common: np.ndarray

    def of(self, columns: np.ndarray) -> "Judged":
        """The same of these series."""
        verdict = Verdict(*(column[:, columns] for column in self.verdict))
        own = {name: getattr(self, name)[:, columns] for name in ("likelihood", "left", "ratio")}
        return self._replace(verdict=verdict, **own)


@dataclass(frozen=True)
class State:
    """What is known of n series; sums ending in ``_now`` are of the slot that is being filled."""

    past: History
    waiting: Waiting
    last: int
    slot: int
    forecast: np.ndarray = field(metadata=per_entity(np.nan, columns=3 * FORECASTS))  # of the slot before, this, next
    error: np.ndarray = field(metadata=per_entity(np.nan, columns=FORECASTS))  # mean absolute, of the logarithm
    error_weight: np.ndarray = field(metadata=per_entity(np.nan, columns=FORECASTS))
    noise: np.ndarray = field(metadata=per_entity(np.nan))  # mean absolute residual of y
    noise_weight: np.ndarray = field(metadata=per_entity(np.nan))
    hours: np.ndarray = field(metadata=per_entity(1.0, columns=HOURS))  # noise of each part of the day, relative
    cross: np.ndarray = field(metadata=per_entity(np.nan))
    square: np.ndarray = field(metadata=per_entity(np.nan))
    bell: np.ndarray = field(metadata=per_entity(0.0))  # how much better normal noise tells the series [log odds]
    since: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # nothing before counts [s]
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # first bin that was observed [s]
    low_since: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # what is not learnt began then [s]
    low: np.ndarray = field(metadata=per_entity(False, np.bool_))  # at the end of the last slot
    others: np.ndarray = field(metadata=per_entity(0.0, columns=levels.STATES - 1))  # P(out, off, quiet, moved)
    level: np.ndarray = field(metadata=per_entity(np.nan, np.float32, columns=4 * len(LEVELS)))
    deepest: np.ndarray = field(metadata=per_entity(0.0))  # fall of a quiet day, as a negative logarithm
    fallen: np.ndarray = field(metadata=per_entity(0.0))  # the same of the day that goes on
    days: np.ndarray = field(metadata=per_entity(0.0))  # known so far
    before: np.ndarray = field(metadata=per_entity(np.nan))  # y of the last bin that was observed
    before_at: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # its start [s]
    value: np.ndarray = field(metadata=per_entity(np.nan))  # the last value that was likelier fine than not
    quantum: np.ndarray = field(metadata=per_entity(np.inf))  # finest step between two values
    quantum_now: np.ndarray = field(metadata=per_entity(np.inf))
    sum_now: np.ndarray = field(metadata=per_entity(0.0))  # of values
    expected_now: np.ndarray = field(metadata=per_entity(0.0))  # logarithms of what was expected of these bins
    bins_now: np.ndarray = field(metadata=per_entity(0.0))
    error_now: np.ndarray = field(metadata=per_entity(0.0, columns=FORECASTS))
    weight_now: np.ndarray = field(metadata=per_entity(0.0, columns=FORECASTS))
    noise_now: np.ndarray = field(metadata=per_entity(0.0))
    taken_now: np.ndarray = field(metadata=per_entity(0.0))  # bins with a residual
    cross_now: np.ndarray = field(metadata=per_entity(0.0))
    square_now: np.ndarray = field(metadata=per_entity(0.0))
    bell_now: np.ndarray = field(metadata=per_entity(0.0))


@dataclass(frozen=True, kw_only=True)
class Predictive(Detector[State]):
    """The predictive part of the decision model, for one kind of signal.

    Examples
    --------
    Counts of 100 in ten minutes, of which half are missing for two hours after ten days:

    >>> from detectors.base import utc_context
    >>> rng, t = np.random.default_rng(1), 1704067200 + 600 * np.arange(1452)
    >>> x = rng.poisson(np.where(np.arange(1452) < 1440, 100, 50)[:, None], (1452, 1)).astype(float)
    >>> _, verdict = Predictive().run(x, t, utc_context(t, 1, 600))
    >>> sorted(set(verdict.state[200:1440, 0].tolist())), verdict.state[-1].tolist()
    ([1], [3])
    """

    model: Model = field(default_factory=Model)
    kind: str = ""
    most: float = 1.0  # largest loss of an outage [0-1]
    span: tuple[int, int] = (0, DAY)  # how old what the level is the median of is, from and to [s]

    name: ClassVar[str] = "predictive"
    swept: ClassVar[tuple[str, tuple[float, ...]]] = ("confirm", (0.5, 0.8, 0.95, 0.99, 0.999))
    confirm: float = Model.confirm

    @classmethod
    def for_signal(cls, signal: str) -> "Predictive":
        """The detector for a signal named ``<kind>.<source>``."""
        return cls(kind=signal.partition(".")[0])

    def daily(self) -> "Predictive":
        """The same for daily means of the signal, in which throttling shows: they are held against older weeks."""
        first, last = self.model.slow_days
        # a long holiday comes once a year, so that other days do not teach how deep it is
        deep = -np.log(1 - self.model.throttle_most)
        model = replace(
            self.model, warm_hours=48 * first, relearn_days=self.model.slow_relearn_days, quiet_first=deep
        )  # fmt: skip
        return replace(self, model=model, most=self.model.throttle_most, span=(round(first * DAY), round(last * DAY)))

    @property
    def warmup(self) -> int:
        """Event time after an entity's first value before which nothing is said [s]."""
        hours = self.model.warm_hours if levels.has_a_day(self.kind) else self.model.noise_hours
        return round(hours * 3600)

    def init(self, n: int) -> State:
        """Nothing has been seen."""
        return fresh(State, n, past=History(), waiting=Waiting(), last=NEVER, slot=NEVER)

    def judge(self, state: State, x: np.ndarray, t: int, context: Context) -> tuple[State, Verdict]:
        """Judge one bin."""
        state, verdict = self.judge_many(state, x[None], np.array([t]), context)
        return state, Verdict(*(column[0] for column in verdict))

    def judge_many(self, state: State, x: np.ndarray, t: np.ndarray, context: Context) -> tuple[State, Verdict]:
        """Judge bins ``(t, n)``."""
        state, judged = self.evidence(state, x, t, context)
        return state, judged.verdict

    def evidence(
        self, state: State, x: np.ndarray, t: np.ndarray, context: Context, common: CommonMode | None = None,
    ) -> tuple[State, Judged]:  # fmt: skip
        """Judge bins, and give their likelihoods.

        Parameters
        ----------
        x
            ``(t, n)`` values that are `observed`.
        common
            What the series have in common because of their feed; nothing where it is not given.
        """
        slots = t // slot_width(context.width)
        edges = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(t)]
        told = []
        for begin, end in pairwise(edges):
            state = self._at_slot(state, int(slots[begin]), context.width)
            state, judged = self._in_slot(state, x[begin:end], t[begin:end], context.width, common)
            told.append(judged)
        if len(told) == 1:
            return state, told[0]
        verdict = Verdict(*map(np.concatenate, zip(*(one.verdict for one in told), strict=True)))
        return state, Judged(verdict, *(np.concatenate([one[i] for one in told]) for i in (1, 2, 3, 4)))

    def _at_slot(self, state: State, slot: int, width: int) -> State:
        """The state in a slot: what came in the one before is learnt, and new forecasts are made."""
        state = self._begun(state, width)
        if slot == state.slot:
            return state
        n, wide = len(state.first), slot_width(width)
        start = slot * wide
        state = self._begun(unheard(state, state.before_at, start, width), width)
        used_to = (state.low_since != NEVER) & (start - state.low_since > self.model.relearn_days * DAY)
        if used_to.any():  # what has been low for so long is the level: the series begins anew
            state = self._begun(forgotten(state, np.flatnonzero(used_to)), width)
            state = replace(state, since=np.where(used_to, start - wide, state.since))
        past, forecast = state.past, state.forecast.reshape(n, 3, FORECASTS)
        if state.slot != NEVER:
            state, past = self._in_time(state, slot, width)
        if wide == width:
            same = forecasts(past, slot, slot, wide, state.since, self.span)
            made = np.stack([same, same, same])
        elif slot == state.slot + 1:
            made = np.stack([*forecast.transpose(1, 2, 0)[1:], forecasts(past, slot + 1, slot, wide, state.since)])
        else:
            made = np.stack([forecasts(past, slot + k, slot, wide, state.since) for k in (-1, 0, 1)])
        made[:, 0] = made[2, 0]
        zero = {name: np.zeros_like(getattr(state, name)) for name in _OF_SLOT} | {"quantum_now": np.full(n, np.inf)}
        return replace(
            state, slot=slot, forecast=made.transpose(2, 0, 1).reshape(n, 3 * FORECASTS),
            low=state.others[:, :-1].sum(1) > self.model.suspect, **zero,
        )  # fmt: skip

    def _begun(self, state: State, width: int) -> State:
        """The state in which the first guess stands for what is not known of new series."""
        model, new = self.model, np.isnan(state.noise)
        if not new.any():
            return state
        bins = max(1.0, model.noise_hours * 3600 / width)
        phi = np.exp(-width / 3600 / model.noise_hours)

        def put(name: str, value: Any) -> np.ndarray:
            own = getattr(state, name)
            return np.where(new[:, None] if own.ndim > 1 else new, value, own)

        level = np.broadcast_to(priors(model, self.most).astype(np.float32).ravel(), state.level.shape)
        return replace(
            state, error=put("error", model.noise_first), error_weight=put("error_weight", bins),
            noise=put("noise", model.noise_first / 2), noise_weight=put("noise_weight", bins),
            cross=put("cross", model.memory_bins * phi), square=put("square", model.memory_bins),
            level=put("level", level),
        )  # fmt: skip

    def _in_time(self, state: State, slot: int, width: int) -> tuple[State, History]:
        """The state after a slot: it begins to wait, and what has waited long enough is learnt.  Beside it the past, in
        which what waits is as it looks by now."""
        n, wide = len(state.first), slot_width(width)
        enter, leave, _ = (own[0] for own in levels.Rates(self.model, self.kind).over(np.array([wide / 3600])))
        with np.errstate(all="ignore"):
            level, day, _ = state.forecast.reshape(n, 3, FORECASTS)[:, 1].T
            usual = np.where(np.isnan(day), level, day)
            fall = usual - np.log(np.maximum(state.sum_now / state.bins_now, LEAST_SHARE / 10 * np.exp(usual)))
        sums = [*(getattr(state, name).reshape(n, columns) for name, columns in _OF_SLOT.items()), fall[:, None]]
        waiting = state.waiting.push(state.slot, np.concatenate(sums, 1), state.others)
        lag, stretch = (max(least, round(self.model.lag_hours * 3600 / wide)) for least in (2, 1))
        past, columns, deepest, fallen = state.past, [], state.deepest, state.fallen.copy()
        smoothed = waiting.smoothed(enter, leave)
        for i, (at, prob) in enumerate(zip(waiting.slots, smoothed, strict=True)):
            own = waiting.sums[i]
            m = len(own)
            known = (at * wide >= state.since[:m]) & (own[:, BINS] > 0)
            with np.errstate(all="ignore"):
                came, e = own[:, CAME] / own[:, BINS], own[:, EXPECTED] / own[:, BINS]
                came = np.log(np.maximum(came, np.fmax(LEAST_SHARE * np.exp(e), SMALL)))
            low = came < e + np.log(1 - self.model.least / 2)
            up = self._believed(known, 1 - prob[:, OUT] - prob[:, OFF])
            value = np.where(low, up * came + (1 - up) * e, came).astype(np.float32)
            if at >= slot - lag:
                columns.append((at * wide, value))
                continue
            fine = self._believed(known, prob[:, FINE])
            state = self._learnt(state, at, width, own, fine, np.where(low, up, 1.0))
            past = past.push(at * wide, value, value, np.zeros(m, np.bool_))
            falls = np.stack([sums[:m, -1] for sums in waiting.sums[i : i + stretch]])
            ups = np.stack([1 - p[:m, OUT] - p[:m, OFF] for p in smoothed[i : i + stretch]])
            seen = ~np.isnan(falls) & (ups > self.model.suspect)  # an outage teaches no quiet day
            deep = np.where(seen, falls, 0.0).sum(0) / np.maximum(seen.sum(0), 1)
            deepest = deepest * np.exp(-wide / 3600 / YEAR)
            fallen[:m] += up * np.maximum(deep - fallen[:m], 0.0)
            over = np.flatnonzero(fine > 0)  # a day teaches its depth once it is over
            deepest[over], fallen[over] = np.maximum(deepest[over], fallen[over]), 0.0
        state = replace(
            state, waiting=waiting.rest(len(waiting.slots) - len(columns)), deepest=deepest, fallen=fallen,
            quantum=np.minimum(state.quantum, state.quantum_now),
            days=state.days + np.where(state.bins_now > 0, wide / DAY, 0.0),
            past=past.forget(slot * wide - max(PAST, self.span[1]) - 2 * wide),
        )  # fmt: skip
        return state, state.past.beside(columns)

    def _believed(self, known: np.ndarray, probability: np.ndarray) -> np.ndarray:
        """The weight of what is learnt ``(n,)``: its probability, or nothing where the contrary is as likely."""
        return np.where(known & (probability > self.model.suspect), probability, 0.0)

    def _learnt(
        self, state: State, slot: int, width: int, sums: np.ndarray, fine: np.ndarray, usual: np.ndarray
    ) -> State:  # fmt: skip
        """The state with the sums of a slot in its means, which remember some days; by what of it was ``fine (m,)``,
        and as far as its values were as ``usual (m,)`` [0-1]."""
        later = len(state.first) - len(sums)
        sums, fine, usual = (np.pad(a, [(0, later)] + [(0, 0)] * (a.ndim - 1)) for a in (sums, fine, usual))
        got = {name: sums[:, at] for name, at in _LAID.items()}
        model = self.model
        most = max(model.memory_bins, model.noise_days * DAY / width)

        def mean(
            value: np.ndarray, weight: np.ndarray, add: np.ndarray, by: np.ndarray
        ) -> tuple[np.ndarray, np.ndarray]:
            whole = weight + by
            return (value * weight + add) / whole, np.minimum(whole, most)

        u = usual[:, None]
        error, error_weight = mean(state.error, state.error_weight, u * got["error_now"], u * got["weight_now"])
        untried = error_weight <= max(1.0, model.noise_hours * 3600 / width)
        error = np.where(untried, error[:, :1], error)  # a new forecast is trusted like that of the level
        bins = fine * got["taken_now"]
        noise, noise_weight = mean(state.noise, state.noise_weight, fine * got["noise_now"], bins)
        hours, part = state.hours.copy(), self._part(slot, width)
        with np.errstate(all="ignore"):
            now = np.where(bins > 0, got["noise_now"] / got["taken_now"] / state.noise, 1.0)
        rate = 1 - np.exp(-bins * HOURS / most)
        hours[:, part] += rate * (np.minimum(now, 4.0) - hours[:, part])
        square, cross = state.square + fine * got["square_now"], state.cross + fine * got["cross_now"]
        shrink = np.minimum(1.0, most / square)
        bell = np.clip(state.bell + fine * got["bell_now"], -self.model.surest, self.model.surest)
        return replace(
            state, error=error, error_weight=error_weight, noise=noise, noise_weight=noise_weight, hours=hours,
            square=square * shrink, cross=cross * shrink, bell=bell,
        )  # fmt: skip

    def _normal(self, state: State) -> np.ndarray:
        """How far the noise of each series is normal, ``(n,)`` [0-1]."""
        return np.asarray(1 / (1 + np.exp(-state.bell)))

    def _part(self, slot: int, width: int) -> int:
        return slot * slot_width(width) % DAY * HOURS // DAY

    def _in_slot(
        self, state: State, x: np.ndarray, t: np.ndarray, width: int, common: CommonMode | None
    ) -> tuple[State, Judged]:  # fmt: skip
        """Judge bins of one slot, of values ``(t, n)``."""
        model, n = self.model, x.shape[1]
        f = interpolated(state.forecast.reshape(n, 3, FORECASTS).transpose(1, 2, 0), t, width, slot_width(width))
        e = mixed(f, state.error.T)
        e = np.where(e > np.log(2 * SMALL), e, np.nan)  # of nothing, nothing can be missing
        seen = ~np.isnan(x)
        first = np.where((state.first == NEVER) & seen.any(0), t[seen.argmax(0)], state.first)
        known = (first != NEVER) & (t[:, None] - first >= self.warmup) & ~np.isnan(e)
        with np.errstate(all="ignore"):
            expected = np.exp(e)
            quantum = np.minimum(np.where(np.isfinite(state.quantum), state.quantum, 0.0) / expected, 1.0)
            c = 0.375 * quantum
            one = np.sqrt(1 + c)
            loud = MEAN_TO_DEVIATION * state.noise * np.clip(state.hours[:, self._part(state.slot, width)], 0.6, 3)
            scale = np.sqrt(
                np.minimum(loud, 1.0) ** 2 + (model.noise_floor / 2) ** 2 + (quantum * levels.UNIFORM / 2) ** 2
            )
            ratio = x / expected
        share = np.ones(len(t))
        if common is not None:
            share = common(np.where(known, ratio, np.nan), 2 * scale, state.low, t)
            ratio = ratio / share[:, None]
        with np.errstate(all="ignore"):
            y = np.sqrt(ratio + c)
        got = seen & ~np.isnan(y)
        before_at = _carried(state.before_at, t[:, None], got)
        rho = np.clip(state.cross / state.square, 0.0, np.exp(-width / DAY))  # nothing lingers for more than a day
        before = _carried(state.before, y, got)
        with np.errstate(all="ignore"):
            dt = np.where(before_at[:-1] == NEVER, width, t[:, None] - before_at[:-1])
            phi = rho ** (dt / width)
            seen_at = densities(
                np.where(known, y, np.nan), before[:-1], c, scale, phi, self._normal(state), model.fresh
            )
            few = known & got & (quantum > 1 / model.few)
        if few.any():
            at = np.nonzero(few)
            was = before[:-1][at] ** 2 - c[at]
            one_count = quantum[at]
            seen_at[few] = levels.counts(ratio[at] / one_count, was, 1 / one_count, scale[at], phi[at], model.fresh)
        met = (first != NEVER) & (first <= t[:, None])
        since = np.diff(t, prepend=t[0] - width if state.last == NEVER else state.last)[:, None]
        state, prob, likelihood, left = self._filtered(state, seen_at, since / 3600, met)
        x = np.where(np.isnan(share)[:, None], np.nan, x)  # a broken feed teaches nothing
        state = self._taken(state, x, t, e, f, known, y - one, before[:-1] - one, scale, phi, prob)
        usual = seen & (prob[..., FINE] > model.suspect)  # the fall of a flat series is no step of its counts
        values = _carried(state.value, x, usual)
        with np.errstate(all="ignore"):
            steps = np.where(usual & (np.abs(x - values[:-1]) > 1e-9), np.abs(x - values[:-1]), np.inf).min(0)
        state = replace(
            state, last=int(t[-1]), first=first, before=before[-1], before_at=before_at[-1], value=values[-1],
            quantum_now=np.minimum(state.quantum_now, steps),
        )  # fmt: skip
        verdict = self._verdict(expected * share[:, None], known, got, y, c, one, scale, prob)
        likelihood[~(known & got)] = left[~(known & got)] = np.nan
        return state, Judged(verdict, likelihood, left, ratio, share)

    def _filtered(
        self, state: State, seen: np.ndarray, hours: np.ndarray, met: np.ndarray
    ) -> tuple[State, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
        """The state after bins, P(state) ``(t, n, 5)``, likelihoods ``(t, n, 5)`` and what is left ``(t, n)``; those
        not ``met (t, n)`` yet stay as they are."""
        n, model = len(state.first), self.model
        prior = np.repeat(priors(model, self.most).astype(np.float32)[None], n, 0)
        first = model.quiet_first / (1 + state.days / model.relearn_days * (self.span[0] == 0))  # see `daily`
        prior[:, QUIET - 1] = levels.quiet(np.maximum(state.deepest, first), model.quiet_edge)
        rates = levels.Rates(self.model, self.kind)
        others, level, told = state.others, state.level.reshape(n, 4, len(LEVELS)), []
        for own, since, there in zip(seen, hours, met, strict=True):
            prob = np.concatenate([np.maximum(1 - others.sum(1, keepdims=True), 0.0), others], 1)
            steps = rates.over(np.where(there, np.minimum(since, 720.0), 0.0))
            prob, level, likelihood = filtered(prob, level, own, prior, steps)
            others = prob[:, 1:]
            told.append((prob, likelihood, levels.left(prob, level)))
        state = replace(state, others=others, level=level.reshape(n, 4 * len(LEVELS)))
        prob, likelihood, left = map(np.stack, zip(*told, strict=True))
        return state, prob, likelihood, left

    def _taken(
        self, state: State, x: np.ndarray, t: np.ndarray, e: np.ndarray, f: np.ndarray, known: np.ndarray,
        u: np.ndarray, before: np.ndarray, scale: np.ndarray, phi: np.ndarray, prob: np.ndarray,
    ) -> State:  # fmt: skip
        """The state with the sums of a slot after bins, and since when it is low."""
        seen, fine = ~np.isnan(x), prob[..., FINE]
        fine = np.where(fine > self.model.suspect, fine, 0.0)
        with np.errstate(all="ignore"):
            log = np.log(np.maximum(x, np.where(np.isnan(e), SMALL, LEAST_SHARE * np.exp(e))))
            error = np.abs(log[:, None] - f)
            use = seen[:, None] & ~np.isnan(error)
            error = np.where(use, np.minimum(error, CLIP * state.error.T), 0.0)
            w = ~np.isnan(u)
            noise = np.where(w, np.minimum(np.abs(u), CLIP * state.noise), 0.0)
            both = w & ~np.isnan(before)
            new = (u - phi * before) / (scale * np.sqrt(1 - phi * phi))
            bell = LOG_BELL - new * new / 2 - np.log(student(new))
            bell = np.where(both, np.clip(np.nan_to_num(bell, nan=0.0), -self.model.surest, self.model.surest), 0.0)
            z, was = (np.clip(np.where(both, a / scale, 0.0), -4, 4) for a in (u, before))
        rows = {
            "sum_now": np.where(seen, np.where(np.isnan(e), x, np.minimum(x, levels.EDGES[-1] * np.exp(e))), 0.0),
            "expected_now": np.where(seen, np.where(np.isnan(e), log, e), 0.0),
            "bins_now": seen,
            "error_now": error.transpose(0, 2, 1),
            "weight_now": use.transpose(0, 2, 1),
            "noise_now": noise,
            "taken_now": w,
            "cross_now": z * was,
            "square_now": both * (z * z + was * was) / 2,
            "bell_now": bell,
        }
        sums = {name: getattr(state, name).copy() for name in rows}
        low_since = state.low_since
        for i in range(len(t)):
            for name, column in rows.items():
                sums[name] += column[i]
            away = np.where(low_since == NEVER, t[i], low_since)
            low_since = np.where(seen[i], np.where(fine[i] > 0, NEVER, away), low_since)
        return replace(state, low_since=low_since, **sums)

    def _verdict(
        self, expected: np.ndarray, known: np.ndarray, got: np.ndarray, y: np.ndarray, c: np.ndarray,
        one: np.ndarray, scale: np.ndarray, prob: np.ndarray,
    ) -> Verdict:  # fmt: skip
        with np.errstate(all="ignore"):
            expected = np.where(known, expected, np.nan)
            low, high = np.maximum(one - BAND * scale, np.sqrt(c)), one + BAND * scale
            score = bounded((y - one) / scale)
            away = np.where(y * y - c < 1 - self.model.least, prob[..., FINE + 1 : MOVED].sum(2), 0.0)
            state = np.select(
                [~(known & got), away >= self.confirm, away >= self.model.suspect, score > HIGH_FROM],
                [UNKNOWN, LOW_CONFIRMED, LOW_PROVISIONAL, HIGH], NORMAL,
            ).astype(np.int8)  # fmt: skip
            said = np.where(state == UNKNOWN, np.nan, score)
            return Verdict(expected, expected * (low * low - c), expected * (high * high - c), said, state, known)


_OF_SLOT = {
    "sum_now": 1, "expected_now": 1, "bins_now": 1, "error_now": FORECASTS, "weight_now": FORECASTS, "noise_now": 1,
    "taken_now": 1, "cross_now": 1, "square_now": 1, "bell_now": 1,
}  # fmt: skip
"""Sums of a slot, and how many of each there are for a series."""
CAME, EXPECTED, BINS = range(3)  # columns of the first three
_ENDS = dict(zip(_OF_SLOT, np.cumsum(list(_OF_SLOT.values())).tolist(), strict=True))
_LAID = {name: slice(end - FORECASTS, end) if _OF_SLOT[name] > 1 else end - 1 for name, end in _ENDS.items()}


def _carried(before: np.ndarray, values: np.ndarray, which: np.ndarray) -> np.ndarray:
    """``(t + 1, n)``: the last of the ``values (t, n)`` that are ``which``, from ``before (n,)`` on."""
    rows = [before]
    for i in range(len(which)):
        rows.append(np.where(which[i], values[i], rows[-1]))
    return np.stack(rows)
