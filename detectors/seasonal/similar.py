"""What a series does at this time of a similar day: the shape that `seasonal` expects."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from detectors.base import ALWAYS, DAY
from detectors.history import History, View, observed
from detectors.noise import middle
from detectors.seasonal.first_day import FINE, usual
from detectors.seasonal.similar_calendar import OFFSETS, QUARTER, kind_of_day
from detectors.seasonal.similar_once import repeated
from detectors.seasonal.similar_quiet import DIES, LEFT, quiet

LAGS = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)
"""Days back [days]."""

WEEKS, SAME = (7, 14, 21, 28), slice(6, None)
"""The lags that are of the same weekday, and where they stand among all."""

OLDER = slice(7, None)
"""And those of more than a week ago [-]."""

OTHERS = tuple(lag for lag in range(1, max(LAGS)) if lag not in LAGS)
"""Days of the same time that lead to expect nothing, and yet tell what was [days]."""

HIGHER = 1.3
"""What is more than so many times what they were has risen since then and may fall back [-]."""

SHALLOW = 0.5
"""What is left of a slot that may be a weekday's own: whoever switches off on every Friday leaves less [-]."""

AS_LOW = 0.9
"""Of days off that are low, each has less than this of what was expected of any [-]."""

BEND = 0.02
"""A straight line between two slots is as good as a slot that errs by less than this of it [-]."""

KNOWN = 4
"""So many similar days are known, before bins in a row add up, or what all of them were is the way of the day [days]:
of a first weekend nobody is that sure."""

YOUNG = 5 * DAY
"""So long all of its days are among the last ones that count [s]."""

EARLY = 3 * DAY
"""What has risen since days before this age of a series has not: it may have begun in an outage [s]."""


class Ways(NamedTuple):
    """What is known of how each series goes, ``(n,)``: its ``first`` value, and the first after a long hole, see
    ``stretch`` of `detectors.seasonal.state` [s]; which are ``switched`` off by night, or may be, see
    `detectors.base.Context`; the ``level``, the mean of the last day, and its ``swing``; and which are ``out`` for a
    day and a night."""

    first: np.ndarray
    stretch: np.ndarray
    switched: np.ndarray
    level: np.ndarray
    swing: np.ndarray
    out: np.ndarray


