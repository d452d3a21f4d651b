"""What is asked of a first day is read from the hours that it lies in alone, and is what all of the past tells."""

import numpy as np
import pytest

from detectors.base import DAY
from detectors.history import ALL, CHUNK, History, plain
from detectors.seasonal import first_day

GRID, DAYS, PLACES = 1800, 12, 40


def past_of(rng: np.random.Generator, start: int) -> History:
    """Half hours of days with surges of some hours on the first ones, and holes."""
    t = start + np.arange(DAYS * DAY // GRID) * GRID
    x = 100 * (1.5 + np.sin(2 * np.pi * t[:, None] / DAY)) * rng.uniform(0.9, 1.1, (len(t), PLACES))
    for place in range(PLACES):
        begin = int(rng.integers(0, 60))
        x[begin : begin + int(rng.integers(2, 12)), place] *= rng.uniform(1.2, 3)
    x[rng.random(x.shape) < 0.05] = np.nan
    past = History()
    for time, values in zip(t.tolist(), x, strict=True):
        past = past.push(time, values, values, np.zeros(PLACES, bool))
    return past


@pytest.mark.parametrize("seed", range(4))
def test_the_hours_around_are_all_that_is_asked_for(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, read, found = np.random.default_rng(seed), first_day._read, 0
    start = int(rng.integers(0, 48)) * GRID
    past, rows, view = past_of(rng, start), np.arange(0, PLACES, 2), plain(PLACES)
    first = start + rng.integers(0, CHUNK // 2, PLACES) * GRID
    for ago in range(0, 6 * DAY, 5 * GRID):
        slot = start + DAYS * DAY - ago
        asked = [
            lambda at=slot: first_day.surged(past, at, GRID, first, rows, 5, view),
            lambda at=slot: first_day.peak(past, at, GRID, first, rows),
            lambda at=slot: first_day.lately(past, at, GRID, rows, PLACES),
            lambda: first_day.first_days(past, GRID, first, rows, 3600),
        ]
        few = [each() for each in asked]
        with monkeypatch.context() as whole:
            whole.setattr(first_day, "_read", lambda past, rows, view, spans: read(past, rows, view, ALL))
            for mine, its in zip(few, (each() for each in asked), strict=True):
                np.testing.assert_array_equal(mine, its)
        found += int(few[0].sum())
    assert found > 20, "surges were there to be found"


def test_days_that_are_compared_stay_as_they_were() -> None:
    past = History()
    for half_hour in range(48):
        value = np.array([300.0 if half_hour == 28 else 100.0])
        past = past.push(half_hour * 1800, value, value, np.array([False]))
    days, first = np.array([[300.0]]), np.zeros(1, np.int64)
    left, _ = first_day.usual(past, DAY + 14 * 3600, 1800, first, (1,), days, days.copy(), np.array([1]), plain(1))
    assert (left.tolist(), days.tolist()) == ([[100.0]], [[300.0]])
