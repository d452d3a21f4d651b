"""Bins that are not evenly spaced, clocks that change, and the sentinel that stands for a missing value."""

import io
from pathlib import Path

import numpy as np
import pytest

import detectors.base
import pipeline.engine
import pipeline.feeds.table
from detectors.base import NORMAL, UNKNOWN
from pipeline.bins import DAY, Cadence
from pipeline.codec import iso
from pipeline.feeds.table import read_table
from pipeline.localtime import WEEK
from pipeline.records import Entity
from tests.detectors.real import stamp
from tests.traps.path import HOUR, MONDAY, Series, between, case, hours, made_rows, noisy, played

CHANGE = stamp("2024-03-31T01:00:00Z")
"""When clocks of the Netherlands went forward [s]."""


def test_the_uneven_hours_of_britain_are_bins_and_no_bin_between_them_is_missing(data: Path) -> None:
    name, signal = "control-britain-2020-peerloss", "bgp.routeviews"
    ours = played(case(data, name)).said("GB", signal)
    even = {signal: Cadence(4 * HOUR, phase=2 * HOUR)}
    naive = played(case(data, name, cadences=even)).said("GB", signal)
    assert not np.isnan(ours.value).any()
    assert (ours.state == NORMAL).mean() > 0.95
    assert np.isnan(naive.value).mean() > 0.3
    assert (naive.state == UNKNOWN).mean() > 0.3


def daily() -> Series:
    """Three weeks until the clocks change and four days more: people get up and go to bed by the clock on the wall."""
    start = CHANGE - 20 * DAY - HOUR
    utc = start + hours(24)
    clock = utc + np.where(utc < CHANGE, 1, 2) * HOUR
    awake = (clock % DAY >= 7 * HOUR) & (clock % DAY < 23 * HOUR)
    return [made_rows("traffic.x", noisy(np.where(awake, 3000, 900), 0.02), Entity("country", "NL", "NL"), start=start)]


def by_utc(countries: tuple[str, ...], time: int) -> tuple[np.ndarray, np.ndarray]:
    """A calendar that knows no clock but UTC's."""
    slot = np.full(len(countries), (time + 3 * DAY) % WEEK)
    return slot, (slot // DAY >= 5).astype(np.int8)


def test_a_clock_change_moves_the_day_and_is_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    cured = played(daily())
    assert np.abs(cured.said("NL", "traffic.x").between(CHANGE, CHANGE + 3 * DAY).score).max() < 3
    assert not cured.outages
    monkeypatch.setattr(pipeline.engine, "calendar", by_utc)
    assert len(played(daily()).of("NL")) >= 3, "every evening, when people go to bed an hour early"


def test_nor_does_it_move_the_traffic_of_the_netherlands(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = stamp("2023-03-26T01:00:00Z")
    series = between(case(data, "control-youtube-nl"), change - 28 * DAY, change + 7 * DAY)

    def away() -> float:
        said = played(series).said("NL", "traffic.youtube").between(change, change + 7 * DAY)
        return float(np.nanmean(np.abs(said.value / said.expected - 1)))

    cured = away()
    monkeypatch.setattr(pipeline.engine, "calendar", by_utc)
    assert cured < 0.75 * away()


def missing_twice() -> io.BytesIO:
    """A table of five days whose publisher writes -1 for two hours in which nothing was measured."""
    value = noisy(np.full(5 * 24, 5000.0), 0.01)
    value[100:102] = -1
    lines = [f"{iso(MONDAY + HOUR * i)},probing.x,country,PK,{v:g}" for i, v in enumerate(value.tolist())]
    return io.BytesIO("\n".join(["time,signal,entity_type,entity,value", *lines, ""]).encode())


def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative value is a value: neither the table nor the detectors leave it out."""
    monkeypatch.setattr(pipeline.feeds.table, "VALID", {"probing": (-10.0, 1e9)})
    monkeypatch.setattr(detectors.base, "observed", lambda x, context, quorum: x)


def test_a_sentinel_of_minus_one_is_a_missing_value_and_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    table = read_table(missing_twice())
    assert table.outside == 2
    assert not played(list(table.series)).outages
    believed(monkeypatch)
    assert played(list(read_table(missing_twice()).series)).of("PK")


def test_that_of_venezuela_makes_no_region_darker_than_it_was(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = stamp("2019-07-22T22:00:00Z")

    def severity() -> tuple[float, int]:
        found = played(case(data, "venezuela-2019-blackout"))
        (outage,) = found.of("VE-Táchira")
        (state,) = found.said("VE-Táchira", "probing.monash").between(at, at + HOUR).state.tolist()
        return outage.severity, state

    seen, state = severity()
    assert (0.9 < seen < 0.95, state) == (True, UNKNOWN)
    believed(monkeypatch)
    worse, state = severity()
    assert (worse, state == UNKNOWN) == (1.0, False)
