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

KEPT = 4096
"""Spans of days whose days of the calendar are kept [-]: looked up, and found anew where they are gone."""


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
        self.base, self.country, self.is_country = np.empty(0), np.empty(0, np.intp), np.empty(0, bool)
        self.countries: tuple[str, ...] = ()
        self.changes = 0
        self.known: dict[tuple[str, int], list[Day]] = {}
        self.near: dict[tuple[str, int, int], list[Day]] = {}

    def at(self, rows: np.ndarray, now: np.ndarray, since: np.ndarray | None = None) -> np.ndarray:
        """Log-odds ``(t, n)`` of those at ``rows (n,)``.

        Parameters
        ----------
        now
            Middles of the bins, ``(t, 1)`` or, each its own, ``(t, n)`` [s].
        since
            ``(t, n)`` those of the bins in which an outage that is open was first suspected: it keeps the day that
            speaks for it, and the feast that it began on only as long as there is one [s].
        """
        self._learn()
        odds = np.tile(self.base[rows], (len(now), 1))
        if not odds.size:
            return odds
        began = now if since is None else since
        first, last = (int(f([f(now), f(began)])) for f in (np.min, np.max))
        for place in sorted(set(self.country[rows].tolist())):
            if not (days := self._around(self.countries[place], first // DAY, last // DAY)):
                continue
            own = self.country[rows] == place
            feasts = [day for day in days if day.kind == HOLIDAY]
            odds += np.where(own & _on(feasts, now) & _on(feasts, began), self.settings.holiday, 0.0)
            for day in (day for day in days if day.kind != HOLIDAY):
                odds += np.where(own & self.is_country[rows] & _on([day], began), day.weight, 0.0)
        return odds

    def term(self, row: int, time: int) -> Term | None:
        """The term of the day on which an outage was first suspected, in a bin whose middle is at ``time`` [s], where
        it is one that counts."""
        entity = self.roll[row]
        for day in self._around(entity.country, time // DAY, time // DAY):
            if day.start <= time < day.end and (day.kind == HOLIDAY or entity.type == "country"):
                return Term(OF_DAY + day.kind, None, None, round(day.weight, 2), 1.0)
        return None

    def _learn(self) -> None:
        """Know anew what is known of the roll's entities."""
        if self.changes == self.roll.changes:
            return
        priors, entities = self.settings.prior, self.roll.entities
        self.base = np.array([priors.get(entity.type, min(priors.values())) for entity in entities])
        places = {country: i for i, country in enumerate(dict.fromkeys(entity.country for entity in entities))}
        self.country = np.array([places[entity.country] for entity in entities], np.intp)
        self.is_country = np.array([entity.type == "country" for entity in entities], bool)
        self.countries, self.changes = tuple(places), self.roll.changes

    def _around(self, country: str, first: int, last: int) -> list[Day]:
        """The days of a country that reach into those of UTC from one to another [days since the epoch]."""
        found = self.near.get((country, first, last))
        if found is None:
            if len(self.near) > KEPT:
                self.near.clear()
            start, end = first * DAY, (last + 1) * DAY
            years = [datetime.fromtimestamp(time, UTC).year for time in (start - DAY, end + DAY)]
            every = [day for year in range(years[0], years[1] + 1) for day in self._of(country, year)]
            found = self.near[country, first, last] = [day for day in every if day.start < end and start < day.end]
        return found

    def _of(self, country: str, year: int) -> list[Day]:
        if (country, year) not in self.known:
            self.known[country, year] = list(self._days(country, year))
        return self.known[country, year]

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


def _on(days: list[Day], times: np.ndarray) -> np.ndarray:
    """Which times [s] are on any of these days."""
    on = np.zeros(times.shape, bool)
    for day in days:
        on |= (day.start <= times) & (times < day.end)
    return on
