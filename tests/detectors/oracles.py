"""The rules once more, slow and plain: one entity, one value at a time, no numpy in them."""

import math
from collections.abc import Callable
from statistics import median
from typing import Any, Protocol

import numpy as np

from detectors.base import (
    DAY,
    HIGH,
    LOW_CONFIRMED,
    LOW_PROVISIONAL,
    NORMAL,
    UNKNOWN,
    AnyDetector,
    Verdict,
    utc_context,
)
from detectors.burst import LEVELS, Burst
from detectors.chocolatine import Chocolatine
from detectors.ihr import Ihr
from detectors.median import Median
from detectors.similar_days import SimilarDays

Said = tuple[float, int]
"""What is expected (NaN: nothing), and the state."""

NAN = math.nan
WEEK = 7 * DAY
ORDERS = [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]


class Slow(Protocol):
    """Follows one entity by the text of a rule."""

    def step(self, x: float, t: int) -> Said:
        """Expectation and state of one value."""
        ...


def agrees(rule: AnyDetector, x: np.ndarray, t: np.ndarray, width: int) -> Verdict:
    """What a rule says of x ``(t, n)``, having found that its plain writing says the same of each entity."""
    _, verdict = rule.run(x, t, utc_context(t, x.shape[1], width))
    within = 1e-6 if rule.name == "chocolatine" else 0.0  # its regressions are solved in another way
    for i in range(x.shape[1]):
        plain = SLOW[rule.name](rule, width)
        said = [plain.step(float(value), int(time)) for value, time in zip(x[:, i], t, strict=True)]
        expected, states = zip(*said, strict=True)
        np.testing.assert_allclose(verdict.expected[:, i], expected, rtol=within, atol=within)
        np.testing.assert_array_equal(verdict.state[:, i], states)
    return verdict


class SlowMedian:
    """Follows one entity by the text of REFERENCE B1."""

    def __init__(self, rule: Median, width: int) -> None:
        self.rule = rule
        self.history: list[tuple[int, float]] = []
        self.raw: list[tuple[int, float]] = []
        self.first: int | None = None

    def step(self, x: float, t: int) -> Said:
        """Prediction (NaN: none) and state of one value."""
        self.history = [(s, v) for s, v in self.history if s >= t - self.rule.window]
        ranked = sorted(v for _, v in self.history)
        predicted = ranked[math.ceil(len(ranked) / 2) - 1] if ranked else math.nan
        if math.isnan(x):
            return predicted, UNKNOWN
        self.first = t if self.first is None else self.first
        if t - self.first < self.rule.warmup or not predicted >= self.rule.floor:
            self.raw = []
            self.history.append((t, x))
            return predicted, UNKNOWN
        return predicted, self._judge(x / predicted, x, predicted, t)

    def _judge(self, ratio: float, x: float, predicted: float, t: int) -> int:
        if self.rule.inpaint_low <= ratio <= self.rule.inpaint_high:
            self.raw = []
            self.history.append((t, x))
        else:
            self.raw.append((t, x))
            self.history.append((t, predicted))
            if t - self.raw[0][0] >= self.rule.renew:
                self.history, self.raw = self.raw, []
        if ratio < self.rule.critical:
            return LOW_CONFIRMED
        if ratio < self.rule.warning:
            return LOW_PROVISIONAL
        return HIGH if ratio > self.rule.inpaint_high else NORMAL


