"""Bins that are not evenly spaced, clocks that change, holidays, and the sentinel that stands for a missing value."""

import io
from pathlib import Path

import numpy as np
import pytest

import detectors.base
import pipeline.engine
from detectors.base import NORMAL, UNKNOWN
from detectors.seasonal import course as seasonal_course
from pipeline.bins import DAY, Cadence
from pipeline.codec import iso
from pipeline.feeds import read_table
from pipeline.geo.countries import WEEK, ahead
from pipeline.kinds import KINDS
from pipeline.records import Entity
from pipeline.settings import Judging, Settings
from tests.detectors.real import stamp
from tests.worlds import HOUR, MONDAY, PK, Said, Series, between, case, hours, made_rows, noisy, played

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


def by_utc(countries: tuple[str, ...], times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A calendar that knows no clock but UTC's."""
    slot = np.repeat((times[:, None] + 3 * DAY) % WEEK, len(countries), axis=1)
    return slot, (slot // DAY >= 5).astype(np.int8)


def test_a_clock_change_moves_the_day_and_is_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    cured = played(daily())
    assert np.abs(cured.said("NL", "traffic.x").between(CHANGE, CHANGE + 3 * DAY).score).max() < 3
    assert not cured.outages
    monkeypatch.setattr(pipeline.engine, "knowing", lambda *holidays: by_utc)
    assert len(played(daily()).of("NL")) >= 3, "every evening, when people go to bed an hour early"


@pytest.mark.parametrize("width", [2 * HOUR, 4 * HOUR, 6 * HOUR])
@pytest.mark.parametrize("change", ["2024-03-31T01:00:00Z", "2024-10-27T01:00:00Z"])
def test_nor_does_a_clock_that_moves_by_a_part_of_a_bin_lose_the_slopes_of_a_night(change: str, width: int) -> None:
    at, of, fine = stamp(change), ("NL", "LB", "EG"), 300
    utc = np.arange((at - 28 * DAY) // DAY * DAY, (at + 21 * DAY) // DAY * DAY, fine)
    local = utc[:, None] + np.repeat([ahead(of, int(t)) for t in utc[::12]], 12, axis=0)
    hour = local % DAY / HOUR
    morning, evening = (1 / (1 + np.exp((h - hour) / 0.5)) for h in (7, 23))
    mean = 20_000 * (0.15 + 0.85 * (morning - evening)).reshape(-1, width // fine, len(of)).mean(axis=1)
    x = np.random.default_rng(5).poisson(mean)
    rows = made_rows("probing.x", x, *(Entity("country", c, c) for c in of), width=width, start=int(utc[0]))
    assert not [outage for outage in played([rows]).outages if outage.confirmed_at]


def test_nor_does_it_move_the_traffic_of_the_netherlands(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = stamp("2023-03-26T01:00:00Z")
    series = between(case(data, "control-youtube-nl"), change - 28 * DAY, change + 7 * DAY)

    def away() -> float:
        said = played(series).said("NL", "traffic.youtube").between(change, change + 7 * DAY)
        return float(np.nanmean(np.abs(said.value / said.expected - 1)))

    cured = away()
    monkeypatch.setattr(pipeline.engine, "knowing", lambda *holidays: by_utc)
    assert cured < 0.75 * away()


def test_holidays_that_are_named_are_no_surprise(data: Path) -> None:
    days = ("NL 2024-03-29", "NL 2024-04-01", "NL 2024-05-09", "NL 2024-05-20")
    series = between(case(data, "control-youtube-nl"), stamp("2024-02-28T00:00:00Z"), stamp("2024-05-22T00:00:00Z"))
    free = [stamp(f"{day[3:]}T00:00:00Z") - 2 * HOUR for day in days]  # summer time; good enough for bins of two hours

    def on_them(holidays: tuple[str, ...]) -> Said:
        said = played(series, Settings(judging=Judging(holidays=holidays))).said("NL", "traffic.youtube")
        inside = np.any([(said.t >= begin) & (said.t < begin + DAY) for begin in free], axis=0)
        return Said(*(column[inside] for column in said))

    def stray(said: Said) -> float:
        return float(np.sqrt(np.nanmean(said.score**2)))

    cured, naive = on_them(days), on_them(())
    assert not cured.low.any()
    assert stray(cured) < 0.5 * stray(naive)


def feast(country: str) -> Series:
    """Bins of two hours that a month of long nights has lifted by a fifth, and then three days of a feast at 0.8."""
    begin, end = stamp("2023-03-23T00:00:00Z"), stamp("2023-04-21T00:00:00Z")
    start = begin - 40 * DAY
    t = start + hours(75, 2 * HOUR)
    shape = 3000 * (1 - 0.4 * np.cos(2 * np.pi * (t / DAY + 0.2)))
    share = np.where((t >= begin) & (t < end), 1.2, np.where((t >= end) & (t < end + 3 * DAY), 0.8, 1.0))
    entity = Entity("country", country, country)
    return [made_rows("traffic.x", noisy(shape * share, 0.03), entity, width=2 * HOUR, start=start)]


@pytest.mark.parametrize("country", ["PK", "IQ", "SD"])
def test_the_feast_after_ramadan_is_never_confirmed(country: str) -> None:
    def found(judging: Judging) -> list[str]:
        outages = played(feast(country), Settings(judging=judging)).outages
        return [outage.kind for outage in outages if outage.confirmed_at]

    assert found(Judging()) == []
    assert found(Judging(public_holidays=False)), "a third less than the days before"


def test_half_of_a_country_is_not_missed_on_a_feast_and_its_end_is_seen() -> None:
    days, w = 50, 900
    start = stamp("2024-03-01T00:00:00Z")
    t = start + hours(days, w)
    begin, end = stamp("2024-04-10T03:00:00Z"), stamp("2024-04-10T12:00:00Z")
    shape = 2000 * (1 - 0.4 * np.cos(2 * np.pi * t / DAY))
    x = noisy(shape * np.where((t >= begin) & (t < end), 0.5, 1.0), 0.03)
    (outage,) = played([made_rows("traffic.x", x, width=w, start=start)]).of("PK")
    assert (outage.start, outage.end) == (begin, end)
    assert (outage.confirmed_at or 0) - begin <= 2 * w
    out = (t >= stamp("2024-04-08T06:00:00Z")) & (t < stamp("2024-04-10T06:00:00Z"))
    x = noisy(shape * np.where(out, 0.05, 1.0), 0.03)
    (outage,) = played([made_rows("traffic.x", x, width=w, start=start)]).of("PK")
    assert outage.end == stamp("2024-04-10T06:00:00Z"), "what a slow detector cannot say on a feast holds nothing"


def halved() -> Series:
    """Weeks with working days; on the fourth Wednesday the offices are closed, and half of all is off."""
    t = hours(25)
    weekday, hour = t // DAY % 7, t % DAY // HOUR
    at_work = (hour >= 8) & (hour < 18)
    free = (weekday >= 5) | (t // DAY == 23)
    shape = np.where(at_work, np.where(free, 1500, 3000), 1200)
    return [made_rows("probing.x", noisy(shape, 0.02))]


def test_one_that_halves_every_bin_of_a_working_day_is_no_outage_where_it_is_named() -> None:
    assert not played(halved(), Settings(judging=Judging(holidays=("PK 2024-01-31",)))).outages
    assert len(played(halved()).of("PK")) == 1


def missing_twice() -> io.BytesIO:
    """A table of five days whose publisher writes -1 for two hours in which nothing was measured."""
    value = noisy(np.full(5 * 24, 5000.0), 0.01)
    value[100:102] = -1
    lines = [f"{iso(MONDAY + HOUR * i)},probing.x,country,PK,{v:g}" for i, v in enumerate(value.tolist())]
    return io.BytesIO("\n".join(["time,signal,entity_type,entity,value", *lines, ""]).encode())


def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative value is a value: neither the table nor the detectors leave it out."""
    monkeypatch.setitem(KINDS, "probing", KINDS["probing"]._replace(smallest=-10.0))
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


@pytest.mark.parametrize("days", [6, 7, 8])
@pytest.mark.parametrize("more", [1.15, 1.25, 1.4])
def test_a_week_of_more_and_its_end_are_no_outage(days: int, more: float, monkeypatch: pytest.MonkeyPatch) -> None:
    t = hours(28 + days + 24)
    day = t / DAY - 28
    shape = 20000 * (1 - 0.4 * np.cos(2 * np.pi * day)) * np.where((day >= 0) & (day < days), more, 1.0)
    series = [made_rows("probing.ioda", noisy(shape, 0.01), PK)]
    assert not played(series).of("PK")
    if (days, more) == (7, 1.4):  # its level counts twice: in the similar days, and above them
        monkeypatch.setattr(seasonal_course, "RISE", seasonal_course.DRIFT)
        assert played(series).of("PK")
