"""Cloudflare's rule against a second, plain writing of it, on any series."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import DAY, LOW_CONFIRMED, UNKNOWN
from detectors.similar_days import SimilarDays
from tests.detectors.oracles import SlowSimilarDays, agrees
from tests.detectors.synthetic import made


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([3600, 3 * 3600, 9 * 3600]),
    st.sampled_from([8, 28]),
    st.floats(0, 0.5),
)
def test_the_rule_gives_on_any_series_what_its_text_says(seed: int, renew: int, days: int, missing: float) -> None:
    random = np.random.default_rng(seed)
    t = np.arange(0, 32 * DAY, 3 * 3600)[random.random(256) > missing / 4]
    x = random.poisson(30 + 20 * np.sin(t / DAY * 2 * np.pi)[:, None] * np.ones(2)).astype(float)
    x[random.random(x.shape) < missing] = np.nan
    x[random.random(x.shape) < 0.05] = 0
    agrees(SimilarDays(renew=renew, days=days), SlowSimilarDays, x, t, 3 * 3600)


def test_it_refuses_in_its_first_week() -> None:
    series_ = made(9, width=3600)
    _, verdict = SimilarDays().run(series_.x, series_.t, series_.context)
    said = verdict.state[:, 0] != UNKNOWN
    assert np.flatnonzero(said)[0] == 7 * 24
    assert np.isnan(verdict.expected[~said]).all()
    assert said[7 * 24 :].all()


def test_a_shutdown_at_the_same_hour_of_every_day_is_what_it_expects() -> None:
    form = {"width": 1800, "daily": 0.0, "weekend": 0.0, "dispersion": 0.0, "left": 0.1}
    daily = made(14, outages=[(day + 0.1, day + 0.2) for day in range(7, 14)], **form)
    _, verdict = SimilarDays().run(daily.x, daily.t, daily.context)
    low = np.flatnonzero(verdict.state[:, 0] == LOW_CONFIRMED) // 48
    assert set(low.tolist()) <= {7, 8, 9, 10}
    assert 7 in low
