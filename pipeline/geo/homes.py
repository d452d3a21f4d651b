"""The country of a place: it is in the name of a region or service; of a network it is in a table, by its number."""

import re
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np

from pipeline.records import Entity, Places

TABLE = "as_countries.csv"
"""Country and AS numbers, ``PK,9260 9541 17557-17558``; the first line has its sources and their dates."""

RESERVED = ((0, 0), (23456, 23456), (64496, 65551), (4_200_000_000, 2**32 - 1))
"""First and last AS numbers that are no network's: unknown, transition, documentation, private use (RFC 5398, 6793,
6996, 7300)."""


@cache
def _ranges() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First number, last number and country ``(n,)`` of each range of the table, in order."""
    text = files("pipeline.geo").joinpath(TABLE).read_text("ascii")
    rows = [line.partition(",") for line in text.splitlines()[2:]]
    numbers = np.fromstring(" ".join(row[2] for row in rows).replace("-", " -"), np.int64, sep=" ")
    ends = np.flatnonzero(numbers < 0)  # of ranges of several numbers
    first = np.delete(numbers, ends)
    last = first.copy()
    last[ends - np.arange(1, len(ends) + 1)] = -numbers[ends]
    country = np.repeat([row[0] for row in rows], [row[2].count(" ") + 1 for row in rows])
    order = np.argsort(first)
    return first[order], last[order], country[order]


@lru_cache(100_000)
def as_country(name: str) -> str:
    """The country of most addresses of an AS, '' where it is not known.

    Examples
    --------
    >>> as_country("AS59257"), as_country("AS64512"), as_country("AS0")
    ('PK', '', '')
    """
    if not re.fullmatch("AS[1-9][0-9]{0,9}", name):
        return ""
    number = int(name.removeprefix("AS"))
    first, last, country = _ranges()
    at = int(np.searchsorted(first, number, "right")) - 1
    return str(country[at]) if at >= 0 and number <= last[at] else ""


def at_home(entity: Entity) -> Entity:
    """A network with its country from the table where nothing else says it; any other entity as it is."""
    return entity._replace(country=as_country(entity.name)) if entity.type == "asn" and not entity.country else entity


def placed(entity_type: str, entity: str, places: Places | None = None) -> Entity:
    """The entity as it is known, else with the country from its name, or of a network from the table.

    Examples
    --------
    >>> placed("region", "VE-Zulia").country, placed("service", "PK:tor").country, placed("asn", "AS59257").country
    ('VE', 'PK', 'PK')
    """
    found = (places or {}).get((entity_type, entity), Entity(entity_type, entity))
    if found.country or entity_type == "asn":
        return at_home(found)
    return found._replace(country=entity.partition(":" if entity_type == "service" else "-")[0])
