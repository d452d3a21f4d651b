"""Cloudflare's rule: what it refuses, and what it takes for usual."""

import numpy as np

from detectors.base import LOW_CONFIRMED, UNKNOWN
from detectors.field.similar_days import SimilarDays
from tests.detectors.lives import judged
from tests.detectors.synthetic import made


def test_it_refuses_in_its_first_week() -> None:
    verdict = judged(SimilarDays(), made(9, width=3600))
    said = verdict.state[:, 0] != UNKNOWN
    assert said.tolist() == [False] * 7 * 24 + [True] * 2 * 24
    assert np.isnan(verdict.expected[~said]).all()


def test_a_shutdown_at_the_same_hour_of_every_day_is_what_it_expects() -> None:
    outages = [(day + 0.1, day + 0.2) for day in range(7, 14)]
    daily = made(14, width=1800, daily=0.0, weekend=0.0, dispersion=0.0, left=0.1, outages=outages)
    low = np.flatnonzero(judged(SimilarDays(), daily).state[:, 0] == LOW_CONFIRMED) // 48
    assert 7 in low
    assert set(low.tolist()) <= {7, 8, 9, 10}
