"""Which local clock and kind of day each entity had when: what makes days similar for `detectors.seasonal.similar`."""

import numpy as np

from detectors.base import DAY, Context
from detectors.history import History

WEEK_START = 3 * DAY
"""The epoch was a Thursday: Monday 00:00 UTC is so much earlier, modulo a week [s]."""

QUARTER = 900
"""Every zone of the world keeps to quarters of an hour [s]."""

OFFSETS = 200.0
"""More than twice the quarters by which a local clock differs from UTC: keeps kind and clock apart in one code."""


def calendar_code(t: int, context: Context) -> np.ndarray:
    """Local clock and kind of day as one small number ``(n,) float64``, so that a change is seen at once."""
    utc = (t + WEEK_START) % (7 * DAY)
    offset = (context.week_slot - utc + 3 * DAY + DAY // 2) % (7 * DAY) - 3 * DAY - DAY // 2
    return np.rint(offset / QUARTER) + OFFSETS * context.day_kind


def noted(calendar: History, t: int, context: Context, within: bool = False) -> History:
    """The calendar with this bin's codes, where any of them differs from what holds already.

    ``within`` a slot only newcomers are noted: what a day that begins there changes is seen at the next slot.
    """
    code = calendar_code(t, context)
    held = in_force(calendar, t, len(code))
    if held is not None and within:
        code = np.where(np.isnan(held), code, held)
    if held is not None and np.array_equal(code, held):
        return calendar
    return calendar.push(t, code, code, np.zeros(len(code), bool))


def in_force(calendar: History, t: int, n: int) -> np.ndarray | None:
    """The codes that hold at t ``(n,)``, NaN for entities that came later."""
    position = calendar.until(t)
    return None if position is None else calendar.as_written(position, n)


def changed(before: History, after: History, t: int, n: int) -> np.ndarray:
    """Of which of n entities another code holds at t in a calendar than did before ``(n,) bool``."""
    if after is before:
        return np.zeros(n, bool)
    held = in_force(before, t, n)
    return np.ones(n, bool) if held is None else held != in_force(after, t, n)


def kind_of_day(code: np.ndarray) -> np.ndarray:
    """The kind of day that codes tell of, see `detectors.base.Context`."""
    return np.rint(code / OFFSETS)
