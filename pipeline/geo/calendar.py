"""The local calendar of a country: the kind of each day, and which days matter."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from holidays import HolidayBase, country_holidays

from detectors import base
from pipeline.bins import DAY
from pipeline.geo.countries import zone

HOLIDAY = "holiday"  # the kind of a public or named holiday; days that matter have the kinds of the settings
VOTES = ("election", "polling", "referendum", "plebiscite")  # words in the names of public holidays for a vote
KEPT = 4096  # spans of days whose kinds are cached [-]


@lru_cache(maxsize=4096)
def public_holidays(country: str, year: int) -> frozenset[str]:
    """The local dates of the public holidays of a country in a year; none where they are not known.

    A holiday for an election is left out: it is watched like any other day.

    Examples
    --------
    >>> sorted(public_holidays("IQ", 2023))[4:7], "2024-02-08" in public_holidays("PK", 2024)  # the feast after Ramadan
    (['2023-04-21', '2023-04-22', '2023-04-23'], False)
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # lunar feasts are known for some years only
            days = country_holidays(country, years=year, language="en_US")
    except NotImplementedError:
        return frozenset()
    return frozenset(f"{day}" for day, name in days.items() if not any(word in name.lower() for word in VOTES))


class Holidays(NamedTuple):
    """The holidays of all countries: those ``named`` (country and local date, as ``"NL 2024-12-25"``), and ``public``
    ones if wanted, without days that ``matter`` (written in the same way)."""

    named: frozenset[str] = frozenset()
    public: bool = False
    matter: frozenset[str] = frozenset()

    def of(self, country: str, year: int) -> frozenset[str]:
        """Their local dates in a year."""
        begin = f"{country} {year}-"
        own, no_more = ({day[3:] for day in days if day.startswith(begin)} for days in (self.named, self.matter))
        return frozenset((own | public_holidays(country, year) if self.public else own) - no_more)


APART, NEAR = timedelta(days=7), timedelta(days=4)
"""Public holidays within a week of each other make a long one.  It reaches four days to either side, since many people
take these days off as well."""

LONG_HOLIDAY = base.HOLIDAY + 1
"""Kind of a day within a long holiday, such as Christmas to New Year, Eid or Nowruz."""


def long_holiday(country: str, day: date, holidays: Holidays) -> bool:
    """Whether a local day is within `NEAR` of two public holidays that are at most `APART`.

    Examples
    --------
    >>> public = Holidays(public=True)
    >>> days = {"GB": date(2004, 12, 29), "PK": date(2024, 4, 13), "IR": date(2024, 3, 27), "FR": date(2024, 8, 15)}
    >>> [long_holiday(country, day, public) for country, day in days.items()]
    [True, True, True, False]
    """
    reach = APART + NEAR
    years = range((day - reach).year, (day + reach).year + 1)
    every = sorted(date.fromisoformat(one) for year in years for one in holidays.of(country, year))
    return any(two - one <= APART and one - NEAR <= day <= two + NEAR for one, two in pairwise(every))


class Today(NamedTuple):
    """The local day of a country at some time: its ``kind`` (workday, weekend, holiday or `LONG_HOLIDAY`), why it
    ``matters``, '' where it does not, and when it begins and ends [s]."""

    kind: int
    matters: str
    start: int
    end: int


class Day(NamedTuple):
    """A holiday, or a day that matters, from ``start`` to ``end`` [s]; consecutive ones of a kind are one."""

    start: int
    end: int
    kind: str


