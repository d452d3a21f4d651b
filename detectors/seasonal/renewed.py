"""What becomes the level of `detectors.seasonal.seasonal`: runs of lows or highs that have lasted."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from detectors.base import DAY, NEVER, NORMAL
from detectors.history import History, View, batches, plain
from detectors.noise import average
from detectors.seasonal.course import HOLDS
from detectors.seasonal.noise import SUDDEN
from detectors.seasonal.similar import Ways, similar
from detectors.seasonal.state import SeasonalState
from detectors.state import forgotten

if TYPE_CHECKING:
    from detectors.seasonal.seasonal import Seasonal

DOUBLE, LEAST = 2.0, 1.25
"""What is at once so many times all that a series ever had is the end of an outage that it began in; where it is less
than so many times its level nothing is looked for [-]."""

WHOLE = 0.9
"""What has again so much of what was expected before it was lost is back as a whole [-]."""


def renewed(
    rule: "Seasonal", state: SeasonalState, past: History, calendar: History, t: int, grid: int, switched: np.ndarray
) -> tuple[SeasonalState, np.ndarray]:
    """Runs that have lasted by t are the level from then on: their raw values are the past, and nothing before.

    But of a level that was lost and is back as a whole the past from before is known, see `View`; of one that is back
    in part it is remembered, with what is ``still`` lost.  ``past`` and ``calendar`` are those up to t [s], in slots of
    ``grid`` [s]; ``switched (n,)``: see `similar`; also returned is which were renewed, ``(n,) bool``.
    """
    seen = state.count > 0
    low = seen & (state.low != NEVER) & (t - state.low >= rule.renew_low)
    # nobody misses a rise from nothing, or one to what was lost, when it is over
    wait = np.where((state.lost > 0) | ~(state.level > 0), rule.renew_back, rule.renew_high)
    shifted = low | (seen & (state.high != NEVER) & (t - state.high >= wait))
    if shifted.any():
        shifted &= _heard(past, state, np.where(low, rule.renew_low, wait), shifted, t, grid)
        low &= shifted
    if not shifted.any():
        return state, shifted
    # of a return the last day is the level: on the first ones all the world is there
    back = np.where(state.lost > 0, np.maximum(state.high, t - DAY), state.high)
    start = np.where(low, state.low, back)
    again = np.where(low[:, None], np.stack([state.since, np.full_like(state.since, t)], axis=1), state.again)
    still = np.zeros_like(state.lost)
    if (whole := shifted & ~low & (state.lost > 0)).any():
        view = View(np.full_like(start, t), state.until, again)
        ways = Ways(state.first, state.stretch, switched, state.level, state.swing, np.zeros_like(whole))
        before = similar(past, calendar, view, state.slot, grid, ~whole, ways)[0]
        part = state.raw / state.count / before
        still = np.where(whole & (part < WHOLE), 1 - part, 0.0)
        whole &= ~(part < WHOLE) & (before > 0)
    again[shifted & ~low & ~whole & (still == 0)] = NEVER
    left = state.raw / state.total  # of the slot that is over: as observed, and as it was expected
    level, swing = _day(past, View(start, np.full_like(start, t)), t // grid * grid, grid)
    return replace(
        state,
        since=np.where(shifted, start, state.since),
        until=np.where(shifted, t, state.until),
        again=again,
        first=np.where(shifted, start, state.first),
        drift=np.where(shifted, 0.0, state.drift),
        level=np.where(shifted, level, state.level),
        swing=np.where(shifted, swing, state.swing),
        residual=np.where(shifted[:, None], 0.0, state.residual),
        mean=np.where(shifted[:, None], 0.0, state.mean),
        code=np.where(shifted, NORMAL, state.code).astype(np.int8),
        streak=np.where(shifted, 0, state.streak),
        low=np.where(shifted, NEVER, state.low),
        high=np.where(shifted, NEVER, state.high),
        lost=np.where(low, np.fmax(1 - left, 0.0), np.where(shifted, still, state.lost)),
    ), shifted


def returned(
    rule: "Seasonal", state: SeasonalState, past: History, t: int, width: int, grid: int, switched: np.ndarray
) -> SeasonalState:
    """What began in an outage begins anew when it is back: places that in a slot of their first day have at once
    `DOUBLE` of all that they had before.  No morning does that, nor a value gone wrong, which is not believed, and what
    they had is no usual day of them.  Where a slot may be no more than such a value, of bins longer than `HOLDS`, they
    have it in two of them."""
    new = ~switched & (state.count > 0) & (t - state.first < rule.settle[1] + grid)
    if grid > SUDDEN or not new.any():
        return state
    mean = state.raw / state.count
    new &= mean > LEAST * state.level
    rows = np.flatnonzero(new & (mean - state.level >= 2 * rule.enter * np.sqrt(state.noise * state.level)))
    if not len(rows):
        return state
    times, values = past.rows(rows, plain(len(new)))
    # the last slot is the one that is back; of a series on a grid of its own t lies within a slot
    before = (times >= state.first[rows][:, None] - grid) & (times < state.slot)
    seen, least = np.where(before & ~np.isnan(values), values, -np.inf), mean[rows]
    if width > HOLDS and len(times):
        each = np.arange(len(rows))
        last = len(times) - 1 - np.isfinite(seen)[:, ::-1].argmax(axis=1)
        least, seen[each, last] = np.minimum(least, seen[each, last]), -np.inf
    most = seen.max(axis=1, initial=-np.inf)
    back = rows[(most >= 0) & (least >= DOUBLE * most)]
    if not len(back):
        return state
    state = forgotten(state, back)
    since, until = state.since, state.until  # copies
    since[back] = until[back] = t // grid * grid
    return state


def _heard(
    past: History, state: SeasonalState, lasts: np.ndarray, runs: np.ndarray, t: int, grid: int
) -> np.ndarray:  # fmt: skip
    """Of which ``runs (n,) bool`` enough was observed in the time ``lasts (n,)`` before t [s]: half as many slots as in
    as long a time before them.  What nobody sees for a week becomes no level by that."""
    enough = np.zeros(len(runs), bool)
    rows = np.flatnonzero(runs)
    for some in batches(rows):
        times, values = past.rows(some, plain(len(runs)))
        begun = np.where(state.low != NEVER, state.low, state.high)[some][:, None]
        last, known = lasts[some][:, None], ~np.isnan(values)
        since = np.maximum(state.first[some][:, None], begun - last)
        before = np.count_nonzero(known & (times >= since) & (times < begun), axis=1)
        now = np.count_nonzero(known & (times >= t - last), axis=1)
        enough[some] = 2 * now / last[:, 0] >= before / np.maximum(begun - since, grid)[:, 0]
    return enough


def _day(past: History, view: View, end: int, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the day, or the longer slot, before ``end`` [s], and the mean distance from it, both ``(n,)``."""
    day = past.columns([past.find(end - ago) for ago in range(grid, max(DAY, grid) + 1, grid)], view)
    mean = average(day)
    return mean, average(np.abs(day - mean))