class SlowBurst:
    """Follows one entity by the text of REFERENCE B7."""

    def __init__(self, rule: Burst, width: int) -> None:
        self.rule = rule
        self.cost = [0.0] * LEVELS
        self.first = self.time = math.inf
        self.value = self.before = self.least = math.nan
        self.low: int | None = None
        self.high: int | None = None

    def step(self, x: float, t: int) -> Said:
        """Expectation and state of one value."""
        if math.isnan(x):
            expected = self.before if t - self.first >= self.rule.warmup else NAN
            self._settle(t, calm=False)  # a run goes on through missing bins, and may so have lasted
            return expected, UNKNOWN
        rule = self.rule
        if math.isnan(self.value):
            self.first, self.value, self.before, self.least = t, x, x, x
        else:
            self._move(max(self.value - x, 0.0), max(self.value, 1.0), t - self.time)
        level, before = self.cost.index(min(self.cost)), self.before
        self.least = min(self.least, x)
        burst = level >= rule.report and before >= rule.probes and before - x >= rule.events
        still = self.low is not None and x < before - (1 - rule.back) * (before - self.least)
        state = LOW_CONFIRMED if burst or still else NORMAL
        if state == NORMAL and x > rule.above * before and x - before >= rule.events:
            state = HIGH
        self.low = None if state != LOW_CONFIRMED else t if self.low is None else self.low
        self.high = None if state != HIGH else t if self.high is None else self.high
        self.value, self.time = x, t
        self._settle(t, calm=2 * level < rule.report)
        if t - self.first < rule.warmup:
            return NAN, UNKNOWN
        return before, UNKNOWN if before < rule.probes else state

    def _settle(self, t: int, calm: bool) -> None:
        lasted = (self.low is not None and t - self.low >= self.rule.renew_low) or (
            self.high is not None and t - self.high >= self.rule.renew_high
        )
        if lasted or (calm and self.low is None and self.high is None):
            self.before = self.least = self.value
        if lasted:
            self.low = self.high = None

    def _move(self, events: float, n: float, exposed: float) -> None:
        into = []
        for j in range(LEVELS):
            rate = n * exposed / self.rule.window * self.rule.ratio**j
            rise = self.rule.gamma * math.log(n)
            reach = min(cost + rise * max(j - i, 0) for i, cost in enumerate(self.cost))
            into.append(reach + rate - events * math.log(rate))
        self.cost = [cost - min(into) for cost in into]


class SlowIhr:
    """Follows one entity by the text of REFERENCE B2."""

    def __init__(self, rule: Ihr, width: int) -> None:
        self.rule, self.width = rule, width
        self.seen: list[tuple[int, float]] = []

    def step(self, x: float, t: int) -> Said:
        """Expectation and state of one value."""
        self.seen = [(s, v) for s, v in self.seen if s >= t - self.rule.window]
        values = sorted(v for _, v in self.seen)
        if not math.isnan(x):
            self.seen.append((t, x))
        if len(values) < self.rule.points * self.rule.window / self.width:
            return math.nan, UNKNOWN
        middle = values[math.ceil(len(values) / 2) - 1]
        if math.isnan(x):
            return middle, UNKNOWN
        mean = sum(abs(v - middle) for v in values) / len(values)
        unit = 1.4826 * (self.rule.smallest * middle + mean)
        score = (x - middle) / unit if unit > 0 else math.copysign(math.inf, x - middle) if x != middle else 0.0
        if score < -self.rule.threshold:
            return middle, LOW_CONFIRMED
        return middle, HIGH if score > self.rule.threshold else NORMAL