class Almanac:
    """The holidays and the days that matter of all countries.

    ``named``, ``public``: as in `Holidays`; ``matter``: ``"PK 2024-02-08"`` -> kind, also where the day is a holiday.

    Examples
    --------
    >>> almanac = Almanac(["PK 2024-02-07"], matter={"PK 2024-02-08": "election"})
    >>> midnight = 1707332400  # of 8 February 2024, in Karachi
    >>> [almanac.kind("PK", midnight + hours * 3600) for hours in (-1, 0, 24)]
    ['holiday', 'election', '']
    """

    def __init__(
        self, named: Iterable[str] = (), public: bool = True, matter: Mapping[str, str] | None = None
    ) -> None:  # fmt: skip
        self.matter = dict(matter or {})
        self.holidays = Holidays(frozenset(named), public, frozenset(self.matter))
        self.near: dict[tuple[str, int, int], tuple[Day, ...]] = {}
        self.days: dict[tuple[str, date], Today] = {}

    def kind(self, country: str, time: int) -> str:
        """Kind of the local day of a time [s]; '' for a day like any other."""
        days = self.around(country, time // DAY, time // DAY)
        return next((day.kind for day in days if day.start <= time < day.end), "")

    def today(self, country: str, time: int) -> Today:
        """The local day of a time [s].

        Examples
        --------
        >>> Almanac(matter={"PK 2024-02-08": "election"}).today("PK", 1707332400)
        Today(kind=0, matters='election', start=1707332400, end=1707418800)
        """
        where = zone(country)
        day = datetime.fromtimestamp(time, where).date()
        found = self.days.get((country, day))
        if found is None:
            if len(self.days) >= KEPT:
                self.days.clear()
            start, end = (
                int(datetime.combine(day + timedelta(days=more), datetime.min.time(), where).timestamp())
                for more in (0, 1)
            )
            is_holiday = day.isoformat() in self.holidays.of(country, day.year)
            kind = base.HOLIDAY if is_holiday else base.WEEKEND if is_weekend(country, day) else base.WORKDAY
            kind = LONG_HOLIDAY if long_holiday(country, day, self.holidays) else kind
            found = Today(kind, self.matter.get(f"{country} {day}", ""), start, end)
            self.days[country, day] = found
        return found

    def around(self, country: str, first: int, last: int) -> tuple[Day, ...]:
        """The days of a country that overlap the days of UTC from ``first`` to ``last`` [days since the epoch]."""
        found = self.near.get((country, first, last))
        if found is None:
            if len(self.near) >= KEPT:
                self.near.clear()
            start, end = first * DAY, (last + 1) * DAY
            years = [datetime.fromtimestamp(time, UTC).year for time in (start - DAY, end + DAY)]
            every = (day for year in range(years[0], years[1] + 1) for day in self._days(country, year))
            near = (day for day in every if day.start < end and start < day.end)
            found = self.near[country, first, last] = _joined(near)
        return found

    def _days(self, country: str, year: int) -> Iterator[Day]:
        matter = {day[3:]: kind for day, kind in self.matter.items() if day.startswith(f"{country} {year}-")}
        for day in sorted(self.holidays.of(country, year).union(matter)):
            midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone(country))
            start, end = (int((midnight + timedelta(days=days)).timestamp()) for days in (0, 1))
            yield Day(start, end, matter.get(day, HOLIDAY))


def _joined(days: Iterable[Day]) -> tuple[Day, ...]:
    joined: list[Day] = []
    for day in days:
        follows = joined and (joined[-1].kind, joined[-1].end) == (day.kind, day.start)
        joined.append(joined.pop()._replace(end=day.end) if follows else day)
    return tuple(joined)


SATURDAY_SUNDAY, FRIDAY_SATURDAY, THURSDAY_FRIDAY = (5, 6), (4, 5), (3, 4)

OTHER_WEEKENDS: dict[str, tuple[date, tuple[int, ...]]] = {
    # The package knows no weekend of these three.
    "LY": (date.min, FRIDAY_SATURDAY),  # Unicode CLDR 48, weekData
    "PS": (date.min, FRIDAY_SATURDAY),  # visitramallah.ramallah.ps, "Holidays and Weekends"
    "SO": (date.min, FRIDAY_SATURDAY),  # trtafrika.com on Ramadan 2026: Friday, and five days of work a week
    "AF": (date.min, THURSDAY_FRIDAY),  # Unicode CLDR 48, weekData
    "MR": (date(2014, 10, 1), SATURDAY_SUNDAY),  # Council of Ministers, 11 September 2014
    # The package has the legal day of rest alone; Unicode CLDR 48 has both days.
    **dict.fromkeys(("AI", "CD", "HK", "KN", "NE", "PY", "TK", "VE"), (date.min, SATURDAY_SUNDAY)),
}
"""Weekends that the package `holidays` has otherwise: since when, and days of the week, Monday is 0."""


@cache
def _rest_days(country: str) -> HolidayBase | None:
    try:
        return country_holidays(country, expand=False)
    except NotImplementedError:
        return None


def is_weekend(country: str, day: date) -> bool:
    """Whether a local day is of the weekend, as it was at that time; Saturday and Sunday where nothing is known.

    Examples
    --------
    >>> friday = date(2024, 2, 9)
    >>> is_weekend("IQ", friday), is_weekend("PK", friday), is_weekend("", friday)
    (True, False, False)
    >>> is_weekend("AE", friday), is_weekend("AE", date(2021, 2, 12))
    (False, True)
    """
    since, days = OTHER_WEEKENDS.get(country, (date.max, ()))
    if day >= since:
        return day.weekday() in days
    known = _rest_days(country)
    return day.weekday() in SATURDAY_SUNDAY if known is None else known.is_weekend(day)
