"""One measured rate, and what it is compared with in the same run."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """So many a second.

    Parameters
    ----------
    what, unit
        What was measured, and of what it is so many.
    each
        How many a second [1/s].
    beside, ratio
        What it is compared with, and how many times as fast it is: the figure that another machine gives too.
    """

    what: str
    each: float
    unit: str
    beside: str = ""
    ratio: float | None = None

    def to(self, other: "Rate") -> "Rate":
        """The same, compared with another."""
        return Rate(self.what, self.each, self.unit, other.what, self.each / other.each)


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """How many it did, and how many a second."""
    began = time.perf_counter()
    done = work()
    return done, done / (time.perf_counter() - began)
