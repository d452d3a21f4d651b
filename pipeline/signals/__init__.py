"""What makes bins of a feed's records.  A signal is one file here and one line in `SIGNALS`."""

from pipeline.records import Run
from pipeline.settings import Settings
from pipeline.signals.base import Binner
from pipeline.signals.series import Series


def series(run: Run, feed: str, partition: int, partitions: int, settings: Settings) -> Binner:
    """Given series, as they are."""
    return Series(run, feed, partition)


SIGNALS = {"table": series}
"""The binner of each feed."""


def binner(run: Run, feed: str, partition: int, *, partitions: int, settings: Settings) -> Binner:
    """The binner of one partition of a feed."""
    return SIGNALS[feed](run, feed, partition, partitions, settings)
