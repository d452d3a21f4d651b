"""The default detector on real outages and controls, and where it must hold its tongue."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.base import DAY, HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN, Context, Verdict, utc_context
from detectors.seasonal import Seasonal
from detectors.state import extend, pack
from tests.detectors.lives import cut, pick
from tests.detectors.real import Series, labels, series, stamp
from tests.detectors.synthetic import made

LOW = (LOW_PROVISIONAL, LOW_CONFIRMED)


def local_context(real: Series, zone: str) -> Context:
    offset = [datetime.fromtimestamp(int(t), ZoneInfo(zone)).utcoffset() for t in real.t]
    seconds = np.array([o.total_seconds() if o else 0 for o in offset], np.int64)
    return utc_context(real.t + seconds, real.x.shape[1], real.width)


def judged(data: Path, case: str, signal: str, zone: str = "UTC") -> tuple[Series, Verdict]:
    real = series(data, case, signal)
    _, verdict = Seasonal().run(real.x, real.t, local_context(real, zone))
    return real, verdict


FOUND = [
    ("iraq-2023-exams", "bgp.ioda", 600),
    ("iraq-2023-exams", "probing.ioda", 1200),
    ("iraq-2023-exams", "traffic.google", 5400),
    ("zhytomyr-2022", "bgp.ioda", 900),
    ("zhytomyr-2022", "probing.ioda", 1200),
]


@pytest.mark.parametrize(("case", "signal", "within"), FOUND)
def test_every_labelled_outage_is_confirmed_soon(data: Path, case: str, signal: str, within: int) -> None:
    real, verdict = judged(data, case, signal)
    for start, end in labels(data, case):
        confirmed = real.t[(verdict.state[:, 0] == LOW_CONFIRMED) & (real.t + real.width > start) & (real.t < end)]
        assert len(confirmed), f"{signal} missed the outage of {start}"
        assert confirmed[0] <= start + within, f"{signal} confirmed that of {start} {confirmed[0] - start} s late"


def test_iraq_is_confirmed_low_in_no_hour_without_a_shutdown(data: Path) -> None:
    for signal in ("bgp.ioda", "probing.ioda", "traffic.google"):
        real, verdict = judged(data, "iraq-2023-exams", signal)
        near = np.zeros(len(real.t), bool)
        for start, end in labels(data, "iraq-2023-exams"):
            near |= (real.t + real.width > start - 300) & (real.t < end + 7200)
        assert not np.isin(verdict.state[~near, 0], [LOW_CONFIRMED]).any(), signal


def test_the_country_of_myanmar_is_confirmed_in_both_shutdowns(data: Path) -> None:
    real, verdict = judged(data, "myanmar-2021-coup", "bgp.routeviews", "Asia/Yangon")
    state = verdict.state[:, real.entities.index("MM")]
    assert (state[real.place("2021-02-01T02:00:00Z")], state[real.place("2021-02-06T08:00:00Z")]) == (3, 3)
    assert not (state[: real.place("2021-02-01T00:00:00Z")] == LOW_CONFIRMED).any()


def test_twelve_of_thirteen_states_go_down_with_the_grid_and_bolivar_does_not(data: Path) -> None:
    real, verdict = judged(data, "venezuela-2019-blackout", "probing.monash", "America/Caracas")
    night = (real.t >= stamp("2019-07-22T21:00:00Z")) & (real.t < stamp("2019-07-23T12:00:00Z"))
    down = {e for i, e in enumerate(real.entities) if (verdict.state[night, i] == LOW_CONFIRMED).any()}
    assert set(real.entities) - down == {"VE-Bolívar"}


def test_the_hurricane_is_in_louisiana_only(data: Path) -> None:
    real, verdict = judged(data, "louisiana-2020-laura", "probing.monash", "America/Chicago")
    low = {e for i, e in enumerate(real.entities) if np.isin(verdict.state[:, i], LOW).any()}
    assert low == {"US-Louisiana"}


def test_lost_peers_are_not_an_outage_of_britain(data: Path) -> None:
    _, verdict = judged(data, "control-britain-2020-peerloss", "bgp.routeviews", "Europe/London")
    assert not (verdict.state == LOW_CONFIRMED).any()
    assert (verdict.state == LOW_PROVISIONAL).mean() < 0.03
    assert (verdict.state == NORMAL).mean() > 0.95


def test_two_years_of_two_countries_traffic_confirm_nothing(data: Path) -> None:
    dutch = series(data, "control-youtube-nl", "traffic.youtube")
    georgian = series(data, "control-youtube-ge", "traffic.youtube")
    np.testing.assert_array_equal(dutch.t, georgian.t)
    zones = local_context(dutch, "Europe/Amsterdam"), local_context(georgian, "Asia/Tbilisi")
    slot, kind = (np.hstack([getattr(c, name) for c in zones]) for name in ("week_slot", "day_kind"))
    x = np.hstack([dutch.x, georgian.x])
    _, verdict = Seasonal().run(x, dutch.t, Context(dutch.width, np.ones(2), slot, kind))
    assert not (verdict.state == LOW_CONFIRMED).any()
    assert (np.isin(verdict.state, LOW).sum(axis=0) <= 10).all()
    assert (verdict.state == NORMAL).mean() > 0.95


def test_a_telescope_of_a_few_sources_says_nothing(data: Path) -> None:
    for case in ("zhytomyr-2022", "iraq-2023-exams"):
        _, verdict = judged(data, case, "telescope.ioda")
        assert (verdict.state == UNKNOWN).mean() > 0.95
        assert not np.isin(verdict.state, LOW).any()


def flat(days: float, values: dict[float, float], width: int = 300, level: float = 3000.0) -> Verdict:
    """A flat series, with another level from each of these days on."""
    t = np.arange(0, int(days * DAY), width)
    x = np.full((len(t), 1), level)
    for day, value in values.items():
        x[t >= day * DAY] = value
    return Seasonal().run(x, t, utc_context(t, 1, width))[1]


def test_one_percent_of_a_flat_series_is_scored_but_never_confirmed() -> None:
    verdict = flat(3, {2.0: 2960.0})
    fall = 2 * 288
    assert verdict.state[fall, 0] == LOW_PROVISIONAL
    assert verdict.score[fall, 0] < -5
    assert not (verdict.state == LOW_CONFIRMED).any()
    assert verdict.state[-1, 0] == NORMAL


def test_a_fifth_of_a_flat_series_is_huge() -> None:
    verdict = flat(3, {2.0: 2400.0})
    assert verdict.score[-1, 0] < -30
    assert (verdict.state[2 * 288 + 1 :] == LOW_CONFIRMED).all()


def test_two_thirds_lost_is_confirmed_at_the_first_bin() -> None:
    assert flat(3, {2.0: 1000.0}).state[2 * 288, 0] == LOW_CONFIRMED


def test_a_plateau_above_the_depth_does_not_end_what_is_confirmed() -> None:
    verdict = flat(3, {2.0: 2400.0, 2.2: 2750.0, 2.4: 2690.0, 2.6: 3000.0})
    confirmed = verdict.state[:, 0] == LOW_CONFIRMED
    changes = np.flatnonzero(np.diff(confirmed.astype(int)))
    assert len(changes) == 2, "one outage, not three"


def test_a_confirmed_low_outlives_a_gap_in_the_feed() -> None:
    t = np.arange(0, 3 * DAY, 300)
    x = np.where(t >= 2 * DAY, 2400.0, 3000.0)[:, None]
    x[2 * 288 + 10 : 2 * 288 + 40] = np.nan
    _, verdict = Seasonal().run(x, t, utc_context(t, 1, 300))
    assert verdict.state[2 * 288 + 40, 0] == LOW_CONFIRMED


def test_a_night_is_not_an_outage_in_the_first_days() -> None:
    series = made(4, width=600, daily=0.8, dispersion=5)
    _, verdict = Seasonal().run(series.x, series.t, series.context)
    assert not np.isin(verdict.state, LOW).any()


def test_sparse_counts_are_left_alone() -> None:
    series = made(6, width=600, n=20, level=3.0, daily=0.2, outages=[(4, 5)], left=0.0)
    _, verdict = Seasonal().run(series.x, series.t, series.context)
    assert not np.isin(verdict.state, [*LOW, HIGH]).any()
    assert (verdict.state == UNKNOWN).mean() > 0.9


def test_a_network_that_is_born_has_its_level_within_three_days() -> None:
    verdict = flat(14, {7.0: 5000.0}, width=1800, level=0.0)
    assert (verdict.state[: 7 * 48] == UNKNOWN).all()
    assert (verdict.state[11 * 48 :] == NORMAL).all()
    np.testing.assert_allclose(verdict.expected[11 * 48 :], 5000, rtol=0.01)


def test_a_clock_change_is_no_surprise() -> None:
    t = np.arange(0, 21 * DAY, 3600)
    summer = t >= 14 * DAY
    local = t + np.where(summer, 3600, 0)
    x = (1000 * np.where(local % DAY < 8 * 3600, 0.4, 1.0))[:, None]
    _, aware = Seasonal().run(x, t, utc_context(local, 1, 3600))
    _, unaware = Seasonal().run(x, t, utc_context(t, 1, 3600))
    assert np.abs(aware.score[14 * 24 :]).max() < 1
    assert np.abs(unaware.score[14 * 24 :]).max() > 4


def test_a_holiday_that_was_announced_is_compared_with_weekends_not_workdays() -> None:
    series = made(22, width=3600, weekend=0.5, dispersion=4)
    wednesday = (series.t >= series.t[0] + 16 * DAY) & (series.t < series.t[0] + 17 * DAY)
    x = np.where(wednesday[:, None], np.rint(series.x / 2), series.x)
    kind = np.where(wednesday[:, None], 1, series.context.day_kind).astype(np.int8)
    announced = replace(series.context, day_kind=kind)
    _, aware = Seasonal().run(x, series.t, announced)
    _, unaware = Seasonal().run(x, series.t, series.context)
    assert np.nanmedian(np.abs(aware.score[wednesday])) < np.nanmedian(np.abs(unaware.score[wednesday])) / 2


def test_scores_are_in_the_series_own_deviations() -> None:
    series = made(14, width=600, n=10, dispersion=9, seed=4)
    _, verdict = Seasonal().run(series.x, series.t, series.context)
    assert 0.7 < np.nanstd(verdict.score[7 * 144 :]) < 1.2


def test_a_fifth_of_a_few_hundred_counts_is_lost_in_no_single_bin_but_in_six() -> None:
    series = made(10, width=300, n=100, level=300.0, daily=0.1, weekend=0.0, outages=[(9.5, 9.6)], left=0.8, seed=5)
    _, verdict = Seasonal().run(series.x, series.t, series.context)
    first = int(np.flatnonzero(series.outage)[0])
    low = np.isin(verdict.state, LOW)
    assert low[first : first + 6].any(axis=0).mean() > 0.9
    assert low[first].mean() < 0.6
    assert low[8 * 288 : first].any(axis=0).mean() < 0.05
    assert low[first + 35 : first + 60].mean() < 0.01


def test_a_month_of_a_hundred_thousand_series_is_remembered_in_a_gigabyte() -> None:
    n, t = 100, np.arange(0, 36 * DAY, 1800)
    x = np.random.default_rng(7).poisson(np.linspace(20, 5000, n), (len(t), n)).astype(float)
    x[len(t) // 2 : len(t) // 2 + 48] *= 0.1
    state, _ = Seasonal().run(x, t, utc_context(t, n, 1800))
    assert sum(array.nbytes for array in pack(state).values()) / n * 100_000 < 1e9


def test_what_a_holiday_has_more_than_weekends_is_not_expected_of_the_workday_after_it() -> None:
    series = made(22, width=1800, level=10_000.0, daily=0.3, weekend=0.5)
    day = (series.t - series.t[0]) / DAY
    kind = np.where(((day >= 15) & (day < 16))[:, None], 2, series.context.day_kind).astype(np.int8)
    _, verdict = Seasonal().run(series.x, series.t, replace(series.context, day_kind=kind))
    after = (day >= 16) & (day < 17)
    assert np.abs(verdict.expected[after, 0] / series.mean[after, 0] - 1).max() < 0.1
    assert not np.isin(verdict.state[after, 0], LOW).any()


def test_what_a_weekday_loses_every_week_it_loses_at_its_local_hours_when_the_clock_has_moved() -> None:
    """Two fifths for four hours of every Saturday; in the fourth week they come an hour sooner by UTC."""
    t = 4 * DAY + np.arange(0, 27 * DAY, 3600)
    moved = np.where(t >= 26 * DAY, 3600, 0)
    slot = (t + 3 * DAY + moved) % (7 * DAY)
    less = (slot >= 5 * DAY + 18 * 3600) & (slot < 5 * DAY + 22 * 3600)
    context = replace(utc_context(t, 1, 3600), week_slot=slot[:, None])
    _, verdict = Seasonal().run(np.where(less, 1200.0, 2000.0)[:, None], t, context)
    last = verdict.expected[less, 0][-4:]
    assert (last < 1500).all(), last


def test_who_comes_in_the_middle_of_a_slot_in_which_a_weekend_begins_elsewhere_changes_nothing_there() -> None:
    """Nepal's midnight is at 18:15 UTC, in a slot of 18:00 to 18:30."""
    t = np.arange(3 * DAY, 17 * DAY, 300)
    local = t + 20_700
    weekend = (local // DAY + 3) % 7 >= 5
    day = 1 - 0.5 * np.cos(2 * np.pi * local / DAY)
    x = np.random.default_rng(1).poisson(1000 * day * np.where(weekend, 0.4, 1.0))
    alone = replace(utc_context(local, 1, 300), day_kind=weekend[:, None].astype(np.int8))
    at = int(np.flatnonzero(weekend & (local % DAY == 0))[-1]) + 1
    both = pick(cut(alone, at, len(t)), [0, 0])
    _, known = Seasonal().run(x[:, None], t, alone)
    state, _ = Seasonal().run(x[:at, None], t[:at], cut(alone, 0, at))
    _, met = Seasonal().run(np.stack([x[at:], np.full(len(t) - at, 500)], axis=1), t[at:], both, extend(state, 1))
    np.testing.assert_array_equal(met.expected[:, 0], known.expected[at:, 0])
