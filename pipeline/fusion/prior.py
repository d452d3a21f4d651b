"""How probable an outage is before anything is seen: by what an entity is, and by the day where the calendar knows it;
and whose loss is feared on such a day.

References
----------
182 national shutdowns and 729 spontaneous outages, and how much likelier the former are on such days (SIGCOMM 2023):
REFERENCE.md section 2.
"""

from collections.abc import Iterator
from math import exp, log

import numpy as np

from pipeline.bins import DAY
from pipeline.fusion.likeness import DAYS, OF_DAY
from pipeline.fusion.roll import Roll
from pipeline.geo.calendar import HOLIDAY, Almanac, Day
from pipeline.records import Term
from pipeline.settings import Fusing

SHUTDOWNS = 182 / (182 + 729)
"""Share of all outages of countries that were shutdowns [0-1]: of the others a day of the calendar brings no more."""

NIGHT = 6 * 3600
"""A feast is slept off [s]."""

EVE, AFTER = 12 * 3600, 6 * 3600
"""Before a day that matters, and after it, as votes are counted [s]."""


def of_day(kind: str, most: float) -> float:
    """How much likelier an outage of a country is on a day that matters [log-odds], at most ``most``.

    Examples
    --------
    >>> [round(of_day(kind, 2.0), 2) for kind in ("election", "protest", "coup")]
    [1.38, 0.96, 2.0]
    """
    return min(most, log(1 - SHUTDOWNS + SHUTDOWNS * exp(DAYS[kind])))


def feared(almanac: Almanac, country: str, began: int) -> bool:
    """Whether what began then [s] in a country did so on a day that matters, since its `EVE`, or in `AFTER`.

    Examples
    --------
    >>> almanac, midnight = Almanac(matter={"PK 2024-02-08": "election"}), 1707332400  # in Karachi
    >>> [feared(almanac, "PK", midnight + hours * 3600) for hours in (-13, -12, 29, 30)]
    [False, True, True, False]
    """
    days = almanac.around(country, (began - AFTER) // DAY, (began + EVE) // DAY)
    return any(day.kind != HOLIDAY and day.start - EVE <= began < day.end + AFTER for day in days)


class Prior:
    """The prior of each entity of a roll [log-odds].

    A day that matters is a prior of its country alone: nobody published what it brings for a region or a network.  A
    holiday counts for all that belongs to the country: people do otherwise, and part of the traffic is missing.
    """

    def __init__(self, roll: Roll, settings: Fusing, almanac: Almanac) -> None:
        self.roll, self.settings, self.almanac = roll, settings, almanac
        self.weight = {kind: of_day(kind, settings.day_most) for kind in DAYS} | {HOLIDAY: settings.holiday}
        self.base, self.country = np.empty(0), np.empty(0, np.intp)
        self.is_country = self.is_place = np.empty(0, bool)
        self.countries: tuple[str, ...] = ()
        self.changes = 0

    def at(self, rows: np.ndarray, now: np.ndarray, since: np.ndarray | None = None) -> np.ndarray:
        """Log-odds ``(t, n)`` of those at ``rows (n,)``.

        Parameters
        ----------
        now
            Middles of the bins, ``(t, 1)`` or, each its own, ``(t, n)`` [s].
        since
            ``(t, n)`` those of the bins in which an outage that is open was first suspected [s].
        """
        self._learn()
        odds = np.tile(self.base[rows], (len(now), 1))
        began = now if since is None else since
        for day, own in self._days(rows, now, began):
            odds += np.where(own & _counts(day, self.is_country[rows], now, began), self.weight[day.kind], 0.0)
        return odds

    def feared(self, rows: np.ndarray, now: np.ndarray, since: np.ndarray, sure: np.ndarray) -> np.ndarray:
        """Which of those at ``rows (n,)`` are feared ``(t, n) bool``; times as in `at`.

        Countries and regions only: what began since its `EVE`, on a day that matters and for `AFTER` after it; for as
        long what began in that time; and what is ``sure (n,) bool`` and was there by then, as long as it lasts.  A
        feast ends it, but for what is sure.
        """
        feared = np.zeros((len(now), len(rows)), bool)
        if not self.almanac.matter:
            return feared
        self._learn()
        feast = feared.copy()
        for day, own in self._days(rows, now, since - AFTER):
            if day.kind == HOLIDAY:
                feast |= own & _on(day, now)
            else:
                there = (since < day.end + AFTER) & (day.start <= now)
                young = (since >= day.start - EVE) & (now < np.maximum(since, day.end) + AFTER)
                feared |= own & self.is_place[rows] & there & (young | sure)
        return feared & (sure | ~feast)

    def _days(self, rows: np.ndarray, now: np.ndarray, began: np.ndarray) -> Iterator[tuple[Day, np.ndarray]]:
        """Each day that is not like others between two times [s], and which of ``rows (n,)`` are of its country."""
        if not rows.size or not now.size:
            return
        first, last = int(min(now.min(), began.min())), int(max(now.max(), began.max()))
        for place in sorted(set(self.country[rows].tolist())):
            own = self.country[rows] == place
            for day in self.almanac.around(self.countries[place], first // DAY, last // DAY):
                yield day, own

    def term(self, row: int, now: int, began: int) -> Term | None:
        """The term of the day that counts in a bin whose middle is at ``now`` [s], where there is one, for an outage
        that was first suspected in a bin whose middle was at ``began`` [s]."""
        entity = self.roll[row]
        for day in self.almanac.around(entity.country, began // DAY, now // DAY):
            if self.weight[day.kind] and _counts(day, entity.type == "country", now, began):
                return Term(OF_DAY + day.kind, None, None, round(self.weight[day.kind], 2), 1.0)
        return None

    def _learn(self) -> None:
        """Know anew what is known of the roll's entities."""
        if self.changes == self.roll.changes:
            return
        priors, entities = self.settings.prior, self.roll.entities
        self.base = np.array([priors.get(entity.type, min(priors.values())) for entity in entities])
        places = {country: i for i, country in enumerate(dict.fromkeys(entity.country for entity in entities))}
        self.country = np.array([places[entity.country] for entity in entities], np.intp)
        self.is_country = self.roll.is_country(np.arange(len(entities)))
        self.is_place = np.array([entity.type in ("country", "region") for entity in entities], bool)
        self.countries, self.changes = tuple(places), self.roll.changes


def _counts(
    day: Day, is_country: np.ndarray | bool, now: np.ndarray | int, began: np.ndarray | int
) -> np.ndarray | bool:  # fmt: skip
    """Where a day weighs in a bin whose middle is at ``now`` [s], for what ``began`` in one whose middle was then [s].

    What began on a day that matters keeps it; what began on a feast has that against it only as long as it lasts, and
    through the `NIGHT` behind it.
    """
    return _on(day, began) & (_on(day, now, NIGHT) if day.kind == HOLIDAY else is_country)


def _on(day: Day, times: np.ndarray | int, longer: int = 0) -> np.ndarray | bool:
    """Which times [s] are on a day, or so much ``longer`` [s]."""
    return (day.start <= times) & (times < day.end + longer)
