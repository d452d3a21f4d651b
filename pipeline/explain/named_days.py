"""What a replay says of days that matter, and of weekends, where what it read does not bear them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from detectors.base import SETTLING
from pipeline.bins import DAY
from pipeline.errors import few
from pipeline.explain.metric_points import Gazetteer
from pipeline.geo.calendar import Almanac, is_weekend
from pipeline.geo.countries import zone
from pipeline.kinds import TRAFFIC, kind_of
from pipeline.records import Entity, Places, placed
from pipeline.replay.coverage import Observed

WEEKENDS = 2
"""So many weekends have to be read before half of the traffic can be told of another one."""

MISSED = "half of the traffic that is lost {}"
"""What may be missed on one before that."""


def days_elsewhere(days: Mapping[str, str], observed: Observed, places: Places) -> Iterator[str]:
    """That no day that matters is in what was observed, a year mistyped perhaps.

    Examples
    --------
    >>> seen = Observed({("bgp.ris", "country", "GH"): []}, 1707350400, 1707436800)
    >>> list(days_elsewhere({"GH 2023-02-08": "election"}, seen, {}))
    ['No day of fusing.days is in what was read: GH 2023-02-08.']
    >>> list(days_elsewhere({"GH 2024-02-08": "election", "PK 2023-02-08": "election"}, seen, {}))
    []
    """
    if not (days and observed.stretches):
        return
    almanac, first, last = Almanac(public=False, matter=days), observed.first, observed.last
    countries = {placed(*series[1:], places).country for series in observed.stretches}
    near = (day for country in sorted(countries) for day in almanac.around(country, first // DAY, last // DAY))
    if not any(day.start <= last and first < day.end for day in near):
        yield f"No day of fusing.days is in what was read: {few(sorted(days))}."


def weekends_known(country: str, first: int, time: int) -> int | None:
    """How many weekends of a country that was read from ``first`` on, but for half a day, come before the one of which
    a time is; None where it is of none [s].

    Examples
    --------
    >>> saturday = 1733529600  # 7 December 2024
    >>> [weekends_known("GH", saturday - int(days * DAY), saturday + 3600) for days in (5, 6.8, 7, 13, 14)]
    [0, 1, 1, 1, 2]
    >>> weekends_known("GH", 0, saturday - 3600) is None
    True
    """
    day = datetime.fromtimestamp(time, zone(country)).date()
    if not is_weekend(country, day):
        return None
    began = datetime.fromtimestamp(first + DAY // 2, zone(country)).date()
    return max((day - began).days, 0) // 7


def weekends_unseen(days: Mapping[str, str], observed: Observed, places: Places) -> Iterator[str]:
    """Those that are of a weekend before which fewer than `WEEKENDS` were read: nobody knows yet how quiet these are.

    Examples
    --------
    >>> from pipeline.replay.coverage import Stretch
    >>> first, last = 1733356800, 1734134400  # 5 and 14 December 2024
    >>> seen = Observed({("traffic.radar", "country", "GH"): [Stretch(first, last, 300, 3600)]}, first, last)
    >>> print(*weekends_unseen({"GH 2024-12-07": "election", "GH 2024-12-09": "protest"}, seen, {}))
    GH 2024-12-07 is of a weekend, and no weekend before it was read: half of the traffic that is lost then may \
not be told.
    """
    began = _began(observed, places)
    for named in sorted(days):
        country, _, text = named.partition(" ")
        start = _midnight(country, date.fromisoformat(text))
        if country not in began or not (began[country] < start + DAY and start <= observed.last):
            continue
        known = weekends_known(country, began[country], start)
        if known is not None and known < WEEKENDS:
            yield f"{named} is of a weekend, and {read_before(known)}: {MISSED.format('then')} may not be told."


def first_weekends(days: Mapping[str, str], observed: Observed, places: Places) -> Iterator[str]:
    """How little is known of a first weekend, where the recording goes on for less than a week after it has begun, and
    that is none of the ``days``, which are told already.

    Examples
    --------
    >>> from pipeline.replay.coverage import Stretch
    >>> first, last = 1733356800, 1733702400  # 5 and 9 December 2024
    >>> seen = Observed({("traffic.radar", "asn", "AS1"): [Stretch(first, last, 300, 3600)]}, first, last)
    >>> home = {("asn", "AS1"): Entity("asn", "AS1", "GH")}
    >>> print(*first_weekends({}, seen, home))
    No weekend before 2024-12-07 was read of Ghana: half of the traffic that is lost on it may not be told, nor, for \
hours, all that a network has.
    """
    first: dict[date, list[str]] = defaultdict(list)
    for country, began in sorted(_began(observed, places).items()):
        for later in range(7):
            day = datetime.fromtimestamp(began + SETTLING + later * DAY, zone(country)).date()
            time = max(_midnight(country, day), began + SETTLING)
            if weekends_known(country, began, time) == 0:
                if 0 < observed.last - time < 7 * DAY and f"{country} {day}" not in days:
                    first[day].append(country)
                break
    for day, countries in sorted(first.items()):
        names = few([Gazetteer().name(Entity("country", country, country)) for country in countries])
        yield (
            f"No weekend before {day} was read of {names}: {MISSED.format('on it')} may not be told, nor, for hours, "
            "all that a network has."
        )


def read_before(known: int) -> str:
    """How many weekends were read before it, in words, where these are fewer than `WEEKENDS`."""
    return f"{'only one' if known else 'no'} weekend before it was read"


def _began(observed: Observed, places: Places) -> dict[str, int]:
    """When each country of which traffic was observed was for the first time [s]."""
    began: dict[str, int] = {}
    for series, stretches in observed.stretches.items():
        country = placed(*series[1:], places).country
        if country and stretches and kind_of(series[0]) == TRAFFIC:
            began[country] = min(began.get(country, stretches[0].start), stretches[0].start)
    return began


def _midnight(country: str, day: date) -> int:
    """When a local day begins [s]."""
    return int(datetime.combine(day, datetime.min.time(), zone(country)).timestamp())
