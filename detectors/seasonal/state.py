"""What `detectors.seasonal.seasonal` remembers between two bins."""

from dataclasses import dataclass, field

import numpy as np

from detectors.base import DAY, NEVER, NORMAL
from detectors.history import History, View
from detectors.seasonal.together import KEPT, SPANS
from detectors.state import per_entity

LARGEST = float(np.finfo(np.float32).max)
"""Largest value of single precision."""

WEEK = 7 * DAY
"""After a longer hole the days of the last week are known anew [s]."""


@dataclass(frozen=True)
class SeasonalState:
    """What `Seasonal` remembers; rows are entities."""

    last: int
    """Start of the last bin [s]."""
    slot: int
    """Start of the slot that the last bin lies in [s]."""
    past: History
    """Means of the slots, inpainted where the series was low or high, with the raw mean aside."""
    calendar: History
    """Local clock and kind of day, a column wherever one of them changed."""
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """First value [s], or that of the level that has become normal."""
    heard: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """Start of the last bin that has a value [s]."""
    stretch: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """Slot of the first value, or of that after a hole that was longer than the days of the last week [s]."""
    seen: np.ndarray = field(metadata=per_entity(0, np.int64))
    """Values seen [bins]."""
    since: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    until: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """The view of the past after a level shift, see `detectors.history.View` [s]."""
    again: np.ndarray = field(metadata=per_entity(NEVER, np.int64, columns=2))
    """The past of a level that was lost, from one time to the other [s]."""
    total: np.ndarray = field(metadata=per_entity(0.0))
    raw: np.ndarray = field(metadata=per_entity(0.0))
    count: np.ndarray = field(metadata=per_entity(0, np.int64))
    """Sums over the present slot: inpainted, as observed, and of how many values."""
    before: np.ndarray = field(metadata=per_entity(np.nan))
    shape: np.ndarray = field(metadata=per_entity(np.nan))
    after: np.ndarray = field(metadata=per_entity(np.nan))
    """What similar days show in the slot before, the present and the next one."""
    risen: np.ndarray = field(metadata=per_entity(1.0, columns=3))
    """How many times as much they would be in each of these, were what has risen not held against older days [-]."""
    days: np.ndarray = field(metadata=per_entity(0, np.int64))
    coming: np.ndarray = field(metadata=per_entity(0, np.int64))
    """Days that the shape rests on, and that of the next slot."""
    drift: np.ndarray = field(metadata=per_entity(0.0))
    """Log of the present level over that of the similar days, however far it has risen [-]."""
    mood: np.ndarray = field(metadata=per_entity(0.0))
    """Log of the level of a day unlike all before over what was expected of it [-]."""
    level: np.ndarray = field(metadata=per_entity(np.nan))
    """Mean of the last day."""
    swing: np.ndarray = field(metadata=per_entity(0.0))
    """Mean absolute distance from that level: how much a day goes up and down."""
    previous: np.ndarray = field(metadata=per_entity(np.nan))
    """Value before the last."""
    top: np.ndarray = field(metadata=per_entity(0.0, columns=2))
    """The most of the first day, and since when there has been so much more that it is not believed yet, 0 where there
    has not [s], see `detectors.seasonal.course.believed`."""
    noise: np.ndarray = field(metadata=per_entity(0.0))
    """Variance over mean (over-dispersion, 1 for Poisson counts) [unit of x]."""
    weight: np.ndarray = field(metadata=per_entity(0.0))
    """Time that the noise rests on [s]."""
    noises: np.ndarray = field(metadata=per_entity(0.0, columns=len(SPANS)))
    """The same of sums of bins, see `detectors.seasonal.together` [unit of x]."""
    residual: np.ndarray = field(metadata=per_entity(0.0, columns=KEPT))
    mean: np.ndarray = field(metadata=per_entity(0.0, columns=KEPT))
    """Residuals and expectations of the last bins, see `detectors.seasonal.together` [unit of x]."""
    whole: np.ndarray = field(metadata=per_entity(True, np.bool_))
    """Only whole numbers so far: a count, which cannot be finer than one."""
    code: np.ndarray = field(metadata=per_entity(NORMAL, np.int8))
    """State at the last value; a missing value does not end it."""
    streak: np.ndarray = field(metadata=per_entity(0, np.int64))
    """Clearly low values in a row [bins]."""
    low: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    high: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """Start of the present run of deeply low, and of high values [s]."""
    crest: np.ndarray = field(metadata=per_entity(np.nan, columns=2))
    """The most that was observed in the slot before and in this one."""
    fallen: np.ndarray = field(metadata=per_entity(np.nan, columns=2))
    """The value before a sudden fall of the first day, as long as that lasts, and the one with which it is over."""
    lost: np.ndarray = field(metadata=per_entity(0.0))
    """Share of the expectation that was lost when a low level became the normal one, 0 once it is back or after four
    weeks [0-1]."""
    most: np.ndarray = field(metadata=per_entity(np.inf))
    """The most of any of these days in the next slot."""
    highest: np.ndarray = field(metadata=per_entity(np.nan))
    """And in this one, as written: what was low on all of them counts as expected."""

    @property
    def view(self) -> View:
        """How each entity's past is to be read."""
        return View(self.since, self.until, np.where((self.lost > 0)[:, None], NEVER, self.again))


def heard_in(state: SeasonalState, seen: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What ``heard`` and ``stretch`` are with bins ``seen (t, n) bool`` of the present slot, that start at ``t (t, 1)``
    [s]."""
    here = seen.any(axis=0)
    begins = here & ((state.heard == NEVER) | (state.slot - state.heard > WEEK))
    return np.maximum(state.heard, np.where(seen, t, NEVER).max(axis=0)), np.where(begins, state.slot, state.stretch)


def written(state: SeasonalState) -> History:
    """The past with the slot that is over, in single precision: 28 days of 100,000 entities are 0.6 GB."""
    if state.slot == NEVER:
        return state.past
    count = np.where(state.count > 0, state.count, np.nan)
    value = np.minimum(state.total / count, LARGEST).astype(np.float32).astype(np.float64)
    raw = np.minimum(state.raw / count, LARGEST).astype(np.float32).astype(np.float64)
    return state.past.push(state.slot, value, raw, (state.count > 0) & (value != raw))
