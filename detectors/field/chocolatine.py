"""Chocolatine: a seasonal ARMA model of each series, and intervals from its own errors."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.base import (
    DAY,
    HIGH,
    LOW_CONFIRMED,
    NEVER,
    NORMAL_SPREAD,
    UNKNOWN,
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
from detectors.history import History, View, batches, observed, plain
from detectors.state import fresh, per_entity

WEEK = 7 * DAY
STEPS = 12  # bins that are forecast from one origin

LAGS = (0, 2, 4, 6, 8)
"""Weeks whose median the training week is; the week before it, that of the odd ones between [weeks]."""

WEEKS = 2 + max(LAGS) + 1
"""Past that a model is made of: the validation week, the training week, and what its medians and difference need."""

BATCH = 64  # entities that are fitted together: 64 times eleven weeks of 5 min are 11 MB

ORDERS = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
"""Autoregressive and moving-average orders whose sum is one or two, in the order in which equals are preferred."""

LONG = 6  # order of the long autoregression [bins]
RIDGE = 1e-9  # share of the mean square that is added to each: a flat series then has the coefficient zero


class Running(NamedTuple):
    """The last two values and last two innovations ``(..., 4)``."""

    now: np.ndarray  # of the last bin
    ahead: np.ndarray  # of a forecast from an origin


class Model(NamedTuple):
    """What was fitted for n entities."""

    coefficients: np.ndarray  # (n, 4)
    interval: np.ndarray  # (n, 12), by horizon
    running: Running


@dataclass(frozen=True)
class ChocolatineState:
    """What `Chocolatine` remembers; rows are entities."""

    last: int  # start of the last bin [s]
    past: History  # values of eleven weeks, forecasts where a value was an outlier, with NaN aside
    first: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # first value [s]
    fitted: np.ndarray = field(metadata=per_entity(NEVER, np.int64))  # when the model was [s]; never: there is none
    coefficients: np.ndarray = field(metadata=per_entity(0.0, np.float64, 4))  # these four: see `Model` and `Running`
    interval: np.ndarray = field(metadata=per_entity(np.nan, np.float64, STEPS))  # of one deviation
    now: np.ndarray = field(metadata=per_entity(0.0, np.float64, 4))
    ahead: np.ndarray = field(metadata=per_entity(0.0, np.float64, 4))
    low: np.ndarray = field(metadata=per_entity(False, np.bool_))  # in an alert


@dataclass(frozen=True)
class Chocolatine(Detector[ChocolatineState]):
    """Chocolatine (REFERENCE B3): a seasonal ARMA model, and intervals from its own errors.

        y(t)     = x(t) - x(t - 1 week)
        y(t)     = a1 y(t-1) + a2 y(t-2) + e(t) + b1 e(t-1) + b2 e(t-2), at most two coefficients
        expected = x(t - 1 week) + forecast of y from the last bin whose number divides by 12
        band     = deviations * 1.4826 * median |error| of the last week, by bins since that origin
        low confirmed  x < expected - band, until x > expected - leave * band
        high           x > expected + band
        score          (x - expected) / band of one deviation

    The model of the smallest error on the last week is taken of five that are fitted on the week before, each slot of
    which is the median of five weeks.  Outliers and all that an alert covers are inpainted with the forecast.

    Choices where the published description is open: models are fitted by two regressions (`fitted`) once a week, and
    tried each day (UTC) where there is none; an inpainted bin is no error of a model, and a week with too many of them
    validates none; one threshold, so that a low is confirmed at once.  A series has no expectation (NaN) before it has
    eleven weeks, with too many gaps or zeros, and if its width does not divide the week.  A level that has shifted is
    an alert for ever.

    Examples
    --------
    Twelve weeks of 1000, give or take, and the last value is gone:

    >>> from detectors.base import STATES, utc_context
    >>> t = np.arange(0, 12 * WEEK, 6 * 3600)
    >>> x = 1000 + np.random.default_rng(1).normal(0, 10, (len(t), 1))
    >>> x[-1] = 0
    >>> _, verdict = Chocolatine().run(x, t, utc_context(t, 1, 6 * 3600))
    >>> STATES[verdict.state[-1, 0]], STATES[verdict.state[-2, 0]]
    ('low confirmed', 'normal')

    References
    ----------
    A. Guillot and others, Chocolatine: Outage Detection for Internet Background Radiation, TMA 2019; E. Hannan and
    J. Rissanen, Recursive estimation of mixed autoregressive-moving average order, Biometrika 1982; REFERENCE.md B3.
    """

    name: ClassVar[str] = "chocolatine"
    published: ClassVar[str] = "Guillot and others"
    swept: ClassVar[Swept] = ("deviations", (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 25.0))
    warmup: ClassVar[int] = WEEKS * WEEK

    deviations: float = 3.0  # half of the interval [deviations]
    leave: float = 0.25  # share of the interval within which an alert ends [-]
    points: float = 0.75  # share of eleven weeks' bins that must have been seen [-]
    zeros: float = 0.5  # share of zeros from which a series is not judged [-]

    def init(self, n: int) -> ChocolatineState:
        return fresh(ChocolatineState, n, last=NEVER, past=History())

    def judge(
        self, state: ChocolatineState, x: np.ndarray, t: int, context: Context
    ) -> tuple[ChocolatineState, Verdict]:
        with np.errstate(all="ignore"):
            state = replace(state, past=state.past.forget(t - WEEKS * WEEK))
            if t // DAY != state.last // DAY and WEEK % context.width == 0 and WEEK // context.width >= STEPS:
                state = self._fit(state, t, context.width)
            block, place = divmod(t // context.width, STEPS)
            running, origin = Running(state.now, state.ahead), block != state.last // context.width // STEPS
            running, ahead = forecast(state.coefficients, running, origin)
            ago = state.past.find(t - WEEK)
            before = np.full(len(x), np.nan) if ago is None else state.past.as_written(ago, len(x))
            expected = np.where(state.fitted != NEVER, before + ahead, np.nan)
            verdict = self._verdict(state, x, expected, state.interval[:, place])
            odd = (verdict.state == LOW_CONFIRMED) | (verdict.state == HIGH)
            value = np.where(odd, np.maximum(expected, 0.0), x)
            running = updated(state.coefficients, running, value - before)
        state = replace(
            state,
            last=t,
            past=state.past.push(t, value, np.full(len(x), np.nan), odd),
            first=met(state.first, x, t),
            now=running.now,
            ahead=running.ahead,
            low=np.where(verdict.state == UNKNOWN, state.low, verdict.state == LOW_CONFIRMED),
        )
        return state, verdict

    def _verdict(self, state: ChocolatineState, x: np.ndarray, expected: np.ndarray, unit: np.ndarray) -> Verdict:
        band = self.deviations * unit
        away = x - expected
        says = ~np.isnan(away) & ~np.isnan(band)
        low = (away < -band) | (state.low & (away <= -self.leave * band) & (away < 0))
        code = coded(says, low, away > band)
        least = np.maximum(0.002 * expected, np.finfo(float).tiny)  # a flat series has no errors of its own
        score = np.where(says, bounded(away / np.maximum(unit, least)), np.nan)
        lower, settled = np.maximum(expected - band, 0.0), np.isfinite(expected) & np.isfinite(band)
        return Verdict(expected, lower, expected + band, score, code, settled)

    def _fit(self, state: ChocolatineState, t: int, width: int) -> ChocolatineState:
        """The state with the models made anew of those that have none or one of a week."""
        due = is_known(state.first, t, self.warmup) & (t - state.fitted >= WEEK)
        rows, n = np.flatnonzero(due), len(due)
        names = ("fitted", "coefficients", "interval", "now", "ahead")
        arrays = {name: getattr(state, name).copy() for name in names}
        for batch in batches(rows, BATCH):
            x, own = (_weeks(state.past, batch, view, t, width) for view in (plain(n), observed(n)))
            own = ~np.isnan(own[:, -WEEK // width :])
            seen = (~np.isnan(x)).mean(axis=1)
            fit = (seen >= self.points) & ((x == 0).mean(axis=1) < self.zeros * seen)
            arrays["fitted"][batch[~fit]] = NEVER
            fit &= own.mean(axis=1) >= self.points
            batch, model = batch[fit], modelled(x[fit], own[fit], t // width)
            arrays["fitted"][batch] = t
            arrays["coefficients"][batch], arrays["interval"][batch] = model.coefficients, model.interval
            arrays["now"][batch], arrays["ahead"][batch] = model.running
        return replace(state, **arrays) if len(rows) else state


def _weeks(past: History, rows: np.ndarray, view: View, t: int, width: int) -> np.ndarray:
    """The eleven weeks before t of some entities ``(k, 11 weeks)`` on an even grid, NaN where there is no such bin."""
    times, values = past.rows(rows, view)
    wanted = np.arange(t - WEEKS * WEEK, t, width)
    if not len(times):
        return np.full((len(rows), len(wanted)), np.nan)
    place = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
    return np.where(times[place] == wanted, values[:, place], np.nan)


def modelled(x: np.ndarray, own: np.ndarray, end: int) -> Model:
    """The best model of each of n series x ``(n, 11 weeks)``, up to the bin whose number since the epoch is ``end``.

    Errors are those of the bins of the last week that are the series' ``own (n, week) bool``.  The interval is of one
    deviation by horizon; NaN where there is no error of it.
    """
    week = x.shape[1] // WEEKS
    back = [x[:, x.shape[1] - (i + 1) * week : x.shape[1] - i * week] for i in range(WEEKS)]
    train = middle_of([back[1 + lag] for lag in LAGS]) - middle_of([back[2 + lag] for lag in LAGS])
    models = fitted(train)
    models = np.where(np.isnan(models), 0.0, models)  # one that explodes is the plain difference of weeks
    running, errors = Running(*np.zeros((2, *models.shape))), np.full((*models.shape[:2], week), np.nan)
    for i in range(week):
        y = back[0][:, i] - back[1][:, i]
        running, ahead = forecast(models, running, origin=(end - week + i) % STEPS == 0)
        running = updated(models, running, np.broadcast_to(y, ahead.shape))
        errors[:, :, i] = np.where(own[:, i], y - ahead, np.nan)
    square = np.nansum(errors**2, axis=2)
    best, n = np.argmin(square, axis=0), np.arange(len(x))
    horizon = (np.arange(week) + end - week) % STEPS
    wrong = np.abs(errors[best, n])
    interval = np.stack([NORMAL_SPREAD * middle(wrong[:, horizon == h].T) for h in range(STEPS)], axis=1)
    return Model(models[best, n], interval, Running(running.now[best, n], running.ahead[best, n]))


def middle_of(weeks: list[np.ndarray]) -> np.ndarray:
    """Median ``(n, week)`` of weeks, each ``(n, week)``, NaN left out."""
    stacked = np.stack(weeks)
    return middle(stacked.reshape(len(weeks), -1)).reshape(stacked.shape[1:])


def forecast(model: np.ndarray, running: Running, origin: bool) -> tuple[Running, np.ndarray]:
    """The forecast ``(...)`` of one more bin, from the last bin if this is an ``origin``, and where it leads."""
    ahead = running.now if origin else running.ahead
    value = _next(model, ahead)
    return Running(running.now, _shifted(ahead, value, np.zeros_like(value))), value


def updated(model: np.ndarray, running: Running, y: np.ndarray) -> Running:
    """The models after y ``(...)``; NaN: y was as expected."""
    expected = _next(model, running.now)
    y = np.where(np.isnan(y), expected, y)
    return Running(_shifted(running.now, y, y - expected), running.ahead)


def _next(model: np.ndarray, four: np.ndarray) -> np.ndarray:
    # written out: a sum over an axis may add in another order where there are more series
    return (model[..., 0] * four[..., 0] + model[..., 1] * four[..., 1]) + (
        model[..., 2] * four[..., 2] + model[..., 3] * four[..., 3]
    )


def _shifted(four: np.ndarray, value: np.ndarray, innovation: np.ndarray) -> np.ndarray:
    return np.stack([value, four[..., 0], innovation, four[..., 2]], axis=-1)


def fitted(y: np.ndarray) -> np.ndarray:
    """Coefficients ``(5, n, 4)`` of every one of `ORDERS` for series y ``(n, c)``, NaN where such a model explodes."""
    lags = [_lagged(y, i + 1) for i in range(min(LONG, y.shape[1] - 1))]
    long = _regressed(y, lags)
    innovation = y - sum(lag * long[:, [i]] for i, lag in enumerate(lags))
    innovation = np.where(np.isnan(innovation), 0.0, innovation)
    models = np.zeros((len(ORDERS), len(y), 4))
    for model, (p, q) in zip(models, ORDERS, strict=True):
        columns = [*range(p), *range(2, 2 + q)]
        model[:, columns] = _regressed(y, [_lagged(y if c < 2 else innovation, c % 2 + 1) for c in columns])
        model[~(_calm(model[:, 0], model[:, 1]) & _calm(-model[:, 2], -model[:, 3]))] = np.nan
    return models


def _lagged(y: np.ndarray, lag: int) -> np.ndarray:
    return np.concatenate([np.full((len(y), lag), np.nan), y[:, :-lag]], axis=1)


def _regressed(y: np.ndarray, lags: list[np.ndarray]) -> np.ndarray:
    """Coefficients ``(n, k)`` of the least squares of y on its lags, over the bins where all of them are known."""
    whole = ~np.isnan(y) & np.all([~np.isnan(lag) for lag in lags], axis=0)
    a = np.stack([np.where(whole, lag, 0.0) for lag in lags], axis=1)
    square = a @ a.transpose(0, 2, 1)
    size = np.trace(square, axis1=1, axis2=2) / len(lags)
    square += np.eye(len(lags)) * (RIDGE * size + np.finfo(float).tiny)[:, None, None]
    usable = np.isfinite(square).all(axis=(1, 2))
    square[~usable] = np.eye(len(lags))
    right = a @ np.where(whole, y, 0.0)[:, :, None]
    return np.where(usable[:, None], np.linalg.solve(square, right)[:, :, 0], np.nan)


def _calm(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Whether a recursion by these two coefficients dies out."""
    return (np.abs(two) < 1) & (two + one < 1) & (two - one < 1)
