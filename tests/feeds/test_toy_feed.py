"""A feed that somebody writes tomorrow, a row at a time and with no care: what is kept for it by whoever reads it."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import pipeline.signals
from pipeline.bins import DAY
from pipeline.cli.arguments import app
from pipeline.errors import DecodeError
from pipeline.feeds import FEEDS, Feed, Item
from pipeline.feeds.base import joined
from pipeline.feeds.timestamps import FIRST, TimeCheck
from pipeline.records import Bins, Entity, Rows, Run
from pipeline.signals.series import Series

T0, STEP = 1_700_006_400, 900
NAMES = ("PK", "IQ", "US")


def read(stream: BinaryIO) -> Iterator[Item]:
    """``time signal country value`` a line."""
    for line in stream:
        time, signal, country, value = line.decode().split()
        cells = np.array([int(time)]), np.zeros(1, np.int32), np.array([float(value)])
        yield Rows(Run(), "toy", 0, signal, STEP, (), 0, (Entity("country", country, country),), *cells)


TOY = Feed("toy", ("traffic.radar", "ooni.whatsapp"), lambda name, head: name.endswith(".toy"), read)

Line = tuple[int, str, str, float]

Replayed = Callable[[list[Line]], tuple[int, dict]]


def text(lines: list[Line]) -> bytes:
    return "".join(f"{time} {signal} {country} {value}\n" for time, signal, country, value in lines).encode()


def items(lines: list[Line]) -> list[Item]:
    return list(TOY.items(io.BytesIO(text(lines))))


def values(found: list[Item]) -> list[float]:
    return [float(value) for item in found if isinstance(item, Rows) for value in item.value]


@pytest.fixture
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replayed:
    """The exit code of a replay of such lines, and what it says as JSON."""
    monkeypatch.setitem(FEEDS, "toy", TOY)
    monkeypatch.setitem(pipeline.signals.SIGNALS, "toy", pipeline.signals.SIGNALS["table"])

    def replay(lines: list[Line]) -> tuple[int, dict]:
        (tmp_path / "x.toy").write_bytes(text(lines))
        done = CliRunner().invoke(app, ["replay", str(tmp_path / "x.toy"), "--json"], catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout)

    return replay


@pytest.mark.parametrize(
    ("signal", "given", "taken"),
    [
        ("ooni.whatsapp", (0.0, 1.0, 0.5), (0.0, 1.0, 0.5)),
        ("ooni.whatsapp", (0.9, 1000.0, 1.0001), (0.9, np.nan, np.nan)),
        ("traffic.radar", (1000.0, -1.0, np.inf, -np.inf, np.nan), (1000.0, np.nan, np.nan, np.nan, np.nan)),
    ],
)
def test_a_value_that_its_signal_cannot_have_is_not_observed(
    signal: str, given: tuple[float, ...], taken: tuple[float, ...]
) -> None:
    found = items([(T0 + STEP * i, signal, "PK", value) for i, value in enumerate(given)])
    np.testing.assert_array_equal(values(found), taken)


def test_nor_is_one_that_comes_from_elsewhere_than_a_recording() -> None:
    series = Series(Run(), "toy", 0)
    (rows,) = read(io.BytesIO(text([(T0, "ooni.whatsapp", "PK", 1000.0)])))
    assert isinstance(rows, Rows)
    assert series.add(rows) is None
    (bins,) = series.close(T0 + STEP)
    assert isinstance(bins, Bins)
    assert np.isnan(bins.value).all()
    assert bins.health.tolist() == [[0.0]]


def test_a_signal_of_no_kind_that_is_known_is_damage() -> None:
    lines = [(T0, "trafic.radar", "PK", 7.0), (T0, "traffic.radar", "PK", 8.0), (T0, "traffic", "PK", 9.0)]
    found = items(lines)
    assert values(found) == [8.0]
    assert [str(item) for item in found if isinstance(item, DecodeError)] == [
        "toy: bad-signal at records 1 to 1: trafic.radar",
        "toy: bad-signal at records 3 to 3: traffic",
    ]


def outage(signal: str, level: float) -> list[Line]:
    """Three days of a series in three countries, at the end of which one is gone for four hours."""
    rng = np.random.default_rng(1)
    lines = []
    for i in range(3 * 96):
        for name in NAMES:
            gone = name == "PK" and 3 * 96 - 20 <= i < 3 * 96 - 4
            lines.append((T0 + STEP * i, signal, name, 0.0 if gone else level * (1 + 0.01 * rng.standard_normal())))
    return lines


def test_values_in_another_unit_make_no_outage_and_no_all_clear(replayed: Replayed) -> None:
    code, said = replayed(outage("traffic.radar", 1000.0))
    assert (code, len(said["outages"])) == (0, 1)
    code, said = replayed(outage("ooni.whatsapp", 1000.0))
    assert (code, said["outages"]) == (1, [])


# times


YEARS_AHEAD = T0 + 20 * 366 * DAY


def traffic(*times: int, name: str = "PK") -> list[Line]:
    return [(time, "traffic.radar", name, 7.0) for time in times]


def in_batches(found: list[Item], size: int) -> Iterator[Item]:
    """The same rows, so many at once."""
    rows = [item for item in found if isinstance(item, Rows)]
    for i in range(0, len(rows), size):
        yield joined(rows[i : i + size])


def guarded(lines: list[Line], size: int = 1) -> tuple[list[int], list[DecodeError]]:
    """Times in the order in which they are given, and the damage, of rows that come so many at once."""
    feed = replace(TOY, read=lambda stream: in_batches(list(read(stream)), size))
    found = list(feed.items(io.BytesIO(text(lines))))
    times = [int(time) for item in found if isinstance(item, Rows) for time in item.time]
    return times, [item for item in found if isinstance(item, DecodeError)]


STEPS = [T0 + STEP * i for i in range(200)]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("place", [0, 1, 60, 100, 199, 200])
def test_one_time_that_is_years_ahead_is_one_dead_letter(place: int, size: int) -> None:
    times, damage = guarded(traffic(*STEPS[:place], YEARS_AHEAD, *STEPS[place:]), size)
    assert times == STEPS
    (error,) = damage
    assert (error.reason, error.place) == ("bad-time", f"record {place + 1}")
    assert "2043-11-30T00:00:00Z, far ahead of" in error.detail


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("wrong", [2, 8, 30])
def test_several_first_times_a_year_ahead_are_damage_wherever_they_are_cut(wrong: int, size: int) -> None:
    lines = traffic(*(time + 400 * DAY for time in STEPS[:wrong]), *STEPS[wrong:])
    times, damage = guarded(lines, size)
    assert (times, [error.place for error in damage]) == (STEPS[wrong:], [f"record {i + 1}" for i in range(wrong)])


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_clock_that_is_days_ahead_now_and_then_costs_its_own_rows(size: int) -> None:
    lines = [line for i, time in enumerate(STEPS) for line in traffic(time, *[time + 3 * DAY] * (i % 50 == 20))]
    times, damage = guarded(lines, size)
    assert (times, len(damage)) == (STEPS, 4)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("gap", [2 * DAY, 3 * 365 * DAY])
def test_a_gap_in_a_recording_is_believed_and_a_time_astray_behind_it_is_not(size: int, gap: int) -> None:
    later = [time + gap for time in STEPS]
    assert guarded(traffic(*STEPS, *later), size) == ([*STEPS, *later], [])
    times, damage = guarded(traffic(*STEPS, YEARS_AHEAD, *later[:3], YEARS_AHEAD, *later[3:]), size)
    assert (times, [error.place for error in damage]) == ([*STEPS, *later], ["record 201", "record 205"])


def test_a_few_rows_days_after_all_others_are_used() -> None:
    assert guarded(traffic(*STEPS, STEPS[-1] + 30 * DAY)) == ([*STEPS, STEPS[-1] + 30 * DAY], [])


def test_one_country_after_the_other_is_no_time_astray() -> None:
    months = [T0 + STEP * i for i in range(30 * 96)]
    lines = [line for name in NAMES for line in traffic(*months, name=name)]
    assert guarded(lines, 1000) == (months * 3, [])
    assert guarded(lines, 1) == (months * 3, [])


def test_rows_of_a_year_each_are_no_time_astray() -> None:
    years = [T0 + 366 * DAY * i for i in range(40)]
    (rows,) = in_batches(list(read(io.BytesIO(text(traffic(*years))))), 100)
    assert isinstance(rows, Rows)
    feed = replace(TOY, read=lambda _: iter([replace(rows, width=366 * DAY).take(np.array([i])) for i in range(40)]))
    assert [int(item.time[0]) for item in feed.items(io.BytesIO()) if isinstance(item, Rows)] == years


def test_what_it_takes_to_watch_over_times_does_not_grow_with_what_is_held() -> None:
    """Rows that are each a week from the next: all of them might be astray."""
    sparse = [T0 + 7 * DAY * i for i in range(3000)]
    times = TimeCheck("toy")
    most = 0
    for i, batch in enumerate(read(io.BytesIO(text(traffic(*sparse))))):
        assert isinstance(batch, Rows)
        list(times.take(i, batch))
        most = max(most, len(times.held))
    assert most <= FIRST + 1


AT = st.sampled_from([T0, T0 + DAY, T0 + 2 * DAY, T0 + 300 * DAY, T0 + 400 * DAY, YEARS_AHEAD, YEARS_AHEAD + 400 * DAY])


@given(st.lists(st.tuples(AT, st.integers(1, 60)), max_size=8), st.sampled_from([1, 7, 1000]))
def test_whatever_the_times_each_row_is_given_or_is_damage_and_none_is_both(
    runs: list[tuple[int, int]], size: int
) -> None:
    stamps = [begin + STEP * i for begin, many in runs for i in range(many)]
    times, damage = guarded(traffic(*stamps), size)
    dead = [int(error.place.removeprefix("record ").replace(",", "")) - 1 for error in damage]
    assert len(set(dead)) == len(dead)
    assert sorted([*times, *(stamps[i] for i in dead)]) == sorted(stamps)


@pytest.mark.parametrize("place", [0, 300, 3 * 96 * 3])
def test_an_outage_is_found_although_one_time_is_years_ahead(place: int, replayed: Replayed) -> None:
    lines = outage("traffic.radar", 1000.0)
    code, clean = replayed(lines)
    assert (code, len(clean["outages"])) == (0, 1)
    code, said = replayed([*lines[:place], (YEARS_AHEAD, "traffic.radar", "IQ", 1000.0), *lines[place:]])
    told = [{key: value for key, value in one.items() if key != "id"} for one in said["outages"]]
    assert told == [{key: value for key, value in one.items() if key != "id"} for one in clean["outages"]]
    assert [said["records"][name] for name in ("late", "dead")] == [0, 1]
