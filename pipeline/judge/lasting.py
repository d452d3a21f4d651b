"""Since when something lasts, over bins one after the other."""

import numpy as np


def began(was: np.ndarray, start: np.ndarray, holds: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """Since when something holds ``(n, ...)`` [s], 0 where it does not; it lasts through bins that say neither.

    Parameters
    ----------
    was
        ``(n, ...)`` since when it had held before, 0 where it had not [s].
    start
        ``(t,) int64`` starts of the bins [s].
    holds, breaks
        ``(t, n, ...) bool``, never both.

    Examples
    --------
    >>> holds = np.array([[True, True, False, True], [True, False, False, False], [True, True, True, False]])
    >>> breaks = np.array([[False, False, True, False], [False, True, False, False], [False, False, False, False]])
    >>> began(np.array([100, 100, 100, 0]), np.array([300, 600, 900]), holds, breaks).tolist()
    [100, 900, 900, 300]
    """
    if len(holds) == 1:  # nothing to look back over
        return np.where(breaks[0], 0, np.where(was > 0, was, start[0] * holds[0]))
    broken, held = _at_last(holds, breaks)
    fresh = np.where(held.any(axis=0), start[np.argmax(held, axis=0)], 0)
    return np.where((was > 0) & ~broken, was, fresh)


def most(was: np.ndarray, values: np.ndarray, holds: np.ndarray) -> np.ndarray:
    """The largest value ``(n,)`` since something holds, and what it was before if that lasts; 0 where it does not.

    Examples
    --------
    >>> holds = np.array([[True, True], [True, False], [True, True]])
    >>> most(np.array([7.0, 7.0]), np.array([[2.0, 9.0], [3.0, 0.0], [1.0, 4.0]]), holds).tolist()
    [7.0, 4.0]
    """
    if len(holds) == 1:  # nothing to look back over
        return np.where(holds[0], np.maximum(was, values[0]), 0)
    broken, held = _at_last(holds, ~holds)
    return np.maximum(np.where(held, values, 0).max(axis=0), np.where(broken, 0, was))


def summed(was: np.ndarray, amount: int | np.ndarray, holds: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """What bins in which something holds add up to, after each of them ``(t, n, ...)``: whole amounts, such as their
    width [s].  What there was before counts, until it breaks; a bin that says neither adds nothing.

    Examples
    --------
    >>> holds = np.array([[True, True, False], [False, False, False], [True, False, False]])
    >>> breaks = np.array([[False, False, False], [False, True, False], [False, False, False]])
    >>> summed(np.array([600, 600, 600]), 300, holds, breaks).tolist()
    [[900, 900, 600], [900, 0, 600], [1200, 0, 600]]
    """
    if len(holds) == 1:  # nothing to look back over
        return np.where(breaks, 0, was + amount * holds)
    total = was + np.cumsum(amount * holds, axis=0)
    return np.asarray(total - np.maximum.accumulate(np.where(breaks, total, 0), axis=0))


def latest(was: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The last value ``(n,)`` that counts of ``(t, n)``, or ``(t, 1)``, and what it was before where none does.

    Examples
    --------
    >>> counts = np.array([[True, True, False], [True, False, False]])
    >>> latest(np.array([7, 7, 7]), np.array([[1, 2, 3], [4, 5, 6]]), counts).tolist()
    [4, 2, 7]
    """
    if len(counts) < 2:  # nothing to look back over
        return np.where(counts[0], values[0], was) if len(counts) else was
    last = len(counts) - 1 - counts[::-1].argmax(axis=0)
    return np.where(counts.any(axis=0), np.take_along_axis(values, last[None], axis=0)[0], was)


def carried(was: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """As `latest`, before each of t bins ``(t, n)``.

    Examples
    --------
    >>> values, counts = np.array([[True], [False], [False]]), np.array([[True], [False], [True]])
    >>> carried(np.array([False]), values, counts)[:, 0].tolist()
    [False, True, True]
    """
    if len(counts) == 1:  # nothing to look back over
        return was[None]
    at = np.maximum.accumulate(np.where(counts, np.arange(1, len(counts) + 1)[:, None], 0), axis=0)
    at = np.concatenate([np.zeros_like(at[:1]), at[:-1]])
    return np.take_along_axis(np.concatenate([was[None], values]), at, axis=0)


def _at_last(holds: np.ndarray, breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where anything breaks it ``(n, ...)``, and where it holds after the last time ``(t, n, ...)``."""
    broken = breaks.any(axis=0)
    after = np.where(broken, len(breaks) - np.argmax(breaks[::-1], axis=0), 0)
    number = np.arange(len(breaks)).reshape(-1, *[1] * (breaks.ndim - 1))
    return np.asarray(broken), holds & (number >= after)
