"""An outage on the first day that a series has is no shape of the next one: the second at these hours is told."""

import numpy as np
import pytest

from detectors.base import DAY, LOW_CONFIRMED, Context, is_low, utc_context
from detectors.seasonal import Seasonal

HOUR = 3600
LONG = 4 * HOUR
"""How long it is out every night [s]."""


def place(t: np.ndarray, width: int) -> Context:
    """Of a place: networks may be switched off by night."""
    context = utc_context(t, 1, width)
    return Context(width, context.health, context.week_slot, context.day_kind, np.zeros(1, bool))


def nightly(width: int, level: float, swing: float, left: float, slide: int, hours: float, seed: int) -> np.ndarray:
    """Share of the bins that are told low, of the second to the fourth outage ``(3,)``: every day for four hours,
    ``left`` of it, down to which it slides for so many seconds; the first one begins ``hours`` after the start."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, 6 * DAY, width)
    within = (t - int(hours * HOUR)) % DAY
    out = (within < LONG) & (t >= hours * HOUR)
    share = np.where(out, np.maximum(left, 1 - (1 - left) * (within + width) / max(slide, width)), 1.0)
    x = rng.poisson(level * (1 - swing * np.cos(2 * np.pi * t / DAY)) * share).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, place(t, width))
    low = is_low(verdict.state[:, 0])
    assert not low[~out & (within > LONG + HOUR)].any(), "nothing is told while all is well"
    return np.array([low[out & ((t - int(hours * HOUR)) // DAY == day)].mean() for day in range(1, 4)])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("hours", [6.5, 9, 15, 19])
@pytest.mark.parametrize(
    ("width", "level", "swing", "left", "slide"),
    [
        (600, 590, 0.02, 0.35, 2400),  # probes that go down within forty minutes
        (300, 2900, 0.0, 0.78, 300),  # a fifth of the routes, which have no ups and downs
        (300, 2900, 0.0, 0.3, 1500),
        (900, 4000, 0.4, 0.1, 900),
    ],
)
def test_the_second_outage_is_told(
    width: int, level: float, swing: float, left: float, slide: int, hours: float, seed: int
) -> None:
    assert (nightly(width, level, swing, left, slide, hours, seed) > 0.8).all()


@pytest.mark.parametrize("start", range(0, 24, 2))
@pytest.mark.parametrize(("width", "swing"), [(300, 0.75), (900, 0.75), (1800, 0.8), (3600, 0.8)])
def test_a_night_is_no_fall(width: int, swing: float, start: int) -> None:
    rng = np.random.default_rng(start)
    t = np.arange(0, 4 * DAY, width) + start * HOUR
    day = np.cos(2 * np.pi * t / DAY) + 0.3 * np.cos(4 * np.pi * t / DAY - 1)
    x = rng.poisson(5000 * np.maximum(1 - swing / 1.2 * day, 0.02)).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, place(t, width))
    assert not (verdict.state == LOW_CONFIRMED).any()


def test_what_has_stepped_down_for_good_on_its_first_day_is_the_level_within_days() -> None:
    t = np.arange(0, 12 * DAY, 300)
    x = np.random.default_rng(1).poisson(np.where(t < 10 * HOUR, 2900, 2300)).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, place(t, 300))
    low = is_low(verdict.state[:, 0])
    assert not low[t < DAY].any(), "nothing is told of its first day"
    assert low[(t >= DAY) & (t < 7 * DAY)].mean() > 0.9
    assert not low[t >= 9 * DAY].any()
