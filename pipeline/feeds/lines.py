"""Lines of a recording, bounded: one without an end does not fill the memory."""

from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

from pipeline.errors import CUT_LINE, DecodeError

Parsed = TypeVar("Parsed")

MAX_LINE = 1024 * 1024
"""Longest line that is read [bytes]; the largest BGP message makes about 150 kB of JSON."""


def parsed(
    feed: str, stream: BinaryIO, parse: Callable[[bytes], Parsed], closed: bool = False
) -> Iterator[tuple[str, Parsed | DecodeError]]:
    """Place of every line that is not blank, and what ``parse`` makes of it: what that refuses, with its place.

    A last line without an end is one in which the file breaks off, also where ``parse`` would take what is left of it;
    ``closed`` lines are taken, each saying itself that it is whole, as an object of JSON does.

    Examples
    --------
    >>> import io
    >>> def number(line):
    ...     if not line.strip().isdigit():
    ...         raise DecodeError("a-feed", "bad-number", "", line.decode().strip())
    ...     return int(line)
    >>> for place, item in parsed("a-feed", io.BytesIO(b"7|x||8|9".replace(b"|", bytes([10]))), number):
    ...     print(place, item)
    line 1 7
    line 2 a-feed: bad-number at line 2: x
    line 4 8
    line 5 a-feed: truncated-line at line 5: the file breaks off in it
    """
    for place, line, has_end in _lines(stream):
        try:
            if line is None:
                raise DecodeError(feed, "line-too-long", "", "skipped to its end")
            item = parse(line)
            if not (has_end or closed):
                raise DecodeError(feed, CUT_LINE, "")
            yield place, item
        except DecodeError as error:
            detail = ": ".join(filter(None, ("" if has_end else "the file breaks off in it", error.detail)))
            yield place, DecodeError(feed, error.reason if has_end else CUT_LINE, place, detail)


def _lines(stream: BinaryIO) -> Iterator[tuple[str, bytes | None, bool]]:
    """Place and content of every line that is not blank, None for one that is too long, and whether it has an end."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        last = line
        while len(last) > MAX_LINE and not last.endswith(b"\n"):
            last = stream.readline(MAX_LINE + 1)
        if not line.isspace():
            yield f"line {number}", line if last is line else None, last.endswith(b"\n")
