"""What an outage leaves behind when it is over depends on nobody else."""

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.fusion.cells import Cells
from pipeline.fusion.columns import STEPS
from pipeline.fusion.sags import sagged
from pipeline.settings import Fusing

T, WIDTH = 1_700_006_400, 900


def after_an_outage(kept: tuple[str, ...] = ()) -> Cells:
    """Two entities; the first was back in the sag that it fell from, and unseen for two days, as its outage ended."""
    cells = Cells(Fusing())
    cells.signal("traffic.radar", WIDTH)
    cells.grow(2)
    cells["low_from"][0], cells["home"][0], cells["depth"][0] = T - 5 * DAY, T - 3 * DAY, 0.6
    cells["seen"][0] = cells["spoke"][0] = T - 2 * DAY
    cells["fallen"][0], cells["sagged"][0], cells["sag"][0] = T - 4 * DAY, 40_000, 40_000 * 300
    was = {name: cells[name][0].copy() for name in kept}
    cells.forget(0, T, T, T - WIDTH)
    for name, values in was.items():
        cells[name][0] = values
    return cells


def next_fall(cells: Cells, other: bool) -> list[int]:
    """For how long the first had been low before each step of its next fall, a bin after one in which the ``other`` was
    low or not [s]."""
    for i, (low, lost) in enumerate((([False, other], [0.0, 0.5]), ([True, other], [0.2, 0.5]))):
        fresh = sagged(cells, slice(0, 2), 0, np.array([T + i * WIDTH]), np.array([low]), np.array([lost]))
        for name, values in fresh.items():
            cells[name][:2, 0] = values
    return [int(lasted) for lasted in cells["sagged"][0, 0]]


@pytest.mark.parametrize("other", [False, True])
def test_the_next_fall_of_who_was_unseen_begins_in_no_sag_of_before(other: bool) -> None:
    assert next_fall(after_an_outage(), other) == [0] + [WIDTH] * (len(STEPS) - 1)


def test_it_did_where_sums_were_kept_and_nobody_else_was_low() -> None:
    assert next_fall(after_an_outage(("sagged", "sag")), other=False)[1] > 40_000
    assert next_fall(after_an_outage(("sagged", "sag")), other=True)[1] == WIDTH
