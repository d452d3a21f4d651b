"""How what `seasonal` knows goes on over some bins of one slot, once it is said which of them are odd.

A level follows the bins that are not odd, and which are is judged by that level: bin after bin this could only be
found one at a time.  So a `Course` is supposed, most often that all goes on as it was; what follows from it for all of
the bins is found at once, and so is the course that they then have.  Of the entities of which the two differ that one
is supposed: each time at least one more bin is right, and where they agree all of them are.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detectors.base import DAY, NEVER, Context, is_low
from detectors.noise import followed
from detectors.seasonal.state import SeasonalState

if TYPE_CHECKING:
    from detectors.seasonal.seasonal import Seasonal

DRIFT = 0.3
"""The level may differ from that of similar days by so much, as a logarithm [-]."""

RISE = 0.1
"""But no more than this is expected above it, where no level was lost that may come back: what rises for a week is in
the similar days from one day to the next, and would count twice [-]."""

OVER = 1e-4
"""What is left of an unlike day's level when it is over, as a logarithm [-]."""

TWICE, HANDFUL, HOLDS = 2.0, 64, 900
"""On a first day a bin with more than so many times the most before it [-], and more than so many counts [-], is not
believed until it has been so for so long [s]; one that is longer is believed."""

MANYFOLD = 8
"""In longer bins none adds more than so many times the level to it, nor is that of the first one, of any length, more
than so many times the second [-]."""

UNLIKE_LEVEL = 1.0
"""The level of a day unlike all before may differ by so much, as a logarithm [-]."""


class Given(NamedTuple):
    """Bins of one slot, whatever is said of them: ``t (t, 1)`` their starts, ``width`` [s]; ``x`` as it is `believed`,
    which are ``seen``, the ``shape`` expected of them, what it would be were what has ``risen`` not held against older
    days, and whether it is ``settled``, all ``(t, n)``; before each bin and after the last, ``(t + 1, n)``: the
    ``first`` value [s], the ``number`` of those seen, whether they are ``whole``, and the ``previous`` one; the ``top``
    after them ``(2, n)``, see `believed`; ``switched (1, n)``, see `detectors.base.Context`."""

    t: np.ndarray
    width: int
    x: np.ndarray
    seen: np.ndarray
    shape: np.ndarray
    risen: np.ndarray
    settled: np.ndarray
    first: np.ndarray
    number: np.ndarray
    whole: np.ndarray
    previous: np.ndarray
    top: np.ndarray
    switched: np.ndarray

    def of(self, rows: np.ndarray) -> "Given":
        """Those of some entities alone."""
        return Given(self.t, self.width, *(a[:, rows] for a in self[2:]))


class Course(NamedTuple):
    """What is said of bins as far as later ones depend on it, ``(t, n)``: the ``code`` of the state after each, whether
    enough before it were clear for it to ``persist``, whether it is ``low``, whether it is ``odd``, deeply low or high,
    and whether a low is ``over`` by it."""

    code: np.ndarray
    persists: np.ndarray
    low: np.ndarray
    odd: np.ndarray
    over: np.ndarray

    def of(self, rows: np.ndarray) -> "Course":
        """That of some entities alone."""
        return Course(*(a[..., rows] for a in self))

    def unlike(self, other: "Course") -> np.ndarray:
        """Where the entities stand of which the two are not one."""
        unlike = np.zeros(self.code.shape, bool)
        for mine, its in zip(self, other, strict=True):
            unlike |= mine != its
        return np.flatnonzero(unlike.any(axis=0))


class Levels(NamedTuple):
    """What was ``expected (t, n)`` of each bin; ``level`` and ``swing`` before each of them and after the last,
    ``(t + 1, n)``; ``drift`` and ``mood`` after it, ``(n,)``; and ``free (t, n)``, where each bin would stand but for
    its noise, however far the series has risen."""

    expected: np.ndarray
    level: np.ndarray
    swing: np.ndarray
    drift: np.ndarray
    mood: np.ndarray
    free: np.ndarray