class SlowSimilarDays:
    """Follows one entity by the text of REFERENCE B4."""

    def __init__(self, rule: SimilarDays, width: int) -> None:
        self.rule, self.width = rule, width
        self.seen: dict[int, float] = {}
        self.first: int | None = None
        self.six: list[int] = []
        self.last, self.row = -1, 0

    def step(self, x: float, t: int) -> Said:
        """Expectation and state of one value."""
        if t // self.rule.renew != self.last // self.rule.renew:
            self.six = self._nearest(t)
        self.last = t
        old = self.first is not None and t - self.first >= 7 * DAY
        followed = [self.seen[t - k * DAY] for k in self.six if t - k * DAY in self.seen] if old else []
        if not math.isnan(x):
            self.first = t if self.first is None else self.first
            self.seen[t] = x
        expected = median(followed) if followed else math.nan
        return expected, self._judged(x, expected)

    def _judged(self, x: float, expected: float) -> int:
        if math.isnan(x) or math.isnan(expected) or (expected == 0 and x == 0):
            return UNKNOWN
        loss = 1 - x / expected if expected else -math.inf
        self.row = self.row + 1 if loss >= self.rule.drop else 0
        if self.row:
            return LOW_CONFIRMED if self.row >= self.rule.sustained or loss >= self.rule.point else LOW_PROVISIONAL
        return HIGH if x > self.rule.above * expected else NORMAL

    def _nearest(self, t: int) -> list[int]:
        self.seen = {s: v for s, v in self.seen.items() if s >= t - (self.rule.days + 1) * DAY}
        today, far = [(s, v) for s, v in self.seen.items() if s >= t - DAY], []
        for k in range(1, self.rule.days + 1):
            squares = [(v - self.seen[s - k * DAY]) ** 2 for s, v in today if s - k * DAY in self.seen]
            if squares and len(squares) >= DAY / self.width / 2:
                far.append((sum(squares) / len(squares), k))
        return [k for _, k in sorted(far)[:6]] if len(far) >= 6 else []


def known(*values: float) -> bool:
    return not any(math.isnan(value) for value in values)


