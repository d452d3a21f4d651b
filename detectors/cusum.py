"""A sum of small losses, day after day: a throttling is smaller than the noise of any bin, but it stays."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.base import DAY, HOLIDAY, NEVER, Context, Detector, Swept, Verdict, bounded, coded, joined
from detectors.noise import middle
from detectors.state import forgotten, fresh, per_entity, picked, placed, unheard

HOUR, HOURS = 3600, 24

SPREAD, SPREAD_DAYS = 0.03, 5
"""Deviation of a day assumed at first, as a logarithm, and the days that it counts for [-], [days]."""

FLAT = 0.01  # smallest deviation of a day: a flat series has none of its own [-]
CAP, CLIP = 2.5, 3.0  # most deviations by which one day moves the sum, and the level: a holiday is not a throttling [-]

WEEKDAY, ORDINARY, FIRST = 0.1, 0.5, 4.0
"""Weight of a day in the difference of its weekday; largest difference, as a logarithm, that one day and that two equal
days show [-].  A weekday counts in full the second time, and then moves no other day."""

SHAPE, RECENT = 0.05, 0.3
"""Weight of a day in the shape of the day, and in the level that would be the new one (about three days) [-]."""

WILD = 3.0  # limit of an hour, in units of its usual value or of what most hours of that day have of theirs [-]
TWO = 2  # days far above the level that outweigh as few before them: those were in an outage [days]
SEASON = 0.004  # most by which a season moves a level in a day: 13 % a month, as a logarithm [-]

BLACKOUT, BACK = 0.8, 0.25
"""Loss of a running day from which it is a blackout, and loss with which that is over.  The day after it is the level:
after weeks of a blackout the season is another [-]."""

SHORT = 2  # local days in which a running day holds an outage of hours [days]


@dataclass(frozen=True)
class CusumState:
    """What `Cusum` remembers; rows are entities.  Levels are logarithms, days and hours local."""

    last: int  # start of the last bin [s]
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # first value [s]
    heard: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # hour of the last value [s]
    day: np.ndarray = field(metadata=per_entity(-1, np.int64))  # of the last bin; Monday is 0, -1 before any
    hour: np.ndarray = field(metadata=per_entity(0, np.int64))  # of the last bin
    total: np.ndarray = field(metadata=per_entity(0.0, np.float64, HOURS))  # sum of the last 24 hours, by hour
    count: np.ndarray = field(metadata=per_entity(0, np.int64, HOURS))  # number of values in it
    shape: np.ndarray = field(metadata=per_entity(np.nan, np.float64, HOURS))  # usual share of the day's mean [-]
    weekday: np.ndarray = field(metadata=per_entity(0.0, np.float64, 7))  # log of its ratio to a mean day [-]
    met: np.ndarray = field(metadata=per_entity(np.nan, np.float64, 7))
    """Level of the first such day of the week; NaN before it, infinite once ``weekday`` is known."""
    level: np.ndarray = field(metadata=per_entity(np.nan))  # the baseline
    recent: np.ndarray = field(metadata=per_entity(np.nan))  # of the last days: the new baseline when a run ends
    variance: np.ndarray = field(metadata=per_entity(SPREAD**2))  # of a day against the level [-]
    days: np.ndarray = field(metadata=per_entity(0, np.int64))  # that the level rests on
    sum: np.ndarray = field(metadata=per_entity(0.0))  # Page's sum [deviations]
    run: np.ndarray = field(metadata=per_entity(0, np.int64))  # days in a row with a frozen level
    sure: np.ndarray = field(metadata=per_entity(0, np.int64))  # days in a row confirmed low
    high: np.ndarray = field(metadata=per_entity(0, np.int64))  # days in a row above ``above`` times the level
    confirmed: np.ndarray = field(metadata=per_entity(False, np.bool_))  # low now
    worst: np.ndarray = field(metadata=per_entity(0.0))
    """Largest loss of a running day while confirmed; negative from the end of a blackout to the end of that day [-]."""


class Taken(NamedTuple):
    """The hour so far after each of its t bins ``(t, n)``."""

    total: np.ndarray  # sum of its values
    number: np.ndarray  # of its values
    first: np.ndarray  # first value [s]


@dataclass(frozen=True)
class Cusum(Detector[CusumState]):
    """Page's cumulative sum over daily means, against a baseline that is frozen while the sum is up.

        loss(t) = ln(mean of the last 24 hours) - ln(what these hours usually have at the present level)
        z       = loss / deviation of a day
        sum     = max(0, sum - z - drift), once a local day
        low provisional  sum > alarm; the level is frozen
        low confirmed    loss <= ln(1 - depth) and z <= -enter, until loss > ln(1 - leave)
        high             x > above * expected
        score            z, or -sum where that is lower and the sum is up

    A day is missing where fewer than ``hours`` of its hours were seen; a holiday is always missing.  The sum alone
    never confirms: real traffic sags by some percent within a month.  Days depend on each other, so the score is an
    upper bound.  While a low is confirmed the level moves only as slowly as seasons do; the day after a blackout is the
    level.  Outages of some hours are left to other detectors.

    Examples
    --------
    Twenty flat days, then 3 % less:

    >>> from detectors.base import STATES, utc_context
    >>> t = np.arange(0, 26 * DAY, HOUR)
    >>> x = np.where(t < 20 * DAY, 1000.0, 970.0)[:, None]
    >>> _, verdict = Cusum().run(x, t, utc_context(t, 1, HOUR))
    >>> [STATES[verdict.state[day * 24, 0]] for day in (20, 21, 22)]
    ['normal', 'normal', 'low provisional']

    References
    ----------
    E. Page, Continuous inspection schemes, Biometrika 1954; OONI's use of it: REFERENCE.md section 1, B6.
    """

    name: ClassVar[str] = "cusum"
    slow: ClassVar[str] = "summed over days"
    swept: ClassVar[Swept] = ("depth", (0.02, 0.05, 0.08, 0.1, 0.15, 0.18, 0.25, 0.3, 0.4, 0.5, 0.7))

    drift: float = 0.5  # deviations a day that are no loss: half of what is to be found [-]
    alarm: float = 3.0  # sum from which a series is low provisional [deviations]
    depth: float = 0.18  # loss of the running day that confirms, as a share [-]
    enter: float = 4.0  # and in deviations [-]
    leave: float = 0.05  # loss at which a confirmed low is over [-]
    rest: float = 0.15  # in its first days that is half of the largest loss, from ``leave`` to this [-]
    above: float = 2.0  # a value is high beyond so many times the expectation [-]
    half: float = 14.0  # half-life of the level [days]
    memory: int = 60  # days that the deviation rests on [days]
    settle: int = 14  # days that the level must rest on before anything is said [days]
    hold: int = 10  # longest run that is provisional; then it is the level [days]
    renew: int = 2 * 365  # longest confirmed run [days]
    renew_high: int = 7  # longest high run [days]
    hours: float = 0.6  # share of a day's hours that must have been seen [-]

    @property
    def warmup(self) -> int:
        return self.settle * DAY

    def init(self, n: int) -> CusumState:
        return fresh(CusumState, n, last=NEVER)

    def judge(self, state: CusumState, x: np.ndarray, t: int, context: Context) -> tuple[CusumState, Verdict]:
        state, verdict = self.judge_many(state, x[None], np.array([t]), context)
        return state, Verdict(*(a[0] for a in verdict))

    def judge_many(
        self, state: CusumState, x: np.ndarray, t: np.ndarray, context: Context
    ) -> tuple[CusumState, Verdict]:
        told, hours = [], np.flatnonzero(np.diff(t // HOUR, prepend=NEVER)).tolist()
        with np.errstate(all="ignore"):
            x = np.where(context.day_kind == HOLIDAY, np.nan, x)
            slots = np.broadcast_to(context.week_slot, x.shape)
            for start, end in zip(hours, [*hours[1:], len(t)], strict=True):
                state = self._turned(state, int(t[start]), slots[start], context.width)
                state, verdict = self._judged(state, x[start:end], t[start:end], context.width)
                told.append(verdict)
        return state, joined(told, x.shape[1])

    def _turned(self, state: CusumState, t: int, slot: np.ndarray, width: int) -> CusumState:
        """The state at a bin at t [s], in which the day is closed of entities with another local date.

        An hour of UTC belongs to the local hour in which its first bin begins; a longer bin to that of its middle.
        """
        slot = (slot + (width // 2 if width > HOUR else -(t % HOUR // width * width))) % (7 * DAY)
        if t // HOUR != state.last // HOUR and state.last != NEVER:
            state = tempered(unheard(state, state.heard, t, width))
        is_over = (state.day >= 0) & ((slot // DAY != state.day) | (t - state.last >= DAY))
        if t // HOUR != state.last // HOUR and len(over := np.flatnonzero(is_over)):
            state = placed(state, over, self._closed(picked(state, over), width))
        state = turned(state, t, slot)
        return shifted(state) if width > HOUR else state

    def _judged(self, state: CusumState, x: np.ndarray, t: np.ndarray, width: int) -> tuple[CusumState, Verdict]:
        was, was_sum = state.confirmed, state.sum
        state, rows = taken(state, x, t)
        loss = self._running(state, rows, width)
        spread = spreads(state)
        z = bounded(loss / spread)
        known = np.isinf(_of_day(state.met, state.day)) & np.isinf(_of_day(state.met, state.day - 1))
        ready = (state.days >= self.settle) & known & (t[:, None] - rows.first >= self.warmup)
        deep = ready & (loss <= np.log1p(-self.depth)) & (z <= -self.enter)
        lost, worst = np.where(np.isnan(loss), 0.0, -np.expm1(loss)), state.worst
        confirmed, sums = np.empty_like(deep), np.empty_like(loss)
        anew = worst < 0
        for i in range(len(t)):
            lasts = was & ~(loss[i] > np.log1p(-np.where(worst >= BLACKOUT, BACK, self._rest(worst, state.sure))))
            anew = anew | (was & ~lasts & (worst >= BLACKOUT))
            falls = deep[i] & ~anew
            was_sum = sums[i] = np.where(was & ~lasts & ~falls, 0.0, was_sum)
            was = confirmed[i] = falls | lasts
            worst = np.where(anew, -1.0, np.where(was, np.maximum(worst, lost[i]), 0.0))
        verdict = self._verdict(state, x, z, ready, spread, confirmed, sums)
        state = replace(state, last=int(t[-1]), confirmed=was.copy(), sum=was_sum.copy(), worst=worst)
        return state, verdict

    def _rest(self, worst: np.ndarray, sure: np.ndarray) -> np.ndarray:
        """Loss ``(n,)`` at which a low is over that was ``worst (n,)`` in ``sure (n,)`` days.

        An outage of hours confirms, too: a small loss that is left a day after it is a season, no throttling.
        """
        return np.where(sure > SHORT, self.leave, np.clip(worst / 2, self.leave, self.rest))

    def _running(self, state: CusumState, rows: Taken, width: int) -> np.ndarray:
        """Log ``(t, n)`` of the last 24 hours over their usual value; NaN where too few hours were seen."""
        today = np.arange(HOURS) <= state.hour[:, None]
        now, before = (_of_day(state.weekday, day)[:, None] for day in (state.day, state.day - 1))
        usual, known = state.shape * np.exp(np.where(today, now, before)), ~np.isnan(state.shape)
        own, count = (np.arange(len(state.hour)), state.hour), state.count.copy()
        count[own] = 0
        others = _hourly(state.total, count, usual, known)
        this_hour = _hourly(rows.total, rows.number, usual[own], known[own])
        held, wanted, seen = (added(rest.T) + each for rest, each in zip(others, this_hour, strict=True))
        return self._loss(held, wanted, seen, state.level, width)

    def _loss(
        self, held: np.ndarray, wanted: np.ndarray, seen: np.ndarray, level: np.ndarray, width: int
    ) -> np.ndarray:
        """Log of what hours ``held`` over what was ``wanted`` at the level; NaN where too few were ``seen``."""
        return np.where(seen >= self._enough(width), np.log(held) - np.log(wanted) - level, np.nan)

    def _enough(self, width: int) -> float:
        return self.hours * DAY / max(width, HOUR)

    def _closed(self, state: CusumState, width: int) -> CusumState:
        """The state of entities whose local day has ended; later hours of the day are those of the day before."""
        its = np.arange(HOURS) <= state.hour[:, None]
        state = begun(replace(state, count=np.where(its, state.count, 0)), self._enough(width))
        usual = state.shape * np.exp(_of_day(state.weekday, state.day))[:, None]
        parts = _hourly(state.total, state.count, usual, ~np.isnan(state.shape))
        held, wanted, seen = (added(each.T) for each in parts)
        z = self._loss(held, wanted, seen, state.level, width)  # still a logarithm
        anew = (state.worst < 0) & np.isfinite(z)
        state = replace(state, level=np.where(anew, state.level + np.minimum(z, SEASON), state.level))
        z, known = np.where(anew, 0.0, z), ~np.isnan(z)
        spread = spreads(state)
        counted = state.sum - np.clip(z / spread, -CAP, CAP) - self.drift
        counted = np.clip(counted, 0.0, 3 * self.alarm)
        counts = known & (state.days >= self.settle) & np.isinf(_of_day(state.met, state.day))
        total = np.where(counts, counted, state.sum)
        frozen = (total > self.alarm) | state.confirmed
        run = np.where(frozen, state.run + 1, 0)
        high = np.where(z > np.log(self.above), state.high + 1, np.where(known, 0, state.high))
        towards = np.where(known, RECENT * (np.maximum(z, -30) + state.level - state.recent), 0.0)
        recent, season = state.recent + towards, np.where(state.confirmed, np.clip(towards, -SEASON, SEASON), 0.0)
        renewed = (run > np.where(state.confirmed, self.renew, self.hold)) | (high >= self.renew_high)
        # neither the day after a blackout nor a new level says anything of a weekday
        state = moved(state, np.where(frozen | renewed, np.nan, z), ~anew, self.half, self.memory)
        return replace(
            state,
            level=np.where(renewed, recent, state.level + season),
            recent=recent,
            sum=np.where(renewed, 0.0, total),
            run=np.where(renewed, 0, run),
            sure=np.where(state.confirmed & ~renewed, state.sure + 1, 0),
            high=np.where(renewed, 0, high),
            confirmed=state.confirmed & ~renewed,
            worst=np.where(renewed | anew, 0.0, state.worst),
        )

    def _verdict(
        self, state: CusumState, x: np.ndarray, z: np.ndarray, ready: np.ndarray, spread: np.ndarray,
        confirmed: np.ndarray, sums: np.ndarray,
    ) -> Verdict:  # fmt: skip
        share = state.shape[np.arange(len(state.hour)), state.hour]
        usual = state.level + _of_day(state.weekday, state.day) + np.log(share)
        expected = np.where(ready, np.exp(usual), np.nan)
        band = np.maximum(self.depth, -np.expm1(-self.enter * spread))
        says = ready & ~np.isnan(x) & ~np.isnan(z) & ~np.isnan(expected)
        up = sums > self.alarm
        code = coded(says, confirmed, x > self.above * expected, provisional=up)
        score = np.where(says, np.where(up, np.minimum(z, -sums), z), np.nan)
        return Verdict(expected, (1 - band) * expected, self.above * expected, score, code, ready)


def _of_day(weekdays: np.ndarray, day: np.ndarray) -> np.ndarray:
    return weekdays[np.arange(len(day)), day % 7]


def _hourly(
    total: np.ndarray, count: np.ndarray, usual: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of hours, their usual values, and where both are known; 0 elsewhere."""
    seen = (count > 0) & known
    return np.where(seen, total / np.maximum(count, 1), 0.0), np.where(seen, usual, 0.0), seen


