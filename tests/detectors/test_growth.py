"""A series that grows is judged as well as any: what it strays by is measured against what it has become."""

import numpy as np
import pytest

from detectors.base import DAY, LOW_CONFIRMED, UNKNOWN, is_low, utc_context
from detectors.seasonal import Seasonal

DAYS, OUT = 27, 1
"""Days before an outage, and in it."""


def grown(rate: float, left: float, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and states of a series that grows by so much a day and then has so much left for a day."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, (DAYS + OUT + 1) * DAY, width)
    share = np.where((t >= DAYS * DAY + 28_800) & (t < (DAYS + OUT) * DAY + 28_800), left, 1.0)
    expected = 1500 * (1 - 0.5 * np.cos(2 * np.pi * t / DAY)) * (1 + rate) ** (t / DAY) * share
    x = rng.negative_binomial(np.maximum(expected, 1e-9) / 4, 1 / 5).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, utc_context(t, 1, width))
    return t, verdict.state[:, 0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("width", [600, 900, 3600])
@pytest.mark.parametrize("rate", [0.0, 0.02, 0.03, 0.04, 0.06])
def test_a_country_that_is_dark_after_weeks_of_growth_is_told(rate: float, width: int, seed: int) -> None:
    t, state = grown(rate, 0.01, width, seed)
    since = t - DAYS * DAY - 28_800
    before, during = (t >= 7 * DAY) & (since < 0), (since >= 2 * width) & (since < DAY)
    assert (state[before] != UNKNOWN).mean() > 0.99
    assert not is_low(state[before]).any()
    assert (state[during] == LOW_CONFIRMED).mean() > 0.95
    assert not is_low(state[since >= DAY + 7200]).any()


@pytest.mark.parametrize("seed", range(3))
def test_a_rise_of_a_week_counts_once_and_is_not_missed_when_it_is_over(seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(0, 42 * DAY, 900)
    rise = np.where((t >= 25 * DAY) & (t < 33 * DAY), 1.4, 1.0)
    x = rng.poisson(1500 * (1 - 0.5 * np.cos(2 * np.pi * t / DAY)) * rise).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, utc_context(t, 1, 900))
    assert not is_low(verdict.state[t >= 7 * DAY]).any()
