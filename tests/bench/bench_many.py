"""One bin of a hundred thousand series, with weeks behind them: how long each takes, and how much is remembered.

``python -m tests.bench.bench_many`` makes up five weeks of bins of five minutes, and judges the last day's one by one:
some ten minutes, with 3 GB.  It fails where the dearest bin, at a slot's begin, takes longer than `GOAL`.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from detectors import REGISTRY
from detectors.base import DAY, utc_context
from detectors.history import History
from tests.tracked import tracked

SERIES, WIDTH, DAYS = 100_000, 300, 35
SLOT = 6
"""Bins of half an hour."""

GOAL, STATE = 0.5, 1.5
"""What a bin may take [s], and what may be remembered [GB]."""


def slots(days: int, series: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Starts ``(t,)`` [s] and counts ``(t, n)`` of one half hour after the other, which follow the day."""
    rng = np.random.default_rng(seed)
    level, noon = rng.uniform(20, 5_000, series), rng.uniform(0, DAY, series)
    for slot in range(days * DAY // (SLOT * WIDTH)):
        t = (slot * SLOT + np.arange(SLOT, dtype=np.int64)) * WIDTH
        mean = level * (1 + 0.4 * np.sin(2 * np.pi * (t[:1, None] - noon) / DAY))
        yield t, np.rint(mean + np.sqrt(mean) * rng.standard_normal((SLOT, series), np.float32)).astype(np.float64)


def remembered(state: Any) -> int:
    """Bytes of all arrays of a state; what two of them share counts once."""
    bases: dict[int, int] = {}

    def walk(value: Any) -> None:
        if isinstance(value, np.ndarray):
            whole = value if value.base is None or not isinstance(value.base, np.ndarray) else value.base
            bases[id(whole)] = whole.nbytes
        elif isinstance(value, History):
            walk((value.chunks, value.tail))
        elif is_dataclass(value) and not isinstance(value, type):
            walk([getattr(value, field.name) for field in fields(value)])
        elif isinstance(value, tuple | list):
            for each in value:
                walk(each)

    walk(state)
    return sum(bases.values())


def main() -> int:
    """What each bin of the last day took; 1 where that, or what is remembered, is more than it may be."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--detector", default="seasonal", choices=REGISTRY)
    arguments.add_argument("--series", type=int, default=SERIES)
    arguments.add_argument("--days", type=int, default=DAYS)
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
    peak, size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, remembered(state) / 1e9
    middle, dearest = float(np.median(spent)), max(spent + turns)
    sys.stdout.write(
        f"{asked.series:,} series, {asked.days} days: a bin takes {middle:.3f} s, one that begins a half hour "
        f"{np.median(turns):.3f} s, the dearest {dearest:.3f} s (at most {GOAL}); {size:.2f} GB are remembered "
        f"(at most {STATE}), {peak:.2f} GiB resident at most\n"
    )
    return int(dearest > GOAL or size > STATE)


if __name__ == "__main__":
    sys.exit(main())
