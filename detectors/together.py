"""What the last bins say together: a fifth of a few hundred counts is lost in no single bin, and clear in six.

The residuals of the last 2, 3 and 6 bins are summed, and each sum is judged by a noise of its own, learnt from such
sums: residuals of real series hang together, and what hangs together does not average out.
"""

from typing import NamedTuple

import numpy as np

SPANS = (2, 3, 6)
"""Bins that are judged together [bins]: half an hour of five-minute ones."""
KEPT = max(SPANS) - 1
"""Bins before the present one that are remembered [bins]."""
SHARE = 0.5
"""The last bin must have lost so much of what all of them lost: what is over is not told again [-]."""
CLIP = 4.0
"""A sum counts as at most so many deviations in the noise: heavy tails count, an outage does not [-]."""


class Recent(NamedTuple):
    """The bins before the present one: residuals, expectations ``(n, KEPT)``, latest first; 0: none."""

    residual: np.ndarray
    mean: np.ndarray


class Sums(NamedTuple):
    """Residuals and expectations of the last bins, the present one with them, ``(len(SPANS), n)`` [unit of x]."""

    residual: np.ndarray
    mean: np.ndarray


def summed(recent: Recent, residual: np.ndarray, mean: np.ndarray) -> Sums:
    """Sums over each of `SPANS` for a present residual and expectation ``(n,)``.

    Examples
    --------
    >>> recent = Recent(np.array([[-1.0, -2, -3, -4, -5]]), np.full((1, 5), 10.0))
    >>> summed(recent, np.array([-1.0]), np.array([10.0])).residual.ravel().tolist()
    [-2.0, -4.0, -16.0]
    """
    sums = Sums(np.empty((len(SPANS), len(residual))), np.empty((len(SPANS), len(residual))))
    for kept, own, into in zip(recent, (residual, mean), sums, strict=True):
        total, last = own, 0
        for i, span in enumerate(SPANS):
            for column in range(last, span - 1):
                total = total + kept[:, column]
            into[i], last = total, span - 1
    return sums


def pushed(recent: Recent, residual: np.ndarray, mean: np.ndarray, use: np.ndarray, over: np.ndarray) -> Recent:
    """The bins before the next one: not the present one where not ``use (n,) bool``, none at all where ``over``.

    Examples
    --------
    >>> recent = Recent(np.zeros((1, KEPT)), np.zeros((1, KEPT)))
    >>> pushed(recent, np.array([-3.0]), np.array([9.0]), *np.array([[True], [False]])).residual.tolist()
    [[-3.0, 0.0, 0.0, 0.0, 0.0]]
    """
    kept = []
    for old, own in zip(recent, (residual, mean), strict=True):
        shifted = np.empty_like(old)
        shifted[:, 0] = np.where(use, own, 0.0)
        shifted[:, 1:] = old[:, :-1]
        shifted[over] = 0.0
        kept.append(shifted)
    return Recent(*kept)


def deviations(sums: Sums, noises: np.ndarray, noise: np.ndarray, unsure: np.ndarray, flat: float) -> np.ndarray:
    """Standard deviation of each sum ``(len(SPANS), n)`` [unit of x].

    Parameters
    ----------
    noises
        ``(n, len(SPANS))`` variance over mean of such sums, see `noise_of_sums` [unit of x].
    noise
        ``(n,)`` that of single bins, which no sum's falls below.
    unsure
        ``(n,)`` deviation of the expectation itself, as a share of it: the same in every bin, it does not average out.
    flat
        Smallest deviation as a share of the expectation [-].
    """
    share = np.maximum(unsure, flat)
    return np.sqrt(np.maximum(noises.T, noise) * sums.mean + (share * sums.mean) ** 2)


def noise_of_sums(noises: np.ndarray, sums: Sums, limit: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Noise ``(n, len(SPANS))`` after one more sum of each, which counts for ``share (n,)``; NaN: none.

    Examples
    --------
    >>> sums = Sums(np.array([[20.0]] * 3), np.array([[100.0]] * 3))
    >>> noise_of_sums(np.zeros((1, 3)), sums, limit=np.full((3, 1), 10.0), share=np.array([0.5])).tolist()
    [[2.0, 2.0, 2.0]]
    """
    residual = np.minimum(np.abs(sums.residual), CLIP * limit)
    ratio = residual * residual / sums.mean
    counts = np.isfinite(ratio) & (share > 0)
    return np.where(counts, noises.T + share * (ratio - noises.T), noises.T).T


def lowest(sums: Sums, deviation: np.ndarray, loss: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score ``(n,)`` of the sum that is farthest below, and its loss ``(n,)`` [-]; 0 and 0 where none says anything.

    A sum speaks while the present bin's ``loss (n,)`` is at least `SHARE` of its own.

    Examples
    --------
    A fifth of 100 is missing for two bins and more, and still; then it is over:

    >>> sums = Sums(np.array([[-40.0], [-60.0], [-60.0]]), np.array([[200.0], [300.0], [600.0]]))
    >>> for loss in (0.2, 0.0):
    ...     lowest(sums, np.sqrt(sums.mean), np.array([loss]))[0].round(1).tolist()
    [-3.5]
    [0.0]
    """
    lost = -sums.residual / sums.mean
    score = np.fmin(np.where(loss >= SHARE * lost, sums.residual / deviation, 0.0), 0.0)
    best = score.argmin(axis=0)
    rows = np.arange(score.shape[1])
    return score[best, rows], np.where(score[best, rows] < 0, lost[best, rows], 0.0)
