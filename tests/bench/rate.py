"""One measured rate, and what it is compared with in the same run."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """So many a second ``each``; ``ratio``: how many times as fast as ``beside``, which another machine gives too."""

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
