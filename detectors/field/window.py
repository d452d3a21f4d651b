"""The exact nearest-rank median of a moving window, without sorting the window at every bin.

Of each entity's window only the `CORE` order statistics around its middle are held, and how many values lie below and
above them.  A value that comes or goes changes a count, or a place in the core.  When the median leaves the core, that
core is taken anew from the history.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

import numpy as np

from detectors.history import History, View, batches, plain
from detectors.state import per_entity

CORE = 32  # order statistics that are held for each entity
COLUMNS = np.arange(CORE + 1, dtype=np.int32)
BATCH = 4096  # entities whose windows are sorted together: 4,096 weeks of 5 min are 66 MB


class Core(NamedTuple):
    """The middle of n windows."""

    values: np.ndarray  # (n, CORE) ascending, padded with infinity
    below: np.ndarray  # (n,) int32, how many values lie below the core
    size: np.ndarray  # in it
    above: np.ndarray  # and above it

    @property
    def total(self) -> np.ndarray:
        """Values in each window ``(n,)``."""
        return self.below + self.size + self.above

    def middle(self) -> np.ndarray:
        """Place of the nearest-rank median, ceil(N/2) - 1, in each core ``(n,)``; may lie outside it."""
        return (self.total + 1) // 2 - 1 - self.below

    def median(self) -> np.ndarray:
        """Nearest-rank median of each window ``(n,)``, NaN of an empty one."""
        place = np.clip(self.middle(), 0, CORE - 1)
        return np.where(self.total > 0, self.values[np.arange(len(place)), place], np.nan)

    def lost(self) -> np.ndarray:
        """Entities ``(k,)`` whose median has left the core: they need `rebuilt`."""
        place = self.middle()
        return np.flatnonzero((self.total > 0) & ((place < 0) | (place >= self.size)))


@dataclass(frozen=True)
class Window:
    """The values of the last days, and their sorted middle; rows are entities."""

    last: int  # start of the last bin [s]
    oldest: int  # position in ``past`` of the oldest column of the window
    past: History  # values of the window: as observed, or what was expected, with the raw one aside
    values: np.ndarray = field(metadata=per_entity(np.inf, np.float64, CORE))  # these four: see `Core`
    below: np.ndarray = field(metadata=per_entity(0, np.int32))
    size: np.ndarray = field(metadata=per_entity(0, np.int32))
    above: np.ndarray = field(metadata=per_entity(0, np.int32))

    @property
    def core(self) -> Core:
        return Core(self.values, self.below, self.size, self.above)

    @property
    def view(self) -> View:
        """How each entity's past is to be read: as it was written."""
        return plain(len(self.size))


W = TypeVar("W", bound=Window)


def expired(state: W, before: int) -> W:
    """The state without values older than ``before`` [s] in its window."""
    core, oldest, past = state.core, state.oldest, state.past
    while oldest < past.end and past.time(oldest) < before:
        core = remove(core, past.read(oldest, state.view))
        oldest += 1
    if oldest == state.oldest:
        return state
    return centred(replace(state, oldest=oldest, past=past.forget(before), **core._asdict()))


def centred(state: W, rows: np.ndarray | None = None) -> W:
    """The state with new cores of the entities at ``rows``, and of those whose median has left its core."""
    core = state.core
    rows = core.lost() if rows is None else np.union1d(rows, core.lost())
    if not len(rows):
        return state
    skip = state.oldest - state.past.dropped
    for batch in batches(rows, BATCH):
        core = rebuilt(core, batch, state.past.rows(batch, state.view)[1][:, skip:])
    return replace(state, **core._asdict())


def insert(core: Core, v: np.ndarray) -> Core:
    """The core after v ``(n,)`` has come into each window; NaN: nothing came."""
    here = ~np.isnan(v)
    # an edge is a limit only while values lie beyond it: a core that holds the whole window takes all
    under = here & (core.below > 0) & (v < core.values[:, 0])
    over = here & (core.above > 0) & (v > _top(core))
    rows = np.flatnonzero(here & ~under & ~over)
    below, size, above = core.below + under, core.size.copy(), core.above + over
    values = core.values.copy()
    if len(rows):
        values[rows], first, last = _placed(core, rows, v[rows])
        below[rows] += first
        above[rows] += last
        size[rows] = np.minimum(size[rows] + 1, CORE)
    return Core(values, below, size, above)


def _placed(core: Core, rows: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    held, v = core.values[rows], v[:, None]
    place = (held < v).sum(axis=1, dtype=np.int32)[:, None]
    wide = np.empty((len(rows), CORE + 1))
    wide[:, :CORE], wide[:, CORE] = held, np.inf
    wide[:, 1:] = np.where(COLUMNS[1:] > place, held, wide[:, 1:])
    np.put_along_axis(wide, place.astype(np.int64), v, axis=1)
    full = core.size[rows] == CORE
    first = full & (core.middle()[rows] > CORE // 2)
    return np.where(first[:, None], wide[:, 1:], wide[:, :CORE]), first, full & ~first


def remove(core: Core, v: np.ndarray) -> Core:
    """The core after v ``(n,)``, which was in each window, has gone from it; NaN: nothing went."""
    there = ~np.isnan(v)
    under = there & (core.below > 0) & ((v < core.values[:, 0]) | (core.size == 0))
    over = there & ~under & (core.above > 0) & ((v > _top(core)) | (core.size == 0))
    rows = np.flatnonzero(there & ~under & ~over)
    below, size, above = core.below - under, core.size.copy(), core.above - over
    values = core.values.copy()
    if len(rows):
        held = values[rows]
        place = (held < v[rows][:, None]).sum(axis=1, dtype=np.int32)[:, None]
        left = np.full_like(held, np.inf)
        left[:, :-1] = held[:, 1:]
        values[rows] = np.where(COLUMNS[:CORE] >= place, left, held)
        size[rows] -= 1
    return Core(values, below, size, above)


def rebuilt(core: Core, rows: np.ndarray, window: np.ndarray) -> Core:
    """The core with that of the entities ``rows (k,)`` taken anew from their windows ``(k, c)``, NaN = no value."""
    ranked = np.sort(window, axis=1)
    count = np.count_nonzero(~np.isnan(window), axis=1)
    start = np.clip((count + 1) // 2 - 1 - CORE // 2, 0, None)
    size = np.minimum(count - start, CORE)
    place = start[:, None] + COLUMNS[:CORE]
    inside = COLUMNS[:CORE] < size[:, None]
    picked = np.take_along_axis(ranked, np.where(inside, place, 0), axis=1) if window.shape[1] else np.inf
    values, below, sizes, above = (a.copy() for a in core)
    values[rows] = np.where(inside, picked, np.inf)
    below[rows], sizes[rows], above[rows] = start, size, count - start - size
    return Core(values, below, sizes, above)


def _top(core: Core) -> np.ndarray:
    return core.values[np.arange(len(core.size)), np.maximum(core.size, 1) - 1]
