"""MRT: recordings of BGP messages, session states and tables, as RouteViews and RIPE RIS have kept them since 1999.

Every record gives elements or one dead letter; one without unicast routes of IPv4 or IPv6 gives one OTHER element.
Multicast routes are elements of family 0.  Path ids are dropped: with ADD-PATH, each path of a prefix is an element.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.errors import CUT_RECORD, DecodeError
from pipeline.feeds.base import Feed, Item
from pipeline.feeds.bgp import MalformedError, RouteBatch
from pipeline.feeds.mrt.records import Decoder, Rows
from pipeline.feeds.mrt.stream import HEADER, Source, begins_like_mrt
from pipeline.feeds.timestamps import STRIDE, YEAR
from pipeline.records import LATEST

NAME = "mrt"


@dataclass
class Tally:
    """Counts of records and bytes.

    ``records`` gave elements, ``dead`` are dead letters, ``torn`` gave both; used + lost bytes are the length of the
    stream.
    """

    records: int = 0
    dead: int = 0
    torn: int = 0
    used: int = 0
    lost: int = 0


def read(stream: BinaryIO, tally: Tally | None = None) -> Iterator[Item]:
    """A recording, decompressed.

    Input: MRT records.  Output: `Elements` of about 50,000 rows or 300 s with the peers they use, and damage by byte.

    Examples
    --------
    >>> import io
    >>> head = bytes([0, 0, 251, 240, 0, 0, 251, 241, 0, 0, 0, 1, 192, 0, 2, 1, 192, 0, 2, 2])
    >>> record = HEADER.pack(1700000000, 16, 5, 24) + head + bytes([0, 6, 0, 1])
    >>> tally = Tally()
    >>> damage, batch = read(io.BytesIO(record + record[:20]), tally)
    >>> batch.peers[0].asn, batch.state.tolist(), str(damage)
    (64496, [1], 'mrt: truncated-record at byte 36: wanted 36 bytes, 20 left; 20 bytes lost')
    >>> tally
    Tally(records=1, dead=1, torn=0, used=36, lost=20)
    """
    tally = Tally() if tally is None else tally
    source, decoder, batch = Source(stream), Decoder(), RouteBatch(NAME)
    last: int | None = None
    while source.has(HEADER.size):
        try:
            time, (raw, rows, torn) = _rows(source, decoder, last)
        except MalformedError as wrong:
            yield lost(source, wrong, last, tally)
            continue
        if torn:
            tally.dead += 1
            tally.torn += 1
            tally.lost += torn
            yield DecodeError(NAME, "torn-prefixes", f"byte {source.place}", f"{torn} bytes lost at the end of a list")
        tally.records += 1
        tally.used += source.accept() - torn
        last = time
        if batch.full(time):
            yield batch.take()
        batch.add(time, raw, rows)
    if batch:
        yield batch.take()
    if source.remaining:
        short = MalformedError(CUT_RECORD, f"a header takes {HEADER.size} bytes, {source.remaining} left")
        yield lost(source, short, last, tally)


def _rows(source: Source, decoder: Decoder, last: int | None) -> tuple[int, Rows]:
    record = source.record()
    try:
        rows = decoder.rows(record)
    except MalformedError:
        meant = source.longer(record)
        if meant is None:
            raise
        rows = decoder.rows(meant)
    time = record[0]
    if (last is None or abs(time - last) > STRIDE) and _astray(time, last, source.next_time()):
        raise MalformedError("bad-time", f"{time}, far from the records around it")
    if time >= LATEST:
        raise MalformedError("bad-time", f"{time}, which is too late")
    return time, rows


def _astray(time: int, last: int | None, following: int | None) -> bool:
    """Whether a time is far from both of its neighbours, which agree; from a single one, whether by a year."""
    if last is None or following is None:
        neighbour = following if last is None else last
        return neighbour is not None and abs(time - neighbour) > YEAR
    return abs(following - last) <= STRIDE < abs(following - time)


def lost(source: Source, wrong: MalformedError, last: int | None, tally: Tally) -> DecodeError:
    """One dead letter for what is lost at the current place; reading goes on behind it."""
    place, reason, detail = source.place, wrong.reason, wrong.detail
    lost, held = source.skip(last)
    tally.dead += 1
    tally.lost += lost
    if not held and reason != CUT_RECORD:
        reason, detail = "lost-boundary", f"{reason}: {detail}"
    elif reason == CUT_RECORD and not source.exhausted:
        reason = "lost-boundary"
    return DecodeError(NAME, reason, f"byte {place}", f"{detail}; {lost} bytes lost")


def recognise(name: str, head: bytes) -> bool:
    """Whether a file begins with MRT records; the first may be damaged."""
    return begins_like_mrt(head)


FEED = Feed(NAME, ("bgp.mrt", "bgp.mrt6"), recognise, read)
