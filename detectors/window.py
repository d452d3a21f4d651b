"""The middle of a moving window: what detectors remember that hold a value against the median of the last days."""

from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from detectors.history import History, View, batches, plain
from detectors.order import CORE, Core, rebuilt, remove
from detectors.state import per_entity

BATCH = 4096
"""Entities whose windows are sorted together: 4,096 weeks of 5 min are 66 MB."""


@dataclass(frozen=True)
class Window:
    """The values of the last days, and their sorted middle; rows are entities."""

    last: int
    """Start of the last bin [s]."""
    oldest: int
    """Position in ``past`` of the oldest column of the window."""
    past: History
    """Values of the window: as observed, or what was expected, with the raw one aside."""
    values: np.ndarray = field(metadata=per_entity(np.inf, np.float64, CORE))
    below: np.ndarray = field(metadata=per_entity(0, np.int32))
    size: np.ndarray = field(metadata=per_entity(0, np.int32))
    above: np.ndarray = field(metadata=per_entity(0, np.int32))
    """The middle of the window, see `detectors.order.Core`."""

    @property
    def core(self) -> Core:
        """The sorted middle of each entity's window."""
        return Core(self.values, self.below, self.size, self.above)

    @property
    def view(self) -> View:
        """How each entity's past is to be read: as it was written."""
        return plain(len(self.size))


W = TypeVar("W", bound=Window)


def expired(state: W, before: int) -> W:
    """The state in whose window is nothing from ``before`` a time [s]."""
    core, oldest, past = state.core, state.oldest, state.past
    while oldest < past.end and past.time(oldest) < before:
        core = remove(core, past.read(oldest, state.view))
        oldest += 1
    if oldest == state.oldest:
        return state
    return centred(replace(state, oldest=oldest, past=past.forget(before), **core._asdict()))


def centred(state: W, rows: np.ndarray | None = None) -> W:
    """The state with the cores taken anew of the given entities, and of those whose median left its core."""
    core = state.core
    rows = core.lost() if rows is None else np.union1d(rows, core.lost())
    if not len(rows):
        return state
    skip = state.oldest - state.past.dropped
    for batch in batches(rows, BATCH):
        core = rebuilt(core, batch, state.past.rows(batch, state.view)[1][:, skip:])
    return replace(state, **core._asdict())
