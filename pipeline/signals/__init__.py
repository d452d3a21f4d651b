"""What makes bins of a feed's records: one file here and one line in `SIGNALS` for each feed.

A binner may give several signals of its feed.
"""

from collections.abc import Callable
from functools import cache, partial

from pipeline.geo.places import Places
from pipeline.records import Run
from pipeline.settings import Settings
from pipeline.signals.binning import Binner
from pipeline.signals.series import Series
from pipeline.signals.visibility import Visibility

places = cache(Places.load)
"""The table of countries, read once, by the first that asks."""


def series(run: Run, feed: str, partition: int, partitions: int, settings: Settings) -> Binner:
    """Given series, as they are."""
    return Series(run, feed, partition)


def visibility(
    names: tuple[str, str], run: Run, feed: str, partition: int, partitions: int, settings: Settings
) -> Binner:
    """Visible address space, IPv4 and IPv6 apart, under these names."""
    return Visibility(run, feed, partition, partitions, names, places(), settings.counting)


SIGNALS: dict[str, Callable[[Run, str, int, int, Settings], Binner]] = {
    "mrt": partial(visibility, ("bgp.mrt", "bgp.mrt6")),
    "rislive": partial(visibility, ("bgp.ris", "bgp.ris6")),
    "table": series,
}
"""The binner of each feed."""


def binner(run: Run, feed: str, partition: int, *, partitions: int, settings: Settings) -> Binner:
    """The binner of one partition of a feed."""
    return SIGNALS[feed](run, feed, partition, partitions, settings)
