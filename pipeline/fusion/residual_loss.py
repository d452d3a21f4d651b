"""How much is left of what is still out: what its signals showed in the last bins that were observed."""

from collections.abc import Iterator

import numpy as np

from pipeline.fusion.cells import Cells
from pipeline.fusion.evidence import BESIDE, speaking
from pipeline.fusion.holding import standing
from pipeline.fusion.ledger import Ledger
from pipeline.fusion.outages import Life
from pipeline.records import Left

MOST = 8000
"""So many open outages are told of in the message that ends a run [-]: confirmed ones first, the deepest first."""


def left(ledger: Ledger, now: int) -> tuple[Left, ...]:
    """What was seen last of each open outage by the signals that speak for it, the heaviest first.

    It is one bin, with what it is weighed against: a mean over more of them might begin before the onset.  Of a
    signal's detectors the one tells whose word counts ``now`` [s], the first where both do; none that never saw it low
    and has got used to it by now, where another knows what was usual before.
    """
    open_ = sorted(ledger.lives.items(), key=lambda one: (one[1].confirmed_at is None, -one[1].severity))[:MOST]
    rows, cells = np.array([row for row, _ in open_], np.intp), ledger.cells
    every = np.ones(len(rows), bool)
    says = standing(cells, rows, now, every, every, ~every) > 0
    # a ratio is of the last bin that was judged, of a slow detector of any in which it expects something
    start = np.where(cells.slow, cells["seen"][rows], cells["spoke"][rows])
    known = np.isfinite(cells["ratio"][rows]) & (start > 0)
    lasts = np.array([now - life.start >= ledger.usual.settings.used_to for _, life in open_], bool)
    learnt = ledger.usual.least.learnt(rows)
    for beside, first in cells.pairs:
        known[:, first] &= ~(lasts & learnt[:, beside] & ~learnt[:, first])
    columns = (column.tolist() for column in (says, start, known, cells["ratio"][rows]))
    return tuple(told for (_, life), *own in zip(open_, *columns, strict=True) for told in _left(life, cells, *own))


def _left(
    life: Life, cells: Cells, says: list[bool], start: list[int], known: list[bool], ratio: list[float]
) -> Iterator[Left]:
    """That of one outage; lists are by signal."""
    for signal in (term.signal.partition(BESIDE)[0] for term in speaking(life.terms)):
        own = [i for i, name in enumerate(cells.signals) if name.partition(BESIDE)[0] == signal and known[i]]
        if own:
            i = max(own, key=lambda i: (says[i], start[i], not cells.slow[i]))
            yield Left(life.id, signal, start[i], start[i] + cells.widths[i], round(ratio[i], 3))
