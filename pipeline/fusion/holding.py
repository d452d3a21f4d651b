"""What the last words of signals still count for, and which witness of an outage lets it go."""

import numpy as np

from detectors.base import DAY, LOW_CONFIRMED, UNKNOWN
from pipeline.fusion.columns import ALL, COUNTED, HALF, LATELY, Columns
from pipeline.fusion.evidence import losses, strong_ones
from pipeline.kinds import ROUTES
from pipeline.settings import Fusing

LASTING = 3 * 3600
"""What has lost `HALF` for so long is out, on a day of which daily means say anything (on a holiday they do not), or
that matters, where it fell at once [s]."""

MOST_LASTING = 3 * 1800
"""And what has lost `MOST` for so long, on whatever day [s]; `LASTING`, where `ALL` of it is lost and nobody stands."""

PART, GREAT_PART = 1 / 3, 2 / 3
"""It has lost `HALF` in no less of the time in which it has lost a third, where daily means say that it is low, or it
lost `DEEPER`, and at once, on a day that matters, perhaps out of a sag; in no less than the second, where not: what
noise makes of single bins is no loss [0-1]."""

STOOD = 1800
"""Who says otherwise has to have stood for so long since they fell [s]: he may have been about to fall."""

DEEPER = 0.6
"""What has lost so much does so no more by the people who stay at home [0-1]."""

MATERIAL = 2.0
"""What says less for an outage is no witness that may stand alone: routes that are a hundredth below their usual
[log-odds]."""

DEAD = DAY // 2
"""What counts nothing while others have been back for so long is a dead feed [s]."""

KNOWN = 3 * DAY + 6 * 3600
"""Of a signal that was observed for so long it is known what is usual: a surge of its first day is missed on the next
ones [s]."""


def stale(cells: Columns, ends: np.ndarray, now: int | np.ndarray) -> np.ndarray:
    """Which words say nothing of a moment any more, those of bins that ended at ``ends (..., s)`` [s]."""
    return np.asarray(now > ends + cells.settings.stale * cells.wide)


def stands(cells: Columns, spoke: np.ndarray, signal: int, start: int) -> np.ndarray:
    """Whether what a signal said of each in bins that started at ``spoke (n,)`` stands in a later one [s]."""
    return np.asarray((spoke > 0) & (start - spoke <= cells.settings.stale * cells.widths[signal]))


def standing(
    cells: Columns, rows: np.ndarray, now: int, is_open: np.ndarray, sure: np.ndarray, feared: np.ndarray
) -> np.ndarray:
    """Weights ``(n, s)`` that still count at a moment [s] of the entities at ``rows``; ``sure``, ``feared (n,) bool``:
    which of their outages are confirmed, and on a day that matters, as `pipeline.fusion.prior.Prior` says."""
    columns, ends = {name: cells[name][rows] for name in COUNTED}, np.array(cells.ends, np.int64)
    shows = is_open[:, None] & shows_loss(cells, rows)
    terms = counted(cells, **columns, ends=ends, now=now, is_open=is_open, shows=shows)
    gone = np.where(is_open[:, None], _gone(cells, rows, terms), 0)
    if gone.any():
        grows = (gone > cells.wide) & ~cells.slow & (now - cells["met"][rows] > KNOWN)
        lasting = np.where(columns["ratio"] <= 1 - ALL, LASTING, MOST_LASTING)
        terms = terms + np.where(grows, np.minimum(gone / lasting, 1) * (cells.settings.cap - terms), 0.0)
    lasts = shows & _cut(cells, rows, terms, now, sure, feared)
    lost, half = (gone >= MOST_LASTING) & (gone > cells.wide), _half(cells, rows, terms, GREAT_PART)
    for beside, first in cells.pairs:
        speaks = cells["state"][rows, beside] != UNKNOWN
        lasts[:, first] |= shows[:, first] & (lost[:, first] | (speaks & half[:, first]))
    hushed = lasts.any(axis=1)
    terms[hushed] = _hushed(terms[hushed], cells.settings.against(ROUTES))
    return _of_one_time(cells, rows, terms, now, sure)


