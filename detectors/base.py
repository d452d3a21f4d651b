"""The contract of a detector.  Numpy only: no clock, no Kafka, nothing of the pipeline."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

UNKNOWN, NORMAL, LOW_PROVISIONAL, LOW_CONFIRMED, HIGH = range(5)
STATES = ("unknown", "normal", "low provisional", "low confirmed", "high")


@dataclass(frozen=True)
class Context:
    """What is known about a bin besides its values.

    Parameters
    ----------
    width
        Length of the bin [s].
    health
        ``(n,) float`` share of the sources that were healthy [0-1].
    week_slot
        ``(n,) int64`` seconds since Monday 00:00 local time at the bin's start [s].
    day_kind
        ``(n,) int8`` 0 workday, 1 weekend, 2 holiday, local.
    """

    width: int
    health: np.ndarray
    week_slot: np.ndarray
    day_kind: np.ndarray


class Verdict(NamedTuple):
    """What a detector says of one bin, arrays ``(n,)``.

    expected, lower, upper in the unit of x (NaN while nothing is expected); score signed, in robust standard
    deviations, low is negative (NaN where nothing is said); state ``int8``, one of `STATES`.
    """

    expected: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    score: np.ndarray
    state: np.ndarray
