"""The shared past: what is appended is read back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import ALWAYS
from detectors.history import CHUNK, History, View


def grown(columns: int, n: int = 2, step: int = 10) -> History:
    history = History()
    for i in range(columns):
        value = np.arange(n) + 100.0 * i
        history = history.push(i * step, value, -value, (np.arange(n) + i) % 2 == 1)
    return history


def test_a_view_shows_what_was_observed_between_its_times_and_nothing_before() -> None:
    history = grown(CHUNK + 3)
    view = View(np.array([30, 30]), np.array([50, 700]))
    assert np.isnan(history.read(2, view)).all()
    np.testing.assert_array_equal(history.read(4, view), [400, -401])
    np.testing.assert_array_equal(history.read(CHUNK + 2, view), [100.0 * (CHUNK + 2), -100.0 * (CHUNK + 2) - 1])
    _, rows = history.rows(np.array([1, 0]), view)
    np.testing.assert_array_equal(rows[:, 4], [-401, 400])
    assert np.isnan(rows[:, 2]).all()


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 4 * CHUNK),
    st.lists(st.tuples(st.integers(-9, 5 * CHUNK), st.integers(0, CHUNK), st.integers(0, 9)), max_size=3),
)
def test_spans_leave_out_nothing_that_lies_in_them(columns: int, spans: list[tuple[int, int, int]]) -> None:
    history, pick, view = grown(columns), np.array([1]), View(np.zeros(2, np.int64), np.full(2, 10**9))
    some = [(10 * first, 10 * (first + long) + more) for first, long, more in spans]  # often from or to a column's time
    (times, rows), (all_times, all_rows) = history.rows(pick, view, some), history.rows(pick, view)
    kept = np.isin(all_times, times)
    np.testing.assert_array_equal(rows, all_rows[:, kept])
    inside = [any(first <= time <= last for first, last in some) for time in all_times.tolist()]
    assert kept[inside].all(), "all of a span"
    assert len(times) <= (sum(inside) + 2 * CHUNK * len(some)), "and no more than the chunks that it touches"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3 * CHUNK), st.integers(0, 4), st.integers(0, 40 * CHUNK), st.integers(0, 20 * CHUNK))
def test_rows_and_columns_tell_the_same(columns: int, later: int, since: int, again: int) -> None:
    history = grown(columns)
    n = 2 + later
    view = View(np.full(n, since), np.full(n, since + 200), np.tile([again, 2 * again], (n, 1)))
    times, rows = history.rows(np.arange(n), view)
    assert times.tolist() == [history.time(i) for i in range(columns)]
    for i in range(columns):
        np.testing.assert_array_equal(rows[:, i], history.read(i, view))
    again = History.unpack(history.pack(n))
    assert again.end == history.end
    np.testing.assert_array_equal(again.rows(np.arange(n), view)[1], rows)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3 * CHUNK), st.integers(0, 3), st.integers(0, 40 * CHUNK), st.integers(0, 20 * CHUNK))
def test_what_was_written_is_told_as_it_was_observed(columns: int, later: int, since: int, again: int) -> None:
    history, n = grown(columns), 2 + later
    places = np.tile([again, 2 * again], (n, 1))
    view, seen = (View(np.full(n, since), np.full(n, until), places) for until in (since, ALWAYS))
    for i in range(columns):
        values = history.read(i, view)
        before = values.copy()
        np.testing.assert_array_equal(history.as_observed(values, i, view), history.read(i, seen))
        np.testing.assert_array_equal(values, before)
