"""Bins: every instant is in exactly one, and the way in which rows come changes nothing."""

import random
from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.bins import DAY, Cadence
from pipeline.feeds.table.cadence import infer_cadence
from pipeline.records import Bins, Entity, Rows, Run
from pipeline.signals.series import Series

ENTITIES = tuple(Entity("country", code, code) for code in ("IQ", "MM", "PK"))

even = st.builds(
    lambda width, phase: Cadence(width, phase=phase % width), st.sampled_from([60, 300, 900, 7200, DAY]), st.integers(0)
)
uneven = st.sets(st.integers(0, 23), min_size=2, max_size=6).map(
    lambda hours: Cadence(
        int(np.diff(sorted(hours), append=min(hours) + 24).min()) * 3600, slots=tuple(h * 3600 for h in sorted(hours))
    )
)
cadences = st.one_of(even, uneven)
times = st.integers(0, 40 * DAY)
cells = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 2), st.one_of(st.just(np.nan), st.integers(0, 9))), max_size=40
)


def rows(given: list[tuple[int, int, float]], signal: str = "bgp.ris") -> Rows:
    time, entity, value = zip(*given, strict=True) if given else ((), (), ())
    return Rows(
        Run(), "table", 0, signal, 300, (), 0, ENTITIES,
        np.array(time, np.int64) * 60, np.array(entity, np.int32), np.array(value, float),
    )  # fmt: skip


def binned(batches: list[Rows], ends: list[int]) -> dict:
    """Value and health of every bin and entity; each bin may be given once only."""
    series = Series(Run(), "table", 0)
    for batch in batches:
        assert series.add(batch) is None
    return gathered([bins for end in ends for bins in series.close(end)])


def gathered(closed: list[Bins]) -> dict:
    found: dict = {}
    for bins in closed:
        for (t, e), value in np.ndenumerate(bins.value):
            key = (int(bins.start[t]), bins.entities[e])
            assert key not in found
            if not np.isnan(bins.health[t, e]):
                found[key] = (str(value), float(bins.health[t, e]))
    return found


@given(
    st.sampled_from([600, 3600, 21600, DAY]), st.integers(2, 40), st.integers(1, 8),
    st.lists(st.integers(0, 319), max_size=60), st.randoms(use_true_random=False),
)  # fmt: skip
@example(21600, 23, 4, list(range(92)), random.Random(1))
def test_rows_that_come_twice_and_in_another_order_have_the_same_cadence(width, rounds, entities, twice, rng):
    """Each entity is asked for in its turn."""
    every = [(i * width + e * width // entities, e) for i in range(rounds) for e in range(entities)]
    more = every + [every[i % len(every)] for i in twice]
    rng.shuffle(more)
    assert infer_cadence(*np.array(more).T) == infer_cadence(*np.array(every).T)


@given(cadences, times)
def test_every_instant_is_in_at_most_one_bin_and_its_start_is_on_the_grid(cadence, time):
    start = int(cadence.floor(np.array([time]))[0])
    assert start <= time
    if not cadence.slots:
        assert time < start + cadence.width
    assert cadence.floor(np.array([start]))[0] == start
    assert start in cadence.starts(start - 1, start + cadence.width)


@given(cadences, times, st.integers(0, 5 * DAY), st.data())
def test_a_span_cut_anywhere_has_the_same_bins(cadence, after, span, choose):
    until = after + span
    whole = cadence.starts(after, until)
    middle = choose.draw(st.integers(after, until))
    head = cadence.starts(after, middle)
    tail = cadence.starts(int(head[-1]) if len(head) else after, until)
    assert [*head, *tail] == list(whole)
    assert np.all(np.diff(whole) >= cadence.width)


@given(even, st.integers(0, 1000), st.integers(3, 40))
def test_the_cadence_of_an_even_series_is_found_again(cadence, first, size):
    starts = cadence.phase + (first + np.arange(size)) * cadence.width
    assert infer_cadence(starts) == cadence


@example(Cadence(3600, slots=tuple(h * 3600 for h in (0, 3, 6, 7, 10, 16))), 1, 0)
@given(cadences, st.integers(1, 59), st.integers(0, 40))
def test_a_row_off_the_grid_shifts_the_bins_of_nobody_wherever_it_stands(cadence, off, place):
    starts = cadence.starts(0, 40 * DAY)
    stray = int(starts[place % len(starts)]) - off
    assert infer_cadence(np.append(starts, stray)) == infer_cadence(starts)


@given(cells, st.lists(st.integers(0, 40), max_size=4))
def test_batches_cut_anywhere_that_come_twice_give_the_same_bins(given, cuts):
    edges = [0, *sorted(min(cut, len(given)) for cut in cuts), len(given)]
    parts = [rows(given[a:b]) for a, b in pairwise(edges)]
    assert binned([part for part in parts for _ in "12"], [20_000]) == binned([rows(given)], [20_000])


@given(cells, st.lists(st.integers(0, 20_000), max_size=6))
def test_the_steps_of_the_watermark_change_nothing(given, ends):
    assert binned([rows(given)], [*sorted(ends), 20_000]) == binned([rows(given)], [20_000])


@given(cells, cells, st.integers(0, 15_000))
def test_every_row_is_in_a_bin_or_late(early, later, until):
    series = Series(Run(), "table", 0)
    series.add(rows(early))
    closed = series.close(until)
    late = series.add(rows(later))
    expected = [t * 60 // 300 * 300 + 300 <= until for t, _, _ in later]
    assert (0 if late is None else len(late)) == sum(expected)
    kept = [cell for cell, gone in zip(later, expected, strict=True) if not gone]
    found = gathered(closed + series.close(20_000))
    for t, e, _ in early + kept:
        assert (t * 60 // 300 * 300, ENTITIES[e]) in found
