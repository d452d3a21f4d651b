"""A place that comes back by and by is told once: it is better every day, and nothing falls."""

import numpy as np
import pytest

from pipeline.bins import DAY
from tests.worlds import MONDAY, PK, hours, made_rows, played

QUIET = 16
"""Days before the outage [days]."""


def told(dark: float, ramp: float, again: float, seed: int, *signals: str) -> list[tuple[float, float | None]]:
    """From when to when Pakistan was out [days after the 16th]: dark for days, then back in a straight line; with
    ``again`` it is dark for another day, so long after the outage began."""
    day = hours(QUIET + dark + ramp + 8, 900) / DAY
    at, rng = day - QUIET, np.random.default_rng(seed)
    share = np.where(at < 0, 1.0, np.clip((at - dark) / ramp, 0.02, 1.0))
    share = np.where((at >= again) & (at < again + 1), 0.02, share)
    series = []
    for signal in signals:
        level = 1500 * (1 - 0.6 * np.cos(2 * np.pi * day)) * share
        wave = np.exp(np.convolve(rng.normal(0, 0.01, len(day)), np.ones(8), "same"))
        series.append(made_rows(signal, rng.negative_binomial(level * wave / 4, 1 / 5).astype(float), PK, width=900))
    outages = played(series).of("PK")
    return [((o.start - MONDAY) / DAY - QUIET, o.end and (o.end - MONDAY) / DAY - QUIET) for o in outages]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("dark", "ramp"), [(3, 14), (5, 21)])
@pytest.mark.parametrize("signals", [("traffic.radar",), ("probing.ioda", "traffic.radar")])
def test_nothing_is_told_while_things_get_better(dark: float, ramp: float, signals: tuple[str, ...], seed: int) -> None:
    (first, *pieces) = told(dark, ramp, 99, seed, *signals)
    assert first[0] == pytest.approx(0, abs=0.05)
    assert len(pieces) <= 2, "what is still missing of it, and not every night anew"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("dark", "ramp", "again"), [(3, 14, 16), (5, 21, 22)])
def test_a_second_blackout_in_a_slow_return_is_told_from_its_begin_to_its_end(
    dark: float, ramp: float, again: float, seed: int
) -> None:
    outages = told(dark, ramp, again, seed, "traffic.radar")
    begin, end = outages[-1]
    assert begin == pytest.approx(again, abs=0.05)
    assert end == pytest.approx(again + 1, abs=0.15)
