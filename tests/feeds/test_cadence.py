"""The cadence of a series is found where times jitter, drift or lack a grid."""

import datetime as dt

import numpy as np
import pytest

from pipeline.bins import DAY, Cadence
from pipeline.feeds.table.cadence import COMMON_WIDTHS, infer_cadence, snapped

HOUR = 3600
BEGIN = int(dt.datetime(2024, 2, 8, tzinfo=dt.UTC).timestamp())


def jittered(width: int, early: int, late: int, bins: int = 200, entities: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Times of a grid, each by chance so much before or after the start of its bin [s], and their entities."""
    rng = np.random.default_rng(width + early + late)
    entity = np.tile(np.arange(entities), bins)
    grid = BEGIN // width * width + np.repeat(np.arange(bins), entities) * width
    return grid + rng.integers(-early, late + 1, len(grid)), entity


@pytest.mark.parametrize("width", [width for width in COMMON_WIDTHS if width >= 300])
@pytest.mark.parametrize(("early", "late"), [(0, 5), (3, 3), (5, 0), (0, 60)])
@pytest.mark.parametrize("entities", [1, 40])
def test_rows_that_jitter_have_a_common_width_and_a_bin_each(width: int, early: int, late: int, entities: int) -> None:
    times, entity = jittered(width, early, late, entities=entities)
    cadence = infer_cadence(times, entity)
    assert cadence == Cadence(width, phase=0)
    at = cadence.floor(snapped(times, cadence))
    assert at.tolist() == (BEGIN // width * width + np.arange(len(at)) // entities * width).tolist()


EXACT = jittered(HOUR, 0, 0, entities=20)
FINE = BEGIN + 600 * np.arange(6 * 200)


@pytest.mark.parametrize(
    ("times", "entity", "cadence"),
    [
        (jittered(HOUR, 20, 20)[0] + 1800, None, Cadence(HOUR, phase=1800)),
        (BEGIN + 3586 * np.arange(300), None, Cadence(3586, phase=BEGIN % 3586)),
        (np.append(FINE, EXACT[0]), np.append(np.zeros(len(FINE), int), 1 + EXACT[1]), Cadence(600)),
        *((EXACT[0] + off * (EXACT[1] == 7), EXACT[1], Cadence(HOUR)) for off in (900, 1200, 1800)),
        (EXACT[0] + 1800 * (EXACT[1] >= 10), EXACT[1], Cadence(1800)),
    ],
    ids=["phase", "unusual width", "one finer", "one at :15", "one at :20", "one at :30", "halves"],
)
def test_the_grid_of_most_rows_is_kept(times: np.ndarray, entity: np.ndarray | None, cadence: Cadence) -> None:
    assert infer_cadence(times, entity) == cadence


def test_midnight_of_a_country_that_changes_its_clock_is_one_bin_a_day() -> None:
    times = BEGIN + DAY * np.arange(200) - HOUR * (np.arange(200) >= 90)
    cadence = infer_cadence(times)
    assert np.unique(np.diff(cadence.floor(snapped(times, cadence)))).tolist() == [DAY]


def polled(grid: np.ndarray, apart: float, jitter: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Times of six countries that are polled ``apart`` [s] one after the other at each time of the ``grid``."""
    rng = np.random.default_rng(len(grid))
    times = grid[:, None] + apart * np.arange(6) + rng.uniform(-jitter, jitter, (len(grid), 6))
    order = np.argsort(times.ravel(), kind="stable")
    return times.ravel().astype(np.int64)[order], np.tile(np.arange(6), len(grid))[order]


def looped(width: int, low: float, high: float, polls: int = 1000) -> np.ndarray:
    """Times of a loop that sleeps for a width, and takes so much longer each time [s]."""
    return BEGIN + np.cumsum(width + np.random.default_rng(width).uniform(low, high, polls))


def shares(times: np.ndarray, entity: np.ndarray, cadence: Cadence) -> tuple[float, float]:
    """Share of bins that have a value, and of values that have a bin of their own, in the worst of six countries."""
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
def test_a_loop_that_sleeps_has_a_common_width_and_hardly_an_empty_bin_or_one_with_two_values(width, apart, low, high):
    times, entity = polled(looped(width, low, high), apart)
    cadence = infer_cadence(times, entity)
    assert (cadence.width, cadence.slots) == (width, ())
    assert min(shares(times, entity, cadence)) > 0.98
    assert infer_cadence(times[entity == 0]).width == width, "one country alone"


@pytest.mark.parametrize(
    ("width", "apart", "jitter"),
    [*((width, width / spread, 20) for width in (300, 900, 1800, HOUR) for spread in (6, 7)),
     *((HOUR, apart, 0) for apart in (250, 420, 500))],
)  # fmt: skip
def test_countries_polled_one_after_the_other_have_a_bin_each(width: int, apart: float, jitter: float) -> None:
    times, entity = polled(BEGIN + width * np.arange(500), apart, jitter)
    cadence = infer_cadence(times, entity)
    assert (cadence.width, cadence.slots, *shares(times, entity, cadence)) == (width, (), 1.0, 1.0)


@pytest.mark.parametrize("minute", [0, 5, 37])
def test_slots_of_the_day_are_found_although_rows_jitter_around_them(minute: int) -> None:
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
