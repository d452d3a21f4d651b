"""Series judged a second, all of one bin in one call."""

from collections.abc import Iterator

import numpy as np

from detectors import REGISTRY
from detectors.base import DAY, utc_context
from tests.bench.rate import Rate, timed

SERIES = 10_000
WIDTH = 600  # seconds
WARM = 7 * DAY // WIDTH
"""Bins of history before anything is measured."""
MEASURED = 72


def made_up(bins: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Time ``(t,)`` and counts ``(t, n)`` that follow the day."""
    t = np.arange(bins, dtype=np.int64) * WIDTH
    level = rng.uniform(20, 5_000, SERIES)
    shape = 1 + 0.4 * np.sin(2 * np.pi * t / DAY)
    return t, rng.poisson(shape[:, None] * level).astype(np.float64)


def judged(name: str, signal: str) -> float:
    """Series a second of a detector that has a week behind it."""
    t, x = made_up(WARM + MEASURED, np.random.default_rng(1))
    context = utc_context(t, SERIES, WIDTH)
    detector = REGISTRY[name](signal)
    state = detector.init(SERIES)
    for i in range(WARM):
        state, _ = detector.step(state, x[i], int(t[i]), context.row(i))

    def measured() -> int:
        now = state
        for i in range(WARM, WARM + MEASURED):
            now, _ = detector.step(now, x[i], int(t[i]), context.row(i))
        return MEASURED * SERIES

    return timed(measured)[1]


def bench_detectors() -> Iterator[Rate]:
    """Every detector beside the field's rule."""
    median = Rate("judge: median", judged("median", "probing.ioda"), "series")
    yield median
    for name in REGISTRY:
        if name != "median":
            yield Rate(f"judge: {name}", judged(name, "probing.ioda"), "series").to(median)
