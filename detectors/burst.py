"""Disco's rule: probes that disconnect together, as a burst of Kleinberg's automaton."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from detectors.base import (
    DAY,
    HIGH,
    LOW_CONFIRMED,
    NEVER,
    NORMAL,
    UNKNOWN,
    Context,
    Detector,
    Swept,
    Verdict,
    bounded,
    is_known,
)
from detectors.state import fresh, per_entity

LEVELS = 12
"""States of the automaton: 0 is the usual rate, each further one ``ratio`` times the one before."""

LEAST = 0.02
"""Smallest deviation of the score, as a share of what was connected [-]."""


@dataclass(frozen=True)
class BurstState:
    """What `Burst` remembers; rows are entities."""

    last: int
    """Start of the last bin [s]."""
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """First value [s]."""
    time: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    value: np.ndarray = field(metadata=per_entity(np.nan))
    """The last value and its time [s]."""
    before: np.ndarray = field(metadata=per_entity(np.nan))
    """What was connected before the present burst."""
    least: np.ndarray = field(metadata=per_entity(np.nan))
    """Fewest since then."""
    cost: np.ndarray = field(metadata=per_entity(0.0, np.float64, LEVELS))
    """Of the best path into each of the automaton's states, the cheapest being 0 [log-odds]."""
    low: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    high: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    """Start of the present run [s]."""


