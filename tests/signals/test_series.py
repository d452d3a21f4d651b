"""Given series: rows become bins on the series' own grid, once each, whatever way they come."""

import dataclasses
import gzip
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY, Cadence
from pipeline.feeds import chunks, read_table
from pipeline.records import Bins, Entity, Rows, Run
from pipeline.signals.series import MAX_GAP, Series

PK, IQ, MM = (Entity("country", code, code) for code in ("PK", "IQ", "MM"))
NAN = np.nan


def rows(*given, signal="bgp.ris", cadence=Cadence(300)) -> Rows:  # noqa: B008 (it is frozen)
    """Rows of (time, entity, value)."""
    entities = tuple(dict.fromkeys(entity for _, entity, _ in given))
    return Rows(
        Run(), "table", 0, signal, cadence.width, cadence.slots, cadence.phase, entities,
        np.array([t for t, _, _ in given], np.int64),
        np.array([entities.index(e) for _, e, _ in given], np.int32), np.array([v for _, _, v in given], float),
    )  # fmt: skip


def series(*batches: Rows) -> Series:
    binner = Series(Run(), "table", 0)
    for batch in batches:
        assert binner.add(batch) is None
    return binner


def the(bins: list[Bins]) -> Bins:
    (only,) = bins
    return only


def same(left: list[Bins], right: list[Bins]) -> bool:
    def plain(bins: Bins) -> list:
        return [getattr(bins, f.name) for f in dataclasses.fields(bins) if f.name not in ("start", "value", "health")]

    return len(left) == len(right) and all(
        plain(a) == plain(b)
        and all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=True) for n in ("start", "value", "health"))
        for a, b in zip(left, right, strict=True)
    )


def test_a_bin_without_a_row_is_not_observed_and_zero_is():
    bins = the(series(rows((0, PK, 7), (600, PK, 0))).close(900))
    assert bins.start.tolist() == [0, 300, 600]
    np.testing.assert_array_equal(bins.value, [[7], [NAN], [0]])
    assert bins.health.tolist() == [[1], [0], [1]]
    assert bins.health.dtype == np.float32
    assert (bins.watermark, bins.status, bins.width) == (900, "up", 300)


def test_an_entity_is_unknown_before_its_first_row_and_in_every_bin_after_it():
    bins = the(series(rows((0, PK, 1), (300, IQ, 2), (600, PK, 3))).close(900))
    assert [entity.name for entity in bins.entities] == ["IQ", "PK"]
    np.testing.assert_array_equal(bins.value, [[NAN, 1], [2, NAN], [NAN, 3]])
    np.testing.assert_array_equal(bins.health, [[NAN, 1], [1, 0], [0, 1]])


def test_an_entity_that_has_only_an_open_bin_is_not_listed_yet():
    binner = series(rows((0, PK, 1), (300, IQ, 2)))
    assert the(binner.close(300)).entities == (PK,)
    assert the(binner.close(600)).entities == (IQ, PK)


def test_an_empty_cell_makes_the_entity_known_but_not_observed():
    bins = the(series(rows((0, PK, NAN))).close(300))
    assert np.isnan(bins.value).all()
    assert bins.health.tolist() == [[0]]


def test_a_bin_is_closed_once_and_only_when_it_has_ended():
    binner = series(rows((0, PK, 1), (300, PK, 2)))
    assert binner.close(299) == []
    assert the(binner.close(300)).start.tolist() == [0]
    assert binner.close(300) == []
    assert the(binner.close(900)).start.tolist() == [300, 600]


def test_bins_go_on_to_be_missing_while_no_row_comes():
    binner = series(rows((0, PK, 1)))
    binner.close(300)
    assert np.isnan(the(binner.close(900)).value).all()


def test_a_row_of_a_closed_bin_is_late_and_one_of_an_open_bin_is_not():
    binner = series(rows((300, PK, 1)))
    binner.close(600)
    late = binner.add(rows((300, PK, 9), (600, PK, 2), (0, IQ, 3)))
    assert late is not None
    assert late.time.tolist() == [300, 0]
    assert the(binner.close(900)).value.tolist() == [[2.0]]


def test_the_last_row_of_an_open_bin_wins():
    assert the(series(rows((0, PK, 1), (0, PK, 2)), rows((0, PK, 3))).close(300)).value.tolist() == [[3.0]]


def test_rows_within_a_bin_count_to_its_start():
    assert the(series(rows((299, PK, 4))).close(300)).start.tolist() == [0]


def test_uneven_hours_are_not_missing_bins():
    britain = Cadence(4 * 3600, slots=(21600, 36000, 57600, 72000))
    given = rows(*((day * DAY + slot, PK, 1) for day in range(3) for slot in britain.slots), cadence=britain)
    bins = the(series(given).close(3 * DAY))
    assert len(bins.start) == 12
    assert not np.isnan(bins.value).any()


def test_a_series_keeps_the_phase_of_its_grid():
    bins = the(series(rows((100, PK, 1), (700, PK, 2), cadence=Cadence(300, phase=100))).close(1000))
    assert bins.start.tolist() == [100, 400, 700]


