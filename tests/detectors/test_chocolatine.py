"""Chocolatine against a second, plain writing of it, on any series."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import DAY, LOW_CONFIRMED, NORMAL, UNKNOWN, Verdict
from detectors.chocolatine import WEEK, Chocolatine, fitted
from tests.detectors.oracles import agrees
from tests.detectors.slow_chocolatine import SlowChocolatine
from tests.detectors.synthetic import Made, made


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.05, 0.1, 0.3]), st.floats(0.5, 4.0))
def test_the_rule_gives_on_any_series_what_its_text_says(seed: int, missing: float, deviations: float) -> None:
    random = np.random.default_rng(seed)
    t = np.arange(0, 14 * WEEK, 6 * 3600)
    t = t[random.random(len(t)) > 0.1]
    x = 200 + 100 * np.sin(t / DAY * 2 * np.pi)[:, None] + 4 * np.cumsum(random.normal(0, 1, (len(t), 2)), axis=0)
    x[random.random(x.shape) < missing] = np.nan
    x[random.random(x.shape) < 0.03] = 0
    x[:, 1] = np.where(random.random(len(t)) < 0.5, 0, x[:, 1])
    agrees(Chocolatine(deviations=deviations), SlowChocolatine, np.maximum(x, 0), t, 6 * 3600, within=1e-6)


def judged(series_: Made) -> Verdict:
    return Chocolatine().run(series_.x, series_.t, series_.context)[1]


def test_it_refuses_in_its_first_eleven_weeks() -> None:
    verdict = judged(made(12 * 7, width=3600))
    said = verdict.state[:, 0] != UNKNOWN
    assert np.flatnonzero(said)[0] == 11 * 168
    assert np.isnan(verdict.expected[~said]).all()


def test_it_refuses_a_series_of_gaps_and_one_of_zeros() -> None:
    short = made(12 * 7, width=3600, gaps=[(10, 31)])
    assert (judged(short).state == UNKNOWN).all()
    empty = made(12 * 7, width=3600, level=0.6)
    assert (empty.x == 0).mean() > 0.5
    assert (judged(empty).state == UNKNOWN).all()


def test_an_alert_ends_only_within_a_quarter_of_the_interval() -> None:
    form = made(12 * 7, width=3600, daily=0.0, weekend=0.0, dispersion=9)
    end = len(form.t) - 1
    _, verdict = Chocolatine().run(form.x, form.t, form.context)
    expected, lower = verdict.expected[end, 0], verdict.lower[end, 0]
    for share, state in ((1.2, LOW_CONFIRMED), (0.5, LOW_CONFIRMED), (0.2, NORMAL)):
        x = form.x.copy()
        x[end - 1] = 0.0
        x[end] = expected - share * (expected - lower)
        _, after = Chocolatine().run(x, form.t, form.context)
        assert after.state[end - 1, 0] == LOW_CONFIRMED
        assert after.state[end, 0] == state


def test_the_regressions_find_the_coefficients_that_made_a_series() -> None:
    random = np.random.default_rng(3)
    shock = random.normal(0, 1, (2, 20_000))
    y = np.zeros_like(shock)
    for i in range(2, y.shape[1]):
        y[0, i] = 0.6 * y[0, i - 1] + shock[0, i] + 0.3 * shock[0, i - 1]
        y[1, i] = 0.5 * y[1, i - 1] - 0.3 * y[1, i - 2] + shock[1, i]
    both = fitted(y)
    np.testing.assert_allclose(both[3, 0], [0.6, 0, 0.3, 0], atol=0.03)
    np.testing.assert_allclose(both[2, 1], [0.5, -0.3, 0, 0], atol=0.03)


def test_a_model_that_explodes_is_none() -> None:
    shock = np.random.default_rng(4).normal(0, 1, 60)
    y = np.zeros((3, 60))
    for i in range(2, 60):
        y[0, i] = 1.2 * y[0, i - 1] + shock[i]
        y[1, i] = 0.1 * y[1, i - 1] - 1.3 * y[1, i - 2] + shock[i]
        y[2, i] = 0.1 * y[2, i - 1] - 0.5 * y[2, i - 2] + shock[i]
    models = fitted(y)
    assert np.isnan(models[0, 0]).all()
    assert np.isnan(models[2, :, 0]).tolist() == [True, True, False]
