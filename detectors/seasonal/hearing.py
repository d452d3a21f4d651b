"""What a first day must not teach `seasonal` of the noise: one dip, a spike, or a surge hides no outage."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from detectors.base import DAY, NEVER
from detectors.history import History, batches
from detectors.noise import TINY, average
from detectors.seasonal.first_day import BESIDE, FINE, first_days, lately, surged
from detectors.seasonal.spikes import BRIEF, apart
from detectors.seasonal.state import SeasonalState

if TYPE_CHECKING:
    from detectors.seasonal.seasonal import Seasonal

DEAF, DEAF_DAYS = 1.5, 3
"""Deviations, times those that are asked for, that a total loss must be clear of the noise; for so many days of a
series a surge of its first one is looked for [-], [days]."""

HEARD = DAY + BRIEF
"""So old is a series when its first day is looked at, with what came after it [s]."""

LOUDER = 4.0
"""A dip or a spike has made a day loud whose noise is more than so many times what it is without it [-]."""

ALIKE = 0.5
"""What stands out less than so much of what stands out most, and not next to it, is how the series strays [-]."""

ANEW = 6 * 3600
"""What is learnt anew of the noise counts for so long [s]."""


def hearing(
    rule: "Seasonal", state: SeasonalState, past: History, t: int, width: int, grid: int, switched: np.ndarray
) -> SeasonalState:
    """Places that a first day has made hard of hearing learn their noise anew, see `_calmed` and `_recovered`; not so
    networks, that may be ``switched (n,) bool`` off by night."""
    if grid > FINE:
        return state
    slot, per_bin = t // grid * grid, grid / width
    age = slot - state.first // grid * grid
    young = ~switched & (state.first != NEVER) & (age >= DAY) & (age < DEAF_DAYS * DAY)
    if not young.any():
        return state
    for rows in batches(np.flatnonzero(young & (age >= HEARD) & (age - (slot - state.slot) < HEARD))):
        state = _calmed(state, past, grid, per_bin, rows)
    return _recovered(
        rule, state, past, slot, grid, per_bin, np.flatnonzero(young & _is_deaf(rule, state.noise, state.level))
    )


def _calmed(state: SeasonalState, past: History, grid: int, per_bin: float, rows: np.ndarray) -> SeasonalState:
    """Those at ``rows (k,)`` of whom a first day and `BRIEF` of the next are over: where a dip or a spike has made it
    `LOUDER` the noise is that without it, and so are the level and how it goes up and down.

    What was seen once is not how a series strays, and would hide on the second day what is lost for hours.
    """
    whole, reach = first_days(past, grid, state.first, rows, BRIEF).T, BRIEF // grid
    odd = apart(whole, reach)
    away = np.abs(whole - _without(whole, odd))
    most = odd & (away > ALIKE * np.fmax.reduce(np.where(odd, away, 0.0)))
    odd &= most | np.pad(most[1:], ((0, 1), (0, 0))) | np.pad(most[:-1], ((1, 0), (0, 0)))
    number, seen = np.count_nonzero(odd, axis=0), _without(whole, odd)
    bends, level = _bends(seen), average(seen)
    noise, swing = np.maximum(per_bin * bends / level, TINY), average(np.abs(seen - level))
    louder = (state.noise[rows] > LOUDER * noise) | (state.swing[rows] ** 2 > LOUDER * swing**2)
    loud = louder & (_bends(whole) > LOUDER * bends) & (number > 0) & (number <= reach)
    calmer, levels, swings = loud & (swing < state.swing[rows]), state.level.copy(), state.swing.copy()
    levels[rows[calmer]], swings[rows[calmer]] = level[calmer], swing[calmer]
    state = replace(state, level=levels, swing=swings)
    return _learnt(state, rows[loud], np.minimum(noise, state.noise[rows])[loud])


def _without(seen: np.ndarray, odd: np.ndarray) -> np.ndarray:
    """What was ``seen (t, k)``, and in slots that are ``odd (t, k) bool`` what was seen before these: so an outage's
    begin and end stay as loud as they were.  Before the first one nothing was: it is as what was seen after it."""
    before = np.maximum.accumulate(np.where(odd, -1, np.arange(len(seen))[:, None]), axis=0)
    return np.take_along_axis(seen, np.where(before < 0, np.argmin(odd, axis=0), before), axis=0)


def _bends(seen: np.ndarray) -> np.ndarray:
    """Variance ``(k,)`` of what was ``seen (t, k)``, from how it bends: no slope of the day does."""
    return average(np.diff(seen, 2, axis=0) ** 2 / 6)


def _recovered(
    rule: "Seasonal", state: SeasonalState, past: History, slot: int, grid: int, per_bin: float, rows: np.ndarray
) -> SeasonalState:
    """Those at ``rows (k,)``, all deaf, whose first day is seen to have been a surge: from how the last half day went
    up and down.  What the surge did, and was missed on the next day, would hide a blackout for a week."""
    if not len(rows):
        return state
    seen = lately(past, slot, grid, rows, len(state.first)).T
    noise = per_bin * average(np.diff(seen, axis=0) ** 2 / 2) / average(seen)
    heard = ~_is_deaf(rule, noise, state.level[rows]) & (noise < state.noise[rows])
    rows, noise = rows[heard], noise[heard]
    if not len(rows):
        return state
    is_over = surged(past, slot - BESIDE + DAY, grid, state.first, rows, 1, state.view)[0]
    return _learnt(state, rows[is_over], noise[is_over])


def _learnt(state: SeasonalState, rows: np.ndarray, noise: np.ndarray) -> SeasonalState:
    """The state in which those at ``rows (k,)`` have learnt this ``noise (k,)``, and little more."""
    of_all, weight = state.noise.copy(), state.weight.copy()
    of_all[rows], weight[rows] = noise, np.minimum(weight[rows], ANEW)
    return replace(state, noise=of_all, weight=weight)


def _is_deaf(rule: "Seasonal", noise: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Whether a total loss of such a ``level`` would not be well clear of such a ``noise``, both ``(n,)``."""
    return np.asarray(noise * (DEAF * rule.enter) ** 2 > level)