def _cut(
    cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int, sure: np.ndarray, feared: np.ndarray
) -> np.ndarray:
    """Which traffic has lost `HALF` for hours, and fell at once, on a day that matters ``(n, s) bool``."""
    cut = feared[:, None] & cells.traffic & ~cells.slow & (cells["sudden"][rows] > 0)
    if not cut.any():
        return cut
    lost = losses(cells["ratio"][rows])
    cut &= (sure[:, None] | (lost >= HALF)) & ~_of_one_source(cells, rows, terms, now)
    return cut & _half(cells, rows, terms, np.where(lost >= DEEPER, PART, GREAT_PART))


def _of_one_time(cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int, sure: np.ndarray) -> np.ndarray:
    """The terms ``(n, s)``, but for slow detectors that were low before another signal fell, while the first one of
    their own signal is not: a season that has begun is no second witness of a fall, and who stands in it is one against
    it.  Once an outage is confirmed what was lost before may be of it."""
    fast = ~cells.slow & (terms >= MATERIAL) & ~sure[:, None]
    if not (cells.pairs and fast.any()):
        return terms
    low_from, terms = cells["low_from"][rows], terms.copy()
    word = np.minimum(cells["weight"][rows], 0) * ~stale(cells, np.array(cells.ends, np.int64), now)
    for beside, first in cells.pairs:
        others = np.flatnonzero(cells.apart[beside])
        fell = np.where(fast[:, others], low_from[:, others], 0).max(axis=1, initial=0)
        old = (terms[:, beside] > 0) & (word[:, first] < 0) & (fell >= low_from[:, beside])
        terms[old, beside], terms[old, first] = 0.0, word[old, first]
    return terms


def _of_one_source(cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int) -> np.ndarray:
    """Which signals another one of their kind speaks against ``(n, s) bool``: one service is blocked.  Who stood for
    `STOOD` after they fell, and is not observed any more, does so for a day."""
    calm = (cells["low_from"][rows] == 0) & (cells["calm_from"][rows] > 0) & ~unseen(cells, rows, now)
    stood = np.where(terms < 0, now + STOOD, np.where(calm, cells["spoke"][rows] + cells.wide, 0))
    others = np.where(cells.apart & ~cells.slow & (cells.kinds.T @ cells.kinds), stood[:, None, :], 0).max(axis=2)
    return np.asarray(others >= cells["sudden"][rows] + STOOD)


def _half(cells: Columns, rows: np.ndarray, terms: np.ndarray, part: float | np.ndarray) -> np.ndarray:
    """Which signals have lost `HALF` for hours ``(n, s) bool``, and in such a ``part`` of the time in which they lost a
    third [0-1]."""
    half, deep = cells["half"][rows], cells["deep"][rows]
    low = (terms > 0) & (cells["state"][rows] == LOW_CONFIRMED)
    return np.asarray(low & (half >= LASTING) & (half > cells.wide) & (half >= part * deep))


def shows_loss(cells: Columns, rows: np.ndarray) -> np.ndarray:
    """Of which signals a loss is no feed that counts nothing ``(n, s) bool``: nothing of it was gone to `ALL`, or in
    more than two bins, which may have the edges of that in them, something was left."""
    half, bare = cells["half"][rows], cells["bare"][rows]
    return (bare == 0) | (half - bare > 2 * cells.wide)


def counts_nothing(cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int, out: np.ndarray) -> np.ndarray:
    """Which signals ``(n, s) bool`` of those that are ``out (n,) bool``, confirmed or recovering, have shown nothing at
    all in each of the last bins, while all others are back, or never fell, one that says as much of a return for
    `DEAD`: feeds that count nothing, and hold no outage."""
    nothing = out[:, None] & (terms > 0) & (cells["bare"][rows] > 0) & (cells["ratio"][rows] <= 1 - ALL)
    if not nothing.any():
        return nothing
    lately, calm_from = cells["lately"][rows], cells["calm_from"][rows]
    known = ~np.isnan(lately)
    nothing &= (~known | (lately >= ALL)).all(axis=2) & (2 * known.sum(axis=2) > LATELY)
    back = ~cells.slow & (cells["weight"][rows] < 0) & (calm_from > 0) & (calm_from + DEAD <= now)
    said = np.where(cells.apart & back[:, None, :], cells.says, -1.0).max(axis=2)
    for beside, first in cells.pairs:
        nothing[:, beside] |= nothing[:, first]
    low = ((terms > 0) & ~nothing).any(axis=1, keepdims=True)
    return np.asarray(nothing & (said >= cells.says) & ~low)


