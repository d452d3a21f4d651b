"""The default detector after a level was lost or rose: what is expected of what comes back."""

from collections.abc import Callable

import numpy as np
import pytest

from detectors.base import DAY, HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN, Verdict, utc_context
from detectors.seasonal import Seasonal
from detectors.seasonal.course import RISE

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)


def told(share: Callable[[np.ndarray], np.ndarray], days: int) -> tuple[np.ndarray, Verdict]:
    """Four weeks and so many days of an hourly series, of which a ``share(day)`` is there: days, and what is said."""
    t = np.arange(0, (28 + days) * DAY, 3600)
    day = t / DAY - 28
    mean = 5000 * (1 - 0.3 * np.cos(2 * np.pi * day)) * share(day)
    x = np.where(np.isnan(mean), np.nan, np.random.default_rng(1).poisson(np.nan_to_num(mean)))
    return day, Seasonal().run(x[:, None], t, utc_context(t, 1, 3600))[1]


@pytest.mark.parametrize("left", [0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8])
def test_what_comes_back_from_a_level_that_was_lost_is_expected_again_after_three_days(left: float) -> None:
    t = np.arange(0, 52 * DAY, 3600)
    out = (t >= 28 * DAY) & (t < 40 * DAY), (t >= 50 * DAY) & (t < 51 * DAY)
    shape = 5000 * (1 - 0.3 * np.cos(2 * np.pi * t / DAY))
    x = np.random.default_rng(1).poisson(shape * np.where(out[0] | out[1], left, 1.0)).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, utc_context(t, 1, 3600))
    back = (t >= 43 * DAY) & (t < 50 * DAY)
    assert np.abs(verdict.expected[back, 0] / shape[back] - 1).max() < 0.1
    assert not np.isin(verdict.state[back, 0], [UNKNOWN, *LOW]).any()
    again = verdict.state[out[1], 0]
    assert (again[1:] == LOW_CONFIRMED).all()


@pytest.mark.parametrize(("back", "later"), [(10, 21), (0, 60)])
def test_a_better_weekend_long_after_a_lost_level_is_no_level(back: int, later: int) -> None:
    begin = 28 + 12 + back + later
    t = np.arange(0, (begin + 8) * DAY, 3600)
    day = t / DAY
    share = np.where((day >= 28) & (day < 40 if back else True), 0.6, 1.0)
    share *= np.where((day >= begin) & (day < begin + 2.2), 1.3, 1.0)
    x = np.random.default_rng(1).poisson(5000 * (1 - 0.3 * np.cos(2 * np.pi * day)) * share).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, utc_context(t, 1, 3600))
    assert not np.isin(verdict.state[day >= begin, 0], [HIGH, *LOW]).any()


@pytest.mark.parametrize("days", [4, 5, 6, 7, 8, 10])
@pytest.mark.parametrize("more", [1.15, 1.3, 1.6])
def test_what_was_more_for_a_week_is_not_missed_afterwards(days: int, more: float) -> None:
    t = np.arange(0, (28 + days + 14) * DAY, 3600)
    day = t / DAY - 28
    shape = 20000 * (1 - 0.3 * np.cos(2 * np.pi * day)) * np.where((day >= 0) & (day < days), more, 1.0)
    x = np.random.default_rng(1).poisson(shape).astype(float)
    _, verdict = Seasonal().run(x[:, None], t, utc_context(t, 1, 3600))
    lost = np.where(np.isin(verdict.state[:, 0], LOW), 1 - x / verdict.expected[:, 0], 0.0)
    assert lost.max() <= 1 - np.exp(-RISE) / more + 0.03, "the rise itself, and what a level may be above it"


@pytest.mark.parametrize("left", [0.0, 0.3])
@pytest.mark.parametrize("days", [1, 4, 10])
def test_what_goes_out_again_days_after_a_return_is_as_clear_as_it_was_before(left: float, days: int) -> None:
    day, verdict = told(
        lambda day: np.where((day >= 0) & (day < 9), left, np.where(day >= 11 + days, 0.5, 1.0)), 12 + days
    )
    assert (verdict.state[day >= 11 + days, 0] == LOW_CONFIRMED).all()
    assert verdict.score[day >= 11 + days, 0].max() < -15


@pytest.mark.parametrize("left", [0.0, 0.2])
def test_what_comes_back_in_part_has_its_level_there(left: float) -> None:
    day, verdict = told(lambda day: np.where(day < 0, 1.0, np.where(day < 9, left, 0.6)), 30)
    assert (verdict.state[day >= 12, 0] == NORMAL).all()


