"""What was expected by the hour of the week: of those who are in an outage alone, and as if room were kept for all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fusion.weekly import HOUR, HOURS, WEEK, Weekly

ROWS, SIGNALS = 5, 2
Step = tuple[str, int, int, int, float]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["learn", "learn", "learn", "forget", "again"]), st.integers(0, ROWS - 1),
        st.integers(0, SIGNALS - 1), st.integers(0, 3 * WEEK), st.sampled_from([5.0, 7.0, 9.0]),
    ),
    max_size=30,
)  # fmt: skip


def expected(dense: np.ndarray, signal: int, hour: int) -> list[float]:
    of_day = dense[:, signal, hour % WEEK]
    days = np.where(dense[:, signal] > 0, dense[:, signal], np.inf)[:, hour % HOURS :: HOURS].min(axis=1)
    following = dense[:, signal, (hour + 1) % WEEK]
    likely = np.where(following > 0, following, np.where(np.isfinite(days), days, 0))
    return np.where(of_day > 0, of_day, likely).tolist()


@given(STEPS)
def test_it_is_as_if_room_were_kept_for_all(steps: list[Step]) -> None:
    weekly, dense = Weekly(), np.zeros((ROWS, SIGNALS, WEEK))
    weekly.grow(ROWS, SIGNALS)
    for what, row, signal, hour, value in steps:
        if what == "learn":
            weekly.learn(np.array([row]), signal, hour * HOUR, np.array([value]))
            known = dense[row, signal, hour % WEEK]
            dense[row, signal, hour % WEEK] = min(known, value) if known else value
        elif what == "forget":
            weekly.forget(row)
            dense[row] = 0
        else:
            rows = np.flatnonzero(weekly.known())
            saved, weekly = weekly.save(rows), Weekly()
            weekly.grow(ROWS, SIGNALS)
            weekly.load(rows, saved)
        assert weekly.at(np.arange(ROWS), signal, hour * HOUR).tolist() == expected(dense, signal, hour)
        assert weekly.known().tolist() == dense.any(axis=(1, 2)).tolist()
    assert len(weekly.least) <= 1 + ROWS, "what was left is taken again"


def test_entities_and_signals_that_come_later_change_nothing() -> None:
    weekly = Weekly()
    weekly.grow(1, 1)
    weekly.learn(np.array([0]), 0, 0, np.array([5.0]))
    weekly.grow(3, 2)
    assert weekly.at(np.arange(3), 0, 0).tolist() == [5, 0, 0]
    assert weekly.at(np.arange(3), 1, 0).tolist() == [0, 0, 0]