def given(
    rule: "Seasonal", state: SeasonalState, x: np.ndarray, t: np.ndarray, context: Context, shape: np.ndarray,
    risen: np.ndarray,
) -> Given:  # fmt: skip
    """What holds for bins ``x (t, n)`` that start at ``t (t,)`` [s], of which a ``shape (t, n)`` is expected."""
    seen, t = ~np.isnan(x), t[:, None]
    first = np.empty((len(x) + 1, x.shape[1]), np.int64)
    first[0] = state.first
    if seen.all() and not (state.first == NEVER).any():  # nothing is missing, and nobody is new
        first[1:] = state.first
    else:
        for i in range(len(x)):
            first[i + 1] = np.where((first[i] == NEVER) & seen[i], t[i], first[i])
    whole = running(np.logical_and, state.whole, ~seen | (x == np.rint(x)))
    x, number, top = believed(rule, state, x, t, context.width, first, whole)
    seen = ~np.isnan(x)
    previous = np.concatenate([state.previous[None], x])
    for i in range(0 if seen.all() else len(x)):
        previous[i + 1] = np.where(seen[i], x[i], previous[i])
    settled = (t - first[:-1] >= rule.settle[1]) & (number[:-1] >= rule.settle[0]) & (shape >= 0)
    switched = may_be_switched(context, x.shape[1])[None]
    return Given(t, context.width, x, seen, shape, risen, settled, first, number, whole, previous, top, switched)


