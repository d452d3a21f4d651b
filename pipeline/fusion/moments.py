"""When an outage began and ended, by its witnesses."""

import numpy as np

from detectors.base import ALWAYS, DAY
from pipeline.fusion.columns import DEEP, LADDER, Columns
from pipeline.fusion.evidence import losses
from pipeline.fusion.holding import KNOWN, risen, unseen
from pipeline.fusion.sags import at_home, from_feasts, of_step

LITTLE = 0.3
"""What is low by less than so much of its worst, in the mean, is low by a little [0-1]."""

SAGGED = 1800
"""A fall at once is known to half an hour, or to a bin: what began sooner is a sag before it [s]."""

FURTHER = 0.5
"""What then lacks less than so much of that rose further: this was its return [0-1]."""


def begun(cells: Columns, rows: np.ndarray, strong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When the first of these witnesses ``(n, s)`` fell ``(n,)`` [s], and whether any that fell then was judged just
    before.

    One that was no longer observed when another fell, which says as much of a return and stood until then, has seen
    something else.
    """
    fell = np.where(strong, np.maximum(onsets(cells, rows), cells["over"][rows]), ALWAYS)
    fell = from_feasts(cells, rows, fell, losses(cells["ratio"][rows]))
    last = cells["seen"][rows] + (1 + cells.settings.stale) * cells.wide
    if (strong & (last < np.where(strong, fell, 0).max(axis=1, keepdims=True))).any():
        stood = strong & cells["dated"][rows]
        says_more = stood[:, None, :] & (cells.says >= cells.says[:, None]) & (last[:, :, None] < fell[:, None, :])
        fell = np.where(says_more.any(axis=2), ALWAYS, fell)
    fell = _less_broken(cells, rows, fell)
    onset = fell.min(axis=1)
    return onset, ((fell == onset[:, None]) & cells["dated"][rows]).any(axis=1)


def _less_broken(cells: Columns, rows: np.ndarray, fell: np.ndarray) -> np.ndarray:
    """When each witness ``fell (n, s)`` [s], `ALWAYS` of none, and of one that counted nothing from then on until
    others fell, long after it: a feed that is broken dates no outage of theirs."""
    bare = np.where((fell < ALWAYS) & ~cells.routes, cells["bare"][rows], 0)
    if not bare.any():
        return fell
    sooner = [
        np.where(cells.slow | (since == 0), ALWAYS, since)
        for since in (cells["low_from"][rows], cells["since"][rows, :, DEEP])
    ]
    first = np.where(cells.apart, np.minimum.reduce([fell, *sooner])[:, None, :], ALWAYS).min(axis=2)
    alone = np.where(first < ALWAYS, first - fell, 0)
    is_broken = (alone > np.maximum(cells.settings.stagger, cells.wide)) & (bare >= alone - 2 * cells.wide)
    others = np.where(is_broken & (bare > 0), ALWAYS, fell)
    return np.where((others < ALWAYS).any(axis=1, keepdims=True), others, fell)


def onsets(cells: Columns, rows: np.ndarray) -> np.ndarray:
    """Since when each signal has been down ``(n, s) int64`` [s]: looked back for from how deep it is now.

    A sag of a few percent that lasts a day before is not yet what is going on now; nor is what had sagged by and
    by, more than `SAGGED` before it fell at once, by what is expected of a series so young that its nights may not be
    `KNOWN` yet.
    """
    lost = losses(cells["ratio"][rows])
    step = np.maximum(np.searchsorted(LADDER, lost / 2, side="right") - 1, 0)
    low_from, sudden, long = cells["low_from"][rows], cells["sudden"][rows], np.maximum(SAGGED, cells.wide)
    since, less = (of_step(cells["since"][rows], each) for each in (step, np.maximum(step - 1, 0)))
    sagged = (since > 0) & (since - less >= long) & (since < sudden - long) & (since < cells["met"][rows] + KNOWN)
    fell = np.where(low_from < sudden - long, sudden, low_from)
    return np.where(since > 0, np.where(sagged, fell, since), low_from)


def returned(
    cells: Columns, rows: np.ndarray, strong: np.ndarray, now: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When the last of these witnesses ``(n, s)`` returned, left the bottom, or was last observed [s], and the
    widest and narrowest of their bins [s]; 0 as long as none has returned.  Who is as low as before the outage,
    and no lower, is back."""
    widths = cells.wide
    widest = np.where(strong, widths, 0).max(axis=1)
    finest = np.where(strong, widths, widest[:, None]).min(axis=1)
    low, at_bottom = cells["low_from"][rows], cells["at_bottom"][rows]
    home = at_home(cells, rows)
    calm = np.where(home > 0, home, cells["calm_from"][rows])
    gone = (low > 0) & strong & unseen(cells, rows, now)
    if not (gone | (strong & (calm > 0))).any():  # nobody is back, as for most of any outage
        return np.zeros(len(rows), np.int64), widest, finest
    if gone.any():  # long ago: passing lows since then are none of it
        calm = np.where(gone.any(axis=1, keepdims=True) & risen(cells, rows), cells["risen"][rows], calm)
    calm = _used_to(cells, rows, calm)
    left = np.where(at_bottom > 0, at_bottom + widths, 0)
    calm = _ahead(cells, rows, np.where(strong & (calm > 0), calm, ALWAYS), left, calm)
    last = _unhidden(cells, rows, strong, np.where(gone, cells["seen"][rows] + widths, calm))
    still = np.where(low > 0, left, 0)  # what is low by a little lies behind others
    ends = np.where(strong, last, 0).max(axis=1)
    return np.where(ends > 0, np.maximum(ends, np.where(strong, still, 0).max(axis=1)), 0), widest, finest


def _ahead(cells: Columns, rows: np.ndarray, back: np.ndarray, left: np.ndarray, calm: np.ndarray) -> np.ndarray:
    """When each signal returned ``calm (n, s)`` [s], and one that was low by a little since it ``left`` the bottom, and
    rose no further when it no longer was: when others were ``back (n, s)``, all [s].

    When so little is no longer seen hangs on noise, and says nothing of when it returned; one bin in which it is not
    tells nothing yet.
    """
    depth, off, lost, up, up_lost = (cells[name][rows] for name in ("depth", "off", "off_lost", "up", "up_lost"))
    behind = (left > 0) & (up > cells.wide) & (lost < LITTLE * depth * off) & (up_lost * off >= FURTHER * lost * up)
    if not behind.any():
        return calm
    first = np.where(cells.apart, back[:, None, :], ALWAYS).min(axis=2)
    return np.where(behind, np.minimum(calm, np.maximum(left, first)), calm)


def _used_to(cells: Columns, rows: np.ndarray, calm: np.ndarray) -> np.ndarray:
    """When each signal returned ``calm (n, s)`` [s], and not while a slow detector, whose running day was over then
    long since, still saw it low: the first one had got used to what was left."""
    for beside, first in cells.pairs:
        until = cells["calm_from"][rows, beside]
        held = (cells["witness"][rows, beside] > 0) & (until > 0) & (calm[:, first] > 0)
        if held.any():
            calm[:, first] = np.where(held, np.maximum(calm[:, first], until - DAY), calm[:, first])
    return calm


def _unhidden(cells: Columns, rows: np.ndarray, strong: np.ndarray, last: np.ndarray) -> np.ndarray:
    """When each of the ``strong`` witnesses ``(n, s)`` returned, as far as is known.  One whose ``last (n, s)`` was
    its first bin after a hole was back by then: sooner, if another says so that tells as much of a return."""
    hidden = strong & (last > 0) & (last == cells["hole_to"][rows])
    if not hidden.any():
        return last
    told = np.where(strong & ~hidden & (last > 0), cells.says, -1.0).max(axis=1, keepdims=True)
    return np.where(hidden & (cells.says <= told), cells["hole_from"][rows], last)
