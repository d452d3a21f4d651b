"""IODA's rule: what was measured of it, its rank, its floor and its scores."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN, is_low, utc_context
from detectors.median import Median
from tests.detectors.lives import verdict_of
from tests.detectors.real import Series, labels, series


def counted(real: Series, low: np.ndarray, outages: list[tuple[int, int]]) -> tuple[int, int]:
    """Outages with a low bin in them, and runs of low bins away from every outage (30 min grace)."""
    found = sum(low[(real.t + real.width > start) & (real.t < end)].any() for start, end in outages)
    edges = np.flatnonzero(np.diff(low.astype(int), prepend=0, append=0)).reshape(-1, 2)
    false = [
        all(real.t[a] >= end + 1800 or real.t[b - 1] + real.width <= start - 1800 for start, end in outages)
        for a, b in edges
    ]
    return int(found), sum(false)


@pytest.mark.parametrize(
    ("case", "signal", "warning", "critical"),
    [
        ("iraq-2023-exams", "bgp.ioda", (8, 1), (2, 0)),
        ("iraq-2023-exams", "probing.ioda", (8, 0), (8, 0)),
        ("iraq-2023-exams", "traffic.google", (8, 11), (8, 2)),
        ("iraq-2023-exams", "telescope.ioda", (0, 0), (0, 0)),
        ("zhytomyr-2022", "bgp.ioda", (2, 0), (0, 0)),
        ("zhytomyr-2022", "probing.ioda", (2, 2), (0, 0)),
    ],
)
def test_the_rule_finds_what_was_measured_of_it(
    data: Path, case: str, signal: str, warning: tuple[int, int], critical: tuple[int, int]
) -> None:
    """REFERENCE B1: found and false, at the warning and at the critical threshold."""
    real, outages = series(data, case, signal), labels(data, case)
    state = Median.for_signal(signal).run(real.x, real.t, utc_context(real.t, 1, real.width))[1].state[:, 0]
    assert counted(real, is_low(state), outages) == warning
    assert counted(real, state == LOW_CONFIRMED, outages) == critical


def test_the_median_is_of_the_nearest_rank_and_leaves_the_judged_value_out() -> None:
    verdict = verdict_of(Median(), np.array([30.0, 40.0, 1000.0, 2000.0, 35.0]), 3600)
    np.testing.assert_array_equal(verdict.expected[:, 0], [np.nan, 30, 30, 30, 30])


def test_below_the_floor_nothing_is_said_but_the_history_grows() -> None:
    verdict = verdict_of(Median(), np.repeat([5.0, 50.0], [8, 12]), 3600)
    assert (verdict.state[:17] == UNKNOWN).all()
    assert (verdict.expected[-1, 0], verdict.state[-1, 0]) == (50, NORMAL)


def test_a_score_counts_the_series_own_deviations() -> None:
    x = np.random.default_rng(1).normal(1000, [[10.0, 100.0]], (2000, 2))
    x[-1] = 700
    np.testing.assert_allclose(verdict_of(Median(), x, 300).score[-1], [-30, -3], rtol=0.15)
