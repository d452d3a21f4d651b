"""What a detector is: parameters, a state, and verdicts on bins.  Numpy only."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeVar

import numpy as np

UNKNOWN, NORMAL, LOW_PROVISIONAL, LOW_CONFIRMED, HIGH = range(5)
STATES = ("unknown", "normal", "low provisional", "low confirmed", "high")


def is_low(state: np.ndarray) -> np.ndarray:
    """Which states are low, provisional or confirmed."""
    return (state == LOW_PROVISIONAL) | (state == LOW_CONFIRMED)


WORKDAY, WEEKEND, HOLIDAY = range(3)

DAY = 24 * 3600
NORMAL_SPREAD = 1.4826  # the standard deviation of normal values, in median distances from their median [-]
NEVER, ALWAYS = -(2**62), 2**62  # a time before, and one after, all others [s]


@dataclass(frozen=True)
class Context:
    """What is known about a bin besides its values, arrays ``(n,)``; of a run ``(t, n)``, or ``(n,)`` for every bin."""

    width: int  # length of the bin [s]
    health: np.ndarray  # float, share of the sources that were healthy [0-1]
    week_slot: np.ndarray  # int64, seconds since Monday 00:00 local time at the bin's start [s]
    day_kind: np.ndarray  # int8, `WORKDAY`, `WEEKEND` or `HOLIDAY`, local

    def row(self, i: int) -> "Context":
        """The context of bin ``i`` of a run."""
        return self.rows(i)

    def rows(self, bins: int | slice) -> "Context":
        """The context of some bins of a run."""
        arrays = (self.health, self.week_slot, self.day_kind)
        health, slot, kind = (a[bins] if a.ndim > 1 else a for a in arrays)
        return Context(self.width, health, slot, kind)


class Verdict(NamedTuple):
    """What a detector says of one bin, arrays ``(n,)``."""

    expected: np.ndarray  # in the unit of x, as the bounds; NaN while nothing is expected
    lower: np.ndarray
    upper: np.ndarray
    score: np.ndarray  # in robust standard deviations, negative is low [-]; NaN where nothing is said
    state: np.ndarray  # int8, index into `STATES`
    settled: np.ndarray  # bool, enough past to confirm an outage; before that a normal state is no all-clear


class State(Protocol):
    """What a detector remembers."""

    @property
    def last(self) -> int: ...  # start of the last bin [s], `NEVER` before any


S = TypeVar("S", bound=State)

Swept = tuple[str, tuple[float, ...]]
"""A parameter and its values, from most to fewest outages; the default is among them."""


@dataclass(frozen=True, kw_only=True)
class Detector(Protocol[S]):
    """Parameters in a frozen dataclass, state apart: a step returns another state and changes none."""

    quorum: float = 0.5  # health below which a value counts as not observed [-]
    published: ClassVar[str] = ""  # source of its rule; '': netvigil's own
    swept: ClassVar[Swept] = ("", ())  # the threshold that `make score` sweeps

    @classmethod
    def for_signal(cls, signal: str) -> Self:
        """The detector for a signal named ``<kind>.<source>``; by default the same for all."""
        return cls()

    @property
    def name(self) -> str: ...  # in the registry

    @property
    def warmup(self) -> int: ...  # event time after an entity's first value before which nothing is said [s]

    def init(self, n: int) -> S:
        """The state of n entities of which nothing has been seen."""
        ...

    def judge(self, state: S, x: np.ndarray, t: int, context: Context) -> tuple[S, Verdict]:
        """Judge one bin of values that are `observed`, later than every bin before."""
        ...

    def judge_many(self, state: S, x: np.ndarray, t: np.ndarray, context: Context) -> tuple[S, Verdict]:
        """Judge at least one bin ``(t, n)``: the same as `judge` one after the other; verdicts ``(t, n)``."""
        told = []
        for i in range(len(t)):
            state, verdict = self.judge(state, x[i], int(t[i]), context.row(i))
            told.append(verdict)
        return state, Verdict(*(np.stack(column) for column in zip(*told, strict=True)))

    def step(self, state: S, x: np.ndarray, t: int, context: Context) -> tuple[S, Verdict]:
        """Judge one bin: x ``(n,) float64``, NaN = not observed; t its start [s].

        ValueError if t is not after the last bin: judging a bin twice would count it twice.
        """
        if t <= state.last:
            raise ValueError(f"the bin at {t} does not come after the one at {state.last}")
        return self.judge(state, observed(x, context, self.quorum), t, context)

    def run(self, x: np.ndarray, t: np.ndarray, context: Context, state: S | None = None) -> tuple[S, Verdict]:
        """Judge bins: x ``(t, n) float64``, t ``(t,) int64`` [s]; ValueError if t does not increase.

        Returns the last state and one verdict with arrays ``(t, n)``, those of a fold of `step`.
        """
        state = self.init(x.shape[1]) if state is None else state
        if not len(t):
            return state, joined([], x.shape[1])
        early = np.flatnonzero(np.diff(t, prepend=state.last) <= 0)
        if len(early):
            at = int(early[0])
            raise ValueError(f"the bin at {t[at]} does not come after the one at {t[at - 1] if at else state.last}")
        return self.judge_many(state, observed(x, context, self.quorum), t, context)


AnyDetector = Detector[Any]


def joined(verdicts: list[Verdict], n: int) -> Verdict:
    """Verdicts of bins one after the other, arrays ``(t, n)``, as one."""
    if verdicts:
        return verdicts[0] if len(verdicts) == 1 else Verdict(*map(np.concatenate, zip(*verdicts, strict=True)))
    empty = np.empty((0, n))
    return Verdict(empty, empty, empty, empty, np.empty((0, n), np.int8), np.empty((0, n), np.bool_))


def utc_context(t: np.ndarray, n: int, width: int, health: np.ndarray | None = None) -> Context:
    """The context of n entities in bins at ``t (t,) int64`` [s]: UTC, and weekends of Saturday and Sunday; healthy
    where no ``health (t, n)`` is given."""
    slot = (np.asarray(t, np.int64) + 3 * DAY) % (7 * DAY)  # 1 January 1970 was a Thursday
    shape = (len(slot), n)
    kind = (slot >= 5 * DAY).astype(np.int8)
    health = np.ones(n) if health is None else health
    return Context(width, health, np.broadcast_to(slot[:, None], shape), np.broadcast_to(kind[:, None], shape))


def observed(x: np.ndarray, context: Context, quorum: float) -> np.ndarray:
    """A copy of x ``(n,) float64`` with NaN where it cannot be judged: negative, infinite, or health below quorum."""
    x = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore"):
        usable = (x >= 0) & (x < np.inf) & (context.health >= quorum)
    return np.where(usable, x, np.nan)


def met(first: np.ndarray, x: np.ndarray, t: int) -> np.ndarray:
    """First value [s] of each entity ``(n,)`` after a bin ``x (n,)`` at t [s]; `NEVER` where there was none yet."""
    return np.where((first == NEVER) & ~np.isnan(x), t, first)


def is_known(first: np.ndarray, t: int, warmup: int) -> np.ndarray:
    """Which entities ``(n,) bool`` had their ``first (n,)`` value [s] at least ``warmup`` [s] before t [s]."""
    return np.asarray((first != NEVER) & (t - first >= warmup))


def coded(
    known: np.ndarray, confirmed: np.ndarray, high: np.ndarray, provisional: np.ndarray | np.bool_ = np.False_
) -> np.ndarray:
    """State codes ``(n,) int8``: unknown, low confirmed, low provisional or high, the first that holds; else normal."""
    cases = [~known, confirmed, provisional, high]
    return np.select(cases, [UNKNOWN, LOW_CONFIRMED, LOW_PROVISIONAL, HIGH], NORMAL).astype(np.int8)


def bounded(score: np.ndarray) -> np.ndarray:
    """Scores within a million standard deviations: an infinity breaks sums."""
    return np.minimum(np.maximum(score, -1e6), 1e6)


def middle(values: np.ndarray) -> np.ndarray:
    """Median over the first axis of ``(k, n)``, NaN left out; NaN where there is nothing else."""
    ranked = np.sort(values, axis=0)
    count = np.count_nonzero(~np.isnan(values), axis=0)
    places = np.arange(values.shape[1])
    lower = ranked[np.maximum((count - 1) // 2, 0), places]
    upper = ranked[np.minimum(count // 2, len(values) - 1), places]
    return np.where(count > 0, lower + (upper - lower) / 2, np.nan)
