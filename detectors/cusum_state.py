"""What `detectors.cusum` remembers between two bins: the last 24 hours, and what a day usually is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from detectors.base import DAY, NEVER
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
    heard: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """Hour of the last value [s]."""
    day: np.ndarray = field(metadata=per_entity(-1, np.int64))
    """The local day of the last bin: of the week, Monday is 0; -1 before any."""
    hour: np.ndarray = field(metadata=per_entity(0, np.int64))
    """The local hour of the last bin."""
    total: np.ndarray = field(metadata=per_entity(0.0, np.float64, HOURS))
    count: np.ndarray = field(metadata=per_entity(0, np.int64, HOURS))
    """Sum and number of the values of the last 24 hours, by local hour of the day."""
    shape: np.ndarray = field(metadata=per_entity(np.nan, np.float64, HOURS))
    """Usual value of the hour as a share of the day's mean [-]."""
    weekday: np.ndarray = field(metadata=per_entity(0.0, np.float64, 7))
    """Log of what a local day of the week has more than others [-]."""
    met: np.ndarray = field(metadata=per_entity(np.nan, np.float64, 7))
    """Log of the mean of a day of the week when it was first met: NaN before, infinite once its own way is known."""
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
    sure: np.ndarray = field(metadata=per_entity(0, np.int64))
    """And confirmed low."""
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


def turned(state: CusumState, t: int, slot: np.ndarray) -> CusumState:
    """The state in the hour of a bin at t [s], ``slot (n,)`` seconds after Monday 00:00 local time: what is older than
    24 hours is gone.  Of the hour that a clock leaves out nothing is known; of one that comes twice, the second
    time."""
    day, hour, new = slot // DAY, slot % DAY // HOUR, state.day < 0
    if t // HOUR == state.last // HOUR:
        return replace(state, day=np.where(new, day, state.day), hour=np.where(new, hour, state.hour))
    passed = np.maximum((hour - state.hour) % HOURS, 1)
    is_gone = (hour[:, None] - np.arange(HOURS)) % HOURS < passed[:, None]
    is_gone |= t // HOUR - state.last // HOUR >= HOURS - 1
    total, count = np.where(is_gone, 0.0, state.total), np.where(is_gone, 0, state.count)
    return replace(state, day=day, hour=hour, total=total, count=count)


def shifted(state: CusumState) -> CusumState:
    """The state of long bins in which an hour that had none until a clock was changed has the shape of those beside
    it."""
    rows = np.arange(len(state.hour))
    unknown = np.flatnonzero(np.isnan(state.shape[rows, state.hour]) & ~np.isnan(state.level))
    if not len(unknown):
        return state
    shape, hour = state.shape.copy(), state.hour[unknown]
    before, after = (shape[unknown, (hour + way) % HOURS] for way in (-1, 1))
    shape[unknown, hour] = (np.where(np.isnan(before), after, before) + np.where(np.isnan(after), before, after)) / 2
    return replace(state, shape=shape)


def taken(state: CusumState, x: np.ndarray, t: np.ndarray) -> tuple[CusumState, Taken]:
    """The state with bins ``x (t, n)`` of one hour in it."""
    seen, own = ~np.isnan(x), (np.arange(x.shape[1]), state.hour)
    total, count = state.total.copy(), state.count.copy()
    rows = Taken(np.empty_like(x), np.empty(x.shape, np.int64), np.empty(x.shape, np.int64))
    was = total[own], count[own], state.first
    for i, value in enumerate(np.where(seen, x, 0.0)):
        first = np.where((was[2] == NEVER) & seen[i], t[i], was[2])
        was = rows.total[i], rows.number[i], rows.first[i] = was[0] + value, was[1] + seen[i], first
    total[own], count[own] = was[:2]
    heard = np.where(seen.any(axis=0), t[0] // HOUR * HOUR, state.heard)
    return replace(state, total=total, count=count, first=was[2], heard=heard), rows


def added(columns: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Sum of c columns ``(n,)`` or ``(t, n)``, one after the other: in the same order however many rows there are."""
    total = columns[0].astype(np.float64)
    for column in columns[1:]:
        total = total + column
    return total
