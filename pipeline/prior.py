"""How probable an outage is before anything is seen: by what an entity is, and by the day where the calendar knows it.

References
----------
182 national shutdowns and 729 spontaneous outages, and how much likelier the former are on such days (SIGCOMM 2023):
REFERENCE.md section 2.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from math import exp, log
from typing import NamedTuple

import numpy as np

from pipeline.calendar import public_holidays
from pipeline.likeness import DAYS, OF_DAY
from pipeline.localtime import DAY, zone
from pipeline.records import Term
from pipeline.roll import Roll
from pipeline.settings import Fusing

SHUTDOWNS = 182 / (182 + 729)
"""Share of all outages of countries that were shutdowns [0-1]: of the others a day of the calendar brings no more."""


HOLIDAY = "holiday"
"""The kind of a day that is free, by the package `holidays`."""


def of_day(kind: str, most: float) -> float:
    """How much likelier an outage of a country is on a day that matters [log-odds], at most ``most``.

    Examples
    --------
    >>> [round(of_day(kind, 2.0), 2) for kind in ("election", "protest", "coup")]
    [1.38, 0.96, 2.0]
    """
    return min(most, log(1 - SHUTDOWNS + SHUTDOWNS * exp(DAYS[kind])))


class Day(NamedTuple):
    """A day of the calendar of a country, by its clock: from ``start`` to ``end`` [s], and what it weighs
    [log-odds]."""

    start: int
    end: int
    kind: str
    weight: float


class Prior:
    """The prior of each entity of a roll [log-odds].

    A day that matters counts for its country alone: nobody published what it brings for a region or a network.  A
    public holiday counts for all that belongs to the country: people do otherwise, and part of the traffic is missing.
    """

    def __init__(self, roll: Roll, settings: Fusing) -> None:
        self.roll, self.settings = roll, settings
        self.base = np.empty(0)
        self.known: dict[tuple[str, int], list[Day]] = {}

    def grow(self) -> None:
        """Take in those that are new."""
        priors = self.settings.prior
        new = self.roll.entities[len(self.base) :]
        self.base = np.append(self.base, [priors.get(entity.type, min(priors.values())) for entity in new])

    def at(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Log-odds ``(t, n)`` of those at ``rows (n,)`` in bins that end at ``times (t, 1)`` or, each its own,
        ``(t, n)`` [s]."""
        odds = np.tile(self.base[rows], (len(times), 1))
        if not odds.size:
            return odds
        first, last = int(times.min()), int(times.max())
        columns: dict[str, list[int]] = {}
        for i, row in enumerate(rows.tolist()):
            columns.setdefault(self.roll[row].country, []).append(i)
        for country, own in columns.items():
            for day in self._near(country, first, last):
                some = own if day.kind == HOLIDAY else [i for i in own if self.roll[int(rows[i])].type == "country"]
                when = times if times.shape[1] == 1 else times[:, some]
                odds[:, some] += np.where((day.start < when) & (when <= day.end), day.weight, 0.0)
        return odds

    def term(self, row: int, time: int) -> Term | None:
        """The term of the day of a bin that ends at ``time`` [s], where it is one that counts."""
        entity = self.roll[row]
        for day in self._near(entity.country, time, time):
            if day.kind == HOLIDAY or entity.type == "country":
                return Term(OF_DAY + day.kind, None, None, round(day.weight, 2), 1.0)
        return None

    def _near(self, country: str, first: int, last: int) -> Iterator[Day]:
        """The days of a country in which a bin lies that ends between two times [s]."""
        years = {datetime.fromtimestamp(time, UTC).year for time in (first - DAY, first, last, last + DAY)}
        for year in range(min(years), max(years) + 1):
            if (country, year) not in self.known:
                self.known[country, year] = list(self._days(country, year))
            yield from (day for day in self.known[country, year] if day.start < last and first <= day.end)

    def _days(self, country: str, year: int) -> Iterator[Day]:
        """The days of a country in a year; one that matters is no holiday."""
        named = {day[3:]: kind for day, kind in self.settings.days.items() if day[:2] == country}
        free = public_holidays(country, year) if self.settings.holiday else frozenset()
        for day in sorted(free.union(day for day in named if day[:4] == f"{year}")):
            midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone(country))
            start, end = (int((midnight + timedelta(days=days)).timestamp()) for days in (0, 1))
            kind = named.get(day, HOLIDAY)
            weight = self.settings.holiday if kind == HOLIDAY else of_day(kind, self.settings.day_most)
            yield Day(start, end, kind, weight)
