"""The rule of the Internet Health Report: three days, their median and their mean deviation."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from detectors.base import NEVER, NORMAL_SPREAD, Context, Detector, Swept, Verdict, bounded, coded
from detectors.field.window import Window, centred, expired, insert
from detectors.history import History
from detectors.state import fresh


@dataclass(frozen=True)
class Ihr(Detector[Window]):
    """The Internet Health Report's rule (REFERENCE B2).

        median = nearest-rank median of the window [t - window, t)
        score  = (x - median) / (1.4826 * (smallest * median + mean |x - median|))
        low confirmed  score < -threshold
        high           score > threshold

    Nothing is inpainted: an outage of a day and a half becomes normal.  Choices where the published description is
    open: a value is not in its own window; ``smallest`` is a share of the median; ``points`` counts bins of the window;
    one threshold, so that a low is confirmed at once.

    Examples
    --------
    Three days of 100, then a fall to 90, which is 6.7 times 1.4826 %:

    >>> from detectors.base import STATES, utc_context
    >>> t = np.arange(0, 73 * 3600, 3600)
    >>> x = np.where(t < 72 * 3600, 100.0, 90.0)[:, None]
    >>> _, verdict = Ihr().run(x, t, utc_context(t, 1, 3600))
    >>> STATES[verdict.state[-1, 0]], round(float(verdict.score[-1, 0]), 1)
    ('low confirmed', -6.7)

    References
    ----------
    R. Fontugne and others, Internet Health Report, kafka-toolbox; REFERENCE.md section 1, B2.
    """

    name: ClassVar[str] = "ihr"
    published: ClassVar[str] = "Internet Health Report"
    swept: ClassVar[Swept] = ("threshold", (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0))

    window: int = 72 * 3600  # event time that the median covers [s]
    points: float = 0.6  # share of the window's bins that must have been seen; otherwise the state is unknown [-]
    threshold: float = 5.0  # deviations beyond which a value is low, or high [-]
    smallest: float = 0.01  # smallest mean deviation, as a share of the median [-]

    @property
    def warmup(self) -> int:
        return int(self.points * self.window)

    def init(self, n: int) -> Window:
        return fresh(Window, n, last=NEVER, oldest=0, past=History())

    def judge(self, state: Window, x: np.ndarray, t: int, context: Context) -> tuple[Window, Verdict]:
        state = expired(state, t - self.window)
        enough = state.core.total >= self.points * self.window / context.width
        with np.errstate(all="ignore"):
            verdict = self._verdict(state, x, np.where(enough, state.core.median(), np.nan))
        past = state.past.push(t, x, x, np.zeros(len(x), bool))
        return centred(replace(state, last=t, past=past, **insert(state.core, x)._asdict())), verdict

    def _verdict(self, state: Window, x: np.ndarray, median: np.ndarray) -> Verdict:
        away = mean_deviation(state.past, state.oldest, median)
        unit = NORMAL_SPREAD * (self.smallest * median + away)
        score = (x - median) / np.maximum(unit, np.finfo(float).tiny)
        says = ~np.isnan(score)
        code = coded(says, score < -self.threshold, score > self.threshold)
        band = self.threshold * unit
        lower, upper = np.maximum(median - band, 0.0), median + band
        return Verdict(median, lower, upper, bounded(score), code, np.isfinite(median))


def mean_deviation(past: History, oldest: int, median: np.ndarray) -> np.ndarray:
    """Mean distance ``(n,)`` from ``median (n,)`` of the values from the column at position ``oldest`` on."""
    total, count = np.zeros(len(median)), np.zeros(len(median))
    skip = oldest - past.dropped
    for chunk in (chunk.block for chunk in past.chunks):
        distance = np.abs(chunk.values[:, skip:] - median[: len(chunk.values), None])
        seen = ~np.isnan(distance)
        total[: len(distance)] += np.where(seen, distance, 0.0).sum(axis=1)
        count[: len(distance)] += seen.sum(axis=1)
        skip = max(skip - len(chunk.times), 0)
    for column in past.tail[skip:]:
        distance = np.abs(column.value - median[: len(column.value)])
        seen = ~np.isnan(distance)
        total[: len(distance)] += np.where(seen, distance, 0.0)
        count[: len(distance)] += seen
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
