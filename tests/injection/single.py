"""One noisy signal loses less than half, three times in two weeks; routes stay, and the telescope counts next to
nothing."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from rich.table import Table

from pipeline.bins import DAY
from pipeline.engine import Engine
from pipeline.records import Rows
from tests.injection.given import HOUR, date, minutes, outages, series, table
from tests.replay.truth import confirmed
from tests.tracked import tracked

COUNTRY, WIDTH = "PK", 600
BEGIN, PAST, DAYS = date("2024-10-01"), 14, 28
"""The first day, days before the two weeks, and days in all."""
MEAN, LOST, LASTS = 30, 0.45, 8 * HOUR
"""Counts a bin, the share that is lost, and for how long [s]."""
EXACT, SOON = 2 * WIDTH, 4 * HOUR
"""Onset and end are dated within, and each is confirmed within [s]."""


class Recording(NamedTuple):
    """Its rows, the onsets of its losses [s], and the counts of the signal that falls."""

    rows: list[Rows]
    onsets: list[int]
    counts: np.ndarray


def recording(seed: int) -> Recording:
    """Four weeks; a loss at any time of the first, the sixth and the eleventh day of the last two."""
    random = np.random.default_rng(seed)
    onsets = [BEGIN + (PAST + day) * DAY + WIDTH * int(random.integers(DAY // WIDTH)) for day in (0, 5, 10)]
    at = BEGIN + np.arange(0, DAYS * DAY, WIDTH)
    out = np.any([(at >= onset) & (at < onset + LASTS) for onset in onsets], axis=0)
    counts = random.poisson(MEAN * np.where(out, 1 - LOST, 1.0))
    few = random.integers(0, 4, len(at))
    routes = np.full(len(at) // 3, 3000)
    rows = [("probing.ioda", WIDTH, counts), ("telescope.ioda", WIDTH, few), ("bgp.ris", 3 * WIDTH, routes)]
    return Recording([series(name, width, BEGIN, value, COUNTRY) for name, width, value in rows], onsets, counts)


class Found(NamedTuple):
    """What was said of the three: how far onset and end of each are off, and its confirmation after the onset [s].

    ``worst``: the depth of each at worst [0-1]; ``more``: other confirmed outages.
    """

    off: list[tuple[int, int]]
    after: list[int]
    worst: list[float]
    more: int

    @property
    def exact(self) -> int:
        """How many of the three were dated."""
        return sum(max(map(abs, off)) <= EXACT for off in self.off)


def found(made: Recording, engine: Engine | None = None) -> Found:
    """Each loss is held against the confirmed outage that overlaps it."""
    left, off, after, worst = confirmed(outages(made.rows, engine)), [], [], []
    for onset in made.onsets:
        own = [o for o in left if o.end is not None and o.start < onset + LASTS and o.end > onset]
        if own:
            off.append((own[0].start - onset, (own[0].end or 0) - onset - LASTS))
            after.append((own[0].confirmed_at or 0) - onset)
            worst.append(own[0].severity)
            left.remove(own[0])
    return Found(off, after, worst, len(left))


def best(made: Recording) -> Found:
    """The most likely onset and end of each, known to be within six hours, by level and loss as they are."""
    ratios, around, off = made.counts * np.log1p(-LOST) + LOST * MEAN, 6 * HOUR // WIDTH, []
    for onset in made.onsets:
        first, middle, last = ((onset + more - BEGIN) // WIDTH for more in (0, LASTS // 2, LASTS))
        early = ratios[first - around : middle][::-1].cumsum()[::-1]
        late = ratios[middle : last + around].cumsum()
        off.append((WIDTH * (int(early.argmax()) - around), WIDTH * (middle + int(late.argmax()) + 1 - last)))
    return Found(off, [], [], 0)


def tables(seeds: int, engine: Engine) -> Iterator[Table]:
    """What is found of three losses a seed."""
    made = [recording(seed) for seed in range(seeds)]
    ours = [found(one, engine) for one in tracked(made, "recordings of a single signal", seeds)]
    bound = [best(one) for one in made]
    of = 3 * seeds
    yield table(
        "single: three losses of eight hours in two weeks", ["", "wanted", "found", "the best possible"],
        [
            ("confirmed", of, sum(len(one.off) for one in ours), ""),
            ("within four hours", of, sum(after <= SOON for one in ours for after in one.after), ""),
            ("after [min]", "", minutes(after for one in ours for after in one.after), ""),
            ("dated within two bins", of, *(sum(one.exact for one in own) for own in (ours, bound))),
            ("lost at worst", f"{LOST:.0%}", f"{np.mean([depth for one in ours for depth in one.worst]):.0%}", ""),
            ("others confirmed", 0, sum(one.more for one in ours), ""),
        ],
    )  # fmt: skip