def turned(state: CusumState, t: int, slot: np.ndarray) -> CusumState:
    """The state in the hour of a bin at t [s], whose local ``slot (n,)`` this is, without values older than a day.

    A local hour that a clock leaves out is empty; of one that comes twice, the second counts.
    """
    day, hour, new = slot // DAY, slot % DAY // HOUR, state.day < 0
    if t // HOUR == state.last // HOUR:
        return replace(state, day=np.where(new, day, state.day), hour=np.where(new, hour, state.hour))
    passed = np.maximum((hour - state.hour) % HOURS, 1)
    is_gone = (hour[:, None] - np.arange(HOURS)) % HOURS < passed[:, None]
    is_gone |= t // HOUR - state.last // HOUR >= HOURS - 1
    total, count = np.where(is_gone, 0.0, state.total), np.where(is_gone, 0, state.count)
    return replace(state, day=day, hour=hour, total=total, count=count)


def shifted(state: CusumState) -> CusumState:
    """The state of long bins in which an hour that was empty until a clock was changed has its neighbours' shape."""
    rows = np.arange(len(state.hour))
    unknown = np.flatnonzero(np.isnan(state.shape[rows, state.hour]) & ~np.isnan(state.level))
    if not len(unknown):
        return state
    shape, hour = state.shape.copy(), state.hour[unknown]
    before, after = (shape[unknown, (hour + way) % HOURS] for way in (-1, 1))
    shape[unknown, hour] = (np.where(np.isnan(before), after, before) + np.where(np.isnan(after), before, after)) / 2
    return replace(state, shape=shape)