def solved(rows: list[list[float]], right: list[float]) -> list[float]:
    """Gauss and Jordan."""
    system = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for i in range(len(system)):
        pivot = max(range(i, len(system)), key=lambda j: abs(system[j][i]))
        system[i], system[pivot] = system[pivot], system[i]
        for j in range(len(system)):
            if j != i:
                factor = system[j][i] / system[i][i]
                system[j] = [a - factor * b for a, b in zip(system[j], system[i], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(system)]


def regressed(y: list[float], lags: list[list[float]]) -> list[float]:
    k = len(lags)
    whole = [i for i in range(len(y)) if known(y[i], *(lag[i] for lag in lags))]
    square = [[math.fsum(lags[a][i] * lags[b][i] for i in whole) for b in range(k)] for a in range(k)]
    size = sum(square[a][a] for a in range(k)) / k
    for a in range(k):
        square[a][a] += 1e-9 * size + 2.2250738585072014e-308
    return solved(square, [math.fsum(lags[a][i] * y[i] for i in whole) for a in range(k)])


def lagged(y: list[float], lag: int) -> list[float]:
    return [NAN] * lag + y[: len(y) - lag]


def calm(one: float, two: float) -> bool:
    return abs(two) < 1 and two + one < 1 and two - one < 1


def models(y: list[float]) -> list[tuple[list[float], list[float]]]:
    """Autoregressive and moving-average coefficients of each order."""
    lags = [lagged(y, i) for i in range(1, 7)]
    long = regressed(y, lags)
    shocks = []
    for i in range(len(y)):
        shock = y[i] - sum(c * lag[i] for c, lag in zip(long, lags, strict=True))
        shocks.append(0.0 if math.isnan(shock) else shock)
    found = []
    for p, q in ORDERS:
        both = regressed(y, [lagged(y, i + 1) for i in range(p)] + [lagged(shocks, i + 1) for i in range(q)])
        ar, ma = [*both[:p], 0.0, 0.0][:2], [*both[p:], 0.0, 0.0][:2]
        stable = calm(*ar) and calm(-ma[0], -ma[1])
        found.append((ar, ma) if stable else ([0.0, 0.0], [0.0, 0.0]))
    return found


class Chain:
    """One model on its way along a series."""

    def __init__(self, ar: list[float], ma: list[float]) -> None:
        self.ar, self.ma = ar, ma
        self.y, self.e = [0.0, 0.0], [0.0, 0.0]
        self.ahead = ([0.0, 0.0], [0.0, 0.0])

    def _next(self, y: list[float], e: list[float]) -> float:
        return self.ar[0] * y[0] + self.ar[1] * y[1] + self.ma[0] * e[0] + self.ma[1] * e[1]

    def forecast(self, origin: bool) -> float:
        y, e = (self.y, self.e) if origin else self.ahead
        value = self._next(y, e)
        self.ahead = ([value, y[0]], [0.0, e[0]])
        return value

    def see(self, y: float) -> None:
        expected = self._next(self.y, self.e)
        y = expected if math.isnan(y) else y
        self.y, self.e = [y, self.y[0]], [y - expected, self.e[0]]


class SlowChocolatine:
    """Follows one entity by the text of REFERENCE B3."""

    def __init__(self, rule: Chocolatine, width: int) -> None:
        self.rule, self.width = rule, width
        self.seen: dict[int, float] = {}
        self.painted: set[int] = set()
        self.first: int | None = None
        self.last = -1
        self.chain: Chain | None = None
        self.interval: list[float] = []
        self.made, self.low = 0, False

    def step(self, x: float, t: int) -> Said:
        if t // DAY != self.last // DAY and WEEK % self.width == 0:
            self._fit(t)
        before, ahead = self.seen.get(t - WEEK, NAN), NAN
        if self.chain:
            ahead = self.chain.forecast(t // self.width // 12 != self.last // self.width // 12)
        expected = before + ahead
        state = self._judged(x, expected, t)
        value = max(expected, 0.0) if state in (LOW_CONFIRMED, HIGH) else x
        if self.chain:
            self.chain.see(value - before)
        if not math.isnan(x):
            self.first = t if self.first is None else self.first
            self.seen[t] = value
            if state in (LOW_CONFIRMED, HIGH):
                self.painted.add(t)
        self.last = t
        return expected, state

    def _judged(self, x: float, expected: float, t: int) -> int:
        if not known(x, expected) or not known(self.interval[t // self.width % 12]):
            return UNKNOWN
        away, band = x - expected, self.rule.deviations * self.interval[t // self.width % 12]
        self.low = away < -band or (self.low and away <= -band * self.rule.leave and away < 0)
        return LOW_CONFIRMED if self.low else HIGH if away > band else NORMAL

    def _fit(self, t: int) -> None:
        if self.first is None or t - self.first < 11 * WEEK or (self.chain and t - self.made < WEEK):
            return
        grid = list(range(t - 11 * WEEK, t, self.width))
        values = [self.seen[s] for s in grid if s in self.seen]
        if len(values) < self.rule.points * len(grid) or values.count(0.0) >= self.rule.zeros * len(values):
            self.chain = None
            return
        own = [s for s in grid if s >= t - WEEK and s in self.seen and s not in self.painted]
        if len(own) < self.rule.points * WEEK / self.width:
            return
        train = [self._week(s, 0) - self._week(s, 1) for s in grid if t - 2 * WEEK <= s < t - WEEK]
        best = math.inf
        for ar, ma in models(train):
            chain = Chain(ar, ma)
            errors: dict[int, list[float]] = {h: [] for h in range(12)}
            for s in [s for s in grid if s >= t - WEEK]:
                y = self.seen.get(s, NAN) - self.seen.get(s - WEEK, NAN)
                error = y - chain.forecast(s // self.width % 12 == 0)
                chain.see(y)
                if known(error) and s in own:
                    errors[s // self.width % 12].append(error)
            square = sum(error * error for some in errors.values() for error in some)
            if square < best:
                best, self.chain, self.made = square, chain, t
                self.interval = [
                    1.4826 * median(abs(e) for e in errors[h]) if errors[h] else NAN for h in range(12)
                ]  # fmt: skip

    def _week(self, s: int, odd: int) -> float:
        """Median of a slot over every other week, beginning with this one."""
        weeks = [self.seen[s - (odd + 2 * i) * WEEK] for i in range(5) if s - (odd + 2 * i) * WEEK in self.seen]
        return median(weeks) if weeks else NAN


SLOW: dict[str, Callable[[Any, int], Slow]] = {
    "median": SlowMedian,
    "burst": SlowBurst,
    "ihr": SlowIhr,
    "chocolatine": SlowChocolatine,
    "similar_days": SlowSimilarDays,
}
"""Name of a detector -> its plain writing."""
