"""ARMA models of at most two coefficients, of many series at once: fitted, run and forecast.

Fitted by the two regressions of Hannan and Rissanen: a long autoregression gives the innovations, on which and on the
past values the series is then regressed.  The mean is zero; NaN is not observed.
"""

from typing import NamedTuple

import numpy as np

ORDERS = ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
"""Autoregressive and moving-average orders whose sum is one or two, in the order in which equals are preferred."""

LONG = 6
"""Order of the long autoregression [bins]."""

RIDGE = 1e-9
"""Share of the mean square that is added to each: a flat series then has the coefficient zero."""


class Running(NamedTuple):
    """Where models stand, each ``(..., 4)``: ``now`` after the last bin, ``ahead`` in the forecast from an origin.

    The four are the last value, the one before, the last innovation, the one before.
    """

    now: np.ndarray
    ahead: np.ndarray


def rest(shape: tuple[int, ...]) -> Running:
    """Models of which nothing has been seen."""
    return Running(np.zeros((*shape, 4)), np.zeros((*shape, 4)))


def forecast(model: np.ndarray, running: Running, origin: bool) -> tuple[Running, np.ndarray]:
    """One bin further ahead, from here if this is an ``origin``: where the models stand, and the forecast ``(...)``.

    Examples
    --------
    An autoregression by a half, two bins ahead of a 4:

    >>> model, running = np.array([0.5, 0.0, 0.0, 0.0]), Running(np.array([4.0, 0, 0, 0]), np.zeros(4))
    >>> running, one = forecast(model, running, origin=True)
    >>> running, two = forecast(model, running, origin=False)
    >>> float(one), float(two)
    (2.0, 1.0)
    """
    ahead = running.now if origin else running.ahead
    value = _next(model, ahead)
    return Running(running.now, _shifted(ahead, value, np.zeros_like(value))), value


def observed(model: np.ndarray, running: Running, y: np.ndarray) -> Running:
    """Where the models stand after y ``(...)``; NaN: what they expected came.

    Examples
    --------
    >>> model = np.array([0.5, 0.0, 0.0, 0.0])
    >>> observed(model, Running(np.array([4.0, 0, 0, 0]), np.zeros(4)), np.array(3.0)).now.tolist()
    [3.0, 4.0, 1.0, 0.0]
    """
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
    """Coefficients ``(5, n, 4)`` of every one of `ORDERS` for series y ``(n, c)``, NaN where such a model explodes.

    Examples
    --------
    >>> y = np.array([[1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625]])
    >>> fitted(y)[0].round(2).tolist()
    [[0.5, 0.0, 0.0, 0.0]]
    """
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
