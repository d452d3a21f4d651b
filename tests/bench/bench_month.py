"""A part of a month of the world through memory: 250 countries, five signals, a bin every five minutes."""

import time
from collections.abc import Iterator

import numpy as np

from pipeline.bins import DAY
from pipeline.engine import Engine
from pipeline.feeds import Recording, chunks
from pipeline.records import Entity, Rows, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import through_memory
from tests.bench.rate import Rate

COUNTRIES, WIDTH, MONTH = 250, 300, 30
"""Entities, length of a bin [s] and length of the month [days]."""

SIGNALS = {"atlas.connected": 0.02, "bgp.ris": 1.0, "probing.ioda": 2.0, "telescope.ioda": 0.1, "traffic.radar": 40.0}
"""Name of each signal, and how many times the routes' it counts."""

NOISE, SWING, OUTAGES = 0.02, {"bgp.ris": 0.0, "atlas.connected": 0.02}, 0.2
"""Deviation beside Poisson's, daily swing of a signal (shares of its level), and outages of a country in a month."""

START = 1704067200  # 1 January 2024
PART = 5
"""What `make bench` runs of it [days]."""

GOAL = 30
"""What a month may take [s]."""


def world(days: int, seed: int = 1) -> Iterator[Rows]:
    """Counts of many sizes, from a handful to millions, that follow the day; a few countries go out for some hours."""
    rng = np.random.default_rng(seed)
    codes = [a + b for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for b in "ABCDEFGHIJ"][:COUNTRIES]
    entities = tuple(Entity("country", code, code) for code in codes)
    size, noon = 10 ** rng.uniform(1.5, 5.0, COUNTRIES), rng.uniform(0, DAY, COUNTRIES)
    t = np.arange(START, START + days * DAY, WIDTH)
    left = np.ones((len(t), COUNTRIES))
    for country in rng.integers(0, COUNTRIES, max(1, round(OUTAGES * COUNTRIES * days / MONTH))):
        begin = rng.integers(0, len(t))
        left[begin : begin + rng.integers(12, 150), country] = rng.uniform(0, 0.7)
    for signal, scale in SIGNALS.items():
        day = 1 + SWING.get(signal, 0.4) * np.sin(2 * np.pi * (t[:, None] - noon) / DAY)
        level = scale * size * day * left * (1 + NOISE * rng.standard_normal(left.shape))
        value = rng.poisson(np.maximum(level, 0)).astype(np.float64)
        value[rng.random(left.shape) < 0.001] = np.nan  # not observed
        who = np.tile(np.arange(COUNTRIES, dtype=np.int32), len(t))
        yield Rows(Run(), "table", 0, signal, WIDTH, (), 0, entities, np.repeat(t, COUNTRIES), who, value.ravel())


def bench_month() -> Iterator[Rate]:
    """Bins of entities a second, beside a month in half a minute: later days cost more than those of this part."""
    names, rows = tuple(sorted(SIGNALS)), list(world(PART))
    playback = Playback([Recording("table", names, chunks(rows))], Run("month", "replay", names))
    began = time.process_time()
    through_memory(playback, Engine(), playback.run, lambda _: None)
    spent = time.process_time() - began
    bins = COUNTRIES * len(SIGNALS) * DAY // WIDTH
    goal = Rate("a month in 30 s", MONTH * bins / GOAL, "")
    yield Rate("a part of a world's month", PART * bins / spent, "bins").to(goal)
