"""What a replay says of the days of `fusing.days`, where what it read does not bear them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from pipeline.almanac import Almanac
from pipeline.bins import DAY
from pipeline.calendar import weekend
from pipeline.localtime import zone
from pipeline.observed import Observed
from pipeline.series import Places, placed
from pipeline.wording import few

WEEKENDS = 2
"""So many weekends have to be read before half of the traffic can be told of another one."""


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


def weekends_unseen(days: Mapping[str, str], observed: Observed, places: Places) -> Iterator[str]:
    """Those that are of a weekend before which fewer than `WEEKENDS` were read: nobody knows yet how quiet these are.

    Examples
    --------
    >>> from pipeline.observed import Stretch
    >>> first, last = 1733356800, 1734134400  # 5 and 14 December 2024
    >>> seen = Observed({("bgp.ris", "country", "GH"): [Stretch(first, last, 300, 3600)]}, first, last)
    >>> print(*weekends_unseen({"GH 2024-12-07": "election", "GH 2024-12-09": "protest"}, seen, {}))
    GH 2024-12-07 is of a weekend, and no weekend before it was read: half of the traffic that is lost then may \
not be told.
    """
    began: dict[str, int] = {}
    for series, stretches in observed.stretches.items():
        country = placed(*series[1:], places).country
        if country and stretches:
            began[country] = min(began.get(country, stretches[0].start), stretches[0].start)
    for named in sorted(days):
        country, _, text = named.partition(" ")
        day = date.fromisoformat(text)
        start = int(datetime.combine(day, datetime.min.time(), zone(country)).timestamp())
        if country not in began or day.weekday() not in weekend(country):
            continue
        if began[country] < start + DAY and start <= observed.last:
            known = max(start - began[country], 0) // (7 * DAY)
            if known < WEEKENDS:
                yield (
                    f"{named} is of a weekend, and {'only one' if known else 'no'} weekend before it was read: half of "
                    "the traffic that is lost then may not be told."
                )
