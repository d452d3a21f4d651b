"""The local calendar of a country: where in the week a moment is, and what kind of day."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache, partial

import numpy as np

from detectors.base import HOLIDAY, WEEKEND, WORKDAY
from pipeline.bins import DAY
from pipeline.geo.almanac import Free
from pipeline.geo.local_time import QUARTER, local_times, week_slot

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
    kind = np.where(_weekends(countries)[rows, week_slot(local) // DAY], WEEKEND, WORKDAY).astype(np.int8)
    if free.named or free.public:
        years = local.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
        for year in np.unique(years).tolist():
            before = int(datetime(year - 1, 12, 31, tzinfo=UTC).timestamp())
            at, own = np.nonzero(years == year)
            is_free = _holidays(countries, year, free)[own, (local[at, own] - before) // DAY]
            kind[at[is_free], own[is_free]] = HOLIDAY
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
