"""Disco's rule once more, slow and plain: one entity, one value at a time, no numpy."""

import math

from detectors.base import HIGH, LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.burst import LEVELS, Burst


class SlowBurst:
    """Follows one entity by the text of REFERENCE B7."""

    def __init__(self, rule: Burst) -> None:
        self.rule = rule
        self.cost = [0.0] * LEVELS
        self.first = self.time = 0
        self.value = self.before = self.least = math.nan
        self.low: int | None = None
        self.high: int | None = None

    def step(self, x: float, t: int) -> int:
        if math.isnan(x):
            self._settle(t, calm=False)  # a run goes on through missing bins, and may so have lasted
            return UNKNOWN
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
        return UNKNOWN if t - self.first < rule.warmup or before < rule.probes else state

    def _settle(self, t: int, calm: bool) -> None:
        lasted = (self.low is not None and t - self.low >= self.rule.renew_low) or (
            self.high is not None and t - self.high >= self.rule.renew_high
        )
        if lasted or (calm and self.low is None and self.high is None):
            self.before = self.least = self.value
        if lasted:
            self.low = self.high = None

    def _move(self, events: float, n: float, exposed: int) -> None:
        into = []
        for j in range(LEVELS):
            rate = n * exposed / self.rule.window * self.rule.ratio**j
            rise = self.rule.gamma * math.log(n)
            reach = min(cost + rise * max(j - i, 0) for i, cost in enumerate(self.cost))
            into.append(reach + rate - events * math.log(rate))
        self.cost = [cost - min(into) for cost in into]
