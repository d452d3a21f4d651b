"""One value of a first day that is far too high, in bins of any length: what is lost on the second day is found."""

import numpy as np
import pytest

from pipeline.bins import DAY
from tests.worlds import HOUR, MONDAY, hours, made_rows, played

MEANS = {"probing.ioda": (6000, 0.08), "traffic.radar": (20_000, 0.5)}
"""Counts a bin of each kind, and how much of them a day goes up and down [-]."""


def said(
    times: float, at: float, out: float, width: int, weekday: int = 0, begin: int = 8, left: float = 0.05, seed: int = 0
) -> list[tuple[float, float]]:
    """Outages [hours after ``out``] of two kinds that begin at that hour, ``begin``, of a weekday, and of which the bin
    ``at`` hours later is so many ``times`` too high; from ``out`` hours later on all but what is ``left`` is lost for
    five hours."""
    t, start, rng = hours(4, width), MONDAY + weekday * DAY, np.random.default_rng(seed)
    since, series = t / HOUR - begin, []
    share = np.where((since >= out) & (since < out + 5), left, 1.0)
    for signal, (of, swing) in MEANS.items():
        mood = np.exp(np.convolve(rng.normal(0, 0.01, len(t) + 9), np.ones(10), "valid"))
        mean = of * (1 - swing * np.cos(2 * np.pi * (t / DAY - 4 / 24))) * mood * share
        x = rng.poisson(mean).astype(float)
        x[since < 0] = np.nan
        x[np.flatnonzero(since >= at)[0]] *= times
        series.append(made_rows(signal, x, width=width, start=start))
    begun = start + (begin + out) * HOUR
    return [((o.start - begun) / HOUR, ((o.end or 0) - begun) / HOUR) for o in played(series).of("PK")]


def is_right(found: list[tuple[float, float]]) -> bool:
    """Whether that is the one outage of five hours, and nothing else."""
    return len(found) == 1 and abs(found[0][0]) <= 1 and abs(found[0][1] - 5) <= 1


@pytest.mark.parametrize("width", [900, 1800, HOUR])
@pytest.mark.parametrize(("times", "at", "out"), [(3, 9, 26), (7, 9, 28), (100, 9, 26), (100, 5, 26), (3, 14, 30)])
def test_a_blackout_before_its_hour_comes_round_is_found(width: int, times: float, at: int, out: int) -> None:
    assert is_right(said(times, at, out, width))


@pytest.mark.parametrize("width", [900, 1800, HOUR])
@pytest.mark.parametrize("weekday", [0, 3, 4, 5])
@pytest.mark.parametrize(("times", "begin", "out"), [(20, 8, 30), (100, 14, 34), (1000, 8, 38)])
def test_so_it_is_where_it_was_the_first_one_of_all(
    width: int, weekday: int, times: float, begin: int, out: int
) -> None:
    assert is_right(said(times, 0, out, width, weekday, begin))


@pytest.mark.parametrize("width", [1800, HOUR])
@pytest.mark.parametrize("times", [2, 7, 100])
@pytest.mark.parametrize("seed", range(2))
def test_nor_is_it_expected_of_a_weekend(width: int, times: float, seed: int) -> None:
    assert is_right(said(times, 9, 26, width, weekday=4, begin=4, seed=seed))


@pytest.mark.parametrize("width", [900, 1800, HOUR])
@pytest.mark.parametrize(("times", "at"), [(2, 9), (3, 1), (7, 16), (100, 0), (1e6, 9)])
def test_and_nothing_is_missed_where_nothing_is_lost(width: int, times: float, at: int) -> None:
    assert not any(said(times, at, 30, width, weekday, left=1.0) for weekday in (0, 4))
