"""Lines of a recording, bounded: one without an end does not fill the memory."""

from collections.abc import Iterator
from typing import BinaryIO

MAX_LINE = 1024 * 1024
"""Longest line that is read [bytes]; the largest BGP message makes about 150 kB of JSON."""


def lines(stream: BinaryIO) -> Iterator[tuple[str, bytes | None]]:
    """Place and content of every line that is not blank; None for one that is too long.

    Examples
    --------
    >>> import io
    >>> list(lines(io.BytesIO(b"a" + bytes([10, 10]) + b"b")))
    [('line 1', b'a\\n'), ('line 3', b'b')]
    """
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        whole = len(line) <= MAX_LINE or line.endswith(b"\n")
        if not whole:
            _skip(stream)
        if not line.isspace():
            yield f"line {number}", line if whole else None


def _skip(stream: BinaryIO) -> None:
    """Go on to the next line."""
    while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
        pass
