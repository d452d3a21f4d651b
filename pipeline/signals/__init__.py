"""Signals: what makes bins of a feed's records, one line in `SIGNALS` unless they are given series.

A binner may give several signals.
"""

from collections.abc import Callable
from functools import cache, partial

from pipeline.geo.places import Places
from pipeline.records import Run
from pipeline.settings import Settings
from pipeline.signals.binning import Binner
from pipeline.signals.connections import Connections
from pipeline.signals.connections import countries as countries_if_any
from pipeline.signals.series import Series
from pipeline.signals.visibility import Visibility

places = cache(Places.load)  # the table of countries, read once


def series(run: Run, feed: str, partition: int, partitions: int, settings: Settings) -> Binner:
    """Given series."""
    return Series(run, feed, partition)


def visibility(
    names: tuple[str, str], run: Run, feed: str, partition: int, partitions: int, settings: Settings
) -> Binner:
    """Visible address space of IPv4 and IPv6, under these two names."""
    return Visibility(run, feed, partition, partitions, names, places(), settings.counting)


def connections(run: Run, feed: str, partition: int, partitions: int, settings: Settings) -> Binner:
    """Connected probes of RIPE Atlas."""
    return Connections(run, feed, partition, countries_if_any(lambda: places()))


SIGNALS: dict[str, Callable[[Run, str, int, int, Settings], Binner]] = {
    "mrt": partial(visibility, ("bgp.mrt", "bgp.mrt6")),
    "rislive": partial(visibility, ("bgp.ris", "bgp.ris6")),
    "atlas": connections,
}
"""The binner of each feed that has not given series."""


def binner(run: Run, feed: str, partition: int, *, partitions: int, settings: Settings) -> Binner:
    """The binner of one partition of a feed."""
    return SIGNALS.get(feed, series)(run, feed, partition, partitions, settings)
