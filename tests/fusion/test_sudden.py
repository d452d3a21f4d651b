"""Since when a loss is one that fell at once: by a rule that is put down by hand, however bins are batched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fusion.cells import Cells
from pipeline.fusion.columns import LATELY
from pipeline.fusion.sudden import apart_by, fell, least, side
from pipeline.settings import Fusing

WIDTH, START = 900, 1_707_350_400


def since(lost: list[list[float]], cuts: list[int] | None = None, width: int = WIDTH) -> list[int]:
    """Since which bin each entity is down after ``lost (t, n)``, NaN where nothing was observed, in these batches; -1
    where it is not."""
    cells, x = Cells(Fusing()), np.array(lost, float)
    cells.signal("traffic.radar", width)
    cells.grow(x.shape[1])
    start = START + width * np.arange(len(x))
    for some in np.split(np.arange(len(x)), cuts or []):
        for name, values in fell(cells, slice(None), 0, start[some], 1 - x[some]).items() if some.size else ():
            cells[name][:, 0] = values
    return [int(at - START) // width if at else -1 for at in cells["sudden"][:, 0]]


def one(*lost: float, width: int = WIDTH) -> int:
    """Of one entity, that had lost nothing before."""
    return since([[0.0]] * 2 * side(width) + [[each] for each in lost], width=width)[0] - 2 * side(width)


NONE = -1 - 2 * side(WIDTH)
GONE = float("nan")


@pytest.mark.parametrize(
    ("lost", "at"),
    [
        ((0.5, 0.5), NONE),  # an hour has to show it
        ((0.5, 0.5, 0.5), 0),  # whatever one bin of it may be
        ((0.2, 0.5, 0.5, 0.5), 1),
        ((1.0, 0.0, 0.0, 0.0, 0.0), NONE),
        ((0.5, 0.0, 0.5, 0.5), 1),
        ((0.5, GONE, 0.5), 0),
        ((GONE, 0.5, 0.5, 0.5), 1),
        ((GONE, GONE, 0.5, 0.5, 0.5), 2),
        ((GONE, GONE, GONE, 0.5, 0.5, 0.5), 3),  # within the hour all the same
        ((GONE, GONE, GONE, GONE, 0.5, 0.5, 0.5, 0.5, 0.5), NONE),
        ((GONE, 0.5, GONE, 0.5, GONE, 0.5), 1),
        ((0.5, *[GONE] * 6, 0.5, 0.5, 0.5), NONE),
        ((0.39, 0.39, 0.39, 0.39, 0.39), NONE),
        ((0.41, 0.41, 0.41), 0),
        ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6), 3),
        ((0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6), NONE),
        ((0.2, 0.2, 0.2, 0.2, 0.49, 0.49, 0.49, 0.49), NONE),
        ((0.2, 0.2, 0.2, 0.2, 0.51, 0.51, 0.51), 4),
    ],
)
def test_medians_of_hours_tell_what_fell_at_once(lost: tuple[float, ...], at: int) -> None:
    assert one(*lost) == at


def test_what_is_back_for_an_hour_has_to_fall_anew() -> None:
    down = [0.5] * 4
    assert one(*down, 0.33, 0.33, 0.33, 0.33) >= 0
    assert one(*down, 0.31, 0.31, 0.6, 0.6) >= 0
    assert one(*down, 0.31, 0.31, 0.31) == NONE
    assert one(*down, 0.0, GONE, GONE, GONE) >= 0


def test_a_hole_longer_than_what_is_remembered_leaves_nothing_to_fall_from() -> None:
    assert since([[0.0]] * 9 + [[GONE]] * (LATELY + 4) + [[0.6]] * 6) == [-1]
    assert since([[0.0]] * 9 + [[GONE]] * 4 + [[0.6]] * 6) == [-1]


@pytest.mark.parametrize(("width", "bins", "most"), [(300, 12, 0.3), (1800, 2, 0.3), (3600, 2, 0.45), (21600, 2, 0.45)])
def test_by_wider_bins_it_has_to_be_more_but_from_one_to_the_next(width: int, bins: int, most: float) -> None:
    assert (side(width), least(width, 1)) == (bins, most)
    for lost in (0.4, 0.5):
        assert (one(0.2, *[lost] * bins, width=width) >= 0) == (lost >= most)
    assert (one(*[0.41] * bins, width=width) >= 0) == (least(width, 0) <= 0.41)


LOST = st.sampled_from([0.0, 0.1, 0.3, 0.32, 0.45, 0.5, 0.7, 1.0, GONE])


@given(
    st.lists(st.lists(LOST, min_size=3, max_size=3), min_size=20, max_size=90),
    st.lists(st.integers(0, 90), max_size=6),
    st.sampled_from([WIDTH, 150, 100]),
)
def test_however_bins_are_batched_it_is_the_same(lost: list[list[float]], cuts: list[int], width: int) -> None:
    assert since(lost, sorted(cuts), width) == since(lost, list(range(len(lost))), width)


@pytest.mark.parametrize("missing", [0, 2, 4])
@pytest.mark.parametrize("cuts", [[], [3, 8, 201, 202, 203]])
def test_which_minutes_are_observed_is_all_one(missing: int, cuts: list[int]) -> None:
    minutes = np.arange(300)
    lost = np.where(minutes % 5 == missing, np.nan, 0.55 * (minutes >= 182))
    (found,) = since(lost[:, None].tolist(), cuts, 60)
    assert 180 <= found <= 190


@pytest.mark.parametrize("width", [60, 100, 180])
@pytest.mark.parametrize("minutes", [0, 40])
def test_by_bins_of_a_minute_an_hour_is_an_hour(width: int, minutes: int) -> None:
    """Half is gone within forty minutes, in the fourth hour."""
    t = width * np.arange(5 * 3600 // width)
    lost = 0.55 * np.clip((t - 3 * 3600) / max(60 * minutes, 1), 0, 1)
    (bin_,) = since(lost[:, None].tolist(), [7, 8, 9, 100], width)
    assert 0 <= width * bin_ - 3 * 3600 <= 60 * minutes + 2 * apart_by(width)
    assert since((lost * (t % (10 * width) == 0))[:, None].tolist(), width=width) == [-1], "one bin of ten"
