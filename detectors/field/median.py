"""IODA's rule: a value against the median of the hours or days before it."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from detectors.base import DAY, NEVER, Context, Detector, Swept, Verdict, bounded, coded, is_known, met
from detectors.field.window import Window, centred, expired, insert
from detectors.history import History, View
from detectors.state import fresh, per_entity

FLAT = 0.002  # smallest standard deviation, as a share of the expected value: a flat series has none of its own [-]
CLIP = 4.0  # a deviation counts into the spread as at most so many standard deviations [-]


@dataclass(frozen=True)
class MedianState(Window):
    """What `Median` remembers; rows are entities.  What is inpainted is in the window as it was predicted."""

    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # first value [s]
    since: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # after a level shift: see `View` [s]
    until: np.ndarray = field(metadata=per_entity(NEVER, np.int64))
    run: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # start of the present run of inpainted values [s]
    spread: np.ndarray = field(metadata=per_entity(0.0))  # mean absolute deviation of the accepted values, clipped
    weight: np.ndarray = field(metadata=per_entity(0.0))  # time that ``spread`` rests on, at most the window [s]

    @property
    def view(self) -> View:
        return View(self.since, self.until)


@dataclass(frozen=True)
class Median(Detector[MedianState]):
    """IODA's median rule (REFERENCE B1).

        predicted = nearest-rank median of the accepted values in [t - window, t)
        low confirmed    x < critical * predicted
        low provisional  x < warning * predicted
        high             x > inpaint_high * predicted
        score            (x - predicted) / max(sqrt(pi / 2) * spread, 0.002 * predicted)

    Accepted is a value between ``inpaint_low`` and ``inpaint_high`` times the prediction; the prediction takes the
    place of any other (inpainting).  ``spread`` is the mean absolute deviation of the accepted values.

    Choices where the published description is open: in the warm-up and below the floor nothing is inpainted; a missing
    value neither begins nor ends a run of inpainted ones; after a run of ``renew`` its raw values are the whole
    history, from the next bin on.

    Examples
    --------
    A day of 100, then a fall to 40:

    >>> from detectors.base import STATES, utc_context
    >>> t = np.arange(0, 25 * 3600, 3600)
    >>> x = np.where(t < 24 * 3600, 100.0, 40.0)[:, None]
    >>> _, verdict = Median.for_signal("bgp.ioda").run(x, t, utc_context(t, 1, 3600))
    >>> STATES[verdict.state[-1, 0]], float(verdict.expected[-1, 0])
    ('low confirmed', 100.0)

    References
    ----------
    IODA help pages (signals and alert thresholds); REFERENCE.md section 1, B1.
    """

    name: ClassVar[str] = "median"
    published: ClassVar[str] = "IODA, but for the thresholds of traffic, which it does not publish"
    swept: ClassVar[Swept] = ("critical", (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1))

    window: int = 7 * DAY  # event time that the median covers [s]
    warning: float = 0.80  # share of the prediction [-]
    critical: float = 0.50  # share of the prediction [-]
    warmup: int = 3600  # time after an entity's first value before which nothing is said [s]
    floor: float = 20.0  # smallest prediction with which a value is compared [unit of x]
    inpaint_low: float = 0.8  # share of the prediction [-]
    inpaint_high: float = 2.0  # share of the prediction [-]
    renew: int = 7 * DAY  # length of a run that becomes the history [s]

    @classmethod
    def for_signal(cls, signal: str) -> "Median":
        return cls(**BY_KIND.get(signal.partition(".")[0], {}))  # type: ignore[arg-type]

    def init(self, n: int) -> MedianState:
        return fresh(MedianState, n, last=NEVER, oldest=0, past=History())

    def judge(self, state: MedianState, x: np.ndarray, t: int, context: Context) -> tuple[MedianState, Verdict]:
        state = expired(state, t - self.window)
        predicted = state.core.median()
        first = met(state.first, x, t)
        with np.errstate(all="ignore"):
            settled = is_known(first, t, self.warmup)
            ratio = np.where(settled & (predicted >= self.floor), x / predicted, np.nan)
            verdict = self._verdict(state, x, predicted, ratio)._replace(settled=settled)
            odd = (ratio < self.inpaint_low) | (ratio > self.inpaint_high)
        after = self._learn(replace(state, first=first, last=t), x, predicted, odd, context.width)
        return after, verdict

    def _verdict(self, state: MedianState, x: np.ndarray, predicted: np.ndarray, ratio: np.ndarray) -> Verdict:
        says = ~np.isnan(ratio)
        code = coded(says, ratio < self.critical, ratio > self.inpaint_high, ratio < self.warning)
        score = bounded(np.where(says, (x - predicted) / _deviation(state.spread, predicted), np.nan))
        return Verdict(predicted, self.warning * predicted, self.inpaint_high * predicted, score, code, says)

    def _learn(
        self, state: MedianState, x: np.ndarray, predicted: np.ndarray, odd: np.ndarray, width: int
    ) -> MedianState:
        """Take the bin into the history: its value, or the prediction where the value is not accepted."""
        value = np.where(odd, predicted, x)
        run = np.where(odd, np.where(state.run == NEVER, state.last, state.run), state.run)
        run = np.where(~odd & ~np.isnan(x), NEVER, run)
        renewed = (run != NEVER) & odd & (state.last - run >= self.renew)
        past = state.past.push(state.last, value, x, odd)
        state = replace(state, past=past, run=run, **insert(state.core, value)._asdict())
        state = self._spread(state, x, predicted, odd, width)
        return self._renew(state, renewed) if renewed.any() else centred(state)

    def _spread(
        self, state: MedianState, x: np.ndarray, predicted: np.ndarray, odd: np.ndarray, width: int
    ) -> MedianState:
        deviation = np.minimum(np.abs(x - predicted), CLIP * np.maximum(state.spread, FLAT * predicted))
        deviation = np.where(state.weight == 0, np.abs(x - predicted), deviation)
        counts = ~odd & ~np.isnan(deviation)
        weight = np.where(counts, np.minimum(state.weight + width, self.window), state.weight)
        share = np.where(counts, width / np.maximum(weight, width), 0.0)
        spread = state.spread + share * (np.where(counts, deviation, 0.0) - state.spread)
        return replace(state, spread=spread, weight=weight)

    def _renew(self, state: MedianState, renewed: np.ndarray) -> MedianState:
        """The state in which the history of the ``renewed (n,)`` is the raw values of their run."""
        since = np.where(renewed, state.run, state.since)
        until = np.where(renewed, state.last + 1, state.until)
        state = replace(state, since=since, until=until, run=np.where(renewed, NEVER, state.run))
        return centred(state, np.flatnonzero(renewed))


def _deviation(spread: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Standard deviation from the mean absolute one, as if normal; never below that of a flat series."""
    return np.maximum(np.sqrt(np.pi / 2) * spread, np.maximum(FLAT * predicted, np.finfo(float).tiny))


BY_KIND: dict[str, dict[str, float]] = {
    "bgp": {"window": DAY, "warning": 0.99, "critical": 0.50},
    "probing": {"window": 7 * DAY, "warning": 0.80, "critical": 0.50},
    "telescope": {"window": 7 * DAY, "warning": 0.25, "critical": 0.10},
}
"""IODA's windows [s] and thresholds by kind of signal; any other kind has those of probing."""
