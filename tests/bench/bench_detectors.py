"""Series judged a second, all of one bin in one call."""

from collections.abc import Iterator

import numpy as np

from detectors import REGISTRY
from detectors.base import DAY, utc_context
from tests.bench.rate import Rate, timed

SERIES_DAYS = 70_000
"""Series times days of history before anything is measured: ten thousand of a week."""
WIDTH = 600  # seconds
MEASURED = 144


def made_up(t: np.ndarray, series: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Counts ``(n,)`` that follow the day, of one time of ``t`` after the other."""
    level = rng.uniform(20, 5_000, series)
    for time in t:
        yield rng.poisson((1 + 0.4 * np.sin(2 * np.pi * time / DAY)) * level).astype(np.float64)


def judged(name: str, signal: str) -> float:
    """Series a second of a detector that has a week behind it, or as much as it asks for and a day."""
    detector = REGISTRY[name](signal)
    days = max(7, detector.warmup // DAY + 1)
    series, warm = SERIES_DAYS // days, days * DAY // WIDTH
    t = np.arange(warm + MEASURED, dtype=np.int64) * WIDTH
    context, x = utc_context(t, series, WIDTH), made_up(t, series, np.random.default_rng(1))
    state = detector.init(series)
    for i in range(warm):
        state, _ = detector.step(state, next(x), int(t[i]), context.row(i))
    rest = list(x)

    def measured() -> int:
        now = state
        for i, one in enumerate(rest, start=warm):
            now, _ = detector.step(now, one, int(t[i]), context.row(i))
        return MEASURED * series

    return timed(measured)[1]


def bench_detectors() -> Iterator[Rate]:
    """Every detector beside the field's rule."""
    median = Rate("judge: median", judged("median", "probing.ioda"), "series")
    yield median
    for name in REGISTRY:
        if name != "median":
            yield Rate(f"judge: {name}", judged(name, "probing.ioda"), "series").to(median)
