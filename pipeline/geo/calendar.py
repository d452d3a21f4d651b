"""The local calendar of a country: where in the week a time is, and what kind of day it is.

Days are those of the clock that most of a country lives by.  `Almanac` answers for one time, in words; `calendar` for
many countries and times at once, in the numbers of the detectors.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from holidays import country_holidays

from detectors import base
from pipeline.bins import DAY
from pipeline.geo.countries import QUARTER, local_times, week_slot, zone

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


Calendar = Callable[[tuple[str, ...], np.ndarray], tuple[np.ndarray, np.ndarray]]
"""``(countries, times (t,) [s])`` -> local week slot [s] and day kind, each ``(t, n)``."""

NONE = Free()
"""No day is a holiday."""

FRIDAY_SATURDAY = frozenset(
    (
        "BD",
        "BH",
        "DJ",
        "DZ",
        "EG",
        "IL",
        "IQ",
        "JO",
        "KM",
        "KW",
        "LY",
        "MV",
        "OM",
        "PS",
        "QA",
        "SA",
        "SD",
        "SO",
        "SY",
        "YE",
    )
)
THURSDAY_FRIDAY = frozenset(["AF"])
FRIDAY = frozenset(["IR"])


def weekend(country: str) -> tuple[int, ...]:
    """Days of the weekend, Monday is 0.

    Examples
    --------
    >>> weekend("IQ"), weekend("PK")
    ((4, 5), (5, 6))
    """
    if country in FRIDAY_SATURDAY:
        return (4, 5)
    if country in THURSDAY_FRIDAY:
        return (3, 4)
    return (4,) if country in FRIDAY else (5, 6)


@lru_cache(maxsize=64)
def _weekends(countries: tuple[str, ...]) -> np.ndarray:
    """``(n, 7) bool``."""
    table = np.zeros((len(countries), 7), bool)
    for i, country in enumerate(countries):
        table[i, list(weekend(country))] = True
    return table


@lru_cache(maxsize=16)
def _holidays(countries: tuple[str, ...], year: int, free: Free) -> np.ndarray:
    """Which days of a year, and which next to it, are holidays ``(n, 368) bool``; the first is 31 December before."""
    first = date(year - 1, 12, 31)
    table = np.zeros((len(countries), 368), bool)
    for row, country in enumerate(countries):
        years = year - 1, year, year + 1
        days = frozenset[str]().union(*(free.of(country, each) for each in years))
        places = [(date.fromisoformat(day) - first).days for day in days]
        table[row, [place for place in places if 0 <= place < 368]] = True
    return table


def _kinds(countries: tuple[str, ...], local: np.ndarray, free: Free) -> np.ndarray:
    """Day kind of each country, none of them twice, at its ``local (q, n)`` times [s], ``(q, n)``."""
    rows = np.arange(len(countries))
    kind = np.where(_weekends(countries)[rows, week_slot(local) // DAY], base.WEEKEND, base.WORKDAY).astype(np.int8)
    if free.named or free.public:
        years = local.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
        for year in np.unique(years).tolist():
            before = int(datetime(year - 1, 12, 31, tzinfo=UTC).timestamp())
            at, own = np.nonzero(years == year)
            is_free = _holidays(countries, year, free)[own, (local[at, own] - before) // DAY]
            kind[at[is_free], own[is_free]] = base.HOLIDAY
    return kind


@lru_cache(maxsize=16)
def _table(countries: tuple[str, ...], quarters: tuple[int, ...], free: Free) -> tuple[np.ndarray, np.ndarray]:
    """Local week slot [s] and day kind of countries, none of them twice, at these quarters of an hour, both ``(q, n)``:
    the signals of a run tell of the same ones one after the other, and no day ends within a quarter."""
    local = local_times(countries, quarters)
    return week_slot(local), _kinds(countries, local, free)


@lru_cache(maxsize=8)
def _places(countries: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Each country once, and where every one of them stands: a hundred thousand networks are of 250 countries."""
    known = {country: place for place, country in enumerate(dict.fromkeys(countries))}
    return tuple(known), np.array([known[country] for country in countries], np.intp)


def calendar(countries: tuple[str, ...], times: np.ndarray, free: Free = NONE) -> tuple[np.ndarray, np.ndarray]:
    """Local week slot [s] and day kind of each of n countries at t ``times (t,) int64`` [s], both ``(t, n)``.

    A holiday that is not among those that are ``free`` counts as the day of the week that it is.

    Examples
    --------
    >>> friday = 1707426000  # 2024-02-08T21:00 UTC: Friday in both
    >>> slot, kind = calendar(("PK", "IQ"), np.array([friday, friday + 60]))
    >>> (slot // DAY).tolist(), kind.tolist(), (slot[1] - slot[0]).tolist()
    ([[4, 4], [4, 4]], [[0, 1], [0, 1]], [60, 60])
    """
    each, places = _places(countries)
    since = times % QUARTER
    quarters, of = np.unique(times - since, return_inverse=True)
    slot, kind = _table(each, tuple(quarters.tolist()), free)
    return (slot[of] + since[:, None])[:, places], kind[of][:, places]


def knowing(free: Free) -> Calendar:
    """The calendar that knows as holidays what is ``free``.

    Examples
    --------
    >>> days = knowing(Free(frozenset(["PK 2024-12-26"]), public=True, matter=frozenset(["IN 2024-12-25"])))
    >>> days(("NL", "PK", "IN"), 1735130000 + DAY * np.array([0, 1, 5]))[1].tolist()
    [[2, 2, 0], [2, 2, 0], [0, 0, 0]]
    """
    return partial(calendar, free=free)
