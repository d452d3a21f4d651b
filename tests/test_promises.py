"""README's table of what is confirmed when: each of its rows is a world, and the table has no row that is none."""

import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.records import Outage
from pipeline.settings import Fusing, Judging, Settings
from tests.worlds import HOUR, MONDAY, Series, hours, made_rows, played

README = Path(__file__).parents[1] / "README.md"

TWO = "two kinds of signals, or all that is measured, by half or more"
QUARTERS = "three quarters of the traffic, while probes and routes do not fall"
HALF = "half of the traffic, while probes and routes do not fall"
FEARED = "half of the traffic within an hour, on a day that you named as a risk"
HOLIDAY = "half of the traffic, on a day that you named as a holiday"
THIRD = "a third of the traffic, while probes and routes do not fall"

TRAFFIC, PROBES, ROUTES = "traffic.radar", "probing.ioda", "bgp.ris"
WIDTHS = (900, 3600)
SHORT = ((300, 1), (900, 1), (900, 3), (900, 16), (3600, 1), (3600, 3), (3600, 16))
"""Widths of bins [s], each with days of past."""
NINE = 4 * HOUR
"""Nine in the morning in Pakistan, as time of day in UTC [s]."""


def world(past: int, width: int, left: dict[str, float], lasts: int = 8 * HOUR, only: str = "") -> Series:
    """So many days of Pakistan, and then of each of these signals so much is ``left`` from nine in the morning on."""
    t, rng = hours(past + 2, width), np.random.default_rng(past)
    here = np.interp((t / HOUR + 5) % 24, [0, 4, 5, 10, 20, 24], [0.5, 0.35, 0.4, 1.0, 1.1, 0.5])
    out = (t >= past * DAY + NINE) & (t < past * DAY + NINE + lasts)
    usual = {TRAFFIC: 20_000 * here, PROBES: np.full(t.shape, 3000.0), ROUTES: np.full(t.shape, 3000.0)}
    return [
        made_rows(signal, rng.poisson(mean * np.where(out, left.get(signal, 1.0), 1.0)).astype(float), width=width)
        for signal, mean in usual.items()
        if signal.startswith(only)
    ]


def day(past: int) -> str:
    """The day on which it falls, by the calendar of Pakistan."""
    return str(np.datetime64(MONDAY + past * DAY + NINE, "s").astype("datetime64[D]"))


def told(past: int, made: Series, settings: Settings | None = None) -> Outage:
    """The one outage of the country, which begins with what fell."""
    (outage,) = played(made, settings).of("PK")
    assert outage.start == MONDAY + past * DAY + NINE
    return outage


def hours_until(outage: Outage) -> float:
    """From the fall to when it is confirmed [h]."""
    return ((outage.confirmed_at or np.inf) - outage.start) / HOUR


def test_each_row_of_it_is_here() -> None:
    _, _, below = README.read_text("utf-8").partition("| what falls |")
    rows = re.findall(r"^\| ([^|-][^|]*?) \|", below.partition("\n\n")[0], re.MULTILINE)
    assert rows == [TWO, QUARTERS, HALF, FEARED, HOLIDAY, THIRD]


@pytest.mark.parametrize(("width", "past"), SHORT)
@pytest.mark.parametrize("left", [0.0, 0.2, 0.45])
def test_two_kinds_of_signals(left: float, past: int, width: int) -> None:
    assert hours_until(told(past, world(past, width, {TRAFFIC: left, PROBES: left}))) <= max(1, 2 * width / HOUR)


@pytest.mark.parametrize(("width", "past"), SHORT)
@pytest.mark.parametrize("only", [TRAFFIC, PROBES, ROUTES])
def test_all_that_is_measured(only: str, past: int, width: int) -> None:
    assert hours_until(told(past, world(past, width, {only: 0.2}, only=only))) <= max(1, 2 * width / HOUR)


@pytest.mark.parametrize(("width", "past"), SHORT)
def test_three_quarters_of_the_traffic(past: int, width: int) -> None:
    assert hours_until(told(past, world(past, width, {TRAFFIC: 0.2}))) <= max(1.5, 2 * width / HOUR)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("past", [15, 17, 22])
def test_half_of_the_traffic(past: int, width: int) -> None:
    assert hours_until(told(past, world(past, width, {TRAFFIC: 0.42}))) <= 3


@pytest.mark.parametrize(("width", "past"), [(300, 1), (900, 2), (1800, 2), (3600, 2), (3600, 3), (900, 8)])
def test_the_same_on_a_day_that_is_feared(width: int, past: int) -> None:
    made = world(past, width, {TRAFFIC: 0.42})
    assert hours_until(told(past, made, Settings(fusing=Fusing(days={f"PK {day(past)}": "election"})))) <= 3
    assert played(made).of("PK") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_same_on_a_holiday(width: int) -> None:
    made = world(16, width, {TRAFFIC: 0.42})
    assert played(made, Settings(judging=Judging(holidays=(f"PK {day(16)}",)))).of("PK") == []
    assert len(played(made).of("PK")) == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("feared", [(), (16,)])
def test_a_third_of_the_traffic(width: int, feared: tuple[int, ...]) -> None:
    settings = Settings(fusing=Fusing(days={f"PK {day(past)}": "election" for past in feared}))
    made = world(16, width, {TRAFFIC: 0.67}, lasts=30 * HOUR)
    found = played(made, settings)
    assert found.of("PK") == []
    assert any(each.entity == "PK" for each in found.outages)
