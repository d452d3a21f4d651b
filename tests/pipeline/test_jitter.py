"""Stamps that come a little sooner or later than their bins start: the bins are those of the hour all the same."""

import datetime as dt

import numpy as np
import pytest

from pipeline.bins import DAY, USUAL, Cadence, infer_cadence, snapped
from tests.pipeline.test_table import row, table

HOUR = 3600
BEGIN = int(dt.datetime(2024, 2, 8, tzinfo=dt.UTC).timestamp())


def jittered(width: int, early: int, late: int, bins: int = 200, entities: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Stamps of a grid, each by chance so much before or after its bin's start [s], and whose they are."""
    rng = np.random.default_rng(width + early + late)
    entity = np.tile(np.arange(entities), bins)
    grid = BEGIN // width * width + np.repeat(np.arange(bins), entities) * width
    return grid + rng.integers(-early, late + 1, len(grid)), entity


@pytest.mark.parametrize("width", [width for width in USUAL if width >= 300])
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


def test_halves_of_the_countries_that_report_at_other_times_share_no_bins() -> None:
    times = np.append(BEGIN + HOUR * np.arange(200), BEGIN + 1800 + HOUR * np.arange(200))
    assert infer_cadence(times, np.repeat([0, 1], 200)) == Cadence(1800)


def test_stamps_without_any_grid_are_read_as_they_were() -> None:
    rng = np.random.default_rng(5)
    times = np.sort(rng.integers(BEGIN, BEGIN + 30 * DAY, 500))
    steps, counts = np.unique(np.diff(times), return_counts=True)
    assert infer_cadence(times).width in steps[counts >= 0.9 * counts.max()]


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
