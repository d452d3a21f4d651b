"""Which outages a single kind of signals tells while another stands: these are not confirmed."""

import numpy as np

from pipeline.bins import DAY
from pipeline.fusion.columns import HALF, Columns
from pipeline.fusion.evidence import AMISS, losses
from pipeline.fusion.holding import LASTING, MATERIAL, MOST_LASTING, shows_loss, stale, unseen
from pipeline.fusion.sags import FEAST

IN_FULL = 1.0
"""Who says as much of a return, or more, contradicts an outage by standing [log-odds]."""

BEFORE, SOON = 1800, 3600
"""So long what was said before the fall contradicts it: then it is known of another time.  Who is of another
kind, with bins no wider than the second, is waited for until one is known, more than half of which is after the fall
[s]."""

BRIEF = 1800
"""Who joins in late, and stood so far, stands through two bins, and through so much [s]: a prober may have stumbled.
Where he has not lost `HALF`, and nobody before him `FEAST`, through `LASTING`: he may stumble for an hour or two."""

UNWATCHED = 3600
"""What is low alone while who stood until lately is not observed has to be so for that long [s], and for `LASTING`
where it has not lost `HALF`: a feed that is dead takes nobody's word away."""


def joining(cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int) -> np.ndarray:
    """Who joined an outage in late, by himself, and is low for no longer than a stumble ``(n, s) bool``.

    Parameters
    ----------
    terms
        ``(n, s)`` as in `pipeline.fusion.holding.standing`.
    """
    fast, low_from = ~cells.slow, cells["low_from"][rows]
    fell, seen = np.where(fast & (terms >= MATERIAL), low_from, now).min(axis=1, keepdims=True), cells["seen"][rows]
    # a wide bin that fell with the others is known to be low from its next one on
    joins = fast & ~cells.routes & (terms > 0) & (low_from > fell + np.maximum(cells.settings.stagger, cells.wide))
    lost = losses(cells["ratio"][rows])
    first = fast & (terms >= MATERIAL) & ~joins & (lost >= FEAST)
    deep = (first | (joins & (lost >= HALF))).any(axis=1, keepdims=True)
    joins &= seen + cells.wide - low_from < np.maximum(2 * cells.wide, np.where(deep, BRIEF, LASTING))
    joins &= (seen + 2 * cells.wide >= now) | (lost < HALF)  # or he is gone
    kinds = cells.of_kinds(joins & (terms >= MATERIAL))
    return np.asarray(joins & (kinds.sum(axis=1, keepdims=True) < 2))  # two kinds at once do not stumble


def alone(cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int, joins: np.ndarray) -> np.ndarray:
    """Which of the entities at ``rows`` are low by one kind of signals alone, while another stands that would show it
    ``(n,) bool``: one bin of a prober is no outage of who is at work, whatever else is a little below its usual.
    Routes are many witnesses: theirs is enough.

    Who was low in the outage and is back was a witness of it.  Who stood in it for half an hour and is not observed any
    more contradicts it for a day: that a feed falls silent makes nothing sure.  Who fell silent before it, less than a
    day ago, might have done so: it is sure once it is low for longer than a prober stumbles, see `UNWATCHED`.  A slow
    detector of the kind that stands is none: a season moves what it sums up.  Who stands is heard no more once so much
    has been gone for so long that he is hushed, see `fusion.holding`; another source of the kind that is low, for
    `LASTING` only.  Who joins in late has to be low for longer than a stumble.

    Parameters
    ----------
    terms
        ``(n, s)`` as in `pipeline.fusion.holding.standing`.
    joins
        ``(n, s) bool`` as of `joining`.
    """
    fast, low_from = ~cells.slow, cells["low_from"][rows]
    falls = fast & (terms >= MATERIAL)
    fell, seen = np.where(falls, low_from, now).min(axis=1, keepdims=True), cells["seen"][rows]
    material = (np.maximum(terms, cells["witness"][rows]) >= MATERIAL) & ~joins
    up, slowly = cells.of_kinds(material & fast), cells.of_kinds(material & cells.slow)
    is_one = (up.sum(axis=1) == 1) & (slowly.sum(axis=1) < 2) & ~(material & cells.routes).any(axis=1)
    if not is_one.any():
        return is_one
    weight, fresh = cells["weight"][rows], ~stale(cells, np.array(cells.ends, np.int64), now)
    widest = (cells.wide * falls).max(axis=1, keepdims=True)  # what fell did so somewhere in its bin
    spoke = cells["spoke"][rows] + cells.wide >= fell + np.maximum(BRIEF, widest)
    stood = fast & (cells["low_from"][rows] == 0) & (cells.says >= IN_FULL) & spoke & ~(cells["ratio"][rows] >= AMISS)
    hushed = (cells["gone"][rows] >= MOST_LASTING) | (cells["half"][rows] >= LASTING)
    hushed = (hushed & shows_loss(cells, rows)).any(axis=1, keepdims=True)
    # a slow detector of its own signal silences who stands; he stands all the same
    stands = fast & ((terms <= -IN_FULL) | ((terms == 0) & (weight <= -IN_FULL) & fresh))
    stands |= stood & (cells["calm_from"][rows] > 0) & ~unseen(cells, rows, now) & ~hushed
    stands &= ~material
    # what one source alone has lost for hours is its own
    own = up @ cells.kinds
    stands &= ~(own & (now - fell >= LASTING))
    waited = np.maximum(BEFORE, np.where((cells.wide <= SOON) & ~own, 3 * cells.wide // 2, 0))
    before = (seen + cells.wide // 2 <= fell) & (now - fell >= waited)
    stands &= ~(before & ((now - seen) % np.maximum(cells.wide, 1) != 0))  # but for who may speak at this very moment
    return is_one & ((stands | joins).any(axis=1) | (_unwatched(cells, rows, falls, fell, now) & ~hushed[:, 0]))


def _unwatched(cells: Columns, rows: np.ndarray, falls: np.ndarray, fell: np.ndarray, now: int) -> np.ndarray:
    """Of whom somebody stood and was not observed any more when others ``falls (n, s) bool``, so lately that they may
    only stumble ``(n,) bool``; ``fell (n, 1)``: when the first of them did [s]."""
    seen, stood = cells["seen"][rows], (cells["low_from"][rows] == 0) & (cells["calm_from"][rows] > 0)
    silent = (seen + cells.wide <= fell) & (seen + 2 * cells.wide <= now)  # more than what a bin takes to be known
    blind = ~cells.slow & (cells.says >= IN_FULL) & stood & silent & (now - seen < DAY)
    deep = (falls & (losses(cells["ratio"][rows]) >= HALF)).any(axis=1)
    return blind.any(axis=1) & (now - fell[:, 0] < np.where(deep, UNWATCHED, LASTING))