def similar(
    past: History, calendar: History, view: View, slot: int, grid: int, steady: np.ndarray, ways: Ways
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Median of the slot on similar days, how many days it rests on, the most of any day, and how many times as much
    the median would be where what has risen were not held against older days, all ``(n,)``.

    Similar are days of the last week, and the same weekday of the last four (the last one twice), if they are as
    free as this one: holidays and weekends are compared with each other, workdays with workdays.  What has risen is
    held against the most of those of more than a week ago: a week of more is not missed when it is over.  So are only
    those that were ``steady (n,) bool``: before the return of a level that was lost the days are low.
    The day is the local one: where a clock was changed in between, the slot of the same local time is taken.
    Where no day is similar yet, any day has to do, and the count is 0; so it is on a holiday for which weekends have
    to do.  What was called low is read as it was expected, but for what is no outage but the day's own, see `_own`.
    Of a young entity, whose ``first`` value is of the last days, that may be all that there is: the count is 0, too,
    and from the fourth day on its own way.  What is ``switched`` is believed that way sooner.  What is ``out`` has no
    way of the day: a whole week of that is the level.
    """
    first, stretch, switched, level, swing, out = ways
    n, newest = len(view.since), calendar.end - 1
    now = calendar.as_written(newest, n)
    kind = kind_of_day(now)
    clock, is_off, is_free = now - OFFSETS * kind, kind > 0, kind < 2
    alike, kin = np.ones((len(LAGS), n), bool), np.ones((len(LAGS), n), bool)
    ahead: list[np.ndarray | None] = []
    codes: dict[int, tuple[np.ndarray | None, np.ndarray, np.ndarray]] = {}
    for i, lag in enumerate(LAGS):
        at = slot - lag * DAY
        position = calendar.until(at + grid - 1)  # what was noted within a slot holds for all of it
        if position is None or position == newest:
            ahead.append(None)
        else:
            if position not in codes:
                then = calendar.as_written(position, n)
                then = np.where(np.isnan(then), now, then)
                old = kind_of_day(then)
                moved = clock - (then - OFFSETS * old)
                codes[position] = moved if moved.any() else None, (old > 0) == is_off, (old > 1) | is_free
            moved_by, alike[i], kin[i] = codes[position]
            # of who had no value yet nobody may have known the clock
            ahead.append(None if moved_by is None else np.where(first < at + grid, moved_by, 0))
    places, age = [past.find(slot - lag * DAY) for lag in LAGS], slot - np.array(LAGS)[:, None] * DAY - first
    days = repeated(past, view, places, _lagged(past, view, slot, grid, places, ahead))
    known = ~np.isnan(days)
    most = np.fmax.reduce(days, axis=0, initial=-np.inf)
    curved = _curved(past, view, slot, grid, ahead)
    if curved.any():  # one day of the new clock says more than any of the old one
        kin &= ~curved
        alike &= ~curved | ~(alike & known & ~curved).any(axis=0)
    some = (alike & known).any(axis=0)
    chosen = np.where(alike | ~some, days, np.nan)
    dies = swing > DIES * level
    count = np.where(some, np.count_nonzero(kin & alike & known, axis=0), 0)
    new = slot - first < max(LAGS) * DAY
    wanted = LAGS if (is_off | new).any() else WEEKS
    replaced = {
        i: at for i, at in enumerate(places)
        if at is not None and LAGS[i] in wanted and (ahead[i] is not None or past.replaced(at))
    }  # fmt: skip
    raw = days
    if replaced:
        raw = _raw(past, view, slot, grid, days, replaced, ahead)
        each, few = ((raw < AS_LOW * most) | ~known).all(axis=0), np.count_nonzero(known, axis=0) < KNOWN
        count = np.where(each & few & (slot - first < YOUNG), 0, count)
        if (own := each & new & ~few).any():
            own &= switched | ~(out | _rose(past, calendar, slot, AS_LOW * most))
        chosen = _later(chosen, raw, age, level)
        whole = _whole(past, slot, grid, raw < chosen, dies)
        if is_off.any():
            is_off = is_off & (switched | _works(raw, most, alike) & _left(raw, chosen, most))
        chosen = _own(chosen, raw, is_off, own)
        if whole.any():
            chosen, once = _rested(chosen, raw, whole)
            count = np.where(once, 0, count)
    begun = np.maximum(first, stretch)  # after a long hole there is a first day again
    if grid <= FINE and (young := slot - begun < max(LAGS) * DAY).any():
        its = usual(past, slot, grid, begun, LAGS, chosen, raw, count, view)
        chosen, count = np.where(young, its[0], chosen), np.where(young, its[1], count)
    shape = middle(np.concatenate([chosen, chosen[SAME][:1]]))
    older = np.fmax.reduce(np.where(age[OLDER] >= EARLY, chosen[OLDER], np.nan))
    held = steady & (shape > HIGHER * older) & (older > 0)
    return np.where(steady & (shape > HIGHER * older), older, shape), count, most, np.where(held, shape / older, 1.0)


def _own(chosen: np.ndarray, raw: np.ndarray, is_off: np.ndarray, is_new: np.ndarray) -> np.ndarray:
    """Past days ``(lags, n)`` as they were observed, where what was called low was only the day's own way.

    That is so on a day off, if all other ones are as low in this slot: the first of them was held against workdays.
    One of them must be of a week before: a shutdown may last over a weekend; and of workdays one must not be as low,
    which ``is_off`` tells: who is switched off every night is so on Sundays.  So it is of what ``is_new`` and was as
    low on every day: its first one was held against other hours.
    And it is so on any weekday that loses less than half in this slot every week.
    """
    low, known = raw < chosen, ~np.isnan(chosen)
    if not low.any():
        return chosen
    most = np.where(known, chosen, 0).max(axis=0)
    every = low.any(axis=0) & ((raw < AS_LOW * most) | ~known).all(axis=0)
    every &= is_new | (is_off & known[SAME].any(axis=0))
    own = np.where(every & known, raw, chosen) if every.any() else chosen
    if not low[SAME].any():
        return own
    shallow = (raw[SAME] < AS_LOW * most) & (raw[SAME] >= SHALLOW * most)
    weeks = np.count_nonzero(shallow, axis=0)
    weekly = low[SAME].any(axis=0) & (weeks >= 2) & (weeks == np.count_nonzero(known[SAME], axis=0))
    same = np.arange(len(LAGS))[:, None] >= SAME.start
    return np.where(weekly, np.where(same & known, raw, np.nan), own)


def _whole(past: History, slot: int, grid: int, low: np.ndarray, may: np.ndarray) -> np.ndarray:
    """Which of the same weekdays before were quiet as a whole ``(4, n) bool``, of series that ``may (n,)`` rest."""
    whole = np.zeros_like(low[SAME])
    for day, lag, its in zip(whole, WEEKS, low[SAME], strict=True):
        if (its & may).any():
            day[:] = quiet(past, slot - lag * DAY, grid, its & may)
    return whole


def _rested(chosen: np.ndarray, raw: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Past days ``(lags, n)`` less all but those of a weekday that is quiet, and whether only one of them was ``(n,)``.

    A weekday is quiet, whatever the calendar says, if most of those before were: ``whole (4, n) bool``, or as low since
    it was known, and nearer to these than to what is usual.  Hours that are switched off every week are no whole day.
    The price: whoever loses a whole day, but not nearly all of it, on the same weekday is told so only once if the
    series is young, and three times if four of that weekday were seen, by what has day and night.
    """
    known = ~np.isnan(chosen[SAME])
    most = np.fmax.reduce(np.where(whole, raw[SAME], np.nan))
    as_low = raw[SAME] <= np.minimum(HIGHER * most, np.sqrt(most * middle(chosen)))
    rest = known & (whole | as_low & (raw[SAME] >= LEFT * most))
    days = np.count_nonzero(rest, axis=0)
    rests = whole.any(axis=0) & (2 * days > np.count_nonzero(known, axis=0))
    its = np.full_like(chosen, np.nan)
    its[SAME] = np.where(rest, raw[SAME], np.nan)
    return np.where(rests, its, chosen), rests & (days < 2)


def _later(chosen: np.ndarray, raw: np.ndarray, age: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Past days ``(lags, n)`` of a series of this ``age (lags, n)`` [s], less its first one where that was no usual
    day: in this slot it had less than half of the ``level (n,)``, and two of the next ones so much more that they were
    called high.  So it is after an outage that the series began in, and they are read as they were observed."""
    high = (age < YOUNG) & (raw > HIGHER * chosen) & (chosen < level / 2)
    if not high.any():
        return chosen
    begun_low = np.count_nonzero(high, axis=0) >= 2
    return np.where(begun_low, np.where(high, raw, np.where(age < DAY, np.nan, chosen)), chosen)


def _works(raw: np.ndarray, most: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Whether the slot is not low on a day that is not ``alike (lags, n)``: on a workday, seen from a day off."""
    return ((raw >= AS_LOW * most) & ~alike).any(axis=0)


def _left(raw: np.ndarray, chosen: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Whether half is left of what was low ``(n,) bool``: no country is at less on each day off, it was down."""
    return np.asarray(~((raw < chosen) & (raw < SHALLOW * most)).any(axis=0))


def _rose(past: History, calendar: History, slot: int, most: np.ndarray) -> np.ndarray:
    """Whether the slot was as high as ``most (n,)`` on a day of the last four weeks that is none of `LAGS` ``(n,)``.

    Days before a change of the clock are not asked.
    """
    n, rose = len(most), np.zeros(len(most), bool)
    now = calendar.as_written(calendar.end - 1, n)
    for lag in OTHERS:
        place, at = past.find(slot - lag * DAY), calendar.until(slot - lag * DAY)
        if place is None or at is None:
            continue
        then = calendar.as_written(at, n)
        moved = now - OFFSETS * kind_of_day(now) != then - OFFSETS * kind_of_day(then)
        rose |= (past.read(place, observed(n)) >= most) & ~(moved & ~np.isnan(then))
    return rose


def _lagged(
    past: History, view: View, slot: int, grid: int, places: Sequence[int | None], ahead: Sequence[np.ndarray | None]
) -> np.ndarray:
    """A slot at each of `LAGS` ``(lags, n)``, of which ``places`` has the positions."""
    days = past.columns(places, view)
    for i, lag in enumerate(LAGS):
        if (moved := ahead[i]) is not None:
            days[i] = _moved(past, view, slot - lag * DAY, grid, moved)
    return days


def _raw(
    past: History, view: View, slot: int, grid: int, days: np.ndarray, places: Mapping[int, int],
    ahead: Sequence[np.ndarray | None],
) -> np.ndarray:  # fmt: skip
    """Days ``(lags, n)`` as they were observed: those of which ``places`` has the positions may have been replaced."""
    raw, seen = days.copy(), View(view.since, np.full(len(view.since), ALWAYS), view.again)
    for i, position in places.items():
        if (moved := ahead[i]) is not None:
            raw[i] = _moved(past, seen, slot - LAGS[i] * DAY, grid, moved)
        else:
            raw[i] = past.as_observed(days[i], position, view)
    return raw


def _moved(past: History, view: View, at: int, grid: int, ahead: np.ndarray) -> np.ndarray:
    """The slot at a time ``(n,)``, later by what the local clock is ``ahead (n,)`` [quarters] of that day's."""
    value = np.full(len(ahead), np.nan)
    for quarters in np.unique(ahead).tolist():
        time = at + int(quarters) * QUARTER
        early, share = time // grid * grid, (time % grid) / grid
        found = _column(past, view, early)
        if share:  # a clock that changed by less than a slot: between two of them
            found = (1 - share) * found + share * _column(past, view, early + grid)
        value = np.where(ahead == quarters, found, value)
    return value


def _curved(past: History, view: View, slot: int, grid: int, ahead: Sequence[np.ndarray | None]) -> np.ndarray:
    """On which past days ``(lags, n) bool`` a clock moved by a part of a slot, where the day is no straight line.

    Between two bins of hours of a steep night lies neither, nor anything between them: the error is about a share of
    the second difference of four slots.
    """
    curved = np.zeros((len(LAGS), len(view.since)), bool)
    for day, lag, moved in zip(curved, LAGS, ahead, strict=True):
        if moved is None:
            continue
        for quarters in np.unique(moved[moved * QUARTER % grid > 0]).tolist():
            early, part = divmod(slot - lag * DAY + int(quarters) * QUARTER, grid)
            near = np.array([_column(past, view, (early + i) * grid) for i in (-1, 0, 1, 2)])
            bend = np.abs(np.diff(near, 2, axis=0)).max(axis=0) * (part / grid) * (1 - part / grid) / 2
            day |= (moved == quarters) & ~(bend < BEND * near[1:3].min(axis=0))
    return curved


def _column(past: History, view: View, time: int) -> np.ndarray:
    return past.columns([past.find(time)], view)[0]
