"""IODA's rule: its rank, its floor and its scores."""

import numpy as np

from detectors.base import NORMAL, UNKNOWN
from detectors.field.median import Median
from tests.detectors.lives import verdict_of


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
