"""The field's rules once more, slow and plain: one entity, one value at a time, no numpy in them."""

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
from detectors.ihr import Ihr
from detectors.similar_days import SimilarDays

Said = tuple[float, int]
"""What is expected (NaN: nothing), and the state."""


class Slow(Protocol):
    """Follows one entity by the text of a rule."""

    def step(self, x: float, t: int) -> Said:
        """What is said of one value."""
        ...


def agrees(
    rule: AnyDetector, slow: Callable[[Any, int], Slow], x: np.ndarray, t: np.ndarray, width: int, within: float = 0.0
) -> Verdict:
    """What a rule says of x ``(t, n)``, having found that its plain writing says the same of each entity.

    ``within``: how far apart the two may expect a value, absolute and as a share of it [-].
    """
    _, verdict = rule.run(x, t, utc_context(t, x.shape[1], width))
    for i in range(x.shape[1]):
        plain = slow(rule, width)
        said = [plain.step(float(value), int(time)) for value, time in zip(x[:, i], t, strict=True)]
        expected, states = zip(*said, strict=True)
        np.testing.assert_allclose(verdict.expected[:, i], expected, rtol=within, atol=within)
        np.testing.assert_array_equal(verdict.state[:, i], states)
    return verdict


class SlowIhr:
    """Follows one entity by the text of REFERENCE B2."""

    def __init__(self, rule: Ihr, width: int) -> None:
        self.rule, self.width = rule, width
        self.seen: list[tuple[int, float]] = []

    def step(self, x: float, t: int) -> Said:
        """What is said of one value."""
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
        self.six: list[int] = []
        self.last, self.row = -1, 0

    def step(self, x: float, t: int) -> Said:
        """What is said of one value."""
        if t // self.rule.renew != self.last // self.rule.renew:
            self.six = self._nearest(t)
        self.last = t
        old = bool(self.seen) and t - min(self.seen) >= 7 * DAY
        followed = [self.seen[t - k * DAY] for k in self.six if t - k * DAY in self.seen] if old else []
        if not math.isnan(x):
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
        far = []
        for k in range(1, self.rule.days + 1):
            both = [(v, self.seen.get(s - k * DAY)) for s, v in self.seen.items() if s >= t - DAY]
            squares = [(v - other) ** 2 for v, other in both if other is not None]
            if squares and len(squares) >= DAY / self.width / 2:
                far.append((sum(squares) / len(squares), k))
        return [k for _, k in sorted(far)[:6]] if len(far) >= 6 else []
