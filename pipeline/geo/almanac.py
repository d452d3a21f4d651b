"""What kind of day a time is in a country: a holiday, one that matters, or one like any other.

One place for the detectors, the prior and the likeness.  Days are those of the clock that most of a country lives by.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from holidays import country_holidays

from pipeline.bins import DAY
from pipeline.geo.local_time import zone

HOLIDAY = "holiday"
"""The kind of a day that is free; those of days that matter are of `pipeline.settings.bounded.DayKind`."""

VOTES = ("election", "polling", "referendum", "plebiscite")
"""Words in the names of days that are free for a vote."""

KEPT = 4096
"""Spans of days of which is kept what they are [-]: looked up, and found anew where they are gone."""


@lru_cache(maxsize=4096)
def public_holidays(country: str, year: int) -> frozenset[str]:
    """Local dates that a country has free in a year; none where its holidays are not known.

    A day that is free for an election is none of them: it is watched like any other.

    Examples
    --------
    >>> sorted(public_holidays("IQ", 2023))[4:7]  # the feast after Ramadan
    ['2023-04-21', '2023-04-22', '2023-04-23']
    >>> "2024-02-08" in public_holidays("PK", 2024), len(public_holidays("", 2024))
    (False, 0)
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of feasts by the moon only so many years are known
            days = country_holidays(country, years=year, language="en_US")
    except NotImplementedError:
        return frozenset()
    return frozenset(f"{day}" for day, name in days.items() if not any(word in name.lower() for word in VOTES))


class Free(NamedTuple):
    """Which days a country has free: those ``named``, each a country and its local date, as ``"NL 2024-12-25"``, and
    ``public`` ones where they are asked for, but for days that ``matter``, named in the same way."""

    named: frozenset[str] = frozenset()
    public: bool = False
    matter: frozenset[str] = frozenset()

    def of(self, country: str, year: int) -> frozenset[str]:
        """Their local dates in a year.

        Examples
        --------
        >>> own = frozenset(["PK 2024-02-20", "NL 2024-02-21", "PK 2023-02-20"])
        >>> sorted(Free(own).of("PK", 2024)), Free(own, matter=own).of("PK", 2024)
        (['2024-02-20'], frozenset())
        >>> len(Free(own, public=True).of("PK", 2024) - public_holidays("PK", 2024))
        1
        """
        own, no_more = (_days_of(country, year, days) for days in (self.named, self.matter))
        return (own | public_holidays(country, year) if self.public else own) - no_more


def _days_of(country: str, year: int, days: Iterable[str]) -> frozenset[str]:
    """Those of a country in a year, by their date alone."""
    return frozenset(day[3:] for day in days if day.startswith(f"{country} {year}-"))


class Day(NamedTuple):
    """What is not like other days in a country, by its clock: from ``start`` to ``end`` [s]; days of one kind that
    follow one another are one, as those of a feast."""

    start: int
    end: int
    kind: str


class Almanac:
    """The days of all countries that are not like others.

    Parameters
    ----------
    named, public
        Holidays by country and local date, as ``"NL 2024-12-25"``, and whether public ones are holidays, too.
    matter
        Days that matter: ``"PK 2024-02-08"`` -> kind.  What is known of them comes before their being free.

    Examples
    --------
    >>> almanac = Almanac(["PK 2024-02-07"], matter={"PK 2024-02-08": "election"})
    >>> midnight = 1707332400  # of 8 February 2024, in Karachi
    >>> [almanac.kind("PK", midnight + hours * 3600) for hours in (-1, 0, 24)]
    ['holiday', 'election', '']
    >>> [(day.end - day.start) // DAY for day in almanac.around("NL", 19716, 19717)]  # the two days of Christmas
    [2]
    """

    def __init__(
        self, named: Iterable[str] = (), public: bool = True, matter: Mapping[str, str] | None = None
    ) -> None:  # fmt: skip
        self.matter = dict(matter or {})
        self.free = Free(frozenset(named), public, frozenset(self.matter))
        self.known: dict[tuple[str, int], list[Day]] = {}
        self.near: dict[tuple[str, int, int], tuple[Day, ...]] = {}

    def kind(self, country: str, time: int) -> str:
        """What kind of day a time [s] is in a country; '' where it is one like any other."""
        days = self.around(country, time // DAY, time // DAY)
        return next((day.kind for day in days if day.start <= time < day.end), "")

    def around(self, country: str, first: int, last: int) -> tuple[Day, ...]:
        """The days of a country that reach into those of UTC from one to another [days since the epoch], in order."""
        found = self.near.get((country, first, last))
        if found is None:
            if len(self.near) >= KEPT:
                self.near.clear()
            start, end = first * DAY, (last + 1) * DAY
            years = [datetime.fromtimestamp(time, UTC).year for time in (start - DAY, end + DAY)]
            every = (day for year in range(years[0], years[1] + 1) for day in self._of(country, year))
            near = (day for day in every if day.start < end and start < day.end)
            found = self.near[country, first, last] = _joined(near)
        return found

    def _of(self, country: str, year: int) -> list[Day]:
        if (country, year) not in self.known:
            self.known[country, year] = list(self._days(country, year))
        return self.known[country, year]

    def _days(self, country: str, year: int) -> Iterator[Day]:
        """The days of a country in a year, each by itself."""
        matter = {day[3:]: kind for day, kind in self.matter.items() if day.startswith(f"{country} {year}-")}
        for day in sorted(self.free.of(country, year).union(matter)):
            midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone(country))
            start, end = (int((midnight + timedelta(days=days)).timestamp()) for days in (0, 1))
            yield Day(start, end, matter.get(day, HOLIDAY))


def _joined(days: Iterable[Day]) -> tuple[Day, ...]:
    """The same days, in order; those of one kind of which one ends when the next begins as one."""
    joined: list[Day] = []
    for day in days:
        follows = joined and (joined[-1].kind, joined[-1].end) == (day.kind, day.start)
        joined.append(joined.pop()._replace(end=day.end) if follows else day)
    return tuple(joined)
