"""IODA's median rule once more, slow and plain: one entity, one value at a time, no numpy."""

import math

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from detectors.median import Median


class Oracle:
    """Follows one entity by the text of REFERENCE B1."""

    def __init__(self, rule: Median) -> None:
        self.rule = rule
        self.history: list[tuple[int, float]] = []
        self.raw: list[tuple[int, float]] = []
        self.first: int | None = None

    def step(self, x: float, t: int) -> tuple[float, int]:
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
