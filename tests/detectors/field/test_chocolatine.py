"""Chocolatine: what it refuses, when its alerts end, and how its models are fitted."""

import numpy as np

from detectors.base import LOW_CONFIRMED, NORMAL, UNKNOWN
from detectors.field.chocolatine import Chocolatine, fitted
from tests.detectors.lives import judged
from tests.detectors.synthetic import made

WEEKS = {"days": 12 * 7, "width": 3600}


def test_it_refuses_in_its_first_eleven_weeks() -> None:
    verdict = judged(Chocolatine(), made(**WEEKS))
    said = verdict.state[:, 0] != UNKNOWN
    assert np.flatnonzero(said)[0] == 11 * 168
    assert np.isnan(verdict.expected[~said]).all()


def test_it_refuses_a_series_of_gaps_and_one_of_zeros() -> None:
    empty = made(**WEEKS, level=0.6)
    assert (empty.x == 0).mean() > 0.5
    for series in (empty, made(**WEEKS, gaps=[(10, 31)])):
        assert (judged(Chocolatine(), series).state == UNKNOWN).all()


def test_an_alert_ends_only_within_a_quarter_of_the_interval() -> None:
    series = made(**WEEKS, daily=0.0, weekend=0.0, dispersion=9)
    verdict = judged(Chocolatine(), series)
    expected, lower = verdict.expected[-1, 0], verdict.lower[-1, 0]
    for share, state in ((1.2, LOW_CONFIRMED), (0.5, LOW_CONFIRMED), (0.2, NORMAL)):
        series.x[-2:, 0] = 0.0, expected - share * (expected - lower)
        assert judged(Chocolatine(), series).state[-2:, 0].tolist() == [LOW_CONFIRMED, state]


def test_the_regressions_find_the_coefficients_that_made_a_series() -> None:
    shock = np.random.default_rng(3).normal(0, 1, (2, 20_000))
    y = np.zeros_like(shock)
    for i in range(2, y.shape[1]):
        y[0, i] = 0.6 * y[0, i - 1] + shock[0, i] + 0.3 * shock[0, i - 1]
        y[1, i] = 0.5 * y[1, i - 1] - 0.3 * y[1, i - 2] + shock[1, i]
    models = fitted(y)
    np.testing.assert_allclose(models[3, 0], [0.6, 0, 0.3, 0], atol=0.03)
    np.testing.assert_allclose(models[2, 1], [0.5, -0.3, 0, 0], atol=0.03)


def test_a_model_that_explodes_is_none() -> None:
    shock = np.random.default_rng(4).normal(0, 1, 60)
    y = np.zeros((3, 60))
    for i in range(2, 60):
        y[:, i] = np.array([1.2, 0.1, 0.1]) * y[:, i - 1] + np.array([0, -1.3, -0.5]) * y[:, i - 2] + shock[i]
    models = fitted(y)
    assert np.isnan(models[0, 0]).all()
    assert np.isnan(models[2, :, 0]).tolist() == [True, True, False]
