"""What a series did on one day alone: a value gone wrong is no way of any day until it comes a second time."""

from collections.abc import Sequence

import numpy as np

from detectors.history import History, View

ALONE, OTHERS = 2.0, 3
"""So many times what all other days had in a slot, if there are as many, is no day's way until it comes again [-]."""


def repeated(past: History, view: View, places: Sequence[int | None], days: np.ndarray) -> np.ndarray:
    """Past days ``(lags, n)``, of which one that had more than `ALONE` times what all others had, `OTHERS` of them as
    they were observed, is as the most of these.

    Parameters
    ----------
    places
        Positions of the days in the past ``(lags,)``, None where one is not known.
    days
        What they had in the slot ``(lags, n)``, NaN where nothing was observed; it is written to.

    Examples
    --------
    >>> days = np.array([[100.0, 100], [900, 900], [110, 105], [120, 700]])
    >>> from detectors.history import plain
    >>> repeated(History(), plain(2), [None] * 4, days)[1].tolist()
    [120.0, 900.0]
    """
    most, next_ = days[0], np.full_like(days[0], np.nan)
    for day in days[1:]:
        next_ = np.fmax(next_, np.minimum(most, day))
        most = np.fmax(most, day)
    alone = np.flatnonzero((most > ALONE * next_) & (next_ > 0))
    plain = (own := days[:, alone]) < most[alone]
    for i, at in enumerate(places if len(alone) else ()):
        if at is not None and past.replaced(at):
            plain[i] &= own[i] == past.as_observed(days[i], at, view)[alone]
    lone = np.count_nonzero(plain, axis=0) >= OTHERS
    days[:, alone[lone]] = np.minimum(own, next_[alone])[:, lone]
    return days