@dataclass(frozen=True)
class Burst(Detector[BurstState]):
    """Disco's bursts of disconnects (REFERENCE B7).

    The series counts what is *connected* (`atlas.connected`), so that low is low here as everywhere; the events are
    what it loses from one bin to the next, and a probe that is back within the bin was never gone.  With n connected,
    each of which goes once in ``window``, state i of the automaton has events at ``ratio ** i`` times that rate
    (Poisson); to rise by a state costs ``gamma ln(n)``, to fall nothing.  A series is low from the bin whose best state
    is ``report`` or higher until half of those that went are back.

    Choices where the published description is open: the automaton is read forwards, without looking back from what
    follows; ``window`` is a week, a month's probes being too few to measure it; an hour's slide is a bin's; after
    ``renew`` what is left is what is connected.  A slow decline is no burst, nor is sampling noise what this rule is
    made for.  A bin that is missing lengthens the time in which the next one's events came.

    Parameters
    ----------
    ratio
        Rate of a state over that of the one below it, Kleinberg's s [-].
    gamma
        Price of a rise by one state, in units of ln(n) [-].
    window
        Time in which a probe disconnects once, as a rule [s].
    report
        State from which a burst is told [-].
    probes, events
        Fewest connected, and fewest gone, for which anything is told.
    back
        Share of those that went which ends it [-].
    above
        A value is HIGH beyond so many times what was connected [-].
    renew_low, renew_high
        A run so long of low, or high, bins is the level from then on [s].
    warmup
        Event time after an entity's first value before which nothing is said [s].

    Examples
    --------
    Of forty probes one goes now and then, and then thirty at once:

    >>> from detectors.base import STATES, utc_context
    >>> t = np.arange(0, 12 * 600, 600)
    >>> x = np.array([40.0, 40, 39, 40, 40, 39, 39, 40, 40, 10, 10, 27])[:, None]
    >>> _, verdict = Burst().run(x, t, utc_context(t, 1, 600))
    >>> [STATES[code] for code in verdict.state[-4:, 0]]
    ['normal', 'low confirmed', 'low confirmed', 'normal']

    References
    ----------
    A. Shah and others, Disco: fast, good, and cheap outage detection, TMA 2017; J. Kleinberg, Bursty and hierarchical
    structure in streams, KDD 2002; REFERENCE.md section 1, B7.
    """

    name: ClassVar[str] = "burst"
    published: ClassVar[str] = "Disco"
    swept: ClassVar[Swept] = ("report", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0))

    ratio: float = 2.0
    gamma: float = 0.5
    window: int = 7 * DAY
    report: float = 7.0
    probes: int = 5
    events: int = 5
    back: float = 0.5
    above: float = 2.0
    renew_low: int = 7 * DAY
    renew_high: int = 2 * DAY
    warmup: int = 3600

    def init(self, n: int) -> BurstState:
        """The state of n entities of which nothing has been seen."""
        return fresh(BurstState, n, last=NEVER)

    def judge(self, state: BurstState, x: np.ndarray, t: int, context: Context) -> tuple[BurstState, Verdict]:
        """Judge one bin, see `detectors.base.Detector`."""
        seen = ~np.isnan(x)
        with np.errstate(all="ignore"):
            begins = seen & np.isnan(state.value)
            value, before = np.where(begins, x, state.value), np.where(begins, x, state.before)
            exposed = np.where(seen & ~begins, t - state.time, context.width)
            cost = np.where((seen & ~begins)[:, None], self._moved(state.cost, x, value, exposed), state.cost)
            level = np.argmin(cost, axis=1)
            least = np.fmin(np.where(begins, x, state.least), x)
            burst = (level >= self.report) & (before >= self.probes) & (before - x >= self.events)
            was = state.low != NEVER
            low = seen & (burst | (was & (x < before - (1 - self.back) * (before - least))))
            high = seen & ~low & (x > self.above * before) & (x - before >= self.events)
        runs = _run(state.low, low, seen, t), _run(state.high, high, seen, t)
        first = np.where(begins, t, state.first)
        verdict = self._verdict(x, before, least, np.where(low, LOW_CONFIRMED, np.where(high, HIGH, NORMAL)))
        old = is_known(first, t, self.warmup)
        settled = old & verdict.settled
        silent = ~seen | ~settled
        verdict = Verdict(
            np.where(old, verdict.expected, np.nan),
            verdict.lower,
            verdict.upper,
            np.where(silent, np.nan, verdict.score),
            np.where(silent, UNKNOWN, verdict.state).astype(np.int8),
            settled,
        )
        state = replace(state, last=t, first=first, cost=cost, low=runs[0], high=runs[1])
        state = replace(state, value=np.where(seen, x, value), time=np.where(seen, t, state.time))
        return self._settled(state, before, least, seen & (2 * level < self.report)), verdict

    def _moved(self, cost: np.ndarray, x: np.ndarray, value: np.ndarray, exposed: np.ndarray) -> np.ndarray:
        """Cost of the best path into each state ``(n, 12)`` after one more bin of events."""
        events = np.maximum(value - x, 0.0)
        n = np.maximum(value, 1.0)
        rate = (n * exposed / self.window)[:, None] * self.ratio ** np.arange(LEVELS)
        price = self.gamma * np.log(n)[:, None] * np.arange(LEVELS)
        risen = np.minimum.accumulate(cost - price, axis=1) + price
        fallen = np.minimum.accumulate(cost[:, ::-1], axis=1)[:, ::-1]
        into = np.minimum(risen, fallen) + rate - events[:, None] * np.log(rate)
        return into - into.min(axis=1, keepdims=True)

    def _verdict(self, x: np.ndarray, before: np.ndarray, least: np.ndarray, code: np.ndarray) -> Verdict:
        usual = np.sqrt(np.maximum(before * DAY / self.window, 1.0))  # of those that go in a day
        score = bounded((x - before) / np.maximum(usual, LEAST * before))
        lower = np.where(code == LOW_CONFIRMED, before - (1 - self.back) * (before - least), before - self.events)
        return Verdict(before, np.maximum(lower, 0.0), self.above * before, score, code, before >= self.probes)

    def _settled(self, state: BurstState, before: np.ndarray, least: np.ndarray, calm: np.ndarray) -> BurstState:
        """The state with what is connected as the level, where nothing bursts or a run has lasted."""
        low = (state.low != NEVER) & (state.last - state.low >= self.renew_low)
        lasted = low | ((state.high != NEVER) & (state.last - state.high >= self.renew_high))
        level = lasted | (calm & (state.low == NEVER) & (state.high == NEVER))
        return replace(
            state,
            before=np.where(level, state.value, before),
            least=np.where(level, state.value, least),
            low=np.where(lasted, NEVER, state.low),
            high=np.where(lasted, NEVER, state.high),
        )


def _run(start: np.ndarray, inside: np.ndarray, seen: np.ndarray, t: int) -> np.ndarray:
    """Start of the present run ``(n,)`` [s]: goes on through missing bins."""
    return np.where(seen, np.where(inside, np.where(start == NEVER, t, start), NEVER), start)