def _gone(cells: Columns, rows: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """For how long `MOST` of each signal was seen gone ``(n, s)`` [s].

    With each bin in a row it is less of a chance, however loud the noise; and of what has a slow detector nobody who
    stands can make it a feast in the end, on a day too of which the slow one says nothing.  What is not observed
    meanwhile is gone for no longer by that.
    """
    low = (terms > 0) & (cells["state"][rows] == LOW_CONFIRMED)
    if not low.any():
        return np.zeros(terms.shape, np.int64)
    return np.where(low, cells["gone"][rows], 0)


def let_go(
    cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int, is_open: np.ndarray, sure: np.ndarray
) -> np.ndarray:
    """Which of these terms ``(n, s)`` hold their outage no more: for good, until the signal says something again;
    ``sure (n,) bool``: of which outages are confirmed.  A suspicion is held for a day by what is no longer observed,
    where another signal stands that says as much of a return."""
    held = is_open[:, None] & (terms > 0)
    if (gone := held & unseen(cells, rows, now)).any():
        up = np.where(terms < 0, cells.says, -1.0).max(axis=1, keepdims=True)
        gone &= np.where(sure[:, None], _outweighed(cells, rows, terms, now), cells.says <= up)
    return gone | (held & ~sure[:, None] & mute(cells, rows, now))


def counted(
    cells: Columns, weight: np.ndarray, ratio: np.ndarray, back: np.ndarray, deep: np.ndarray, half: np.ndarray,
    ends: np.ndarray, now: int | np.ndarray, is_open: np.ndarray, shows: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Weights that still count: a verdict goes stale, the witness of an open outage does not.

    Parameters
    ----------
    weight, ratio, back, deep, half
        As in `COLUMNS`, ``(n, s)``.
    ends, now
        When the last bin of each signal ended, ``(s,)`` or ``(n, s)``, and the moment, of all or ``(n, 1)`` [s].
    shows
        As of `shows_loss`; None while nobody is out.
    """
    terms = np.where(stale(cells, ends, now) & ~(is_open[:, None] & (weight > 0)), 0.0, weight)
    for beside, first in cells.pairs:
        if not terms[:, beside].any():
            continue
        # where the first detector says nothing, noise is too loud or the past too short for any outage to begin
        mute = ~is_open & (weight[:, first] == 0) & (weight[:, beside] > 0)
        recent = (back[:, first] > 0) & ((now - back)[:, first] <= cells.settings.slow_memory)
        remembers = recent & (~is_open | (losses(ratio[:, beside]) < cells.settings.full_depth / 2))
        terms[:, beside] = np.where(remembers | mute, 0.0, terms[:, beside])
        # the first detector has got used to what a slower one still remembers
        terms[:, first] = np.where((terms[:, beside] > 0) & (terms[:, first] < 0), 0.0, terms[:, first])
        # where so much is gone for hours of such a day, what answers from elsewhere says as little against it as routes
        gone = (terms[:, beside] > cells.settings.slow_low) & (half[:, beside] >= LASTING)
        gone &= (half[:, beside] > cells.wide[beside]) & (half[:, beside] >= PART * deep[:, beside])
        if shows is not None:
            gone &= ~is_open | shows[:, first]
        if gone.any():
            terms[gone] = _hushed(terms[gone], cells.settings.against(ROUTES))
    return terms


def _hushed(terms: np.ndarray, least: float) -> np.ndarray:
    """Terms ``(n, s)`` none of which says more against an outage than ``least`` [log-odds], and all of them together no
    more than two such would, however many stand.

    Examples
    --------
    >>> _hushed(np.array([[8.0, -2.0, 0.0, 0.0, 0.0], [8.0, -2.0, -0.5, -0.5, -0.5]]), -0.5).tolist()
    [[8.0, -0.5, 0.0, 0.0, 0.0], [8.0, -0.25, -0.25, -0.25, -0.25]]
    """
    terms = np.maximum(terms, least)
    total = np.minimum(terms, 0).sum(axis=1, keepdims=True)
    return np.where(terms < 0, terms * np.minimum(1, 2 * least / np.minimum(total, 2 * least)), terms)


def _outweighed(cells: Columns, rows: np.ndarray, terms: np.ndarray, now: int) -> np.ndarray:
    """Which terms ``(n, s)`` of witnesses that are no longer observed hold no outage: for a day another strong one
    has been back, and says as much of a return; or for six days any strong one has; or anybody says for weeks that
    it stands."""
    since = cells["risen"][rows]
    fell = (terms < 0) & strong_ones(cells["witness"][rows]) & risen(cells, rows)
    back, long_back = (fell & (since < now - time) for time in (DAY, cells.settings.used_to))
    as_much = cells.says <= np.where(back, cells.says, -1.0).max(axis=1, keepdims=True)
    stands = (terms < 0) & (since > 0) & (since < now - cells.settings.new_level)
    long, longer = (unseen(cells, rows, now, time) for time in (cells.settings.used_to, cells.settings.new_level))
    return as_much | (long_back.any(axis=1, keepdims=True) & long) | (stands.any(axis=1, keepdims=True) & longer)


def unseen(cells: Columns, rows: np.ndarray, now: int, longer: int = DAY) -> np.ndarray:
    """Which signals have not been observed of the entities at ``rows`` for longer [s], ``(n, s) bool``."""
    return cells["seen"][rows] + cells.wide + np.maximum(longer, cells.settings.stale * cells.wide) < now


def waits(cells: Columns, rows: np.ndarray, now: int) -> np.ndarray:
    """Of which outages a witness was low when it was last observed, that may be so again: for more than a day and
    less than ``settings.used_to`` nobody knows ``(n,) bool``."""
    low = (cells["low_from"][rows] > 0) & strong_ones(cells["witness"][rows]) & unseen(cells, rows, now)
    return (low & ~unseen(cells, rows, now, cells.settings.used_to)).any(axis=1) if low.any() else low.any(axis=1)


def mute(cells: Columns, rows: np.ndarray, now: int) -> np.ndarray:
    """Which signals say nothing of the entities at ``rows`` for so long that they hold no suspicion ``(n, s)``."""
    return cells["spoke"][rows] + cells.wide + cells.settings.used_to < now


def risen(cells: Columns, rows: np.ndarray) -> np.ndarray:
    """Which signals of the entities at ``rows`` are back from the bottom of the outage ``(n, s) bool``."""
    at_bottom = cells["at_bottom"][rows]
    return (at_bottom > 0) & (cells["risen"][rows] > at_bottom)


def unreturned(cells: Columns, rows: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """The terms ``(n, s)`` of confirmed outages, less those that speak too soon of a return.

    While a witness is confirmed low and at the bottom, no signal that would say less of a return than that one is
    heard against it: the routes are back, a service is whitelisted, and still nobody is reached.
    """
    down = (cells["state"][rows] == LOW_CONFIRMED) & (terms > 0)
    down &= losses(cells["ratio"][rows]) >= cells.settings.bottom * cells["depth"][rows]
    best = np.where(down, cells.says, -1.0).max(axis=1, keepdims=True)
    return np.where((terms < 0) & (cells.says <= best), 0.0, terms)


def after(cells: Columns, rows: np.ndarray, terms: np.ndarray, onset: np.ndarray) -> np.ndarray:
    """Terms ``(n, s)`` less those against an outage that say nothing of what stood in it: of bins that were before its
    onset ``(n,)`` [s], or, but for routes, which hardly stray, half of which or more was; and of what is normal only
    since the last witness has left the bottom."""
    before = cells["seen"][rows] + np.where(cells.routes, cells.wide, cells.wide // 2) <= onset[:, None]
    bottom = cells["at_bottom"][rows]
    bottom = np.where(bottom >= onset[:, None], bottom, 0).max(axis=1, keepdims=True)
    since = (bottom > 0) & (cells["calm_from"][rows] > bottom)
    return np.where((terms < 0) & (before | since), 0.0, terms)


def lifted(deep: np.ndarray, out: np.ndarray, settings: Fusing) -> np.ndarray:
    """How far ``settings.normal_most`` lifts what is said of an outage ``(n,)`` [log-odds]: in full where two kinds of
    signals have lost `HALF`, to what is suspected where one has, and it is not ``out (n,) bool``, confirmed or
    recovering: who stands is heard in full of whether it goes on.

    ``deep (n,)``: of how many kinds half is lost.

    Examples
    --------
    >>> lifted(np.array([0, 1, 1, 2]), np.array([False, False, True, True]), Fusing()).round(2).tolist()
    [-inf, 1.47, -inf, inf]
    """
    return np.where(deep > 1, np.inf, np.where((deep > 0) & ~out, settings.unsure, -np.inf))
