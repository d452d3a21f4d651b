"""What a feed is: a name, the signals it serves, and a pure parser from bytes to records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.errors import DecodeError
from pipeline.records import Elements, Rows

Item = Elements | Rows | DecodeError
"""What a parser yields: batches in the order of the recording, and damage as a value, so that reading goes on."""


@dataclass(frozen=True)
class Feed:
    """One external stream.

    Parameters
    ----------
    name
        Names the topic, the metrics and the dead letters.
    signals
        Signals that this feed serves; empty where its records name their own (tables).
    recognise
        ``(file name, first 4 KiB after decompression) -> bool``.
    read
        A recorded file (decompressed, binary) -> batches of records in file order; damage is yielded as
        `DecodeError`, never raised.  Pure: no clock, no socket.  Run and partition are set by whoever sends them.
    """

    name: str
    signals: tuple[str, ...]
    recognise: Callable[[str, bytes], bool]
    read: Callable[[BinaryIO], Iterator[Item]]
