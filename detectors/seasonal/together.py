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


class Sums(NamedTuple):
    """Residuals and expectations of t bins, each with those before it, ``(t, len(SPANS), n)`` [unit of x]."""

    residual: np.ndarray
    mean: np.ndarray


def before(kept: np.ndarray, own: np.ndarray, over: np.ndarray) -> list[np.ndarray]:
    """What was kept before each of t bins, and before the next one: ``KEPT`` arrays ``(t + 1, n)``, the latest first.

    Parameters
    ----------
    kept
        ``(n, KEPT)`` before the first of them, latest first; 0: none.
    own
        ``(t, n)`` what each bin leaves to be kept.
    over
        ``(t, n) bool`` where nothing is kept after a bin, itself included.

    Examples
    --------
    >>> own, over = np.array([[-3.0], [-4.0]]), np.array([[False], [True]])
    >>> [column.ravel().tolist() for column in before(np.full((1, KEPT), -1.0), own, over)[:2]]
    [[-1.0, -3.0, 0.0], [-1.0, -1.0, 0.0]]
    """
    t = len(own)
    every = np.concatenate([kept.T[::-1], own])
    back = [every[KEPT - lag : KEPT - lag + t + 1] for lag in range(1, KEPT + 1)]
    if over.any():
        ends = np.concatenate([np.zeros((1, over.shape[1]), np.int64), np.cumsum(over, axis=0)])
        for lag in range(1, KEPT + 1):
            back[lag - 1] = np.where(ends > ends[np.maximum(np.arange(t + 1) - lag, 0)], 0.0, back[lag - 1])
    return back


def summed(back: list[np.ndarray], own: np.ndarray) -> np.ndarray:
    """Sums ``(t, len(SPANS), n)`` over each of `SPANS` of t bins ``own (t, n)`` and those `before` them.

    Examples
    --------
    >>> back = before(np.array([[-1.0, -2, -3, -4, -5]]), np.array([[-1.0]]), np.array([[False]]))
    >>> summed(back, np.array([[-1.0]])).ravel().tolist()
    [-2.0, -4.0, -16.0]
    """
    sums, total, last = np.empty((len(own), len(SPANS), own.shape[1])), own, 0
    for i, span in enumerate(SPANS):
        for column in range(last, span - 1):
            total = total + back[column][:-1]
        sums[:, i], last = total, span - 1
    return sums


def lowest(
    sums: Sums, deviation: np.ndarray, loss: np.ndarray, least_loss: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score ``(t, n)`` of the sum that is farthest below, and its loss ``(t, n)`` [-]; 0 and 0 where none is below.

    A sum speaks while the present bin's ``loss (t, n)`` is at least `SHARE` of its own, and that one ``least_loss
    (len(SPANS),)``.

    Examples
    --------
    A fifth of 100 is missing for two bins and more, and still; then it is over:

    >>> sums = Sums(np.array([[[-40.0], [-60.0], [-60.0]]]), np.array([[[200.0], [300.0], [600.0]]]))
    >>> for loss in (0.2, 0.0):
    ...     lowest(sums, np.sqrt(sums.mean), np.array([[loss]]), np.zeros(3))[0].round(1).tolist()
    [[-3.5]]
    [[0.0]]
    """
    lost = -sums.residual / sums.mean
    speaks = (loss[:, None] >= SHARE * lost) & (lost >= least_loss[:, None])
    score = np.where(speaks, sums.residual / deviation, 0.0)
    least, its = np.zeros_like(loss), np.zeros_like(loss)
    for i in range(score.shape[1]):
        np.copyto(its, lost[:, i], where=score[:, i] < least)
        least = np.fmin(score[:, i], least)
    return least, its
