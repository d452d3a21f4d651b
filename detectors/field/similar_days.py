"""Cloudflare's rule: the median of the six days of the last four weeks that resemble the last 24 hours most."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from detectors.base import (
    DAY,
    NEVER,
    NORMAL_SPREAD,
    Context,
    Detector,
    Swept,
    Verdict,
    bounded,
    coded,
    is_known,
    met,
    middle,
)
from detectors.history import History, batches, plain
from detectors.state import fresh, per_entity

NEAREST = 6  # periods that the forecast is the median of
BATCH = 512  # entities whose months are compared together: 512 months of 5 min are 34 MB


@dataclass(frozen=True)
class SimilarDaysState:
    """What `SimilarDays` remembers; rows are entities."""

    last: int  # start of the last bin [s]
    past: History  # values of the last ``days`` and a day
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # first value [s]
    chosen: np.ndarray = field(metadata=per_entity(0, np.int8, NEAREST))
    """The periods that are most similar now [days back], all 0 while there are fewer."""
    streak: np.ndarray = field(metadata=per_entity(0, np.int64))  # low values in a row [bins]


@dataclass(frozen=True)
class SimilarDays(Detector[SimilarDaysState]):
    """Cloudflare's forecast (REFERENCE B4).

        distance(k) = sqrt(mean (x[t - 1 day .. t) - x[t - (k + 1) days .. t - k days))^2),  k = 1 .. days
        forecast    = median of x(t - k days) over the six k of the smallest distance
        loss        = 1 - x / forecast
        low provisional  loss >= drop
        low confirmed    loss >= drop in ``sustained`` bins in a row, or loss >= point
        high             x > above * forecast
        score            (x - forecast) / max(1.4826 * median deviation of the six, 0.01 * forecast)

    Nothing is inpainted.  Choices where the published description is open: a distance needs half a day of bins in
    common; the later of two equal days is nearer; the six are chosen once in each ``renew``; values of ``drop`` and
    ``point``.  With fewer than six days nothing is expected (NaN) and the state is unknown.

    Examples
    --------
    Eight days that are alike, then half of a noon is lost:

    >>> from detectors.base import STATES, utc_context
    >>> t = np.arange(0, 8 * DAY + 14 * 3600, 3600)
    >>> x = 100.0 + t % DAY // 3600
    >>> x[-1] /= 2
    >>> _, verdict = SimilarDays().run(x[:, None], t, utc_context(t, 1, 3600))
    >>> STATES[verdict.state[-1, 0]], float(verdict.expected[-1, 0])
    ('low provisional', 113.0)

    References
    ----------
    Cloudflare, Gone offline: how Cloudflare Radar detects Internet outages (2023); REFERENCE.md section 1, B4.
    """

    name: ClassVar[str] = "similar_days"
    published: ClassVar[str] = "Cloudflare"
    swept: ClassVar[Swept] = ("drop", (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.95))
    warmup: ClassVar[int] = (NEAREST + 1) * DAY

    days: int = 28  # days back that are compared [days]
    drop: float = 0.3  # loss from which a value is low [-]
    sustained: int = 2  # low values in a row that confirm [bins]
    point: float = 0.6  # loss that confirms at once [-]
    above: float = 2.0  # a value is high beyond so many times the forecast [-]
    renew: int = 3600  # event time after which the six are chosen anew [s]

    def init(self, n: int) -> SimilarDaysState:
        return fresh(SimilarDaysState, n, last=NEVER, past=History())

    def judge(
        self, state: SimilarDaysState, x: np.ndarray, t: int, context: Context
    ) -> tuple[SimilarDaysState, Verdict]:
        past, chosen = state.past.forget(t - (self.days + 1) * DAY), state.chosen
        with np.errstate(all="ignore"):
            if t // self.renew != state.last // self.renew:
                chosen = nearest(past, len(x), t, context.width, self.days)
            old = is_known(state.first, t, self.warmup)
            forecast, spread = _forecast(past, np.where(old[:, None], chosen, 0), t)
            loss = 1 - x / forecast
            low = ~np.isnan(loss) & (loss >= self.drop)
            streak = np.where(np.isnan(loss), state.streak, np.where(low, state.streak + 1, 0))
            verdict = self._verdict(x, forecast, spread, loss, streak)
        first = met(state.first, x, t)
        past = past.push(t, x, x, np.zeros(len(x), bool))
        return SimilarDaysState(t, past, first, chosen, streak), verdict

    def _verdict(
        self, x: np.ndarray, forecast: np.ndarray, spread: np.ndarray, loss: np.ndarray, streak: np.ndarray
    ) -> Verdict:
        sure = (streak >= self.sustained) | (loss >= self.point)
        low, upper = loss >= self.drop, self.above * forecast
        code = coded(~np.isnan(loss), low & sure, x > upper, provisional=low)
        score = np.where(np.isnan(loss), np.nan, bounded((x - forecast) / spread))
        return Verdict(forecast, (1 - self.drop) * forecast, upper, score, code, np.isfinite(forecast))


def nearest(past: History, n: int, t: int, width: int, days: int) -> np.ndarray:
    """The six days back ``(n, 6) int8`` whose 24 hours are nearest to those before t, all 0 where fewer are known."""
    chosen, view = np.zeros((n, NEAREST), np.int8), plain(n)
    for rows in batches(np.arange(n), BATCH):
        times, values = past.rows(rows, view)
        if not len(times) or times[0] > t - NEAREST * DAY:
            break
        far = _distances(times, values, t, days, least=DAY / width / 2)
        order = np.argsort(far, axis=0, kind="stable")[:NEAREST].T + 1
        enough = (~np.isnan(far)).sum(axis=0) >= NEAREST
        chosen[rows[enough]] = order[enough]
    return chosen


def _distances(times: np.ndarray, values: np.ndarray, t: int, days: int, least: float) -> np.ndarray:
    """Mean square ``(days, k)`` between the day before t and that before the same time of each earlier day, NaN where
    the two have fewer than ``least`` bins in common."""
    now = np.flatnonzero(times >= t - DAY)
    far = np.full((days, len(values)), np.nan)
    for i in range(days):
        wanted = times[now] - (i + 1) * DAY
        place = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
        there = times[place] == wanted
        square = (values[:, now[there]] - values[:, place[there]]) ** 2
        seen = ~np.isnan(square)
        count = seen.sum(axis=1)
        far[i] = np.where(count >= least, np.where(seen, square, 0.0).sum(axis=1) / count, np.nan)
    return far


def _forecast(past: History, chosen: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
    """Median of what followed the chosen periods ``(n,)``, and its deviation; NaN where none was chosen or seen."""
    followed = np.full(chosen.T.shape, np.nan)
    for lag in np.unique(chosen).tolist():
        position = past.find(t - lag * DAY) if lag else None
        if position is not None:
            followed = np.where(lag == chosen.T, past.as_written(position, len(chosen)), followed)
    forecast = middle(followed)
    spread = np.maximum(NORMAL_SPREAD * middle(np.abs(followed - forecast)), 0.01 * forecast)
    return forecast, spread + np.finfo(float).tiny
