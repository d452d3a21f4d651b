"""The local calendar of a country: where in the week a moment is, and what kind of day."""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

import numpy as np

from detectors.base import HOLIDAY, WEEKEND, WORKDAY
from pipeline.localtime import DAY, local_date, week_slot

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


@lru_cache(maxsize=64)
def _codes(countries: tuple[str, ...]) -> np.ndarray:
    """``(n,) str``."""
    return np.array(countries, dtype=np.str_)


@lru_cache(maxsize=4096)
def calendar(
    countries: tuple[str, ...], time: int, holidays: frozenset[str] = frozenset()
) -> tuple[np.ndarray, np.ndarray]:
    """Local week slot [s] and day kind ``(n,)`` of each country at a moment; what is returned must not be changed.

    A holiday that is not among ``holidays``, local days as of `knowing`, counts as the day of the week that it is.

    Examples
    --------
    >>> slot, kind = calendar(("PK", "IQ"), 1707426000)  # 2024-02-08T21:00 UTC: Friday in both
    >>> (slot // DAY).tolist(), kind.tolist()
    ([4, 4], [0, 1])
    """
    slot = week_slot(countries, time)
    day = slot // DAY
    kind = np.where(_weekends(countries)[np.arange(len(countries)), day], WEEKEND, WORKDAY).astype(np.int8)
    free = [
        country for country in {each[:2] for each in holidays} if f"{country} {local_date(country, time)}" in holidays
    ]
    if free:
        kind[np.isin(_codes(countries), free)] = HOLIDAY
    return slot, kind


def knowing(holidays: Iterable[str]) -> Callable[[tuple[str, ...], int], tuple[np.ndarray, np.ndarray]]:
    """The calendar that knows these days as holidays, each a country and its local date.

    Examples
    --------
    >>> knowing(["NL 2024-12-25"])(("NL", "PK"), 1735130000)[1].tolist()
    [2, 0]
    """
    known = frozenset(holidays)
    return partial(calendar, holidays=known) if known else calendar
