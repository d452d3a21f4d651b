"""Series whose nights have so few counts that nothing can be said of them: an outage goes on through its nights."""

import numpy as np
import pytest

from detectors.base import DAY, LOW_CONFIRMED, NORMAL, UNKNOWN, is_low, utc_context
from detectors.seasonal import Seasonal

WIDTH = 900
BEFORE, OUT, AFTER = 14, 4, 6
"""Days before an outage, in it and after it."""


def lived(mean: float, dispersion: float, left: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, counts and states of a series that swings by 70 % with the day and is out for days."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, (BEFORE + OUT + AFTER) * DAY, WIDTH)
    out = (t >= BEFORE * DAY + 64_800) & (t < (BEFORE + OUT) * DAY)
    expected = mean * (1 - 0.7 * np.cos(2 * np.pi * t / DAY)) * np.where(out, max(left, 1e-9), 1.0)
    x = rng.negative_binomial(expected / (dispersion - 1), 1 / dispersion).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, utc_context(t, 1, WIDTH))
    return t, x, verdict.state[:, 0]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("mean", "dispersion", "left"), [(120, 3, 0.04), (120, 4, 0.0), (80, 2, 0.05)])
def test_an_outage_of_days_deafens_nobody(mean: float, dispersion: float, left: float, seed: int) -> None:
    t, _, state = lived(mean, dispersion, left, seed)
    day = t // DAY
    noon = (t % DAY >= 9 * 3600) & (t % DAY < 15 * 3600)
    before, during = noon & (day >= 7) & (day < BEFORE), noon & (day > BEFORE) & (day < BEFORE + OUT)
    after = (day >= BEFORE + OUT) & noon
    assert (state[before] != UNKNOWN).mean() > 0.95
    assert (state[during] == LOW_CONFIRMED).mean() > 0.95
    assert (state[after] == NORMAL).mean() > 0.9, "it is heard as it was before"


def test_a_night_of_which_nothing_can_be_said_is_told_as_unknown_and_is_no_end() -> None:
    t, _, state = lived(60, 3, 0.04, 0)
    night = (t % DAY < 2 * 3600) & (t // DAY > BEFORE) & (t // DAY < BEFORE + OUT)
    assert (state[night] == UNKNOWN).mean() > 0.5
    assert not (state[night] == NORMAL).any()
    morning = (t >= (BEFORE + OUT) * DAY) & (t < (BEFORE + OUT) * DAY + 12 * 3600)
    assert not (state[morning] == LOW_CONFIRMED).any(), "what is back at night is no outage by day"


def test_a_night_of_which_no_bin_can_say_anything_is_told_by_six_of_them() -> None:
    t, _, state = lived(120, 3, 0.04, 0)
    night = (t % DAY < 2 * 3600) & (t // DAY > BEFORE) & (t // DAY < BEFORE + OUT)
    assert (state[night] == LOW_CONFIRMED).all()
    assert (state[(t % DAY < 2 * 3600) & (t // DAY >= 7) & (t // DAY < BEFORE)] == UNKNOWN).mean() > 0.5


def few(left: float, seed: int) -> np.ndarray:
    """States of 25 an hour, of which so much is left from noon to evening of the last but one day, in that time and
    after it."""
    rng, t = np.random.default_rng(seed), np.arange(0, BEFORE * DAY, 3600)
    out = (t >= (BEFORE - 2) * DAY + 12 * 3600) & (t < (BEFORE - 2) * DAY + 20 * 3600)
    x = rng.poisson(np.where(out, 25 * left, 25.0)).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, utc_context(t, 1, 3600))
    return verdict.state[out.argmax() :, 0]


def test_that_nothing_is_left_of_a_few_is_mostly_told_by_hours_and_that_they_are_back_at_once() -> None:
    found = [states for states in (few(0.0, seed) for seed in range(6)) if (states[5:8] == LOW_CONFIRMED).all()]
    assert len(found) >= 4
    assert all((states[8:14] == NORMAL).any() and not is_low(states[8:]).any() for states in found)


@pytest.mark.parametrize("seed", range(6))
def test_that_half_is_left_of_a_few_is_not_told(seed: int) -> None:
    assert not is_low(few(0.5, seed)).any()
