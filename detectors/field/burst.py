"""Disco's rule: probes that disconnect together, as a burst of Kleinberg's automaton."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from detectors.base import DAY, NEVER, Context, Detector, Swept, Verdict, bounded, coded, is_known
from detectors.state import fresh, per_entity

LEVELS = 12  # states of the automaton: 0 is the usual rate, each further one ``ratio`` times the rate before
LEAST = 0.02  # smallest deviation of the score, as a share of what was connected [-]


@dataclass(frozen=True)
class BurstState:
    """What `Burst` remembers; rows are entities."""

    last: int  # start of the last bin [s]
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # first value [s]
    time: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # of the last value [s]
    value: np.ndarray = field(metadata=per_entity(np.nan))  # the last one
    before: np.ndarray = field(metadata=per_entity(np.nan))  # what was connected before the present burst
    least: np.ndarray = field(metadata=per_entity(np.nan))  # fewest since then
    cost: np.ndarray = field(metadata=per_entity(0.0, np.float64, LEVELS))
    """Of the best path into each of the automaton's states, the cheapest being 0 [log-odds]."""
    low: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # start of the present low run [s]
    high: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # start of the present high run [s]


@dataclass(frozen=True)
class Burst(Detector[BurstState]):
    """Disco's bursts of disconnects (REFERENCE B7), on a series that counts what is connected (``atlas.connected``).

        events(t) = max(x(t - 1) - x(t), 0) ~ Poisson(n * ratio^i / window per second),  n = x(t - 1)
        level(t)  = state i of the cheapest path; a rise by one state costs gamma * ln(n), a fall nothing
        low confirmed  from level >= report on, until x >= before - (1 - back) * (before - least)
        high           x > above * before
        score          (x - before) / max(sqrt(before * 1 day / window), 0.02 * before)

    ``before`` is what was connected before the burst, ``least`` the fewest since.  A slow decline is no burst.  The
    rule knows no sampling noise.  Choices where the published description is open: paths are read forwards only;
    ``window`` is a week, because the probes of a country are too few to measure it; the slide of an hour is a bin here;
    after ``renew_low`` what is left is the new level.  A missing bin lengthens the time in which the next events came.

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

    ratio: float = 2.0  # rate of a state over that of the one below [-]
    gamma: float = 0.5  # price of a rise by one state [-]
    window: int = 7 * DAY  # mean time between two disconnects of a probe [s]
    report: float = 7.0  # state from which a burst is an outage [-]
    probes: int = 5  # fewest connected before an outage
    events: int = 5  # fewest gone in an outage
    back: float = 0.5  # share of the lost probes whose return ends it [-]
    above: float = 2.0  # a value is high beyond so many times what was connected [-]
    renew_low: int = 7 * DAY  # a low run so long is the level from then on [s]
    renew_high: int = 2 * DAY  # the same of a high run [s]
    warmup: int = 3600  # time after an entity's first value before which nothing is said [s]

    def init(self, n: int) -> BurstState:
        return fresh(BurstState, n, last=NEVER)

    def judge(self, state: BurstState, x: np.ndarray, t: int, context: Context) -> tuple[BurstState, Verdict]:
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
        old = is_known(first, t, self.warmup)
        verdict = self._verdict(x, before, least, low, high, old)
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

    def _verdict(
        self, x: np.ndarray, before: np.ndarray, least: np.ndarray, low: np.ndarray, high: np.ndarray, old: np.ndarray
    ) -> Verdict:
        settled = old & (before >= self.probes)
        says = settled & ~np.isnan(x)
        usual = np.sqrt(np.maximum(before * DAY / self.window, 1.0))  # of those that go in a day
        score = bounded((x - before) / np.maximum(usual, LEAST * before))
        lower = np.where(low, before - (1 - self.back) * (before - least), before - self.events)
        return Verdict(
            np.where(old, before, np.nan),
            np.maximum(lower, 0.0),
            self.above * before,
            np.where(says, score, np.nan),
            coded(says, low, high),
            settled,
        )

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
