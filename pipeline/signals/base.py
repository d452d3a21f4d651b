"""What turns a partition of a feed into bins."""

from typing import Protocol, TypeVar

from pipeline.records import Bins, Elements, Rows

Batch = TypeVar("Batch", Elements, Rows)


class Binner(Protocol[Batch]):
    """Counts one partition of one feed of one run into bins, incrementally.  Event time only; its state is in itself.

    Input: records in order of arrival; cutting a batch in two changes nothing, nor does a batch that comes twice.
    Output: partial `Bins`, each bin once, in order of start; an entity once seen is in every later bin.

    Attributes
    ----------
    crowded
        How many records of the last batch found no room (among those returned; what every partition gets counts in 0).
    """

    crowded: int

    def add(self, batch: Batch) -> Batch | None:
        """Take in a batch; returns records that were late (their bin is closed) or found no room, None without any."""
        ...

    def close(self, until: int, observed: bool = True) -> list[Bins]:
        """Close every bin that ends at or before ``until`` [s]; all NaN where the feed was dead (not observed)."""
        ...

    def save(self) -> bytes:
        """The whole state as bytes; a fresh binner that loads them goes on as if nothing had happened."""
        ...

    def load(self, state: bytes) -> None:
        """Take over a saved state."""
        ...
