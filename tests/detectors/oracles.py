"""The field's rules once more, slow and plain: one entity, one value at a time, no numpy."""

import math

from detectors.base import HIGH, LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.ihr import Ihr

Said = tuple[float, int]
"""What is expected (NaN: nothing), and the state."""


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
