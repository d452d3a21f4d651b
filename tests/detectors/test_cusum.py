"""The daily sum against a second, plain writing of it, and on real traffic with a throttling laid over it."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.base import DAY, HIGH, HOLIDAY, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN, Verdict, utc_context
from detectors.cusum import HOUR, Cusum
from tests.detectors.real import Series, series
from tests.detectors.slow_cusum import SlowCusum
from tests.detectors.synthetic import Made, made

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)
CONTROLS = ("control-youtube-nl", "control-youtube-ge")


def agrees(rule: Cusum, x: np.ndarray, t: np.ndarray, width: int, ahead: np.ndarray | int = 0) -> None:
    """One and the other writing say the same of values ``(t, n)`` where clocks are ``ahead (t, n)`` seconds of UTC."""
    context = utc_context(t, x.shape[1], width)
    context = replace(context, week_slot=(context.week_slot + ahead) % (7 * DAY))
    _, verdict = rule.run(x, t, context)
    for i in range(x.shape[1]):
        slow = SlowCusum(rule, width)
        bins = zip(x[:, i].tolist(), t.tolist(), context.week_slot[:, i].tolist(), strict=True)
        np.testing.assert_array_equal(verdict.state[:, i], [slow.step(*one) for one in bins])


@pytest.mark.parametrize("case", CONTROLS)
def test_it_gives_on_real_series_what_its_text_says(data: Path, case: str) -> None:
    real = series(data, case, "traffic.youtube")
    agrees(Cusum(), real.x[:3000], real.t[:3000], real.width)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1800, 7200, 6 * 3600]),
    st.sampled_from([0.0, 0.1, 0.4]),
    st.sampled_from([3, 20]),
    st.lists(st.integers(-48, 56), min_size=2, max_size=2),
    st.sampled_from([0.0, 0.01]),
    st.sampled_from([24, 14, 2]),
)
@example(2381, 7200, 0.1, 3, [0, 0], 0.0, 24)  # given up on a day on which a season moves the level
@example(1, 1800, 0.0, 3, [22, -14], 0.0, 24)  # midnight is at half past an hour
@example(1, 1800, 0.0, 20, [0, 0], 0.01, 2)  # values a thousand times too high, and hours that usually have nothing
def test_it_gives_on_any_series_what_its_text_says(
    seed: int, width: int, missing: float, renew: int, quarters: list[int], wild: float, first: int
) -> None:
    random = np.random.default_rng(seed)
    t = np.arange(0, 40 * DAY, width)
    t = t[random.random(len(t)) > missing / 4]
    x = 200 + 100 * np.sin(t / DAY * 2 * np.pi)[:, None] + random.normal(0, 20, (len(t), 2))
    for start in random.integers(10, 38, 3):
        x[(t > start * DAY) & (t < (start + 3) * DAY)] *= random.choice([0.0, 0.6, 0.9, 3.0])
    x[(t >= first * 3600) & (t < DAY)] = 0  # it began in an outage
    x[random.random(x.shape) < wild] *= 1000
    x[random.random(x.shape) < missing] = np.nan
    changed = t[len(t) // 2] + 3600 * np.array([0, 7])  # and an hour more from then on, at some hour of the day
    ahead = np.array(quarters) * 900 + 3600 * (t[:, None] >= changed)
    agrees(Cusum(settle=5, hold=4, renew=renew), np.maximum(x, 0), t, width, ahead)


def throttled(t: np.ndarray, at: int, step: int, second: int) -> np.ndarray:
    """What is left ``(t,)`` of a service that sags by 5 % in the week from ``at``, and steps to 70 % and to 45 %."""
    left = 1 - 0.05 * np.clip((t - at) / (7 * DAY), 0, 1)
    return np.where(t >= second, 0.45, np.where(t >= step, 0.70, left))


@cache
def laid_over(data: Path, case: str) -> tuple[Series, np.ndarray, Verdict]:
    """A control, when each of 25 throttlings begins that are laid over it, and the verdicts; column 0 is bare."""
    real = series(data, case, "traffic.youtube")
    began = real.t[0] + DAY * np.arange(60, 560, 20)
    left = [throttled(real.t, int(at), int(at) + 21 * DAY, int(at) + 141 * DAY)[:, None] for at in began]
    x = np.concatenate([real.x, *(real.x * one for one in left)], axis=1)
    return real, began, Cusum().run(x, real.t, utc_context(real.t, x.shape[1], real.width))[1]


@pytest.mark.parametrize("case", CONTROLS)
def test_two_years_of_bare_traffic_confirm_nothing(data: Path, case: str) -> None:
    _, _, verdict = laid_over(data, case)
    state = verdict.state[:, 0]
    assert not (state == LOW_CONFIRMED).any()
    assert (state == LOW_PROVISIONAL).mean() < 0.25, "real traffic sags by a few percent now and then"
    assert (state != UNKNOWN).mean() > 0.95


@pytest.mark.parametrize("case", CONTROLS)
def test_a_step_to_seventy_percent_is_confirmed_within_a_day_and_for_good(data: Path, case: str) -> None:
    real, began, verdict = laid_over(data, case)
    for i, at in enumerate(began + 21 * DAY, start=1):
        low = verdict.state[:, i] == LOW_CONFIRMED
        assert not low[real.t < at].any()
        first = real.t[np.argmax(low)]
        missing = np.diff(real.t[(real.t >= at - DAY) & (real.t <= first)]).max() > real.width
        assert first + real.width - at <= (2 if missing else 1.25) * DAY
        assert np.isin(verdict.state[real.t > first, i], [LOW_CONFIRMED, UNKNOWN]).all()


@pytest.mark.parametrize("case", CONTROLS)
def test_the_sag_before_it_is_suspected_within_five_days_more_often_than_not(data: Path, case: str) -> None:
    real, began, verdict = laid_over(data, case)
    found, chance = 0, 0
    for i, at in enumerate(began, start=1):
        due = (real.t >= at + 3 * DAY) & (real.t < at + 12 * DAY)
        found += np.isin(verdict.state[due, i], LOW).any()
        chance += np.isin(verdict.state[due, 0], LOW).any()
    assert found >= 0.7 * len(began)
    assert found >= chance + 0.25 * len(began)


def judged(series_: Made) -> Verdict:
    return Cusum().run(series_.x, series_.t, series_.context)[1]


def test_three_percent_less_of_a_calm_series_are_suspected_within_days_and_are_the_level_later() -> None:
    verdict = judged(made(60, width=1800, dispersion=4, daily=0.3, shift=(28, 0.97)))
    low = np.flatnonzero(np.isin(verdict.state[:, 0], LOW)) / 48
    assert 29 < low[0] < 37
    assert (verdict.state[:, 0] != LOW_CONFIRMED).all()
    assert (verdict.state[50 * 48 :] == NORMAL).all()


def test_an_outage_of_days_is_confirmed_after_most_of_one_and_over_a_day_after_its_end() -> None:
    verdict = judged(made(45, width=1800, daily=0.2, outages=[(28, 34)], left=0.1))
    low = np.flatnonzero(verdict.state[:, 0] == LOW_CONFIRMED) / 48
    assert 28 < low[0] < 28.5
    assert 34 < low[-1] <= 35
    assert len(low) == round(float(np.ptp(low)) * 48) + 1
    assert (verdict.state[36 * 48 :] == NORMAL).all()


def test_a_level_that_is_thrice_as_high_is_the_level_after_ten_days() -> None:
    verdict = judged(made(45, width=1800, level=1e4, daily=0.2, shift=(28, 3.0)))
    assert (verdict.state[29 * 48 : 34 * 48] == HIGH).mean() > 0.9
    assert (verdict.state[38 * 48 :] == NORMAL).all()


def test_what_is_confirmed_is_the_level_after_two_years() -> None:
    verdict = judged(made(800, width=6 * 3600, level=1e4, daily=0.1, shift=(28, 0.4)))
    assert (verdict.state[29 * 4 : 750 * 4] == LOW_CONFIRMED).all()
    assert (verdict.state[-7 * 4 :] == NORMAL).all()


def test_a_weekend_is_no_loss_once_it_is_known() -> None:
    verdict = judged(made(70, width=3600, weekend=0.15, dispersion=2))
    assert not np.isin(verdict.state[42 * 24 :], LOW).any()


@pytest.mark.parametrize("weekend", [0.3, 0.6, 0.75, 0.9])
@pytest.mark.parametrize("first", range(7))
def test_a_deep_weekend_is_none_on_whatever_day_a_recording_begins(first: int, weekend: float) -> None:
    whole = made(70, width=3600, weekend=weekend, dispersion=2)
    x, t = whole.x[24 * first :], whole.t[24 * first :]
    _, verdict = Cusum().run(x, t, utc_context(t, 1, 3600))
    assert not np.isin(verdict.state, LOW).any()


@pytest.mark.parametrize("dark", [20, 30, 60])
@pytest.mark.parametrize("holiday", [5, 7])
def test_what_begins_in_an_outage_begins_anew_two_days_after_it(dark: int, holiday: int) -> None:
    whole = made(28, width=3600, daily=0.3, weekend=0.2, outages=[(0, dark / 24)], left=0.05)
    kind = np.where((whole.t // DAY - whole.t[0] // DAY == holiday)[:, None], HOLIDAY, whole.context.day_kind)
    _, verdict = Cusum().run(whole.x, whole.t, replace(whole.context, day_kind=kind.astype(np.int8)))
    assert not np.isin(verdict.state, LOW).any()
    settled = verdict.expected[20 * 24 :, 0]
    assert np.nanmax(settled) < 1600
    assert np.isfinite(settled).mean() > 0.7


def test_half_a_day_that_was_not_observed_is_not_compared_with_a_whole_one() -> None:
    form = made(40, width=3600, daily=0.5, gaps=[(30, 30.3), (32.7, 33)])
    assert not np.isin(judged(form).state, LOW).any()


def test_a_season_goes_on_under_a_throttling_and_does_not_end_it() -> None:
    form = made(250, width=6 * 3600, level=1e4, daily=0.1)
    day = (form.t - form.t[0]) / DAY
    season = np.exp(0.003 * np.clip(day - 60, 0, 130))  # half as much again
    x = form.x * (season * np.where(day >= 40, 0.7, 1.0))[:, None]
    _, verdict = Cusum().run(x, form.t, form.context)
    assert (verdict.state[41 * 4 :] == LOW_CONFIRMED).all()
    back = np.where(day >= 200, x[:, 0] / 0.7, x[:, 0])[:, None]
    _, verdict = Cusum().run(back, form.t, form.context)
    assert (verdict.state[202 * 4 : 203 * 4] != LOW_CONFIRMED).all()


def office(t: np.ndarray) -> np.ndarray:
    """A network that rests at night and on weekends ``(t, 1)``."""
    day, busy = t // DAY % 7, (t // 3600 % 24 >= 8) & (t // 3600 % 24 < 18)
    noise = np.random.default_rng(8).normal(1, 0.02, len(t))
    return (np.where(busy, np.where((day == 2) | (day == 3), 1500.0, 3000.0), 1200.0) * noise)[:, None]


def test_weekends_of_an_office_are_no_throttling() -> None:
    t = np.arange(0, 50 * DAY, 3600)
    _, verdict = Cusum().run(office(t), t, utc_context(t, 1, 3600))
    assert not np.isin(verdict.state, LOW).any()


@pytest.mark.parametrize("known", [True, False])
def test_a_holiday_that_is_known_as_one_is_no_throttling(known: bool) -> None:
    t = np.arange(0, 40 * DAY, 3600)
    free = t // DAY == 34
    context = utc_context(t, 1, 3600)
    kind = np.where(free[:, None] & known, HOLIDAY, context.day_kind).astype(np.int8)
    _, verdict = Cusum().run(office(t) * np.where(free, 0.5, 1.0)[:, None], t, replace(context, day_kind=kind))
    assert np.isin(verdict.state, LOW).any() != known


def where_midnight_is(ahead: np.ndarray, t: np.ndarray, rest: dict[int, float], seed: int = 0) -> Verdict:
    """Verdicts on bins of half an hour or more at ``t`` [s] of an office whose clock is ``ahead (t,)`` [s], of which on
    days of ``rest``, Monday is 0, a share is left; an hour of its night has a tenth."""
    context = utc_context(t, 1, int(t[1] - t[0]))
    slot = (context.week_slot[:, 0] + ahead) % (7 * DAY)
    left = np.select([slot // DAY == day for day in rest], list(rest.values()), 1.0)
    works = np.where((slot % DAY >= DAY // 3) & (slot % DAY < 3 * DAY // 4), 1.0, 0.1)
    x = np.random.default_rng(seed).poisson(50_000 * left * works).astype(float)[:, None]
    return Cusum().run(x, t, replace(context, week_slot=slot[:, None]))[1]


@pytest.mark.parametrize("rest", [{5: 0.3, 6: 0.2}, {6: 0.5}, {4: 0.2}])
@pytest.mark.parametrize("hours", [-10, -4.5, 3, 5.75, 12])
def test_a_day_of_rest_is_none_wherever_midnight_is(hours: float, rest: dict[int, float]) -> None:
    t = np.arange(0, 50 * DAY, 1800)
    verdict = where_midnight_is(np.full(len(t), int(hours * HOUR)), t, rest)
    assert not (verdict.state == LOW_CONFIRMED).any()
    assert (verdict.state[21 * 48 :] == NORMAL).mean() > 0.9


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize("weekday", range(7))
def test_nor_is_one_after_a_clock_was_changed(weekday: int, change: int) -> None:
    t = np.arange(0, 75 * DAY, 1800)
    midnight = (35 + weekday) * DAY - 2 * HOUR
    ahead = 2 * HOUR + change * HOUR * (t >= midnight - max(-change, 0) * HOUR)
    verdict = where_midnight_is(ahead, t, {4: 0.1, 5: 0.1})
    assert not (verdict.state == LOW_CONFIRMED).any()


@pytest.mark.parametrize("week", [0, 1, 3])
def test_a_day_is_over_on_its_own_hours_where_the_night_was_not_observed(week: int) -> None:
    whole = made(70, width=3600, level=2e4, weekend=0.7)
    gone = (5 + 7 * week) * DAY + 2 * HOUR
    at = whole.t - whole.t[0]
    there = (at < gone) | (at >= gone + 30 * HOUR)
    _, verdict = Cusum().run(whole.x[there], whole.t[there], utc_context(whole.t[there], 1, 3600))
    assert not (verdict.state == LOW_CONFIRMED).any()


@pytest.mark.parametrize("first", range(7))
def test_a_step_to_two_thirds_is_heard_on_whatever_day_a_recording_begins(first: int) -> None:
    whole = made(40 + first, width=3600, weekend=0.5, dispersion=2, shift=(28 + first, 0.65))
    x, t = whole.x[24 * first :], whole.t[24 * first :]
    _, verdict = Cusum().run(x, t, utc_context(t, 1, 3600))
    confirmed = np.flatnonzero(verdict.state[:, 0] == LOW_CONFIRMED)
    assert 28 * 24 < confirmed[0] < 30 * 24
    assert len(confirmed) > 10 * 24


@pytest.mark.parametrize("busy", [1, 3, 11])
def test_an_hour_that_was_empty_on_the_first_day_is_expected_like_any_other_in_time(busy: int) -> None:
    t = np.arange(0, 60 * DAY, 1800)
    x = np.random.default_rng(1).normal(1000, 20, (len(t), 1))
    x[(t >= busy * HOUR) & (t < DAY)] = 0
    state, verdict = Cusum().run(x, t, utc_context(t, 1, 1800))
    assert (verdict.state[t >= 53 * DAY] == NORMAL).all()
    assert np.allclose(state.shape, 1, atol=0.3)
