"""Which past days were quiet as a whole: low in the same way for most of a day, as no hours of an outage are."""

import numpy as np

from detectors.history import History

WHOLE, LONG = 18 * 3600, 54 * 3600
"""A day is quiet that is low for so long in a row, and an outage goes on for longer than the second time [s]."""

LEFT = 0.1
"""Of a quiet day more than this share of what was expected is left, in each slot [0-1]."""

DIES = 0.06
"""What swings by less than this knows neither day nor night, and no day of rest [-]."""


def quiet(past: History, at: int, grid: int, may: np.ndarray) -> np.ndarray:
    """Of which series the slot at a past time [s] lay in a low as long as a quiet day ``(n,) bool``.

    ``may (n,) bool``: those that are asked.  Slots are of ``grid`` [s].
    """
    now = _low(past, at, may)
    half = -(-WHOLE // grid) // 2 * grid  # so far it reaches before the slot or after it
    if now.any():
        now &= _low(past, at - half, now) | _low(past, at + half, now)
    length = now.astype(np.int64)
    for step in (grid, -grid):
        goes_on, time = now, at + step
        while goes_on.any() and abs(time - at) < LONG:
            goes_on = _low(past, time, goes_on)
            length += goes_on
            time += step
    return now & (length * grid >= WHOLE) & (length * grid < LONG)


def _low(past: History, time: int, may: np.ndarray) -> np.ndarray:
    """Of which series, but those that ``may (n,) bool``, something is left of a slot that was called low."""
    low, position = np.zeros(len(may), bool), past.find(time)
    if position is None:
        return low
    value, rows, raw = past.written(position)
    low[rows] = (raw < value[rows]) & (raw >= LEFT * value[rows])
    return low & may
