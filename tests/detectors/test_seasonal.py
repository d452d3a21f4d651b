"""What is asked of a good detector, of the default one: on real series, and on made-up days."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.base import DAY, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, Verdict, is_low, utc_context
from detectors.seasonal import Seasonal
from detectors.state import pack
from pipeline.codec import seconds
from tests.detectors.lives import judged, verdict_of
from tests.detectors.real import Series, labels, series
from tests.detectors.synthetic import made


def real(data: Path, case: str, signal: str, zone: str = "UTC") -> tuple[Series, Verdict]:
    """A real series and the verdicts on it, by its local time."""
    own = series(data, case, signal)
    offset = [datetime.fromtimestamp(int(t), ZoneInfo(zone)).utcoffset() for t in own.t]
    local = own.t + np.array([int(o.total_seconds()) if o else 0 for o in offset])
    _, verdict = Seasonal().run(own.x, own.t, utc_context(local, own.x.shape[1], own.width))
    return own, verdict


@pytest.mark.parametrize(
    ("case", "signal", "within"),
    [
        ("iraq-2023-exams", "bgp.ioda", 600),
        ("iraq-2023-exams", "probing.ioda", 1200),
        ("iraq-2023-exams", "traffic.google", 5400),
        ("zhytomyr-2022", "bgp.ioda", 900),
        ("zhytomyr-2022", "probing.ioda", 1200),
    ],
)
def test_every_labelled_outage_is_confirmed_soon(data: Path, case: str, signal: str, within: int) -> None:
    own, verdict = real(data, case, signal)
    confirmed, near = verdict.state[:, 0] == LOW_CONFIRMED, np.zeros(len(own.t), bool)
    for start, end in labels(data, case):
        found = own.t[confirmed & (own.t + own.width > start) & (own.t < end)]
        assert len(found), f"missed the outage of {start}"
        assert found[0] <= start + within
        near |= (own.t + own.width > start - 300) & (own.t < end + 7200)
    assert case != "iraq-2023-exams" or not confirmed[~near].any()


def test_twelve_of_thirteen_states_go_down_with_the_grid_and_bolivar_does_not(data: Path) -> None:
    own, verdict = real(data, "venezuela-2019-blackout", "probing.monash", "America/Caracas")
    night = (own.t >= seconds("2019-07-22T21:00:00Z")) & (own.t < seconds("2019-07-23T12:00:00Z"))
    down = {e for i, e in enumerate(own.entities) if (verdict.state[night, i] == LOW_CONFIRMED).any()}
    assert set(own.entities) - down == {"VE-Bolívar"}


def flat(days: float, values: dict[float, float], width: int = 300, level: float = 3000.0) -> Verdict:
    """A flat series, with another level from each of these days on."""
    t = np.arange(0, int(days * DAY), width)
    x = np.full(len(t), level)
    for day, value in values.items():
        x[t >= day * DAY] = value
    return verdict_of(Seasonal(), x, width)


def test_one_percent_of_a_flat_series_is_scored_but_never_confirmed() -> None:
    verdict = flat(3, {2.0: 2960.0})
    assert verdict.state[2 * 288, 0] == LOW_PROVISIONAL
    assert verdict.score[2 * 288, 0] < -5
    assert not (verdict.state == LOW_CONFIRMED).any()
    assert verdict.state[-1, 0] == NORMAL


def test_two_thirds_are_confirmed_at_the_first_bin_and_a_fifth_at_the_second() -> None:
    assert flat(3, {2.0: 1000.0}).state[2 * 288, 0] == LOW_CONFIRMED
    verdict = flat(3, {2.0: 2400.0, 2.2: np.nan, 2.3: 2400.0})
    assert (verdict.state[2 * 288 + 1 : 2 * 288 + 57] == LOW_CONFIRMED).all()
    assert verdict.state[-1, 0] == LOW_CONFIRMED, "it outlives a gap in the feed"
    assert verdict.score[-1, 0] < -30


def test_scores_are_in_the_series_own_deviations() -> None:
    verdict = judged(Seasonal(), made(14, n=10, dispersion=9, seed=4))
    assert 0.7 < np.nanstd(verdict.score[7 * 144 :]) < 1.2


def test_a_fifth_of_a_few_hundred_counts_is_lost_in_no_single_bin_but_in_six() -> None:
    series_ = made(10, width=300, n=100, level=300.0, daily=0.1, weekend=0.0, outages=[(9.5, 9.6)], left=0.8, seed=5)
    low = is_low(judged(Seasonal(), series_).state)
    first = int(np.flatnonzero(series_.outage)[0])
    assert low[first : first + 6].any(axis=0).mean() > 0.9
    assert low[first].mean() < 0.6
    assert low[8 * 288 : first].any(axis=0).mean() < 0.05
    assert low[first + 35 : first + 60].mean() < 0.01


def test_a_month_of_a_hundred_thousand_series_is_remembered_in_a_gigabyte() -> None:
    n, t = 30, np.arange(0, 36 * DAY, 1800)
    x = np.random.default_rng(7).poisson(np.linspace(20, 5000, n), (len(t), n)).astype(float)
    x[len(t) // 2 : len(t) // 2 + 48] *= 0.1
    state, _ = Seasonal().run(x, t, utc_context(t, n, 1800))
    assert sum(array.nbytes for array in pack(state).values()) / n * 100_000 < 1e9


def test_what_is_switched_off_every_evening_is_no_outage_and_what_is_every_saturday_is_told_every_saturday() -> None:
    t = np.arange(0, 28 * DAY, 900)
    on = (t % DAY >= 6 * 3600) & (t % DAY < 22 * 3600)
    x = np.random.default_rng(9).poisson(np.where(on, 400, 40)).astype(float)
    assert not (verdict_of(Seasonal(), x, 900).state == LOW_CONFIRMED).any()
    series_ = made(36, width=300, level=1e4, daily=0.3, weekend=0.2, seed=6)
    day = (series_.t - series_.t[0]) / DAY
    shut = (day >= 8) & (day % 7 >= 5.4) & (day % 7 < 5.8)
    x = np.rint(series_.x * np.where(shut, 0.2, 1.0)[:, None])
    state = judged(Seasonal(), replace(series_, x=x)).state
    for week in range(1, 5):
        assert (state[shut & (day // 7 == week)][2:] == LOW_CONFIRMED).all(), week
    assert not is_low(state[(day >= 8) & ~shut]).any()
