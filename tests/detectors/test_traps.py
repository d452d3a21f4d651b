"""The traps that the real series hold (REFERENCE.md, section 1): each was seen, each is laid here once more."""

from dataclasses import replace

import numpy as np

from detectors.base import DAY, LOW_CONFIRMED, LOW_PROVISIONAL, utc_context
from detectors.seasonal import Seasonal
from tests.detectors.synthetic import made

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)


def test_the_first_hour_of_a_weekend_is_no_outage_of_a_workday() -> None:
    series = made(22, width=300, n=4, level=1e4, daily=0.3, weekend=0.3, seed=2)
    _, verdict = Seasonal().run(series.x, series.t, series.context)
    saturday = (series.t - series.t[0]) // DAY % 7 == 5
    late = saturday & (series.t >= series.t[0] + 14 * DAY)
    assert not np.isin(verdict.state[late], LOW).any()


def test_a_weekend_that_was_called_low_once_is_not_called_low_for_ever() -> None:
    series = made(28, width=300, n=4, level=1e4, daily=0.1, weekend=0.3, seed=3)
    _, verdict = Seasonal().run(series.x, series.t, series.context)
    day = (series.t - series.t[0]) // DAY
    assert np.isin(verdict.state[day == 5], LOW).any(), "the first one is a surprise"
    assert not np.isin(verdict.state[(day % 7 >= 5) & (day >= 14)], LOW).any()


def test_a_holiday_that_halves_the_day_is_no_outage_and_an_outage_on_it_is() -> None:
    series = made(20, width=300, n=4, level=1e4, daily=0.4, weekend=0.1, seed=4)
    day = (series.t - series.t[0]) / DAY
    holiday = (day >= 16) & (day < 17)
    less = np.where(holiday, 1 - 0.5 * np.clip(np.minimum(day - 16, 17 - day) * 6, 0, 1), 1.0)
    outage = (day >= 16.6) & (day < 16.7)
    kind = np.where(holiday[:, None], 2, series.context.day_kind).astype(np.int8)
    x = np.rint(series.x * (less * np.where(outage, 0.2, 1.0))[:, None])
    _, verdict = Seasonal().run(x, series.t, replace(series.context, day_kind=kind))
    low = np.isin(verdict.state, LOW)
    assert low[outage][2:].all()
    assert not low[holiday & ~outage].any()


def test_what_is_switched_off_at_ten_every_evening_is_no_outage() -> None:
    t = np.arange(0, 28 * DAY, 300)
    on = (t % DAY >= 6 * 3600) & (t % DAY < 22 * 3600)
    x = np.random.default_rng(9).poisson(np.where(on, 400, 40), (2, len(t))).T.astype(float)
    _, verdict = Seasonal().run(x, t, utc_context(t, 2, 300))
    assert not (verdict.state == LOW_CONFIRMED).any()


def test_a_shutdown_every_saturday_is_told_every_saturday() -> None:
    series = made(36, width=300, n=4, level=1e4, daily=0.3, weekend=0.2, seed=6)
    day = (series.t - series.t[0]) / DAY
    shut = (day >= 8) & (day % 7 >= 5.4) & (day % 7 < 5.8)
    _, verdict = Seasonal().run(np.rint(series.x * np.where(shut, 0.2, 1.0)[:, None]), series.t, series.context)
    sure = verdict.state == LOW_CONFIRMED
    for week in range(1, 5):
        own = shut & (day // 7 == week)
        assert sure[own][2:].all(), week
    assert not np.isin(verdict.state[(day >= 8) & ~shut], LOW).any()
