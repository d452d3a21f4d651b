"""Bins of six hours, a day and a week: every detector takes them, though it may say nothing of them."""

import numpy as np
import pytest

from detectors import REGISTRY
from detectors.base import DAY, LOW_CONFIRMED, utc_context
from detectors.seasonal import Seasonal
from detectors.seasonal.seasonal import slot_of

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


@pytest.mark.parametrize("width", [1860, 2500, 3586, 5000])
def test_bins_that_do_not_divide_the_day_have_similar_days(width: int) -> None:
    start = 19000 * DAY + np.arange(0, 12 * DAY, width)
    shape = 3000 * (1 + 0.5 * np.sin(2 * np.pi * (start + width / 2) / DAY))
    out = (start >= 19009 * DAY) & (start + width <= 19009 * DAY + 8 * 3600)
    x = np.random.default_rng(2).poisson(np.where(out, 0.05, 1) * shape)[:, None].astype(float)
    _, verdict = Seasonal().run(x, start, utc_context(start, 1, width))
    told = verdict.state[:, 0] == LOW_CONFIRMED
    assert told[out].mean() > 0.8
    assert not told[~out].any()


def test_bins_that_divide_the_day_are_their_own_slots() -> None:
    parts = [part for part in range(1800, DAY + 1) if DAY % part == 0]
    assert [slot_of(part) for part in parts] == parts
    assert slot_of(2 * DAY) == 2 * DAY
