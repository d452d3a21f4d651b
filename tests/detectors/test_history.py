"""The shared past: what is appended is read back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import ALWAYS
from detectors.history import CHUNK, History, View, joint_history, parted_history, plain, times_of
from tests.detectors.lives import same


def grown(columns: int, n: int = 2, step: int = 10) -> History:
    history = History()
    for i in range(columns):
        value = np.arange(n) + 100.0 * i
        history = history.push(i * step, value, -value, (np.arange(n) + i) % 2 == 1)
    return history


def test_a_column_is_found_by_its_time_and_by_nothing_else() -> None:
    history = grown(3 * CHUNK + 5)
    for i in range(history.end):
        assert history.find(10 * i) == i
        assert history.find(10 * i + 1) is None
        assert history.until(10 * i + 9) == i
    assert history.until(-1) is None
    assert History().find(0) is None


def test_a_forgotten_past_keeps_the_positions_of_the_rest() -> None:
    history = grown(3 * CHUNK).forget(10 * (2 * CHUNK - 1))
    assert history.dropped == CHUNK
    assert history.time(2 * CHUNK) == 20 * CHUNK
    np.testing.assert_array_equal(history.read(2 * CHUNK, plain(2)), [200.0 * CHUNK, 200.0 * CHUNK + 1])
    full = grown(2 * CHUNK).forget(10**9)
    assert full.time(full.end - 1) == 10 * (2 * CHUNK - 1), "the newest column stays however old it is"


def test_a_view_shows_what_was_observed_between_its_times_and_nothing_before() -> None:
    history = grown(CHUNK + 3)
    view = View(np.array([30, 30]), np.array([50, 700]))
    assert np.isnan(history.read(2, view)).all()
    np.testing.assert_array_equal(history.read(4, view), [400, -401])
    np.testing.assert_array_equal(history.read(CHUNK + 2, view), [100.0 * (CHUNK + 2), -100.0 * (CHUNK + 2) - 1])
    _, rows = history.rows(np.array([1, 0]), view)
    np.testing.assert_array_equal(rows[:, 4], [-401, 400])
    assert np.isnan(rows[:, 2]).all()


def test_a_past_that_holds_again_is_shown_as_it_was_written() -> None:
    history = grown(10)
    view = View(np.array([70, 70]), np.array([90, 90]), np.array([[20, 50], [-1, -1]]))
    values = history.columns(range(10), view)
    assert np.isnan(values[:, 0]).tolist() == [True, True, False, False, False, True, True, False, False, False]
    assert np.isnan(values[:, 1]).tolist() == [True] * 7 + [False] * 3
    assert (values[2:5, 0] > 0).all(), "not as observed, which is what is shown from 70 to 90"


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


def test_whole_numbers_are_kept_in_half_the_room_and_others_exactly() -> None:
    history, precise = History(), History()
    for i in range(CHUNK):
        history = history.push(i, np.array([2.0**24]), np.zeros(1), np.zeros(1, bool))
        precise = precise.push(i, np.array([0.1]), np.zeros(1), np.zeros(1, bool))
    assert history.chunks[0].block.values.dtype == np.float32
    assert precise.chunks[0].block.values[0, 0] == 0.1


def test_pasts_written_at_the_same_times_are_joined_and_parted_again() -> None:
    def past(n: int, bins: int, later: int = 0) -> History:
        """Of n entities, of which all but one come later; every third value is not as observed."""
        made = History()
        for t in range(bins):
            m = n if t >= later else 1
            made = made.push(t, np.full(m, t + 0.5), np.full(m, -1.0), np.arange(m) == t % 3)
        return made

    few, many = past(2, 96), past(3, 96, later=70)
    assert times_of(few) == times_of(many) != times_of(past(2, 97))
    assert times_of(few.forget(80)) != times_of(few)
    whole = joint_history([few, many], [2, 3])
    for until in (plain(5).until, np.full(5, 1000)):
        views = [View(np.zeros(n, np.int64), until[:n]) for n in (2, 3, 5)]
        for position in range(whole.end):
            each = [few.read(position, views[0]), many.read(position, views[1])]
            np.testing.assert_array_equal(whole.read(position, views[2]), np.concatenate(each))
    for one, rows in ((few, slice(0, 2)), (many, slice(2, 5))):
        n = rows.stop - rows.start
        same(parted_history(whole.forget(80), one, rows).pack(n), one.forget(80).pack(n))
