"""Bins of six hours, a day and a week: every detector takes them, though it may say nothing of them."""

import numpy as np
import pytest

from detectors import REGISTRY
from detectors.base import DAY, LOW_CONFIRMED, utc_context

CALM = ("seasonal", "cusum", "median")
"""Those that call out none of the noise."""


@pytest.mark.parametrize("width", [6 * 3600, DAY, 7 * DAY])
@pytest.mark.parametrize("name", REGISTRY)
def test_bins_of_a_day_and_more_are_taken(name: str, width: int) -> None:
    start = 19000 * DAY + np.arange(0, 200 * DAY, width)
    x = np.random.default_rng(1).poisson(1000, (len(start), 1)).astype(float)
    _, verdict = REGISTRY[name]("traffic.radar").run(x, start, utc_context(start, 1, width))
    assert verdict.state.shape == x.shape
    assert (verdict.state == LOW_CONFIRMED).mean() <= (0.0 if name in CALM else 0.1)
