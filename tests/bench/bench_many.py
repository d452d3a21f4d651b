"""One bin of a hundred thousand series with weeks behind it: its time and the memory of the process.

``python -m tests.bench.bench_many`` judges the last of 35 days bin by bin; it takes forty minutes.  1 beyond `GOAL` or
`STATE`.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator

import numpy as np

from detectors import REGISTRY
from detectors.base import DAY, utc_context
from detectors.state import pack
from tests.tracked import tracked

WIDTH, SLOT = 300, 6
"""Length of a bin [s], and bins of half an hour."""

GOAL, STATE = 0.5, 1.5
"""Longest time of a bin [s], and largest state [GB]."""


def slots(days: int, series: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Starts ``(t,)`` [s] and counts ``(t, n)`` of one half hour after the other, which follow the day."""
    rng = np.random.default_rng(seed)
    level, noon = rng.uniform(20, 5_000, series), rng.uniform(0, DAY, series)
    for slot in range(days * DAY // (SLOT * WIDTH)):
        t = (slot * SLOT + np.arange(SLOT, dtype=np.int64)) * WIDTH
        mean = level * (1 + 0.4 * np.sin(2 * np.pi * (t[:1, None] - noon) / DAY))
        yield t, np.rint(mean + np.sqrt(mean) * rng.standard_normal((SLOT, series), np.float32)).astype(np.float64)


def main() -> int:
    """Print what each bin of the last day took; 1 where a bin or the state is beyond its limit."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--detector", default="predictive", choices=REGISTRY)
    arguments.add_argument("--series", type=int, default=100_000)
    arguments.add_argument("--days", type=int, default=35)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    detector = REGISTRY[asked.detector]("probing.ioda")
    state, spent, turns = detector.init(asked.series), list[float](), list[float]()
    count = asked.days * DAY // (SLOT * WIDTH)
    for t, x in tracked(slots(asked.days, asked.series, asked.seed), "half hours", count):
        context = utc_context(t, asked.series, WIDTH)
        if t[0] < (asked.days - 1) * DAY:
            state, _ = detector.run(x, t, context, state)
            continue
        for i in range(SLOT):
            began = time.perf_counter()
            state, _ = detector.step(state, x[i], int(t[i]), context.row(i))
            (spent if i else turns).append(time.perf_counter() - began)
    peak, dearest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, max(spent + turns)
    size = sum(array.nbytes for array in pack(state).values()) / 1e9
    sys.stdout.write(
        f"{asked.series:,} series, {asked.days} days: a bin takes {np.median(spent):.3f} s, the first of a half hour "
        f"{np.median(turns):.3f} s, the longest {dearest:.3f} s (at most {GOAL}); the state has {size:.2f} GB "
        f"(at most {STATE}), the process {peak:.2f} GiB at most\n"
    )
    return int(dearest > GOAL or size > STATE)


if __name__ == "__main__":
    sys.exit(main())
