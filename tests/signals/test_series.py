"""Given series: rows become bins on the series' own grid, once each."""

import dataclasses

import numpy as np

from pipeline.bins import DAY, Cadence
from pipeline.records import Bins, Entity, Rows, Run
from pipeline.signals.series import MAX_GAP, Series

PK, IQ = (Entity("country", code, code) for code in ("PK", "IQ"))
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


def test_a_bin_without_a_row_is_not_observed_and_zero_is():
    bins = the(series(rows((0, PK, 7), (600, PK, 0))).close(900))
    assert bins.start.tolist() == [0, 300, 600]
    np.testing.assert_array_equal(bins.value, [[7], [NAN], [0]])
    assert bins.health.tolist() == [[1], [0], [1]]
    assert bins.health.dtype == np.float32
    assert (bins.watermark, bins.status, bins.width) == (900, "up", 300)


def test_an_entity_is_unknown_before_its_first_row_and_in_every_bin_after_it():
    binner = series(rows((0, PK, NAN), (300, IQ, 2), (600, PK, 3)))
    assert the(binner.close(300)).entities == (PK,)
    bins = the(binner.close(900))
    assert bins.entities == (IQ, PK)
    np.testing.assert_array_equal(bins.value, [[2, NAN], [NAN, 3]])
    np.testing.assert_array_equal(bins.health, [[1, 0], [0, 1]])
    assert np.isnan(the(binner.close(1200)).value).all()


def test_a_row_within_a_bin_counts_to_its_start_and_the_last_one_wins():
    bins = the(series(rows((0, PK, 1), (299, PK, 2)), rows((0, PK, 3))).close(300))
    assert (bins.start.tolist(), bins.value.tolist()) == ([0], [[3.0]])


def test_each_series_keeps_its_own_grid_uneven_hours_and_phase():
    britain = Cadence(4 * 3600, slots=(21600, 36000, 57600, 72000))
    given = rows(*((day * DAY + slot, PK, 1) for day in range(3) for slot in britain.slots), cadence=britain)
    bins = the(series(given).close(3 * DAY))
    assert len(bins.start) == 12
    assert not np.isnan(bins.value).any()
    radar = rows((100, PK, 5), signal="traffic.radar", cadence=Cadence(900, phase=100))
    closed = series(rows((0, PK, 1)), radar).close(1000)
    assert [(b.signal, b.start.tolist()) for b in closed] == [("bgp.ris", [0, 300, 600]), ("traffic.radar", [100])]


def test_the_rows_of_a_feed_that_came_back_are_observations():
    bins = the(series(rows((0, PK, 1), (600, PK, 2))).close(900, observed=False))
    np.testing.assert_array_equal(bins.value, [[1], [NAN], [2]])


def test_a_bin_that_starts_after_all_that_came_is_not_missing_at_the_end_of_a_recording():
    radar = rows((0, PK, 5), (900, PK, 5), signal="traffic.radar", cadence=Cadence(900))
    binner = series(rows((0, PK, 1), (300, PK, 1)), radar)
    binner.close(900)
    closed = {bins.signal: bins.start.tolist() for bins in binner.close(1800, ended=True)}
    assert closed == {"bgp.ris": [900], "traffic.radar": [900]}  # not 1200 and 1500


def test_an_entity_keeps_the_country_that_it_came_with():
    homeless = dataclasses.replace(rows((300, PK, 2)), entities=(PK._replace(country=""),))
    assert the(series(rows((0, PK, 1)), homeless).close(600)).entities == (PK,)


def test_a_stamp_of_the_far_future_does_not_fill_the_memory_and_the_series_begins_anew_there():
    binner = series(rows((0, PK, 1), (4_000_000_200, PK, 2)))
    bins = the(binner.close(4_000_000_500))
    assert len(bins.start) == MAX_GAP + 2
    assert bins.start[-1] == 4_000_000_200
