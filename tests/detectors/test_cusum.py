"""The daily sum on real traffic with a throttling laid over it, and on made-up weeks."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from detectors.base import DAY, HIGH, LOW_CONFIRMED, NORMAL, UNKNOWN, is_low, utc_context
from detectors.cusum import Cusum
from tests.detectors.lives import judged
from tests.detectors.real import Series, series
from tests.detectors.synthetic import made

HOUR = 3600
CONTROLS = ("control-youtube-nl", "control-youtube-ge")


@cache
def laid_over(data: Path, case: str) -> tuple[Series, np.ndarray, np.ndarray]:
    """A control, when each of 12 throttlings begins that are laid over it, and the states; column 0 is bare.

    A throttled service sags by 5 % within a week, steps to 70 % two weeks later, and to 45 % after 120 days.
    """
    real = series(data, case, "traffic.youtube")
    began = real.t[0] + DAY * np.arange(60, 540, 40)
    since = (real.t[:, None] - began) / DAY
    left = np.select([since >= 141, since >= 21], [0.45, 0.70], 1 - 0.05 * np.clip(since / 7, 0, 1))
    x = np.concatenate([real.x, real.x * left], axis=1)
    return real, began, Cusum().run(x, real.t, utc_context(real.t, x.shape[1], real.width))[1].state


@pytest.mark.parametrize("case", CONTROLS)
def test_a_step_to_seventy_percent_is_confirmed_within_a_day_and_for_good(data: Path, case: str) -> None:
    real, began, state = laid_over(data, case)
    for i, at in enumerate(began + 21 * DAY, start=1):
        low = state[:, i] == LOW_CONFIRMED
        assert not low[real.t < at].any()
        first = real.t[np.argmax(low)]
        missing = np.diff(real.t[(real.t >= at - DAY) & (real.t <= first)]).max() > real.width
        assert first + real.width - at <= (2 if missing else 1.25) * DAY
        assert np.isin(state[real.t > first, i], [LOW_CONFIRMED, UNKNOWN]).all()


@pytest.mark.parametrize("case", CONTROLS)
def test_the_sag_before_it_is_suspected_within_days_more_often_than_not(data: Path, case: str) -> None:
    real, began, state = laid_over(data, case)
    due = [(real.t >= at + 3 * DAY) & (real.t < at + 12 * DAY) for at in began]
    found = sum(is_low(state[when, i]).any() for i, when in enumerate(due, start=1))
    chance = sum(is_low(state[when, 0]).any() for when in due)
    assert found >= max(0.7 * len(began), chance + 0.25 * len(began))


def test_three_percent_less_of_a_calm_series_are_suspected_within_days_and_are_the_level_later() -> None:
    state = judged(Cusum(), made(60, width=1800, dispersion=4, daily=0.3, shift=(28, 0.97))).state
    assert 29 < np.flatnonzero(is_low(state[:, 0]))[0] / 48 < 37
    assert not (state == LOW_CONFIRMED).any()
    assert (state[50 * 48 :] == NORMAL).all()


def test_an_outage_of_days_is_confirmed_after_most_of_one_and_over_a_day_after_its_end() -> None:
    state = judged(Cusum(), made(45, width=1800, daily=0.2, outages=[(28, 34)], left=0.1)).state
    begin, end = np.flatnonzero(np.diff((state[:, 0] == LOW_CONFIRMED).astype(int))) / 48
    assert 28 < begin < 28.5
    assert 34 < end <= 35
    assert (state[36 * 48 :] == NORMAL).all()


def test_a_level_that_is_thrice_as_high_is_the_level_after_ten_days() -> None:
    state = judged(Cusum(), made(45, width=1800, level=1e4, daily=0.2, shift=(28, 3.0))).state
    assert (state[29 * 48 : 34 * 48] == HIGH).mean() > 0.9
    assert (state[38 * 48 :] == NORMAL).all()


def test_what_is_confirmed_is_the_level_after_two_years() -> None:
    state = judged(Cusum(), made(800, width=6 * HOUR, level=1e4, daily=0.1, shift=(28, 0.4))).state
    assert (state[29 * 4 : 750 * 4] == LOW_CONFIRMED).all()
    assert (state[-7 * 4 :] == NORMAL).all()


@pytest.mark.parametrize("weekend", [0.15, 0.6, 0.9])
@pytest.mark.parametrize("first", [0, 3, 5, 6])
def test_a_weekend_is_no_loss_and_a_step_is_one_on_whatever_day_a_recording_begins(first: int, weekend: float) -> None:
    series_ = made(50, width=HOUR, weekend=weekend, dispersion=2)
    x, t = series_.x[24 * first :], series_.t[24 * first :]
    context = utc_context(t, 1, HOUR)
    assert not is_low(Cusum().run(x, t, context)[1].state).any()
    fallen = np.where(t[:, None] < t[0] + 35 * DAY, x, 0.65 * x)
    confirmed = np.flatnonzero(Cusum().run(fallen, t, context)[1].state[:, 0] == LOW_CONFIRMED) / 24
    assert 35 < confirmed[0] < 37.5
    assert len(confirmed) > 7 * 24


def test_a_season_goes_on_under_a_throttling_and_does_not_end_it() -> None:
    series_ = made(250, width=6 * HOUR, level=1e4, daily=0.1)
    day = (series_.t - series_.t[0]) / DAY
    season = np.exp(0.003 * np.clip(day - 60, 0, 130))  # half as much again
    left = np.where((day >= 40) & (day < 200), 0.7, 1.0)
    state = judged(Cusum(), replace(series_, x=series_.x * (season * left)[:, None])).state
    assert (state[41 * 4 : 200 * 4] == LOW_CONFIRMED).all()
    assert (state[202 * 4 : 203 * 4] != LOW_CONFIRMED).all()


@pytest.mark.parametrize("hours", [-10, -4.5, 5.75, 12])
@pytest.mark.parametrize("change", [-1, 0, 1])
def test_days_of_rest_are_none_wherever_midnight_is_and_whenever_a_clock_is_changed(hours: float, change: int) -> None:
    t = np.arange(0, 60 * DAY, 1800)
    ahead = int(hours * HOUR) + change * HOUR * (t >= 39 * DAY - 2 * HOUR)
    context = utc_context(t, 1, 1800)
    slot = (context.week_slot[:, 0] + ahead) % (7 * DAY)
    works = np.where((slot % DAY >= DAY // 3) & (slot % DAY < 3 * DAY // 4), 1.0, 0.1)
    left = np.select([slot // DAY == 4, slot // DAY == 5], [0.1, 0.2], 1.0)
    x = np.random.default_rng(0).poisson(50_000 * left * works).astype(float)[:, None]
    state = Cusum().run(x, t, replace(context, week_slot=slot[:, None]))[1].state
    assert not (state == LOW_CONFIRMED).any()
    assert (state[21 * 48 :] == NORMAL).mean() > 0.9
