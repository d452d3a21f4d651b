"""Whether the first day of a series was a usual one: a surge in it is no shape of the days after it."""

from collections.abc import Sequence

import numpy as np

from detectors.base import DAY, NEVER
from detectors.history import History, View, batches, observed
from detectors.seasonal.spikes import BRIEF, spikes, standing

FINE = 3600
"""Slots that are no longer show what rises and falls within hours [s]."""

AROUND = 6 * 3600
"""What is above the hours around it for no longer is a surge [s]."""

ABOVE = 1.25
"""And so many times of what lies on the line between them [-]."""

ALIKE = 0.9
"""A slot is what it was on the first day with so much of it, against the upper quartile of those around [-]."""

ON_LINE = 0.8
"""What has so much of that line did not fall, whatever was expected of it [-]."""

WRONG = 1.5
"""And what has more than so many times its `peak` has gone wrong, or risen, whenever that was [-]."""

NOISE = 1.1
"""A dusk strays by no more than so many times from its line [-]."""

DAYS = 7
"""Days on which a series was low only for a surge are looked for in the last week [days]."""

BESIDE = 3 * 3600
"""Within so many hours before and after a slot [s] is something that it stands out above by no more than that, but for
a surge: no noon does."""


def usual(
    past: History, slot: int, grid: int, first: np.ndarray, lags: Sequence[int], chosen: np.ndarray, raw: np.ndarray,
    count: np.ndarray, view: View,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Past days less the first one where that was a surge.

    Parameters
    ----------
    first
        The first value of each entity, or that after a long hole, ``(n,)`` [s].
    lags
        How many days ago the past days were, those of the last week first, one after the other ``(l,)`` [days].
    chosen, raw
        This slot of them as it is to be compared, and as it was observed, ``(l, n)``.
    count
        How many of them are similar days, ``(n,)``.
    view
        How the past is to be compared.

    Returns
    -------
    The days that are left, those that were low only for the surge as they were observed, and their count.  A first day
    that is alone, or has none but those before a hole beside it, is no more than its `peak`; nor is a spike of it,
    where none is a similar day.

    Examples
    --------
    Three times as much at 14:00 of the first day, of two:

    >>> from detectors.history import plain
    >>> past = History()
    >>> for half_hour in range(96):
    ...     value = np.array([300.0 if half_hour == 28 else 100.0])
    ...     past = past.push(half_hour * 1800, value, value, np.array([False]))
    >>> days, first = np.array([[100.0], [300.0]]), np.zeros(1, np.int64)
    >>> usual(past, 2 * DAY + 14 * 3600, 1800, first, (1, 2), days, days, np.array([2]), plain(1))[0].ravel().tolist()
    [100.0, nan]
    """
    age = slot - np.array(lags)[:, None] * DAY - first // grid * grid
    is_first, later = (age >= 0) & (age < DAY) & ~np.isnan(raw), (age >= DAY) & ~np.isnan(raw)
    if not is_first.any():  # it is none of these days
        return chosen, count
    most = np.where(is_first, raw, -np.inf).max(axis=0)
    below = later.any(axis=0) & (~later | (ABOVE * raw < most)).all(axis=0)
    if len(rows := np.flatnonzero(below)):
        low, last = np.zeros(chosen.shape, bool), min(DAYS, len(lags))
        low[:last, rows] = surged(past, slot, grid, first, rows, last, view)
        low &= ~np.isnan(chosen)
        wrong = np.zeros(len(below), bool)
        wrong[rows] = spiked(past, slot, grid, first, rows)
        wrong &= (~is_first & ~np.isnan(chosen)).any(axis=0)
        left_out = is_first & (low.any(axis=0) | wrong)
        count = np.maximum(count - np.count_nonzero(left_out & ~np.isnan(chosen), axis=0), 0)
        chosen = np.where(left_out, np.nan, np.where(low, raw, chosen))
    known = ~np.isnan(chosen)
    alone = (is_first & known).any(axis=0) & ((count == 1) | ((known & (age < 0)).any(axis=0) & ~later.any(axis=0)))
    if len(rows := np.flatnonzero((is_first & known).any(axis=0) & (count == 0) & ~alone)):
        begins = (is_first & (age < BRIEF))[:, rows].any(axis=0)  # nothing before it tells what has gone wrong
        far = most[rows] > WRONG * peak(past, slot, grid, first, rows)
        alone[rows] = spiked(past, slot, grid, first, rows) & (begins | far)
    if len(rows := np.flatnonzero(alone)):
        own, chosen = chosen[:, rows], chosen.copy()  # the caller's stays as it was
        chosen[:, rows] = np.where(is_first[:, rows], np.fmin(own, peak(past, slot, grid, first, rows)), own)
    return chosen, count


def peak(past: History, slot: int, grid: int, first: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The most that the first day of the entities at ``rows (k,)`` leads to expect in this slot as long as no other is
    known, ``(k,)``; NaN where nothing was observed beside it.  What began less than `BESIDE` before may have begun in a
    surge: only what comes after it is asked, and the line to there from how that day ended, for a dusk falls steeply.
    For the other arguments see `surged`."""
    return np.concatenate([_peak(past, slot, grid, first, batch) for batch in batches(rows)])


def _peak(past: History, slot: int, grid: int, first: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """See `peak`."""
    reach, near, own = BESIDE // grid, BRIEF // grid, first[rows]
    times, raw = _read(past, rows, observed(len(first)), [_first_days(own)])
    seen = _begun(times, raw, slot, grid, own, reach)
    before, after = (_least(side) for side in (seen[:, :reach], seen[:, reach + 1 :]))
    recent = _since(slot, grid, own) < BESIDE
    line = np.where(np.isnan(after), np.nan, _dusk(times, raw, slot, grid, own))
    most = ABOVE * np.where(recent & ~np.isnan(after), after, np.fmax(before, after))
    most = np.where(recent, np.fmax(most, NOISE * line), most)
    if near == 1:  # of one slot nobody knows how steep it is there, nor does an end in an outage tell that alone
        ended = _ended(times, raw, slot, grid, own, reach)
        seen = np.where(np.isnan(ended) | np.isnan(seen[:, reach + 1])[:, None], seen, ended)
    is_spike, around = standing(seen.T, near)
    return np.where(is_spike[reach], np.fmin(most, around[reach]), most)


def _dusk(times: np.ndarray, raw: np.ndarray, slot: int, grid: int, first: np.ndarray) -> np.ndarray:
    """What lies in this slot on the lowest line from how the first day ended, the least within `BESIDE`, to what it had
    in half as long a time that begins so long after its ``first (k,)`` value [s], ``(k,)``; NaN where one is not
    known."""
    begin, reach = first[:, None] // grid * grid, BESIDE // grid
    ends = _least(_at(times, raw, begin + DAY - np.arange(1, reach + 1) * grid))
    after = BESIDE + np.arange((reach + 1) // 2) * grid
    slopes = (_at(times, raw, begin + after) - ends[:, None]) / after
    return ends + _least(slopes) * _since(slot, grid, first)


def spiked(past: History, slot: int, grid: int, first: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of which entities at ``rows (k,)`` this slot was a spike of the first day ``(k,) bool``, see `apart`; for the
    other arguments see `surged`."""
    seen = [_around(past, slot, grid, first, batch) for batch in batches(rows)]
    return np.concatenate([spikes(its.T, BRIEF // grid)[BESIDE // grid] for its in seen])


def surged(
    past: History, slot: int, grid: int, first: np.ndarray, rows: np.ndarray, days: int, view: View
) -> np.ndarray:
    """On which of the ``days`` before ``slot`` [s] a series was low only for the surge of its first day.

    Parameters
    ----------
    first
        The first value of each entity, ``(n,)`` [s].
    rows
        The entities that are asked for, ``(k,)``.
    view
        How the past is to be compared: what has less than that was out, or low.

    Returns
    -------
    ``(days, k) bool``, that of the day before first.  There the slot lay on the line between the nearest ones around it
    in which that day was what the first one was; on the first day it stood out above that line.  An outage is the other
    way round: the first day is on the line, and the later one fell from it.  In one that goes on since the first day
    that line is as low as what lies on it, or begins before the first value: a slot beside it must not have been low.
    """
    return np.concatenate([_surged(past, slot, grid, first, batch, days, view) for batch in batches(rows)], axis=1)


def _surged(
    past: History, slot: int, grid: int, first: np.ndarray, rows: np.ndarray, days: int, view: View
) -> np.ndarray:
    """See `surged`."""
    reach, own, ago = AROUND // grid, first[rows], np.arange(1, days + 1)
    spans = [_first_days(own), (slot - days * DAY - AROUND, slot - DAY + AROUND)]
    times, raw = _read(past, rows, observed(len(first)), spans)
    begun, age = _begun(times, raw, slot, grid, own, reach)[:, None], _days(slot, grid, own)[:, None]
    wanted = slot - ago[:, None] * DAY + np.arange(-reach, reach + 1) * grid
    seen, written = _of(times, raw, wanted), _of(*_read(past, rows, view, spans), wanted)
    share = seen / begun
    known = np.sort(share, axis=2)
    number, all_ = (np.count_nonzero(~np.isnan(each), axis=2, keepdims=True) for each in (known, seen))
    quartile = np.clip(number - 1, 0, 3 * all_ // 4)  # what the first day has not lies above it: it was no surge
    usual = share >= ALIKE * np.take_along_axis(known, quartile, axis=2)
    told = usual & ~(seen < ALIKE * written)
    usual |= np.isnan(begun) & ~np.isnan(seen)
    left, right = usual[..., reach - 1 :: -1], usual[..., reach + 1 :]
    before, after = reach - 1 - left.argmax(axis=2), reach + 1 + right.argmax(axis=2)
    apart = ~usual[..., reach] & left.any(axis=2) & right.any(axis=2) & (ago < age)
    apart &= _beside(told, before, after)
    stands_out = begun[..., reach] >= ABOVE * _line(np.broadcast_to(begun, seen.shape), before, after, reach)
    fell = seen[..., reach] < ON_LINE * _line(seen, before, after, reach)
    return (apart & stands_out & ~fell).T


def _beside(told: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Whether one of the slots ``before`` and ``after (k, days)`` is among those that are ``told (k, days, slots)``."""
    return np.logical_or(*(np.take_along_axis(told, at[..., None], axis=-1)[..., 0] for at in (before, after)))


def lately(past: History, slot: int, grid: int, rows: np.ndarray, n: int) -> np.ndarray:
    """What was observed of the entities at ``rows (k,)``, of n, in the half day before ``slot`` [s] ``(k, slots)``."""
    wanted = slot - np.arange(2 * AROUND // grid, 0, -1) * grid
    span = slot - 2 * AROUND, slot
    return np.concatenate([_of(*_read(past, batch, observed(n), [span]), wanted) for batch in batches(rows)])


def first_days(past: History, grid: int, first: np.ndarray, rows: np.ndarray, more: int) -> np.ndarray:
    """What was observed of the entities at ``rows (k,)`` on their first day and in so many ``more`` seconds of the next
    ``(k, slots)``; ``first``: see `surged`."""
    begin = first[rows] // grid * grid
    wanted = begin[:, None] + np.arange((DAY + more) // grid) * grid
    return _at(*_read(past, rows, observed(len(first)), [_first_days(first[rows])]), wanted)


def _first_days(first: np.ndarray) -> tuple[int, int]:
    """From when to when the first days of series lie that begin at ``first (k,)``, with the hours around them [s]."""
    return int(first.min()) - DAY, int(first.max()) + DAY + AROUND


def _around(past: History, slot: int, grid: int, first: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """What was observed of the first day within `BESIDE` of this slot ``(k, slots)``."""
    own = first[rows]
    return _begun(*_read(past, rows, observed(len(first)), [_first_days(own)]), slot, grid, own, BESIDE // grid)


def _begun(times: np.ndarray, raw: np.ndarray, slot: int, grid: int, first: np.ndarray, reach: int) -> np.ndarray:
    """What was observed of the first day around this slot ``(k, 2 * reach + 1)``, NaN before the ``first (k,)`` value
    [s]."""
    at, there = _hours(slot, grid, first, reach)
    return np.where(there, _at(times, raw, at), np.nan)


def _ended(times: np.ndarray, raw: np.ndarray, slot: int, grid: int, first: np.ndarray, reach: int) -> np.ndarray:
    """What was observed at its end in those of the same hours that lie before its first value, NaN in all others."""
    at, there = _hours(slot, grid, first, reach)
    return np.where(there, np.nan, _at(times, raw, at + DAY))


def _hours(slot: int, grid: int, first: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """When the slots around this one began on the first day [s], and which of them were over after its ``first (k,)``
    value [s], ``(k, 2 * reach + 1)`` each."""
    at = slot - _days(slot, grid, first)[:, None] * DAY + np.arange(-reach, reach + 1) * grid
    return at, at + grid > first[:, None]


def _since(slot: int, grid: int, first: np.ndarray) -> np.ndarray:
    """How long after that of its ``first (k,)`` value the slot is by the time of the day [s]."""
    return (slot - first // grid * grid) % DAY


def _days(slot: int, grid: int, first: np.ndarray) -> np.ndarray:
    """How many days ago the first one was [days]."""
    return (slot - first // grid * grid) // DAY


def _read(
    past: History, rows: np.ndarray, view: View, spans: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Times ``(c,)`` and what was then ``(k, c)`` of those at ``rows (k,)``, as the view has it; see `History.rows`."""
    times, raw = past.rows(rows, view, spans)
    return (times, raw) if len(times) else (np.array([NEVER]), np.full((len(rows), 1), np.nan))


def _at(times: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Values ``(k, c)`` in the slots that are ``wanted (k, c)`` of each [s], NaN where there is none."""
    place, there = _places(times, wanted)
    return np.where(there, np.take_along_axis(values, place, axis=1), np.nan)


def _of(times: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Values ``(k, ...)`` in the slots that are ``wanted (...)`` of all [s], NaN where there is none."""
    place, there = _places(times, wanted)
    return np.where(there, values[:, place], np.nan)


def _places(times: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where times stand among others, and whether they do."""
    place = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
    return place, times[place] == wanted


def _least(values: np.ndarray) -> np.ndarray:
    """The least of each row ``(k, c)``, NaN where none is known."""
    least = np.where(np.isnan(values), np.inf, values).min(axis=1)
    return np.where(np.isinf(least), np.nan, least)


def _line(values: np.ndarray, before: np.ndarray, after: np.ndarray, middle: int) -> np.ndarray:
    """What lies in the ``middle`` on the line from one column to another, of each row; of one that is not known, what
    the other is."""
    left, right = (np.take_along_axis(values, at[..., None], axis=-1)[..., 0] for at in (before, after))
    line = left + (right - left) * (middle - before) / (after - before)
    return np.where(np.isnan(left), right, np.where(np.isnan(right), left, line))
