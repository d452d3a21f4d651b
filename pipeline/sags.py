"""A feast or a sag that an outage falls in: what lacked as much before is back once it lacks no more."""

import numpy as np

from detectors.base import is_low
from pipeline.columns import DEEP, GONE, LADDER, MOST, Columns
from pipeline.evidence import losses
from pipeline.lasting import summed

STEPS = LADDER[[DEEP, GONE]]
"""What has not lost so much may be one, the second where it then loses `MOST` [0-1]."""

LASTS = 3 * 3600
"""A feast or a sag does so for as long: what is low for less is how a slow outage begins [s]."""

PARTS = 1000
"""A loss is summed up in so many parts, which are whole [-]."""

SWAY = 2.0
"""A feast goes up and down by the hour: it takes up to so many times what it took on average [-]."""

LITTLE = 0.3
"""What is low by less than so much of its worst is low by a little [0-1]."""

FEAST = 0.4
"""Feasts and strikes take less [0-1]."""


def sagged(
    cells: Columns, rows: np.ndarray | slice, signal: int | slice, low: np.ndarray, lost: np.ndarray
) -> dict[str, np.ndarray]:
    """For how long each entity was low before it lost as much as each of `STEPS`, and what it lost in that time, after
    bins ``(t, n)``, or ``(1, n, k)`` of k signals, in which it was ``low`` and had ``lost`` [0-1]; by the names of
    these columns."""
    low, lost = low[..., None], lost[..., None]
    width = np.broadcast_to(np.asarray(cells.wide[signal])[..., None], lost.shape)
    fallen = summed(cells["fallen"][rows, signal], width, low & (lost >= STEPS), ~low)
    sags, amount = low & (fallen == 0), width * np.rint(PARTS * lost).astype(np.int64)
    return {
        "fallen": fallen[-1],
        "sagged": summed(cells["sagged"][rows, signal], width, sags, ~low)[-1],
        "sag": summed(cells["sag"][rows, signal], amount, sags, ~low)[-1],
    }


def stood(cells: Columns, at: tuple[np.ndarray, ...], deep: np.ndarray) -> np.ndarray:
    """What each at these places lacked before it fell [0-1], 0 where it had not been low for as long as a feast
    `LASTS`; ``deep``: who lost `MOST` then, as many ``bool``."""
    sagged, sag = (_of_step(cells[name][at], deep) for name in ("sagged", "sag"))
    return np.where(sagged >= LASTS, sag / np.maximum(sagged, 1) / PARTS, 0)


def _of_step(values: np.ndarray, deep: np.ndarray) -> np.ndarray:
    """Those of the second of `STEPS` where it lost `MOST`, else of the first."""
    return np.where(deep, values[..., 1], values[..., 0])


def note_home(cells: Columns, at: tuple[np.ndarray, ...], start: int, bottom: np.ndarray) -> None:
    """Since when who is in an open outage, at these places, lacks no more than before it fell, in the bin that starts
    then [s]; ``bottom``: who is at the bottom of it, as many ``bool``."""
    depth = cells["depth"][at]
    usual = stood(cells, at, depth >= MOST)
    if not usual.any():
        return
    spoke, lost = cells["spoke"][at] == start, losses(cells["ratio"][at])
    home = (
        spoke
        & is_low(cells["state"][at])
        & ~bottom
        & (lost <= SWAY * usual)
        & (lost - usual <= LITTLE * (depth - usual))
    )
    since = cells["home"][at]
    cells["home"][at] = np.where(home, np.where(since > 0, since, start), np.where(spoke, 0, since))


def at_home(cells: Columns, rows: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Which signals are as low as they were for hours before the ``start (n,)`` of the outage of each entity [s], and
    no lower ``(n, s) bool``; with the first detector of a signal all that are beside it."""
    low_from = cells["low_from"][rows]
    home = (cells["home"][rows] > 0) & (low_from > 0)
    if home.any():
        sagged = _of_step(cells["sagged"][rows], cells["depth"][rows] >= MOST)
        home &= low_from + np.maximum(sagged - cells.wide, LASTS) <= start[:, None]  # else it was of the outage
        for beside, first in cells.pairs:
            home[:, beside] |= home[:, first]
    return home
