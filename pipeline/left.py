"""How much is left of what is still out: what its signals showed in the last bins that were observed."""

from collections.abc import Iterator

import numpy as np

from pipeline.evidence import BESIDE
from pipeline.holding import terms
from pipeline.ledger import Ledger
from pipeline.reasons import speaking
from pipeline.records import Left


def left(ledger: Ledger, now: int) -> tuple[Left, ...]:
    """What was seen last of each open outage by the signals that speak for it, the heaviest first.

    It is one bin, with what it is weighed against: a mean over more of them might begin before the onset.  Of a
    signal's detectors the one tells whose word counts ``now`` [s], the first where both do.
    """
    return tuple(told for row in ledger.lives for told in _left(ledger, row, now))


def _left(ledger: Ledger, row: int, now: int) -> Iterator[Left]:
    cells, life = ledger.cells, ledger.lives[row]
    says = terms(cells, np.array([row]), now, np.ones(1, bool))[0] > 0
    # a ratio is of the last bin that was judged, of a slow detector of any in which it expects something
    at = np.where(cells.slow, cells["seen"][row], cells["spoke"][row])
    known, start, ratio = np.isfinite(cells["ratio"][row]) & (at > 0), at.tolist(), cells["ratio"][row].tolist()
    for signal in (term.signal.partition(BESIDE)[0] for term in speaking(life.terms)):
        own = [i for i, name in enumerate(cells.signals) if name.partition(BESIDE)[0] == signal and known[i]]
        if own:
            i = max(own, key=lambda i: (says[i], start[i], not cells.slow[i]))
            yield Left(life.id, signal, start[i], start[i] + cells.widths[i], round(ratio[i], 3))
