"""What `detectors.cusum` remembers between two bins: the last 24 hours, and what a day usually is."""

from dataclasses import dataclass, field, replace

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
    total: np.ndarray = field(metadata=per_entity(0.0, np.float64, HOURS))
    count: np.ndarray = field(metadata=per_entity(0, np.int64, HOURS))
    """Sum and number of the values of the last 24 hours, by hour of the day (UTC)."""
    shape: np.ndarray = field(metadata=per_entity(np.nan, np.float64, HOURS))
    """Usual value of the hour as a share of the day's mean [-]."""
    weekday: np.ndarray = field(metadata=per_entity(0.0, np.float64, 7))
    """Log of what a day of the week (UTC, of the epoch) has more than others [-]."""
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


def taken(state: CusumState, x: np.ndarray, t: int) -> CusumState:
    """The state with a bin in its hour, and what is older than 24 hours gone."""
    hour, seen = t // HOUR, ~np.isnan(x)
    total, count = state.total.copy(), state.count.copy()
    gone = np.arange(max(state.last // HOUR + 1, hour - HOURS + 1), hour + 1) % HOURS
    total[:, gone], count[:, gone] = 0.0, 0
    total[:, hour % HOURS] += np.where(seen, x, 0.0)
    count[:, hour % HOURS] += seen
    first = np.where((state.first == NEVER) & seen, t, state.first)
    return replace(state, total=total, count=count, first=first)


def added(columns: np.ndarray) -> np.ndarray:
    """Sum over the columns of ``(n, c)``, one after the other: in the same order however many rows there are."""
    total = columns[:, 0].astype(np.float64)
    for i in range(1, columns.shape[1]):
        total = total + columns[:, i]
    return total
