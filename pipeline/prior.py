"""How probable an outage is before anything is seen: by what an entity is, and by the day where the calendar knows it.

References
----------
182 national shutdowns and 729 spontaneous outages, and how much likelier the former are on such days (SIGCOMM 2023):
REFERENCE.md section 2.
"""

from datetime import date, datetime, timedelta
from math import exp, log
from typing import NamedTuple

import numpy as np

from pipeline.likeness import DAYS, OF_DAY
from pipeline.localtime import zone
from pipeline.records import Term
from pipeline.roll import Roll
from pipeline.settings import Fusing

SHUTDOWNS = 182 / (182 + 729)
"""Share of all outages of countries that were shutdowns [0-1]: of the others a day of the calendar brings no more."""


def of_day(kind: str, most: float) -> float:
    """How much likelier an outage of a country is on a day that matters [log-odds], at most ``most``.

    Examples
    --------
    >>> [round(of_day(kind, 2.0), 2) for kind in ("election", "protest", "coup")]
    [1.38, 0.96, 2.0]
    """
    return min(most, log(1 - SHUTDOWNS + SHUTDOWNS * exp(DAYS[kind])))


class Day(NamedTuple):
    """A day that matters in a country, by its clock: from ``start`` to ``end`` [s], and what it weighs [log-odds]."""

    country: str
    start: int
    end: int
    kind: str
    weight: float


class Prior:
    """The prior of each entity of a roll [log-odds].

    A day counts for its country alone: nobody published what it brings for a region or a network.
    """

    def __init__(self, roll: Roll, settings: Fusing) -> None:
        self.roll, self.settings = roll, settings
        self.base = np.empty(0)
        self.days = [_day(day, kind, settings.day_most) for day, kind in settings.days.items()]

    def grow(self) -> None:
        """Take in those that are new."""
        priors = self.settings.prior
        new = self.roll.entities[len(self.base) :]
        self.base = np.append(self.base, [priors.get(entity.type, min(priors.values())) for entity in new])

    def at(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Log-odds ``(t, n)`` of those at ``rows (n,)`` in bins that end at ``times (t, 1)`` or, each its own,
        ``(t, n)`` [s]."""
        odds = np.tile(self.base[rows], (len(times), 1))
        if not times.size:
            return odds
        first, last = times.min(), times.max()
        for day in (day for day in self.days if day.start < last and first <= day.end):
            own = rows == self.roll.rows.get(("country", day.country), -1)
            if own.any():
                odds += np.where(own & (day.start < times) & (times <= day.end), day.weight, 0.0)
        return odds

    def term(self, row: int, time: int) -> Term | None:
        """The term of the day of a bin that ends at ``time`` [s], where it is one that matters."""
        entity = self.roll[row]
        for day in self.days:
            if entity[:2] == ("country", day.country) and day.start < time <= day.end:
                return Term(OF_DAY + day.kind, None, None, round(day.weight, 2), 1.0)
        return None


def _day(day: str, kind: str, most: float) -> Day:
    country, _, written = day.partition(" ")
    midnight = datetime.combine(date.fromisoformat(written), datetime.min.time(), zone(country))
    start, end = (int((midnight + timedelta(days=days)).timestamp()) for days in (0, 1))
    return Day(country, start, end, kind, of_day(kind, most))
