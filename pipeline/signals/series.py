"""Given series: rows of a table or of a publisher's interface become bins on their own grid."""

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from detectors.base import ALWAYS
from pipeline.bins import NEVER, Cadence, used_of
from pipeline.records import UP, Bins, Entity, Rows, Run, bounded
from pipeline.state import pack, unpack

MAX_GAP = 10_000  # bins without rows after which a series pauses until rows come again [-]: at 5 min more than a month

Cells = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Start of the bin int64 [s], column int32, value float64, all ``(n,)``."""

MAX_FRESH = 1_000_000  # rows that may wait before overwritten ones are dropped [-]

NO_CELLS: Cells = (np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0))


@dataclass
class Grid:
    """The entities of one signal, and the cells of its open bins.

    ``entities`` in order of their columns, ``since`` the start of the first bin of each [s]; ``done`` start of the last
    closed bin, ``heard`` of the last bin with a row, or `NEVER`.  ``cells`` in order of bins, ``fresh`` of arrival.
    """

    signal: str
    cadence: Cadence
    entities: list[Entity] = field(default_factory=list)
    since: list[int] = field(default_factory=list)
    done: int = NEVER
    heard: int = NEVER
    cells: Cells = NO_CELLS
    fresh: list[Cells] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = {entity[:2]: i for i, entity in enumerate(self.entities)}
        self.waiting = 0
        self._all: tuple[np.ndarray, np.ndarray, tuple[Entity, ...]] | None = None

    def put(self, rows: Rows, start: np.ndarray) -> None:
        """Take in rows whose bins, which start at ``start``, are open."""
        used, at = used_of(rows.entity, len(rows.entities))
        first = np.full(len(used), ALWAYS)
        np.minimum.at(first, at, start)
        column = np.array([self._column(rows.entities[i], int(s)) for i, s in zip(used, first, strict=True)], np.int32)
        self.fresh.append((start, column[at], rows.value))
        self.waiting += len(rows)
        if self.waiting > max(MAX_FRESH, 2 * len(self.cells[0])):
            self.settle()
            self.cells = _last_of_each(self.cells)

    def _column(self, entity: Entity, start: int) -> int:
        column = self.columns.setdefault(entity[:2], len(self.columns))
        if column == len(self.entities):
            self.entities.append(entity)
            self.since.append(start)
            self._all = None
        elif start < self.since[column]:
            self.since[column] = start
            self._all = None
        return column

    def settle(self) -> None:
        """Sort the fresh cells by bin, in order of arrival within one."""
        if self.fresh:
            start, column, value = (np.concatenate(part) for part in zip(self.cells, *self.fresh, strict=True))
            if np.any(start[1:] < start[:-1]):
                order = np.argsort(start, kind="stable")
                start, column, value = start[order], column[order], value[order]
            self.cells, self.fresh, self.waiting = (start, column, value), [], 0

    def newest(self) -> int:
        """Start of the last open bin with a row [s], `NEVER` without any."""
        self.settle()
        return int(self.cells[0][-1]) if len(self.cells[0]) else NEVER

    def close(self, until: int) -> tuple[np.ndarray, Cells]:
        """Remove the bins that end by ``until`` [s]; gives their starts ``(t,)`` and cells."""
        self.settle()
        end = int(np.searchsorted(self.cells[0], until - self.cadence.width, side="right"))
        closed: Cells = tuple(part[:end] for part in self.cells)  # type: ignore[assignment]
        self.cells = tuple(part[end:] for part in self.cells)  # type: ignore[assignment]
        heard = closed[0][np.diff(closed[0], prepend=NEVER) != 0]
        starts = self._starts(heard, until)
        if len(heard):
            self.heard = int(heard[-1])
        if len(starts):
            self.done = int(starts[-1])
        return starts, closed

    def _starts(self, heard: np.ndarray, until: int) -> np.ndarray:
        """Bins after the last closed one, or from the first with a row on; not those far from any row."""
        known = np.concatenate([[self.heard], heard]) if self.heard != NEVER else heard
        if not len(known):
            return known
        far = MAX_GAP * self.cadence.width
        cuts = np.flatnonzero(np.diff(known) > far)
        first, last = known[np.r_[0, cuts + 1]], known[np.r_[cuts, len(known) - 1]] + far + self.cadence.width
        runs = [
            self.cadence.starts(max(self.done, int(begin) - 1), min(until, int(end)))
            for begin, end in zip(first, last, strict=True)
        ]
        return np.concatenate(runs)

    def listed(self, last: int) -> tuple[np.ndarray, np.ndarray, tuple[Entity, ...]]:
        """Columns, first bins [s] and entities known in the bin that starts at ``last``, in order of name."""
        if self._all is None:
            order = np.array(sorted(range(len(self.entities)), key=self.entities.__getitem__), np.intp)
            self._all = order, np.array(self.since, np.int64)[order], tuple(self.entities[i] for i in order)
        columns, since, entities = self._all
        if not len(since) or since.max() <= last:
            return self._all
        known = since <= last
        return columns[known], since[known], tuple(entities[i] for i in np.flatnonzero(known))


def _last_of_each(cells: Cells) -> Cells:
    start, column, value = cells
    order = np.lexsort((column, start))
    start, column = start[order], column[order]
    last = np.append((np.diff(start) != 0) | (np.diff(column) != 0), True)
    return start[last], column[last], value[order][last]


class Series:
    """A `Binner` of `Rows`: the rows of one partition on each signal's own grid.

    A bin starts at its row's stamp; a later row of the same bin and entity wins; the cadence is that of the signal's
    first batch.  An entity is in every bin from its first row on, NaN without a row.  Health is 1 where a value was
    observed, else 0.  Output: one `Bins` for each signal with bins to close, in order of name.

    Examples
    --------
    >>> series = Series(Run(), "table", 0)
    >>> series.add(Rows(Run(), "table", 0, "bgp.ris", 300, (), 0, (Entity("country", "PK", "PK"),),
    ...                 np.array([0, 600]), np.array([0, 0]), np.array([7.0, 0.0])))
    >>> [(bins.start.tolist(), bins.value.ravel().tolist()) for bins in series.close(900)]
    [([0, 300, 600], [7.0, nan, 0.0])]
    """

    def __init__(self, run: Run, feed: str, partition: int) -> None:
        self.run, self.feed, self.partition = run, feed, partition
        self.closed = NEVER
        self.grids: dict[str, Grid] = {}
        self.crowded = 0

    def add(self, batch: Rows) -> Rows | None:
        """Take in rows, impossible values as not observed; returns those whose bin is closed."""
        if not len(batch):
            return None
        batch = bounded(batch)
        cadence = Cadence(batch.width, batch.slots, batch.phase)
        grid = self.grids.setdefault(batch.signal, Grid(batch.signal, cadence))
        start = grid.cadence.floor(batch.time)
        late = start + grid.cadence.width <= self.closed
        if not late.any():
            grid.put(batch, start)
            return None
        grid.put(batch.take(~late), start[~late])
        return batch.take(late)

    def close(self, until: int, observed: bool = True, ended: bool = False) -> list[Bins]:
        """Close every bin that ends by ``until`` [s]; ``observed`` changes nothing, since bins without rows are NaN.

        A bin that starts after all that came cannot be missing: of a recording that has ``ended`` it is not closed.
        """
        grids = [grid for _, grid in sorted(self.grids.items())]
        last = max([self.closed, *(grid.newest() for grid in grids)]) if ended else until
        self.closed = max(self.closed, until)
        made = [self._bins(grid, *grid.close(min(until, last + grid.cadence.width)), until) for grid in grids]
        return [bins for bins in made if len(bins.start)]

    def _bins(self, grid: Grid, start: np.ndarray, cells: Cells, until: int) -> Bins:
        columns, since, entities = grid.listed(int(start[-1]) if len(start) else NEVER)
        place = np.zeros(len(grid.entities), np.intp)
        place[columns] = np.arange(len(columns))
        value = np.full((len(start), len(columns)), np.nan)
        value[np.searchsorted(start, cells[0]), place[cells[1]]] = cells[2]
        health = (~np.isnan(value)).astype(np.float32)
        health[start[:, None] < since] = np.nan
        head = (self.run, self.feed, self.partition, grid.signal, grid.cadence.width, until, UP)
        return Bins(*head, entities, start, value, health)

    def save(self) -> bytes:
        head: list[tuple] = []
        cells: dict[str, np.ndarray] = {}
        for i, grid in enumerate(self.grids.values()):
            grid.settle()
            cells |= {f"{i}.{part}": array for part, array in enumerate(grid.cells)}
            head.append(
                (grid.signal, dataclasses.astuple(grid.cadence), grid.entities, grid.since, grid.done, grid.heard)
            )
        return pack((self.closed, head), cells)

    def load(self, state: bytes) -> None:
        (self.closed, head), arrays = unpack(state)
        self.grids = {}
        for i, (signal, (width, slots, phase), entities, since, done, heard) in enumerate(head):
            cells: Cells = (arrays[f"{i}.0"], arrays[f"{i}.1"], arrays[f"{i}.2"])
            cadence = Cadence(width, tuple(slots), phase)
            self.grids[signal] = Grid(signal, cadence, [Entity(*e) for e in entities], since, done, heard, cells)
