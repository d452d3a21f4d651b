"""What `detectors.cusum` remembers between two bins: the last 24 hours, and what a day usually is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from detectors.base import NEVER
from detectors.state import per_entity

HOUR = 3600
HOURS = 24

SPREAD, SPREAD_DAYS = 0.03, 5
"""Deviation that is assumed of a day at first, as a logarithm, and the days that it counts for [-], [days]."""


@dataclass(frozen=True)
class CusumState:
    """What `Cusum` remembers; rows are entities."""

    last: int
    """Start of the last bin [s]."""
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """First value [s]."""
    day: np.ndarray = field(metadata=per_entity(-1, np.int64))
    """The local day of the last bin: of the week, Monday is 0; -1 before any."""
    began: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """When that day began, to the hour [s]."""
    total: np.ndarray = field(metadata=per_entity(0.0, np.float64, HOURS))
    count: np.ndarray = field(metadata=per_entity(0, np.int64, HOURS))
    """Sum and number of the values of the last 24 hours, by hour of the day (UTC)."""
    shape: np.ndarray = field(metadata=per_entity(np.nan, np.float64, HOURS))
    """Usual value of the hour as a share of the day's mean [-]."""
    weekday: np.ndarray = field(metadata=per_entity(0.0, np.float64, 7))
    """Log of what a local day of the week has more than others [-]."""
    met: np.ndarray = field(metadata=per_entity(np.nan, np.float64, 7))
    """What a day of the week had more when it was first met, as a logarithm: NaN before, infinite once it is known."""
    level: np.ndarray = field(metadata=per_entity(np.nan))
    """Log of the baseline: the slow mean of a day's mean."""
    recent: np.ndarray = field(metadata=per_entity(np.nan))
    """Log of the mean of the last days, which becomes the level where a run is given up."""
    variance: np.ndarray = field(metadata=per_entity(SPREAD**2))
    """Of a day's log against the level [-]."""
    days: np.ndarray = field(metadata=per_entity(0, np.int64))
    """Days that the level rests on."""
    sum: np.ndarray = field(metadata=per_entity(0.0))
    """What was lost beyond the drift, added up [deviations]."""
    run: np.ndarray = field(metadata=per_entity(0, np.int64))
    """Days that the level has been frozen."""
    high: np.ndarray = field(metadata=per_entity(0, np.int64))
    """Days in a row above ``above`` times the level."""
    confirmed: np.ndarray = field(metadata=per_entity(False, np.bool_))
    """Confirmed, and not back yet."""
    worst: np.ndarray = field(metadata=per_entity(0.0))
    """Largest loss of a running day while it is confirmed, as a share; negative after a blackout until the day is over,
    which then is the level [-]."""


class Taken(NamedTuple):
    """What the state was after each of t bins of an hour, ``(t, n)``: ``total`` and ``number`` of its values,
    ``first``."""

    total: np.ndarray
    number: np.ndarray
    first: np.ndarray


def taken(state: CusumState, x: np.ndarray, t: np.ndarray) -> tuple[CusumState, Taken]:
    """The state with bins ``x (t, n)`` of one hour in it, and what is older than 24 hours gone."""
    hour, seen = int(t[0]) // HOUR, ~np.isnan(x)
    total, count = state.total.copy(), state.count.copy()
    gone = np.arange(max(state.last // HOUR + 1, hour - HOURS + 1), hour + 1) % HOURS
    total[:, gone], count[:, gone] = 0.0, 0
    rows = Taken(np.empty_like(x), np.empty(x.shape, np.int64), np.empty(x.shape, np.int64))
    was = total[:, hour % HOURS], count[:, hour % HOURS], state.first
    for i, value in enumerate(np.where(seen, x, 0.0)):
        first = np.where((was[2] == NEVER) & seen[i], t[i], was[2])
        was = rows.total[i], rows.number[i], rows.first[i] = was[0] + value, was[1] + seen[i], first
    total[:, hour % HOURS], count[:, hour % HOURS] = was[:2]
    return replace(state, total=total, count=count, first=was[2]), rows


def added(columns: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Sum of c columns ``(n,)`` or ``(t, n)``, one after the other: in the same order however many rows there are."""
    total = columns[0].astype(np.float64)
    for column in columns[1:]:
        total = total + column
    return total
