"""Stamps that come a little sooner or later than their bins start: the bins are those of the hour all the same."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY, Cadence
from pipeline.codec import iso
from pipeline.feeds.table.cadence import COMMON_WIDTHS, infer_cadence, snapped
from tests.explain.test_summary import replayed
from tests.feeds.test_table import row, table

HOUR = 3600
BEGIN = int(dt.datetime(2024, 2, 8, tzinfo=dt.UTC).timestamp())


def jittered(width: int, early: int, late: int, bins: int = 200, entities: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Stamps of a grid, each by chance so much before or after its bin's start [s], and whose they are."""
    rng = np.random.default_rng(width + early + late)
    entity = np.tile(np.arange(entities), bins)
    grid = BEGIN // width * width + np.repeat(np.arange(bins), entities) * width
    return grid + rng.integers(-early, late + 1, len(grid)), entity


@pytest.mark.parametrize("width", [width for width in COMMON_WIDTHS if width >= 300])
@pytest.mark.parametrize(("early", "late"), [(0, 5), (3, 3), (5, 0), (0, 60)])
@pytest.mark.parametrize("entities", [1, 40])
def test_stamps_that_jitter_have_the_usual_width_and_each_its_own_bin(
    width: int, early: int, late: int, entities: int
) -> None:
    times, entity = jittered(width, early, late, entities=entities)
    cadence = infer_cadence(times, entity)
    assert cadence == Cadence(width, phase=0)
    at = cadence.floor(snapped(times, cadence))
    assert at.tolist() == (BEGIN // width * width + np.arange(len(at)) // entities * width).tolist()


@pytest.mark.parametrize("late", [300, 900, 1790])
def test_what_comes_up_to_half_a_bin_late_jitters(late: int) -> None:
    assert infer_cadence(*jittered(HOUR, 0, late)) == Cadence(HOUR)
    assert infer_cadence(*jittered(HOUR, 0, late, entities=40)) == Cadence(HOUR)


def test_a_grid_that_begins_within_the_hour_and_a_width_that_is_not_usual_are_kept() -> None:
    times, entity = jittered(HOUR, 20, 20)
    assert infer_cadence(times + 1800, entity) == Cadence(HOUR, phase=1800)
    times, entity = jittered(660, 5, 5)
    assert infer_cadence(times, entity).width == 660
    exact = BEGIN + 3586 * np.arange(300)
    assert infer_cadence(exact) == Cadence(3586, phase=BEGIN % 3586), "nothing jitters"


def test_what_comes_less_than_a_minute_late_every_hour_is_of_the_hour() -> None:
    times, entity = jittered(HOUR, 0, 5)
    assert infer_cadence(times + 45, entity) == Cadence(HOUR)


def test_who_has_but_three_rows_a_minute_apart_is_not_asked_for_the_width() -> None:
    times, entity = jittered(HOUR, 0, 240)
    few = BEGIN + 50 * HOUR + np.array([0, 60, 120])
    assert infer_cadence(np.append(times, few), np.append(entity, [1, 1, 1])) == Cadence(HOUR)


def test_who_keeps_to_one_slot_in_ten_keeps_to_none() -> None:
    """Six are asked six times a day, and answer now and then: their rows do not say when they are asked."""
    rng = np.random.default_rng(4)
    rows = [
        (BEGIN + day * DAY + hour * HOUR + int(rng.integers(0, 300)), who)
        for day in range(20) for hour in (1, 10, 14, 17, 19, 20) for who in range(6) if rng.random() < 0.04
    ]  # fmt: skip
    assert not infer_cadence(*np.array(rows).T).slots


def test_where_more_than_half_are_on_the_grid_it_is_theirs() -> None:
    times, entity = jittered(HOUR, 0, 0)
    times[::3] += 37
    times[1::9] -= 11
    cadence = infer_cadence(times + 427, entity)
    assert cadence == Cadence(HOUR, phase=427)
    assert len(np.unique(cadence.floor(snapped(times + 427, cadence)))) == len(times)


def test_midnight_of_a_country_that_changes_its_clock_is_one_bin_a_day() -> None:
    times = BEGIN + DAY * np.arange(200) - HOUR * (np.arange(200) >= 90)
    cadence = infer_cadence(times)
    assert np.unique(np.diff(cadence.floor(snapped(times, cadence)))).tolist() == [DAY]


def test_who_has_shorter_bins_than_most_keeps_them() -> None:
    fine, coarse = BEGIN + 600 * np.arange(6 * 200), np.tile(BEGIN + HOUR * np.arange(200), 60)
    entity = np.append(np.zeros(len(fine), int), 1 + np.repeat(np.arange(60), 200))
    assert infer_cadence(np.append(fine, coarse), entity) == Cadence(600)


@pytest.mark.parametrize("off", [900, 1200, 1800])
def test_one_country_of_twenty_at_another_minute_moves_the_bins_of_none(off: int) -> None:
    times, entity = jittered(HOUR, 0, 0, entities=20)
    assert infer_cadence(times + off * (entity == 7), entity) == Cadence(HOUR, phase=0)


def test_halves_of_the_countries_that_report_at_other_times_share_no_bins() -> None:
    times = np.append(BEGIN + HOUR * np.arange(200), BEGIN + 1800 + HOUR * np.arange(200))
    assert infer_cadence(times, np.repeat([0, 1], 200)) == Cadence(1800)


def test_stamps_without_any_grid_have_bins_of_no_less_than_a_quarter_of_their_usual_step() -> None:
    rng = np.random.default_rng(5)
    times = np.sort(rng.integers(BEGIN, BEGIN + 30 * DAY, 500))
    middle = np.median(np.diff(times))
    cadence = infer_cadence(times)
    assert middle / 4 <= cadence.width <= middle
    assert len(np.unique(cadence.floor(snapped(times, cadence)))) >= 0.9 * len(times), "each has a bin of its own"


def polled(grid: np.ndarray, apart: float, jitter: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Stamps of six countries that are asked ``apart`` one after the other [s] each time of the ``grid``."""
    rng = np.random.default_rng(len(grid))
    times = grid[:, None] + apart * np.arange(6) + rng.uniform(-jitter, jitter, (len(grid), 6))
    order = np.argsort(times.ravel(), kind="stable")
    return times.ravel().astype(np.int64)[order], np.tile(np.arange(6), len(grid))[order]


def looped(width: int, low: float, high: float, polls: int = 1000) -> np.ndarray:
    """Times of a loop that sleeps for a width, and takes so much longer each time [s]."""
    return BEGIN + np.cumsum(width + np.random.default_rng(width).uniform(low, high, polls))


def shares(times: np.ndarray, entity: np.ndarray, cadence: Cadence) -> tuple[float, float]:
    """Which share of the bins of the worst of six countries has a value, and of its values a bin of its own."""
    bins = [cadence.floor(snapped(times[entity == i], cadence)) for i in range(6)]
    whole = [len(cadence.starts(int(own[0]) - 1, int(own[-1]) + cadence.width)) for own in bins]
    used = [len(np.unique(own)) for own in bins]
    return (
        min(use / each for use, each in zip(used, whole, strict=True)),
        min(use / len(own) for use, own in zip(used, bins, strict=True)),
    )


@pytest.mark.parametrize("width", [300, 900, 1800, HOUR])
@pytest.mark.parametrize("apart", [0, 1, 2])
@pytest.mark.parametrize(("low", "high"), [(1, 6), (-6, -1)])
def test_a_loop_that_sleeps_has_the_usual_width_and_hardly_a_bin_without_a_value_or_with_two(
    width: int, apart: int, low: float, high: float
) -> None:
    times, entity = polled(looped(width, low, high), apart)
    cadence = infer_cadence(times, entity)
    assert (cadence.width, cadence.slots) == (width, ())
    assert min(shares(times, entity, cadence)) > 0.98
    assert infer_cadence(times[entity == 0]).width == width, "one country alone"


@pytest.mark.parametrize("width", [300, 900, 1800, HOUR])
@pytest.mark.parametrize("spread", [6, 7])
def test_countries_that_are_asked_all_through_the_interval_have_a_bin_each(width: int, spread: int) -> None:
    times, entity = polled(BEGIN + width * np.arange(500), width / spread, 20)
    cadence = infer_cadence(times, entity)
    assert (cadence.width, cadence.slots) == (width, ())
    assert min(shares(times, entity, cadence)) == 1.0


@pytest.mark.parametrize("apart", [250, 420, 500])
def test_countries_that_are_asked_minutes_apart_to_the_second_have_a_bin_each(apart: int) -> None:
    times, entity = polled(BEGIN + HOUR * np.arange(500), apart)
    cadence = infer_cadence(times, entity)
    assert (cadence.width, *shares(times, entity, cadence)) == (HOUR, 1.0, 1.0)


@pytest.mark.parametrize("minute", [0, 5, 37])
def test_slots_of_the_day_are_found_where_stamps_jitter_around_them(minute: int) -> None:
    slots = np.array([6, 10, 16, 20]) * HOUR + 60 * minute
    days = BEGIN + DAY * np.arange(60)[:, None]
    times, entity = polled((days + slots).ravel(), 0, 120)
    cadence = infer_cadence(times, entity)
    assert cadence == infer_cadence(times[entity == 3])
    assert len(cadence.slots) == 4
    assert np.abs(cadence.slots - slots).max() <= 300
    at = cadence.floor(snapped(times, cadence))
    assert at.tolist() == np.repeat((days + cadence.slots).ravel(), 6).tolist()
    if not minute:
        assert cadence == infer_cadence((days + slots).ravel()), "as where they are exact"


@pytest.mark.parametrize("entities", [1, 6])
@pytest.mark.parametrize("missing", [0.0, 0.3, 0.5])
def test_jitter_without_bounds_has_the_usual_width_also_where_half_of_the_rows_are_missing(
    entities: int, missing: float
) -> None:
    rng = np.random.default_rng(3)
    times, entity = jittered(300, 0, 0, 2000, entities)
    times = (times + rng.normal(0, 30, len(times))).astype(np.int64)
    order = np.argsort(times, kind="stable")[rng.random(len(times)) >= missing]
    assert infer_cadence(times[order], entity[order]) == Cadence(300)


def test_the_outage_of_a_country_that_a_sleeping_loop_asks_for_is_found_where_it_is(tmp_path: Path) -> None:
    times, entity = polled(looped(1800, 1, 6), 0, 0.5)
    rng = np.random.default_rng(1)
    value = rng.normal(3000, 40, len(times)).round()
    begin = BEGIN + 16 * DAY
    value[(entity == 0) & (times >= begin) & (times < begin + 10 * HOUR)] /= 10
    countries = ("PK", "IQ", "DE", "BR", "NG", "KE")
    cells = zip(times.tolist(), entity.tolist(), value.tolist(), strict=True)
    rows = [f"{iso(t)},probing.x,country,{countries[i]},{v}" for t, i, v in cells]
    told = json.loads(replayed(tmp_path, "".join(f"{row}\n" for row in rows), 0, "--json"))
    assert [(o["entity"], o["start"], o["end"]) for o in told["outages"]] == [
        ("PK", "2024-02-24T00:00:00Z", "2024-02-24T10:00:00Z")
    ]
    assert (told["stuck"], told["unobserved"]) == ([], []), "a bin that no poll fell into is no stuck feed"


def test_no_row_of_a_table_is_overruled_for_coming_seconds_early() -> None:
    clocks = ["00:00:00", "00:59:58", "02:00:00", "02:59:57", "04:00:02", "05:00:00", "05:59:59", "07:00:01"]
    rows = [f"2024-02-08T{clock}Z,bgp.ris,country,PK,{i}" for i, clock in enumerate(clocks)]
    read = table(*rows)
    (series,) = read.series
    assert read.damage == ()
    assert (series.width, series.phase) == (HOUR, 0)
    assert (series.time - BEGIN).tolist() == [0, 3600, 7200, 10800, 14402, 18000, 21600, 25201]


def test_a_row_that_is_early_is_told_with_its_own_stamp_where_another_one_counts() -> None:
    rows = [row(f"0{hour}:00", value="7") for hour in range(9)]
    read = table("2024-02-08T02:59:50Z,bgp.ris,country,PK,9", *rows)
    assert [error.detail for error in read.damage] == [
        "two values of one bin: 2024-02-08T02:59:50Z says 9, then 2024-02-08T03:00:00Z says 7, which counts"
    ]
