"""What falls at once is no single bin: noise, a value gone wrong, and a hole make no cut of a slow morning."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.fusion import holding, sudden
from pipeline.fusion.columns import HALF
from pipeline.records import Outage
from pipeline.settings import Fusing, Judging, Settings
from tests.traps.test_feared import MIDNIGHT, cut, day, series, slept_in, told
from tests.worlds import HOUR, MONDAY, Series, hours, made_rows, played, where

FEARED = "2024-01-11"
SLOW = {"slept in": slept_in(4, 0.85), "hours": cut(MIDNIGHT + 8 * HOUR, 12 * HOUR, 0.42, 900, 4 * HOUR)}
NINE = MIDNIGHT + 9 * HOUR


def but(made: Series, of: slice, by: float | np.ndarray) -> Series:
    """The traffic of these of its bins times so much."""
    *others, traffic = made
    value = traffic.value.copy()
    value[of] = np.rint(value[of] * by)
    return [*others, replace(traffic, value=value)]


def loud(made: Series, noise: float, seed: int) -> Series:
    """Traffic that strays by so much [share]."""
    return but(made, slice(None), np.exp(np.random.default_rng(seed).normal(0, noise, len(made[-1].value))))


def without(made: Series, begin: float, end: float) -> Series:
    """Its traffic is not observed from one of these hours of the day to another."""
    hole = (MONDAY + MIDNIGHT + begin * HOUR, MONDAY + MIDNIGHT + end * HOUR)
    return [*made[:-1], *where(made[-1:], lambda rows: (rows.time < hole[0]) | (rows.time >= hole[1]))]


def by_one_bin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A level is what one bin is."""
    monkeypatch.setattr(sudden, "side", lambda width: 1)


@pytest.mark.parametrize("share", [0, 0.5])
@pytest.mark.parametrize("at", [6, 7, 10])
@pytest.mark.parametrize("slow", SLOW)
def test_a_value_gone_wrong_makes_no_cut_of_a_slow_fall(slow: str, at: int, share: float) -> None:
    bin_ = (MIDNIGHT + at * HOUR) // 900
    assert told(but(SLOW[slow], slice(bin_, bin_ + 1), share), FEARED) == []


def test_it_did_when_one_bin_was_as_good_as_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    by_one_bin(monkeypatch)
    bin_ = (MIDNIGHT + 7 * HOUR) // 900
    assert len(told(but(SLOW["slept in"], slice(bin_, bin_ + 1), 0), FEARED)) == 1


@pytest.mark.parametrize("noise", [0.03, 0.06])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slow", SLOW)
def test_nor_does_noise(slow: str, seed: int, noise: float) -> None:
    assert told(loud(SLOW[slow], noise, seed), FEARED) == []


@pytest.mark.parametrize("noise", [0.03, 0.06])
@pytest.mark.parametrize("seed", range(3))
def test_and_it_hides_no_cut(seed: int, noise: float) -> None:
    (outage,) = told(loud(cut(NINE, 9 * HOUR), noise, seed), FEARED)
    assert abs(outage.start - MONDAY - NINE) <= 900
    assert (outage.confirmed_at or 0) <= outage.start + 4 * HOUR


@pytest.mark.parametrize("hole", [(4, 8), (5, 6.5), (5, 7.5), (8, 12)])
@pytest.mark.parametrize("slow", SLOW)
def test_nor_is_what_fell_while_nothing_was_observed_known_to_have_done_so_at_once(
    slow: str, hole: tuple[float, float]
) -> None:  # fmt: skip
    assert told(without(SLOW[slow], *hole), FEARED) == []


@pytest.mark.parametrize("hole", [(9.25, 9.5), (10, 11), (14, 20)])
def test_a_hole_in_a_cut_hides_it_not(hole: tuple[float, float]) -> None:
    (outage,) = told(without(cut(NINE, 9 * HOUR), *hole), FEARED)
    assert outage.start == MONDAY + NINE


@pytest.mark.parametrize(("first", "then"), [(0.48, 0.33), (0.5, 0.1), (0.45, 0.4)])
@pytest.mark.parametrize("later", [1.5, 2.5])
def test_what_falls_further_by_and_by_fell_at_once_all_the_same(first: float, then: float, later: float) -> None:
    t = hours(5, 900)
    left = np.interp(t, [NINE - 900, NINE, NINE + later * HOUR, NINE + (later + 2) * HOUR], [1, first, first, then])
    (outage,) = told(series(np.where(t < NINE + 9 * HOUR, left, 1.0), 900), FEARED)
    assert (outage.confirmed_at or 0) <= MONDAY + NINE + 3 * HOUR


@pytest.mark.parametrize("width", [60, 300, 900])
def test_operators_that_fall_one_after_the_other_within_an_hour_are_one_cut_in_bins_of_a_minute_too(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """As in Pakistan, from 01:45 to 02:30."""
    world = cut(NINE, 9 * HOUR, 0.42, width, 2700)
    (outage,) = told(world, FEARED)
    assert 0 <= outage.start - MONDAY - NINE <= 1800
    assert (outage.confirmed_at or 0) - MONDAY - NINE <= 4 * HOUR
    if width == 60:
        monkeypatch.setattr(sudden, "FINEST", 60)
        assert told(world, FEARED) == []


def blocked(silent: tuple[float, float]) -> list[Outage]:
    """One source of traffic is blocked for six hours, and another one, which stands, is silent in some of these."""
    t = hours(5, 900)
    other = made_rows("traffic.other", np.random.default_rng(6).poisson(5000 * day(t)).astype(float), width=900)
    return told([*cut(NINE, 6 * HOUR), *without([other], *silent)], FEARED)


@pytest.mark.parametrize("silent", [(12, 12.75), (13, 13.75), (11, 16)])
def test_who_stood_beside_a_source_that_is_blocked_takes_no_word_back_by_falling_silent(
    silent: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert blocked(silent) == []
    monkeypatch.setattr(holding, "_of_one_source", lambda cells, rows, terms, now: np.zeros(terms.shape, bool))
    assert len(blocked(silent)) == 1


def test_a_cut_is_told_without_a_detector_beside_the_first() -> None:
    settings = Settings(judging=Judging(beside={}), fusing=Fusing(days={f"PK {FEARED}": "election"}))
    (outage,) = played(cut(NINE, 6 * HOUR), settings).of("PK")
    assert (outage.start, outage.confirmed_at) == (MONDAY + NINE, MONDAY + NINE + 3 * HOUR)


def test_coarse_bins_have_to_lose_three_tenths_in_one_or_half_in_two() -> None:
    assert (sudden.least(3600, 0), sudden.least(3600, 1)) == (sudden.DROP, HALF)
    ramp = cut(NINE, 12 * HOUR, 0.42, 3600, 6 * HOUR)
    assert told(ramp, FEARED) == []
    assert len(told(cut(NINE, 12 * HOUR, 0.42, 3600), FEARED)) == 1
