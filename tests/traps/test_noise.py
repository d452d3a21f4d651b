"""A series without noise of its own, and counts that are nothing but noise."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import UNKNOWN
from detectors.seasonal import judged as seasonal_judged
from detectors.seasonal import noise as seasonal_noise
from pipeline.bins import DAY
from pipeline.fusion import holding
from pipeline.records import Entity
from pipeline.settings import Judging, Settings
from tests.worlds import HOUR, MONDAY, Series, between, case, hours, made_rows, played


def test_three_percent_of_a_perfectly_flat_series_are_not_hundreds_of_deviations() -> None:
    t, fall = hours(20.5), 20 * DAY
    series = [made_rows("probing.ioda", np.where((t >= fall) & (t < fall + 6 * HOUR), 8.0025, 8.25))]
    cured, naive = played(series), played(series, seasonal={"flat": 0.0})
    first = [found.said("PK", "probing.ioda").between(MONDAY + fall, MONDAY + fall + HOUR) for found in (cured, naive)]
    assert first[0].score[0] > -20
    assert first[1].score[0] < -100
    assert not cured.outages
    assert naive.outages, "suspected for nothing"


FEW = [("zhytomyr-2022", "UA-18", 1.0), ("iraq-2023-exams", "IQ", 2.0)]
"""Telescopes of 0-3 and of a dozen sources a bin; an ``enter`` of which zero itself is far enough away."""


def few(data: Path, name: str) -> Series:
    """A week of a telescope."""
    series = case(data, name, "telescope.ioda")
    return between(series, 0, int(series[0].time.min()) + 7 * DAY)


@pytest.mark.parametrize(("name", "entity", "enter"), FEW)
def test_nothing_is_said_of_a_dozen_counts(data: Path, name: str, entity: str, enter: float) -> None:
    series = few(data, name)
    cured = played(series)
    assert (cured.said(entity, "telescope.ioda").state == UNKNOWN).mean() > 0.95
    assert not cured.outages
    naive = played(series, seasonal={"enter": enter, "leave": enter / 2}).said(entity, "telescope.ioda")
    assert naive.sure.sum() > 50


@pytest.mark.parametrize(("name", "entity"), [(name, entity) for name, entity, _ in FEW])
def test_the_floor_of_the_rule_of_the_median_says_nothing_either(data: Path, name: str, entity: str) -> None:
    series, rule = few(data, name), Settings(judging=Judging(detector="median"))
    assert (played(series, rule).said(entity, "telescope.ioda").state == UNKNOWN).all()
    naive = played(series, rule, median={"floor": 0.0}).said(entity, "telescope.ioda")
    assert naive.sure.sum() > 10


def few_an_hour(mean: float, dispersion: float, seed: int, out: bool, width: int = HOUR) -> Series:
    """Counts of two kinds of signals, of which nothing is left for seven hours of the fifteenth day."""
    t, rng = hours(16, width), np.random.default_rng(seed)
    left = np.where(out & (t >= 14 * DAY + 5 * HOUR) & (t < 14 * DAY + 12 * HOUR), 0, 1)
    draws = rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, (2, len(t))) if dispersion > 1 else None
    x = (rng.poisson(mean, (2, len(t))) if draws is None else draws) * left
    return [
        made_rows(signal, own, width=width) for signal, own in zip(("telescope.ioda", "probing.ioda"), x, strict=True)
    ]


@pytest.mark.parametrize(("mean", "dispersion"), [(25, 1), (60, 2)])
def test_nothing_of_a_few_counts_is_told_by_hours_together(
    mean: float, dispersion: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = [few_an_hour(mean, dispersion, seed, out=True) for seed in range(4)]
    fall = MONDAY + 14 * DAY + 5 * HOUR
    for (outage,) in [played(series).of("PK") for series in worlds]:
        assert abs(outage.start - fall) <= HOUR
        assert (outage.confirmed_at or 0) <= fall + 7 * HOUR
        assert fall + 7 * HOUR <= (outage.end or 0) <= fall + 12 * HOUR, "that it is back is said too"
    monkeypatch.setattr(seasonal_judged, "TOGETHER", 0)
    assert sum(len(played(series).of("PK")) for series in worlds) < 3, "one bin of zero is no surprise, nor is the next"


@pytest.mark.parametrize(("mean", "width"), [(12, 900), (14, 900), (8, 300), (12, 300)])
@pytest.mark.parametrize("lasts", [12, 60])
def test_nor_is_one_signal_alone_of_which_nothing_is_left_only_suspected_for_being_counted_in_fine_bins(
    mean: float, width: int, lasts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty counts an hour or more are enough in bins of an hour."""
    t, fall, rng = hours(16, width), 11 * DAY + 8 * HOUR, np.random.default_rng(3)
    x = rng.poisson(np.where((t >= fall) & (t < fall + lasts * HOUR), 0, mean)).astype(float)
    series = [made_rows("probing.ioda", x, width=width)]
    (outage,) = played(series).of("PK")
    assert abs(outage.start - MONDAY - fall) <= HOUR
    assert (outage.confirmed_at or 0) - MONDAY - fall <= 4 * HOUR
    assert -HOUR <= (outage.end or 0) - MONDAY - fall - lasts * HOUR <= 2 * HOUR
    monkeypatch.setattr(holding, "KNOWN", 99 * DAY)
    assert played(series).of("PK") == []


@pytest.mark.parametrize("dispersion", [1, 3])
@pytest.mark.parametrize(("mean", "width"), [(10, HOUR), (25, HOUR), (40, HOUR), (25, 900)])
def test_few_counts_that_only_stray_are_no_outage(mean: float, width: int, dispersion: float) -> None:
    assert not any(played(few_an_hour(mean, dispersion, seed, out=False, width=width)).outages for seed in range(3))


@pytest.mark.parametrize("mean", [60, 200])
def test_days_of_zeros_before_anything_is_counted_tell_no_noise(mean: float, monkeypatch: pytest.MonkeyPatch) -> None:
    t, series = hours(9), []
    for seed in range(6):
        x = np.random.default_rng(seed).negative_binomial(mean / 2, 1 / 3, len(t)).astype(float)
        series.append([made_rows("probing.ioda", np.where(t < 2 * DAY + 5 * HOUR, 0, x))])
    assert [played(one).of("PK") for one in series] == [[]] * 6
    monkeypatch.setattr(seasonal_noise, "EMPTY", -1.0)
    assert any(played(one).of("PK") for one in series)


@pytest.mark.parametrize("level", [100, 200])
def test_half_of_small_counts_is_confirmed_by_bins_in_a_row(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    t, places = hours(8, 300), [Entity("region", f"PK-{i}", "PK") for i in range(10)]
    left = np.where(t < 7 * DAY, 1.0, 0.5)
    x = np.random.default_rng(1).poisson(level * left[:, None], (len(t), len(places))).astype(float)
    series = [made_rows("probing.ioda", x, *places, width=300)]
    found = played(series)
    outages = [outage for place in places for outage in found.of(place.name)]
    assert len(outages) == len(places)
    assert max((outage.confirmed_at or 0) - outage.start for outage in outages) <= HOUR
    monkeypatch.setattr(seasonal_judged, "KNOWN", 99)
    monkeypatch.setattr(seasonal_judged, "HALF", seasonal_judged.NEARLY)
    naive = played(series)
    assert sum(len(naive.of(place.name)) for place in places) <= 2
