"""IODA's rule against a second, plain writing of it, and against what was measured of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import DAY, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN, utc_context
from detectors.median import Median
from tests.detectors.oracle import Oracle
from tests.detectors.real import Series, labels, series

RULES = [Median(), Median.for_signal("bgp.ioda"), Median.for_signal("telescope.ioda")]


def agrees(rule: Median, x: np.ndarray, t: np.ndarray, width: int) -> None:
    _, verdict = rule.run(x, t, utc_context(t, x.shape[1], width))
    for i in range(x.shape[1]):
        oracle = Oracle(rule)
        plain = [oracle.step(float(value), int(time)) for value, time in zip(x[:, i], t, strict=True)]
        np.testing.assert_array_equal(verdict.expected[:, i], [expected for expected, _ in plain])
        np.testing.assert_array_equal(verdict.state[:, i], [state for _, state in plain])


@pytest.mark.parametrize(
    ("case", "signal"),
    [
        ("iraq-2023-exams", "bgp.ioda"),
        ("iraq-2023-exams", "probing.ioda"),
        ("iraq-2023-exams", "telescope.ioda"),
        ("iraq-2023-exams", "traffic.google"),
        ("zhytomyr-2022", "bgp.ioda"),
        ("zhytomyr-2022", "probing.ioda"),
        ("venezuela-2019-blackout", "probing.monash"),
        ("control-britain-2020-peerloss", "bgp.routeviews"),
    ],
)
def test_the_rule_gives_on_real_series_what_its_text_says(data: Path, case: str, signal: str) -> None:
    real = series(data, case, signal)
    x = np.where(real.x < 0, np.nan, real.x)  # Venezuela marks one missing value by -1
    agrees(Median.for_signal(signal), x, real.t, real.width)


VALUES = st.one_of(
    st.integers(0, 60).map(float), st.floats(0, 1e6), st.just(100.0), st.just(0.0), st.just(float("nan"))
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(VALUES, VALUES, st.integers(1, 6)), min_size=1, max_size=120),
    st.sampled_from([2 * 3600, 8 * 3600, 5 * DAY]),
    st.sampled_from([4 * 3600, 20 * 3600]),
)
def test_the_rule_gives_on_any_series_what_its_text_says(
    bins: list[tuple[float, float, int]], window: int, renew: int
) -> None:
    x = np.array([values[:2] for values in bins])
    t = np.cumsum([values[2] for values in bins]) * 1800
    agrees(replace(Median(), window=window, renew=renew, warmup=3600), x, t, 1800)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["walk", "levels", "few"]))
def test_the_rule_holds_when_the_median_wanders_out_of_its_core(seed: int, shape: str) -> None:
    random = np.random.default_rng(seed)
    n, bins = 3, 500
    x = {
        "walk": 500 + np.cumsum(random.normal(0, 8, (bins, n)), axis=0),
        "levels": random.choice([90.0, 100.0, 110.0, 20.0, 300.0, np.nan], (bins, n), p=[0.3] * 3 + [0.04, 0.03, 0.03]),
        "few": random.choice([99.0, 100.0, 101.0], (bins, n)),
    }[shape]  # fmt: skip
    agrees(replace(Median(), window=160 * 300, renew=20 * 300), np.maximum(x, 0), np.arange(bins) * 300, 300)


def counted(real: Series, low: np.ndarray, outages: list[tuple[int, int]]) -> tuple[int, int]:
    """Outages with a low bin in them, and runs of low bins away from every outage (30 min grace)."""
    found = sum(low[(real.t + real.width > start) & (real.t < end)].any() for start, end in outages)
    begins = np.flatnonzero(low & ~np.concatenate([[False], low[:-1]]))
    ends = np.flatnonzero(low & ~np.concatenate([low[1:], [False]]))
    near = [
        any(real.t[a] < end + 1800 and real.t[b] + real.width > start - 1800 for start, end in outages)
        for a, b in zip(begins, ends, strict=True)
    ]
    return int(found), len(near) - sum(near)


MEASURED = [
    ("iraq-2023-exams", "bgp.ioda", (8, 1), (2, 0)),
    ("iraq-2023-exams", "probing.ioda", (8, 0), (8, 0)),
    ("iraq-2023-exams", "traffic.google", (8, 11), (8, 2)),
    ("iraq-2023-exams", "telescope.ioda", (0, 0), (0, 0)),
    ("zhytomyr-2022", "bgp.ioda", (2, 0), (0, 0)),
    ("zhytomyr-2022", "probing.ioda", (2, 2), (0, 0)),
]
"""REFERENCE B1: found and false, at the warning and at the critical threshold."""


@pytest.mark.parametrize(("case", "signal", "warning", "critical"), MEASURED)
def test_the_rule_finds_what_was_measured_of_it(
    data: Path, case: str, signal: str, warning: tuple[int, int], critical: tuple[int, int]
) -> None:
    real, outages = series(data, case, signal), labels(data, case)
    _, verdict = Median.for_signal(signal).run(real.x, real.t, utc_context(real.t, 1, real.width))
    low = np.isin(verdict.state[:, 0], [LOW_PROVISIONAL, LOW_CONFIRMED])
    assert counted(real, low, outages) == warning
    assert counted(real, verdict.state[:, 0] == LOW_CONFIRMED, outages) == critical


def test_the_median_is_of_the_nearest_rank_and_leaves_the_judged_value_out() -> None:
    x = np.array([30.0, 40.0, 1000.0, 2000.0, 35.0])[:, None]
    t = np.arange(5) * 3600
    _, verdict = Median().run(x, t, utc_context(t, 1, 3600))
    np.testing.assert_array_equal(verdict.expected[:, 0], [np.nan, 30, 30, 30, 30])


def test_below_the_floor_nothing_is_said_but_the_history_grows() -> None:
    t = np.arange(20) * 3600
    x = np.where(t < 8 * 3600, 5.0, 50.0)[:, None]
    _, verdict = Median().run(x, t, utc_context(t, 1, 3600))
    assert (verdict.state[:17] == UNKNOWN).all()
    assert verdict.expected[-1, 0] == 50
    assert verdict.state[-1, 0] == NORMAL


def test_a_score_counts_the_series_own_deviations() -> None:
    random = np.random.default_rng(1)
    t = np.arange(2000) * 300
    x = random.normal(1000, [[10.0, 100.0]], (2000, 2))
    x[-1] = 700
    _, verdict = Median().run(x, t, utc_context(t, 2, 300))
    np.testing.assert_allclose(verdict.score[-1], [-30, -3], rtol=0.15)
