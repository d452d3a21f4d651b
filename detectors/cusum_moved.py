"""How `detectors.cusum` learns from a day that is over: its level, and what each weekday has more or less."""

from dataclasses import replace

import numpy as np

from detectors.cusum_state import HOURS, SPREAD_DAYS, CusumState, added
from detectors.noise import middle
from detectors.state import forgotten

FLAT = 0.01
"""Smallest deviation of a day: a flat series has none of its own [-]."""

CLIP = 3.0
"""Most deviations by which one day moves the level: a holiday is not a throttling [-]."""

WEEKDAY, ORDINARY, FIRST = 0.1, 0.5, 4.0
"""Weight of a day in what its weekday usually has more or less [-].  The second time it counts in full, and what is no
noise of it moves no other day; what is beyond the second, as a logarithm, only where it was so the first time, and at
most the third: an office's Sunday is no throttling."""

SHAPE = 0.05
"""Weight of a day in the shape of the day [-]."""

WILD = 3.0
"""An hour has no more than so many times what it usually has, or what most hours of the day have of theirs [-]: what a
value gone wrong adds to a day is no way of that day."""

TWO = 2
"""Days far above the level that outweigh as few before them: those were in an outage [days]."""


def spreads(state: CusumState) -> np.ndarray:
    """Deviation of a day, as a logarithm ``(n,)``."""
    return np.sqrt(np.maximum(state.variance, FLAT**2))


def tempered(state: CusumState) -> CusumState:
    """The state in which the hour that is over is not `WILD`; where the whole day is, it may be as much.

    What a mean hour has is not wild in any: one that was empty when a series began, in an outage, has it again.
    """
    own, today = (np.arange(len(state.hour)), state.hour), (np.arange(len(state.day)), state.day % 7)
    level = state.level + state.weekday[today]
    most = np.maximum(WILD * state.shape[own], 1.0) * np.exp(level) * state.count[own]
    rows = np.flatnonzero(state.total[own] > most)
    if not len(rows):
        return state
    hourly = state.total[rows] / np.where(state.count[rows] > 0, state.count[rows], np.nan)
    usual = state.shape[rows] * np.exp(level[rows])[:, None]
    ratio = middle((hourly / np.where(usual > 0, usual, np.nan)).T)
    at, total = (rows, state.hour[rows]), state.total.copy()
    total[at] = np.minimum(total[at], most[rows] * np.fmax(1.0, ratio))
    return replace(state, total=total)


def begun(state: CusumState, enough: float) -> CusumState:
    """The state with a shape and a level for entities that had none, where ``enough`` hours of the day were seen.

    What began in an outage begins anew: at least `TWO` days far above the level, and as many as all the others that it
    rests on, say that those were no usual ones.
    """
    low = (state.high >= TWO) & (2 * state.high >= state.days)
    if low.any():
        anew = forgotten(state, np.flatnonzero(low))
        kept = {name: getattr(state, name) for name in ("first", "heard", "day", "hour", "total", "count")}
        state = replace(anew, **kept)
    seen = state.count > 0
    hourly = np.where(seen, state.total / np.maximum(state.count, 1), 0.0)
    mean = added(hourly.T) / np.maximum(added(seen.T), 1)
    whole = (added(seen.T) >= enough) & (mean > 0)
    begins = whole & np.isnan(state.level)
    if begins.any():
        most = np.where(begins, WILD * np.partition(hourly, -2, axis=1)[:, -2], np.inf)
        hourly = np.minimum(hourly, np.where(most > 0, most, np.inf)[:, None])
        mean = added(hourly.T) / np.maximum(added(seen.T), 1)
    unknown = (whole & (begins | ~state.confirmed))[:, None] & np.isnan(state.shape) & seen
    level = np.where(begins, np.log(mean), state.level)
    return replace(
        state,
        shape=np.where(unknown, hourly / mean[:, None], state.shape),
        level=level,
        recent=np.where(begins, level, state.recent),
    )


def moved(
    state: CusumState, z: np.ndarray, is_usual: np.ndarray, half: float, memory: int
) -> CusumState:  # fmt: skip
    """The state moved towards its day, z off, NaN: not moved; its shape only by one that ``is_usual (n,)``.

    In the first week the level is the median of its days: whoever begins on a day of rest has no level of it.
    """
    day = np.arange(len(z)), state.day % 7
    usual, spread = np.isfinite(z), spreads(state)
    step = np.where(usual, np.clip(z, -CLIP * spread, CLIP * spread), 0.0)
    share = np.maximum(1 - 0.5 ** (1 / half), 1 / (state.days + 1))
    learns = np.maximum(1 / memory, 1 / (state.days + SPREAD_DAYS))
    square = np.minimum(z * z, (CLIP * spread) ** 2)
    weekday, met, weeks = state.weekday.copy(), state.met.copy(), state.days // 7
    known, now = state.met[day], np.clip(z, -FIRST, FIRST)
    first = known - state.level
    # what a weekday has much more or less it has each time: an outage in the second week is not its own way
    both = np.where(first * now > 0, np.sign(now) * np.minimum(2 * np.abs(first), np.abs(now)), 0.0)
    is_known, is_plain = np.isinf(first), np.abs(now) <= ORDINARY
    tells = usual & ~is_known & (weeks > 0) & (is_plain | ~np.isnan(first))
    own = np.where(tells, np.where(is_plain, now, both), 0.0)
    weekday[day] += np.where(usual & is_known, np.maximum(WEEKDAY, 1 / np.maximum(weeks, 1)) * step, own)
    met[day] = np.where(tells, np.inf, np.where(usual & ~is_known, state.level + now, known))
    weekday -= (added(weekday.T) / 7)[:, None]
    level = state.level + share * step + np.where(tells, own - step, 0.0) / 7
    if len(begins := np.flatnonzero(usual & (state.days < 7))):
        level[begins] = middle(np.where(np.isinf(met[begins]), np.nan, met[begins]).T)
    return replace(
        state,
        level=level,
        weekday=weekday,
        met=met,
        shape=_shaped(state, z, usual & is_usual),
        variance=np.where(usual, state.variance + learns * (square - state.variance), state.variance),
        days=state.days + usual,
    )


def _shaped(state: CusumState, z: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """The shape of the day, moved by one that is z off where that is ``usual (n,)``."""
    hourly = state.total / np.maximum(state.count, 1)
    mean = np.exp(z + state.level + state.weekday[np.arange(len(z)), state.day % 7])
    shaped = usual[:, None] & (state.count > 0) & (mean > 0)[:, None]
    shape = state.shape + SHAPE * (np.minimum(hourly / mean[:, None], HOURS) - state.shape)
    return np.where(shaped, shape, state.shape)
