"""Who is low by one kind of signals alone, of words that are put down by hand; the whole path is in traps."""

import numpy as np
import pytest

from pipeline.fusion.alone import alone, joining
from pipeline.fusion.columns import Columns
from pipeline.fusion.holding import MOST_LASTING
from pipeline.settings import Fusing

SIGNALS = ("traffic.radar", "traffic.radar/cusum", "probing.ioda", "probing.ioda/cusum", "telescope.x")
WIDTH, NOW = 600, 20_000 * 86400


@pytest.mark.parametrize(
    ("words", "gone", "is_alone"),
    [
        ((9.0, 0.0, -2.0, 0.0, -2.0), 0, True),
        ((9.0, 3.0, -2.0, 0.0, -2.0), 0, True),
        ((9.0, 3.0, 0.0, 3.0, -2.0), 0, False),
        ((9.0, 0.0, 9.0, 0.0, -2.0), 0, False),
        ((9.0, 0.0, -0.5, 0.0, -0.5), MOST_LASTING, False),
    ],
    ids=["one", "one and its days", "days of two", "two", "one, and none that is heard stands"],
)
def test_daily_means_of_two_kinds_are_two_witnesses(words: tuple[float, ...], gone: int, is_alone: bool) -> None:
    cells = Columns(Fusing())
    for signal in SIGNALS:
        cells.signal(signal, WIDTH)
    cells.grow(1)
    cells.ends = [NOW] * len(SIGNALS)
    weight = np.array([words])
    low = weight > 0
    cells.columns["weight"][:] = weight
    cells.columns["ratio"][:] = np.where(low, 0.5, 1.0)
    cells.columns["gone"][:, 0] = gone
    for name in ("seen", "spoke"):
        cells.columns[name][:] = NOW - WIDTH
    cells.columns["low_from"][:] = np.where(low, NOW - 3 * WIDTH, 0)
    cells.columns["calm_from"][:] = np.where(weight < 0, NOW - 86400, 0)
    rows = np.array([0])
    assert alone(cells, rows, weight, NOW, joining(cells, rows, weight, NOW)).tolist() == [is_alone]