def believed(
    rule: "Seasonal", state: SeasonalState, x: np.ndarray, t: np.ndarray, width: int, first: np.ndarray,
    whole: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Bins ``(t, n)``, NaN where one of a first day is so high that it may have gone wrong, see `TWICE`; how many were
    seen but for these, before each and after the last, ``(t + 1, n)``; and the most of the first day after them, and
    since when it has been so high, 0 where it has not [s], ``(2, n)``."""
    number, (top, since) = running(np.add, state.seen, ~np.isnan(x)), state.top.T
    is_over = not ((t[0] - first[0] < rule.settle[1]) | (number[0] < rule.settle[0])).any()
    if is_over or width > HOLDS:
        return x, number, state.top.T
    x = x.copy()
    for i, own in enumerate(x):
        young = (t[i] - first[i] < rule.settle[1]) | (number[i] < rule.settle[0])
        top = np.where((number[i] == 1) & (own > 0), np.fmin(top, MANYFOLD * own), top)
        high = young & (top > 0) & (own > np.maximum(TWICE * top, np.where(whole[i], HANDFUL, 0)))
        since = np.where(high, np.where(since > 0, since, t[i]), np.where(np.isnan(own), since, 0))
        own[high & (t[i] - since < HOLDS)] = np.nan
        top = np.fmax(top, np.where(young, own, top))
        number[i + 1] = number[i] + ~np.isnan(own)
    return x, number, np.array([top, since])


def may_be_switched(context: Context, n: int) -> np.ndarray:
    """Which of n entities may be switched off by night ``(n,) bool``: any, where that is not known."""
    return np.ones(n, bool) if context.switched is None else context.switched


def running(add: np.ufunc, start: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What it comes to before each of t ``rows (t, n)`` and after the last, ``(t + 1, n)``, one after the other."""
    total = np.empty((len(rows) + 1, len(start)), start.dtype)
    total[0] = start
    for i, row in enumerate(rows):
        add(total[i], row, out=total[i + 1])
    return total


def supposed(rule: "Seasonal", state: SeasonalState, shape: tuple[int, int]) -> Course:
    """All goes on as it was, for ``shape`` ``(t, n)`` bins."""
    streak = np.where(state.streak > 0, state.streak + np.arange(1, shape[0] + 1)[:, None], 1)
    odd, low = (state.low != NEVER) | (state.high != NEVER), is_low(state.code)
    code, low, odd = (np.repeat(a[None], shape[0], axis=0) for a in (state.code, low, odd))
    return Course(code, streak >= rule.persist, low, odd, np.zeros(shape, bool))


def levels(rule: "Seasonal", state: SeasonalState, bins: Given, course: Course) -> Levels:
    """What is expected of each bin where those before it are odd or not."""
    usual = bins.seen & ~course.odd
    share = np.where(usual, bins.width / np.minimum((bins.number[:-1] + 1) * bins.width, max(DAY, bins.width)), 0.0)
    x, level = _followed(_begun(state, bins), bins, usual, share)
    away = np.where(usual, np.abs(x - level[:-1]), 0.0)
    if not bins.number[0].all():
        level = np.where(bins.number > 0, level, np.nan)
    swing = followed(state.swing, away, share)
    moves = usual & bins.settled & (bins.shape > 0)
    unlike = bins.settled & (state.days == 0) & (bins.shape > 0)
    is_unlike = unlike.any() or state.mood.any()
    moves &= state.days > 0
    pace, expected = np.array(np.expm1(-bins.width / rule.follow)), np.empty_like(bins.x)
    free = np.empty_like(bins.x)
    one, least, most, down, top = (np.array(a) for a in (1.0, -rule.depth, rule.depth, -DRIFT, np.log(rule.above)))
    up = np.where(state.lost > 0, DRIFT, RISE)
    drift, mood = state.drift, state.mood.copy()  # what follows is written to, no state ever is
    stays, is_unsettled = ~moves, ~bins.settled
    some_unsettled = is_unsettled.any()
    # what rose for days is in the similar days from one slot to the next, and then no longer above them
    ceiling = np.log(state.highest / (state.shape * state.risen[:, 1]))
    ceiling = np.where(np.isnan(ceiling), np.inf, ceiling)
    caps, raised = (ceiling < top).any(), np.where(state.lost > 0, -np.inf, RISE / 2)
    beyond = np.broadcast_to(up, bins.x.shape)
    if bins.risen is not bins.shape:  # what is held against older days has risen above them by that already
        beyond = up - np.log(np.where(bins.risen > bins.shape, bins.risen / bins.shape, 1.0))
    for i, (x, shape, now, own) in enumerate(zip(bins.x, bins.risen, expected, free, strict=True)):
        if is_unlike:  # what the day had more than was expected is gone with it
            mood = np.where(unlike[i], mood, np.minimum(mood, 0.0))
        stands = np.where((drift > raised) & (drift > ceiling), ceiling, drift) if caps else drift
        np.multiply(shape, np.exp(stands + mood if is_unlike else stands), out=own)
        np.multiply(own, np.exp(np.minimum(beyond[i] - stands, 0.0)) if (stands > beyond[i]).any() else one, out=now)
        if some_unsettled:
            np.copyto(now, level[i], where=is_unsettled[i])
            np.copyto(own, level[i], where=is_unsettled[i])
        away = (x / own * np.exp(stands - drift) if caps else x / own) - one
        if is_unlike:
            mood = _mood(rule, mood, x / now - one, unlike[i], usual[i], course.low[i], bins.width)
        moved = drift - pace * np.minimum(np.maximum(away, least), most)
        moved = np.minimum(np.maximum(moved, down), top)
        np.copyto(moved, drift, where=stays[i])
        drift = moved
    return Levels(expected, level, swing, drift, mood, free)


def _followed(start: np.ndarray, bins: Given, usual: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bins as the level follows them ``(t, n)``, and the level before each and after the last ``(t + 1, n)``; see
    `MANYFOLD`."""
    x, early = np.where(usual, bins.x, 0.0), usual & (bins.width > HOLDS) & ~bins.settled
    level, second = followed(start, x, share), usual & (bins.number[:-1] == 1) & (x > 0)
    for i in np.flatnonzero((early | second).any(axis=1)):
        low = second[i] & (level[i] > MANYFOLD * x[i])
        high = early[i] & (level[i] > 0) & (x[i] > np.maximum(MANYFOLD * level[i], np.where(bins.whole[i], HANDFUL, 0)))
        if low.any() or high.any():
            x[i] = np.where(high, MANYFOLD * level[i], x[i])
            level[i:] = followed(np.where(low, MANYFOLD * x[i], level[i]), x[i:], share[i:])
    return x, level


def _begun(state: SeasonalState, bins: Given) -> np.ndarray:
    """The level before the bins ``(n,)``; of what has had none, the first value."""
    if bins.number[0].all():
        return state.level
    first = bins.x[bins.seen.argmax(axis=0), np.arange(bins.x.shape[1])]
    return np.where(bins.number[0] > 0, state.level, np.where(bins.number[-1] > 0, first, 0.0))


def _mood(
    rule: "Seasonal", mood: np.ndarray, away: np.ndarray, unlike: np.ndarray, usual: np.ndarray, low: np.ndarray,
    width: int,
) -> np.ndarray:  # fmt: skip
    """Log of the level of an unlike day: follows its usual bins within hours, and is gone as soon after it.

    What is told low is followed as slowly as the level: a slow return is no unlike day.
    """
    step = -np.expm1(-1 / max(rule.adapt / width, rule.settle[0]))
    slow = np.where(low, -np.expm1(-width / rule.follow), step)
    moved = np.where(usual, mood + slow * np.clip(away, -DRIFT, DRIFT), mood)
    gone = np.where(np.abs(mood) > OVER, (1 - step) * mood, 0.0)
    return np.where(unlike, np.clip(moved, -UNLIKE_LEVEL, UNLIKE_LEVEL), gone)
