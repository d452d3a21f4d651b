"""What a first day must not teach `detectors.seasonal` of the noise: one dip, a spike, or a surge hides no outage."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from detectors.base import DAY, NEVER
from detectors.first_day import APART, AROUND, BESIDE, BRIEF, FINE, lately, surged
from detectors.history import History
from detectors.noise import TINY, average
from detectors.seasonal_state import SeasonalState

if TYPE_CHECKING:
    from detectors.seasonal import Seasonal

DEAF, DEAF_DAYS = 1.5, 3
"""Deviations, times those that are asked for, that a total loss must be clear of the noise; for so many days of a
series a surge of its first one is looked for [-], [days]."""

LOUDER = 4.0
"""It has made a day loud whose noise is more than so many times that of all other slots [-]."""

ANEW = 6 * 3600
"""What is learnt anew of the noise counts for so long [s]."""


def hearing(
    rule: "Seasonal", state: SeasonalState, past: History, t: int, width: int, grid: int, switched: np.ndarray
) -> SeasonalState:
    """Places that a first day has made hard of hearing learn their noise anew, see `_calmed` and `_recovered`.

    A network that is ``switched (n,) bool`` goes up and down every day, and who counts a dozen stays deaf.
    """
    if grid > FINE:
        return state
    slot = t // grid * grid
    age = slot - state.first // grid * grid
    young = ~switched & (state.first != NEVER) & (age >= DAY) & (age < DEAF_DAYS * DAY)
    if not young.any():
        return state
    per_bin = grid / max(width, 1)
    state = _calmed(state, past, slot, grid, per_bin, np.flatnonzero(young & (age - (slot - state.slot) < DAY)))
    return _recovered(
        rule, state, past, slot, grid, per_bin, np.flatnonzero(young & _is_deaf(rule, state.noise, state.level))
    )


def _calmed(
    state: SeasonalState, past: History, slot: int, grid: int, per_bin: float, rows: np.ndarray
) -> SeasonalState:
    """Those at ``rows (k,)``, whose first day is just over, where a dip or a spike has made it `LOUDER`: from all other
    slots.  What was seen once is not how a series strays, and would hide on the second day what is lost for hours."""
    if not len(rows):
        return state
    seen = lately(past, slot, grid, rows, len(state.first), DAY).T
    reach = BRIEF // grid
    apart = _apart(seen, reach)
    seen[apart] = np.nan
    bends = np.diff(seen, 2, axis=0)  # no slope of the day has any
    noise = np.maximum(per_bin * average(bends**2 / 6) / average(seen), TINY)
    number = np.count_nonzero(apart, axis=0)
    return _learnt(state, rows, noise, (number > 0) & (number <= reach) & (state.noise[rows] > LOUDER * noise))


def _apart(seen: np.ndarray, reach: int) -> np.ndarray:
    """Which slots ``(t, k)`` are a dip or a spike among the ``reach`` of them on both sides, see `APART`."""
    before, after = _beside(seen, reach)
    dips = seen < APART * np.minimum(np.fmax.reduce(before), np.fmax.reduce(after))
    before, after = _beside(np.where(dips, np.nan, seen), reach)
    return dips | (APART * seen > np.maximum(np.fmin.reduce(before), np.fmin.reduce(after)))


def _beside(seen: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``reach`` slots before each, and after it, ``(reach, t, k)``; NaN where there is none."""
    around = np.pad(seen, ((reach, reach), (0, 0)), constant_values=np.nan)
    both = [around[i : i + len(seen)] for i in range(2 * reach + 1)]
    return np.stack(both[:reach]), np.stack(both[reach + 1 :])


def _recovered(
    rule: "Seasonal", state: SeasonalState, past: History, slot: int, grid: int, per_bin: float, rows: np.ndarray
) -> SeasonalState:
    """Those at ``rows (k,)``, all deaf, whose first day is seen to have been a surge: from how the last half day went
    up and down.  What the surge did, and was missed on the next day, would hide a blackout for a week."""
    if not len(rows):
        return state
    seen = lately(past, slot, grid, rows, len(state.first), 2 * AROUND).T
    noise = per_bin * average(np.diff(seen, axis=0) ** 2 / 2) / average(seen)
    heard = ~_is_deaf(rule, noise, state.level[rows]) & (noise < state.noise[rows])
    rows, noise = rows[heard], noise[heard]
    if not len(rows):
        return state
    return _learnt(state, rows, noise, surged(past, slot - BESIDE + DAY, grid, state.first, rows, 1)[0])


def _learnt(state: SeasonalState, rows: np.ndarray, noise: np.ndarray, anew: np.ndarray) -> SeasonalState:
    """The state with this ``noise (k,)`` of those ``rows (k,)`` that learn it ``anew (k,)``."""
    of_all, weight, rows = state.noise.copy(), state.weight.copy(), rows[anew]
    of_all[rows], weight[rows] = noise[anew], np.minimum(weight[rows], ANEW)
    return replace(state, noise=of_all, weight=weight)


def _is_deaf(rule: "Seasonal", noise: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Whether a total loss of such a ``level`` would not be well clear of such a ``noise``, both ``(n,)``."""
    return np.asarray(noise * (DEAF * rule.enter) ** 2 > level)
