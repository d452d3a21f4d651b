"""What goes out in the first days of a series, or on its first weekend, is found; what is only quieter is not out."""

import numpy as np
import pytest

from detectors.base import utc_context
from detectors.seasonal import Seasonal, similar
from detectors.seasonal import judged as seasonal_judged
from detectors.seasonal import noise as seasonal_noise
from pipeline.bins import DAY
from tests.worlds import HOUR, MONDAY, PK, hours, made_rows, played

SATURDAY = 5 * DAY


def week(days: float, width: int, of: float, weekend: float = 0.85, swing: float = 3.0) -> tuple[np.ndarray, ...]:
    """Starts of bins [s], and a mean a bin that goes up and down by so many times, and is quieter on weekends."""
    t = hours(days, width)
    night = 1 / swing
    day = night + (1 - night) * (0.5 - 0.5 * np.cos(2 * np.pi * (t / DAY - 4 / 24)))
    within = np.interp(t % (7 * DAY), [0, 3 * HOUR, SATURDAY, SATURDAY + 3 * HOUR, 7 * DAY], [0.5, 0, 0, 1, 1])
    return t, of * day * (1 - (1 - weekend) * within)


def found(t: np.ndarray, mean: np.ndarray, begin: int, length: int, width: int, seed: int, left: float = 0.05):
    """Onsets and ends of what is confirmed of traffic alone [s after the cut begins]."""
    out = (t >= begin) & (t < begin + length)
    x = np.random.default_rng(seed).poisson(mean * np.where(out, left, 1.0)).astype(float)
    told = played([made_rows("traffic.radar", x, PK, width=width)]).of("PK")
    return [(o.start - MONDAY - begin, o.end and o.end - MONDAY - begin) for o in told]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("length", [5, 10])
@pytest.mark.parametrize(("width", "of"), [(900, 20_000), (1800, 5000), (HOUR, 2000)])
def test_what_is_gone_on_the_first_day_of_a_weekend_is_found(width: int, of: int, length: int, seed: int) -> None:
    """The past knows workdays alone; but no weekend begins by losing half within a bin."""
    t, mean = week(9, width, of)
    begin = SATURDAY + 9 * HOUR
    ((onset, end),) = found(t, mean, begin, length * HOUR, width, seed)
    assert onset == 0
    assert end is not None
    assert abs(end - length * HOUR) <= HOUR


def test_it_was_missed_when_all_of_the_day_was_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasonal_noise, "SWING", 0.5)
    monkeypatch.setattr(seasonal_noise, "unsure", lambda share, ratio, is_place: share)
    t, mean = week(9, 900, 20_000)
    assert found(t, mean, SATURDAY + 9 * HOUR, 5 * HOUR, 900, 1) == []


@pytest.mark.parametrize("weekend", [0.5, 0.7, 1.2])
@pytest.mark.parametrize("width", [900, HOUR])
def test_a_weekend_that_is_only_quieter_is_no_outage(width: int, weekend: float) -> None:
    t, mean = week(12, width, 5000, weekend)
    assert found(t, mean, 0, 0, width, 1) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("day", [1, 2, 3])
@pytest.mark.parametrize("of", [500, 20_000])
def test_hourly_counts_are_enough_from_the_second_day_on(of: int, day: int, seed: int) -> None:
    t, mean = week(6, HOUR, of)
    ((onset, _),) = found(t, mean, day * DAY + (5 * seed % 14) * HOUR, 10 * HOUR, HOUR, seed)
    assert onset == 0


def test_they_were_not_when_a_factor_of_twenty_was_doubted_like_one_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seasonal_noise, "unsure", lambda share, ratio, is_place: share)
    monkeypatch.setattr(seasonal_judged, "NEARLY", 1.1)
    t, mean = week(6, HOUR, 500)
    assert found(t, mean, DAY + 5 * HOUR, 10 * HOUR, HOUR, 1) == []


def second(seed: int) -> list[tuple[int, int | None]]:
    """What is told of a Saturday in the second week, on which a series that strays by 3 % loses three fifths."""
    t, mean = week(15, 900, 5000)
    away, step = np.zeros(len(t)), np.random.default_rng(100 + seed).normal(0, 0.03 * np.sqrt(1 - 0.9**2), len(t))
    for i in range(1, len(t)):
        away[i] = 0.9 * away[i - 1] + step[i]
    return found(t, mean * (1 + away), SATURDAY + 7 * DAY + 8 * HOUR, 14 * HOUR, 900, seed, 0.4)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_on_the_second_weekend_two_days_off_are_enough_to_tell_that_half_is_gone(seed: int) -> None:
    assert second(seed) == [(0, 14 * HOUR)]


def test_it_was_suspected_all_day_and_taken_back_when_four_of_them_were_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seasonal_judged, "HALF", seasonal_judged.NEARLY)
    assert second(1) == []


def test_outages_leave_no_noise_behind_in_which_the_next_ones_hide() -> None:
    """The first bin that is back was summed up with those that were out before it."""
    t, mean = week(21, HOUR, 500)
    dark = np.where((t >= 10 * DAY) & (t % DAY < 4 * HOUR), 0.05, 1.0)
    x = np.random.default_rng(1).poisson(np.stack([mean] * 8 + [mean * dark] * 8, axis=1)).astype(float)
    state, _ = Seasonal().run(x, t + MONDAY, utc_context(t + MONDAY, 16, HOUR))
    plain, nightly = state.noises[:8].mean(axis=0), state.noises[8:].mean(axis=0)
    assert (nightly < 1.3 * plain).all()


def weekends(left: float, seed: int) -> list[tuple[int, int | None]]:
    """What is told of the second of two weekends: on the first all was dark from Friday evening to Monday morning."""
    t, mean = week(15, HOUR, 5000)
    for begin, long in ((SATURDAY - 4 * HOUR, 56), (SATURDAY + 7 * DAY + 10 * HOUR, 6)):
        mean = mean * np.where((t >= begin) & (t < begin + long * HOUR), left, 1.0)
    second = SATURDAY + 7 * DAY + 10 * HOUR
    told = found(t, mean, 0, 0, HOUR, seed)
    return [(onset - second, end and end - second) for onset, end in told if onset > 8 * DAY]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("left", [0.02, 0.2])
def test_a_weekend_that_was_dark_is_no_usual_one_and_the_next_outage_is_found(left: float, seed: int) -> None:
    ((onset, end),) = weekends(left, seed)
    assert onset == 0
    assert end is not None
    assert abs(end - 6 * HOUR) <= HOUR


def test_it_was_missed_when_whatever_a_first_weekend_had_was_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "_left", lambda raw, chosen, most: True)
    assert [weekends(0.02, seed) for seed in (1, 2, 3)] != [[(0, 6 * HOUR)]] * 3
