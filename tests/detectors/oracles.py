"""The rules once more, slow and plain: one entity, one value at a time, no numpy in them."""

import math
from collections.abc import Callable
from statistics import median
from typing import Any

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
from detectors.field.burst import LEVELS, Burst
from detectors.field.ihr import Ihr
from detectors.field.median import Median
from detectors.field.similar_days import SimilarDays

Said = tuple[float, int]
"""What is expected (NaN: nothing), and the state."""


def agrees(rule: AnyDetector, x: np.ndarray, t: np.ndarray, width: int) -> Verdict:
    """What a rule says of x ``(t, n)``, having found that its plain writing says the same of each entity."""
    _, verdict = rule.run(x, t, utc_context(t, x.shape[1], width))
    for i in range(x.shape[1]):
        plain = SLOW[rule.name](rule, width)
        said = [plain.step(float(value), int(time)) for value, time in zip(x[:, i], t, strict=True)]
        expected, states = zip(*said, strict=True)
        np.testing.assert_array_equal(verdict.expected[:, i], expected)
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
            expected = self.before if t - self.first >= self.rule.warmup else math.nan
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
            return math.nan, UNKNOWN
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


SLOW: dict[str, Callable[[Any, int], Any]] = {
    "median": SlowMedian,
    "burst": SlowBurst,
    "ihr": SlowIhr,
    "similar_days": SlowSimilarDays,
}
"""Name of a detector -> its plain writing."""