def test_a_return_is_no_less_known_where_its_feed_is_silent_when_it_has_lasted() -> None:
    def share(day: np.ndarray) -> np.ndarray:
        busy = np.where((day >= 9) & (day < 13), 1.6, 1.0)
        return np.where((day >= 10.9) & (day < 11.2), np.nan, np.where((day >= 0) & (day < 9), 0.2, busy))

    day, verdict = told(share, 30)
    assert not np.isin(verdict.state[day >= 9, 0], LOW).any()


def test_half_of_a_level_that_was_lost_is_clear_as_soon_as_that_is_known() -> None:
    day, verdict = told(lambda day: np.where(day < 0, 1.0, np.where(day < 8, 0.3, 0.15)), 9)
    assert (verdict.state[day >= 8, 0] == LOW_CONFIRMED).all()
    assert verdict.score[day >= 8, 0].max() < -10


def test_bins_in_a_row_tell_of_a_fifth_hours_after_a_return_became_the_level() -> None:
    t = np.arange(0, 25.3 * DAY, 300)
    day = t / DAY - 14
    share = np.where((day >= 0) & (day < 9), 0.02, np.where(day >= 11.2, 0.8, 1.0))
    mean = 300 * (1 - 0.1 * np.cos(2 * np.pi * day)) * share
    x = np.random.default_rng(5).poisson(mean[:, None], (len(t), 100)).astype(float)
    _, verdict = Seasonal().run(x, t, utc_context(t, 100, 300))
    low, first = np.isin(verdict.state, LOW), int(np.argmax(day >= 11.2))
    assert low[first : first + 6].any(axis=0).mean() > 0.95
    assert not low[first - 48 : first].any()


@pytest.mark.parametrize("after", [1, 3, 5, 8, 12])
@pytest.mark.parametrize("rise", [1.3, 1.6, 1.9])
def test_what_falls_deep_days_after_a_rise_is_told(rise: float, after: int) -> None:
    day, verdict = told(lambda day: np.where(day < 0, 1.0, np.where(day < after, rise, 0.1)), after + 1)
    assert (verdict.state[day >= after + 0.05, 0] == LOW_CONFIRMED).all()
    assert not np.isin(verdict.state[day < after, 0], LOW).any()


@pytest.mark.parametrize("growth", [1.01, 1.03, 1.05])
def test_what_falls_deep_amid_growth_is_told(growth: float) -> None:
    day, verdict = told(lambda day: growth ** (day + 14).clip(0) * np.where(day >= 5, 0.1, 1.0), 6)
    assert (verdict.state[day >= 5.05, 0] == LOW_CONFIRMED).all()


@pytest.mark.parametrize("after", [3, 8, 11, 15])
def test_what_comes_back_in_two_steps_and_falls_again_is_told(after: int) -> None:
    def share(day: np.ndarray) -> np.ndarray:
        back = np.where(day < 19, 0.5, np.where(day < 19 + after, 1.0, 0.4))
        return np.where(day < 0, 1.0, np.where(day < 9, 0.05, back))

    day, verdict = told(share, 20 + after)
    assert (verdict.state[day >= 19 + after + 0.05, 0] == LOW_CONFIRMED).all()
    assert not np.isin(verdict.state[(day >= 9) & (day < 19 + after), 0], LOW).any()


@pytest.mark.parametrize("after", [3, 6, 8, 11])
def test_a_loss_of_three_tenths_that_was_the_level_is_told_again(after: int) -> None:
    day, verdict = told(lambda day: np.where((day < 0) | (day >= 9) & (day < 9 + after), 1.0, 0.7), 10 + after)
    assert (verdict.state[day >= 9 + after + 0.1, 0] == LOW_CONFIRMED).all()


def test_what_was_lost_is_known_where_the_last_minutes_of_the_week_were_not_observed() -> None:
    t = np.arange(0, 21.2 * DAY, 300)
    x = np.random.default_rng(1).poisson(np.where(t < 14 * DAY, 3000.0, 600.0)).astype(float)[:, None]
    x[(t >= 21 * DAY - 1500) & (t < 21 * DAY)] = np.nan
    state, _ = Seasonal().run(x, t, utc_context(t, 1, 300))
    assert state.lost[0] == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("days", [1, 2, 7])
def test_a_level_of_bins_of_a_day_or_more_is_renewed_too(days: int) -> None:
    t = np.arange(0, 140 * DAY, days * DAY)
    x = np.where(t < 70 * DAY, 1000.0, 5000.0)[:, None]
    state, _ = Seasonal().run(x, t, utc_context(t, 1, days * DAY))
    assert state.level[0] == 5000