def test_each_signal_is_closed_on_its_own_grid():
    radar = rows((0, PK, 5), signal="traffic.radar", cadence=Cadence(900))
    closed = series(rows((0, PK, 1)), radar).close(900)
    assert [(bins.signal, len(bins.start)) for bins in closed] == [("bgp.ris", 3), ("traffic.radar", 1)]
    assert [bins.signal for bins in series(rows((0, PK, 1)), radar).close(600)] == ["bgp.ris"]


def test_the_rows_of_a_feed_that_came_back_are_observations():
    bins = the(series(rows((0, PK, 1), (600, PK, 2))).close(900, observed=False))
    np.testing.assert_array_equal(bins.value, [[1], [NAN], [2]])


def test_an_entity_keeps_the_country_that_it_came_with():
    homeless = dataclasses.replace(rows((300, PK, 2)), entities=(PK._replace(country=""),))
    assert the(series(rows((0, PK, 1)), homeless).close(600)).entities == (PK,)


def test_a_stamp_of_the_far_future_does_not_fill_the_memory_with_missing_bins():
    binner = series(rows((0, PK, 1), (4_000_000_200, PK, 2)))
    bins = the(binner.close(4_000_000_500))
    assert len(bins.start) == MAX_GAP + 2
    assert bins.start[-1] == 4_000_000_200


def test_a_series_that_has_ended_begins_anew_whatever_the_steps_of_the_watermark():
    given = rows((0, PK, 1), (20_000 * 300, PK, 2))
    end = 20_001 * 300
    whole = the(series(given).close(end))
    stepped = series(given)
    parts = [bins for until in range(0, end + 1, 100 * 300) for bins in stepped.close(until)] + stepped.close(end)
    assert np.concatenate([b.start for b in parts]).tolist() == whole.start.tolist()


def test_a_row_that_comes_again_and_again_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(sys.modules[Series.__module__], "MAX_FRESH", 10)
    binner = Series(Run(), "table", 0)
    for value in range(1000):
        binner.add(rows((0, PK, value), (300, IQ, value)))
    grid = binner.grids["bgp.ris"]
    assert len(grid.cells[0]) + grid.waiting < 40
    assert the(binner.close(600)).value[:, 1].tolist()[0] == 999.0


def test_a_saved_series_goes_on_as_if_nothing_had_happened():
    first, second = rows((0, PK, 1), (900, IQ, 2)), rows((600, MM, 3), (900, IQ, 4))
    whole, cut = series(first), series(first)
    whole.close(300), cut.close(300)
    state = cut.save()
    resumed = Series(Run(), "table", 0)
    resumed.load(state)
    assert resumed.save() == state
    whole.add(second), resumed.add(second)
    assert same(resumed.close(1500), whole.close(1500))


def test_a_day_of_rows_is_a_day_of_bins_and_costs_little():
    day = 288 * 250
    entities = tuple(Entity("country", f"C{i:03}") for i in range(250))
    begun = time.process_time()
    binner = Series(Run(), "table", 0)
    for number in range(7):
        binner.add(Rows(Run(), "table", 0, "bgp.ris", 300, (), 0, entities, np.repeat(np.arange(288) * 300, 250)
                        + number * DAY, np.tile(np.arange(250, dtype=np.int32), 288), np.ones(day)))  # fmt: skip
        assert the(binner.close((number + 1) * DAY)).value.shape == (288, 250)
    assert time.process_time() - begun < 2


# labelled cases


def test_every_value_of_iraq_is_in_its_bin_however_the_watermark_moves(data: Path):
    with gzip.open(data / "signals/iraq-2023-exams/signals.csv.gz") as stream:
        table = read_table(stream)
    binner = Series(Run(), "table", 0)
    found: dict[str, int] = dict.fromkeys(table.signals, 0)
    for piece in chunks(table.series, 6 * 3600):
        assert binner.add(piece) is None
        for bins in binner.close(int(piece.time.min()) // 21600 * 21600):
            found[bins.signal] += int((bins.health == 1).sum())
    for bins in binner.close(2_000_000_000):
        found[bins.signal] += int((bins.health == 1).sum())
    assert found == {rows.signal: len(np.unique(rows.time[~np.isnan(rows.value)])) for rows in table.series}


def test_a_missing_month_end_is_missing_bins(data: Path):
    with gzip.open(data / "signals/control-youtube-nl/signals.csv.gz") as stream:
        (given,) = read_table(stream).series
    bins = the(series(given).close(int(given.time[-1]) + 7200))
    assert len(bins.start) == (given.time[-1] - given.time[0]) // 7200 + 1
    missing = np.unique(bins.start[np.isnan(bins.value[:, 0])] // DAY)
    assert len(missing) == 23  # the 24th is after the last row


@pytest.mark.parametrize("case", ["control-britain-2020-peerloss", "myanmar-2021-coup"])
def test_no_bin_of_coarse_series_is_missing(data: Path, case):
    with gzip.open(data / "signals" / case / "signals.csv.gz") as stream:
        (given,) = read_table(stream).series
    bins = the(series(given).close(int(given.time[-1]) + given.width))
    assert not np.isnan(bins.value).any()
    assert bins.value.size == len(given)