def taken(state: CusumState, x: np.ndarray, t: np.ndarray) -> tuple[CusumState, Taken]:
    """The state with bins ``x (t, n)`` of one hour in it."""
    seen, own = ~np.isnan(x), (np.arange(x.shape[1]), state.hour)
    total, count = state.total.copy(), state.count.copy()
    rows = Taken(np.empty_like(x), np.empty(x.shape, np.int64), np.empty(x.shape, np.int64))
    was = total[own], count[own], state.first
    for i, value in enumerate(np.where(seen, x, 0.0)):
        first = np.where((was[2] == NEVER) & seen[i], t[i], was[2])
        was = rows.total[i], rows.number[i], rows.first[i] = was[0] + value, was[1] + seen[i], first
    total[own], count[own] = was[:2]
    heard = np.where(seen.any(axis=0), t[0] // HOUR * HOUR, state.heard)
    return replace(state, total=total, count=count, first=was[2], heard=heard), rows


def added(columns: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Sum of c columns ``(n,)`` or ``(t, n)``, one after the other: in the same order however many rows there are."""
    total = columns[0].astype(np.float64)
    for column in columns[1:]:
        total = total + column
    return total


def spreads(state: CusumState) -> np.ndarray:
    """Deviation of a day, as a logarithm ``(n,)``."""
    return np.sqrt(np.maximum(state.variance, FLAT**2))


def tempered(state: CusumState) -> CusumState:
    """The state in which the hour that has ended is not `WILD`, unless most hours of its day are as high.

    The value of a mean hour is never wild: an hour that was empty in an outage at the beginning may have it.
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

    A series that began in an outage begins anew after at least `TWO` days far above the level, and as many as that
    rests on.
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


def moved(state: CusumState, z: np.ndarray, is_usual: np.ndarray, half: float, memory: int) -> CusumState:
    """The state moved towards a day that is z off (NaN: not moved); its shape only by one that ``is_usual (n,)``.

    In the first week the level is the median of its days, so that a day of rest at the beginning is not the level.
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
    # a large difference of a weekday comes every week: an outage in the second week does not
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
