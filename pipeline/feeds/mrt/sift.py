"""A table dump, read for the few prefixes that are wanted: fast, and without holding it."""

from collections.abc import Callable
from typing import BinaryIO, NamedTuple

import numpy as np

from pipeline.errors import DecodeError
from pipeline.feeds.bgp import MASKS, MalformedError
from pipeline.feeds.mrt import Tally, lost
from pipeline.feeds.mrt.records import PEER_INDEX, peer_index
from pipeline.feeds.mrt.stream import HEADER, TABLE_DUMP_V2, Record, Source
from pipeline.records import Peer

FAMILY = {2: 4, 4: 6}  # TABLE_DUMP_V2 subtypes of unicast tables without path ids
MANY = 4096  # records that are looked at at once

Wanted = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Which prefixes are wanted ``(n,) bool``: family, leading 64 bits of the address, length of the mask [bits]."""


class Sizes(NamedTuple):
    """The peers of a table ``(p,)``, how many prefixes of each family each has ``(p,) int64``, and damage."""

    peers: list[Peer]
    prefixes: dict[int, np.ndarray]
    damage: list[DecodeError]


def sift(stream: BinaryIO, wanted: Wanted, sink: BinaryIO) -> Sizes:
    """Write the records of the wanted prefixes of a table to ``sink``, as they are, and count the whole table.

    Records of other kinds than unicast tables of today are written, too, and not counted.
    """
    source, tally = Source(stream), Tally()
    sizes, held = Sizes([], {}, []), list[Record]()
    last: int | None = None
    while source.has(HEADER.size):
        try:
            record = source.record()
        except MalformedError as wrong:
            sizes.damage.append(lost(source, wrong, last, tally))
            continue
        last, kind, subtype, body = record
        source.accept()
        held.append(record)
        if (kind, subtype) == (TABLE_DUMP_V2, PEER_INDEX):
            _flush(held, sizes, wanted, sink)
            held = []
            _name(body, sizes)
        elif len(held) == MANY:
            _flush(held, sizes, wanted, sink)
            held = []
    _flush(held, sizes, wanted, sink)
    return sizes


def peers_of(stream: BinaryIO) -> list[Peer]:
    """The peers that a table dump begins with; none where it begins otherwise."""
    source = Source(stream)
    try:
        record = source.record() if source.has(HEADER.size) else (0, 0, 0, b"")
        return peer_index(record[3]) if record[1:3] == (TABLE_DUMP_V2, PEER_INDEX) else []
    except MalformedError:
        return []


def _name(body: bytes, sizes: Sizes) -> None:
    try:
        sizes.peers[:] = peer_index(body)
    except MalformedError:  # the reader of the sink says so
        return
    sizes.prefixes.update({family: np.zeros(len(sizes.peers), np.int64) for family in FAMILY.values()})


def _flush(records: list[Record], sizes: Sizes, wanted: Wanted, sink: BinaryIO) -> None:
    family = np.array([FAMILY.get(r[2], 0) if r[1] == TABLE_DUMP_V2 else 0 for r in records], np.int64)
    family[[len(record[3]) < 7 for record in records]] = 0
    keep = family == 0
    tables = np.flatnonzero(~keep)
    if len(tables):
        bodies = [records[i][3] for i in tables]
        size = np.array([len(body) for body in bodies])
        raw = np.frombuffer(b"".join([*bodies, bytes(16)]), np.uint8)
        end = np.cumsum(size)
        begin = end - size + 4  # behind the sequence number: length of the mask, prefix, number of entries
        length = raw[begin]
        words = np.lib.stride_tricks.sliding_window_view(raw, 8)[begin + 1]
        hi = np.ascontiguousarray(words).view(">u8").ravel().astype(np.uint64) & MASKS[np.minimum(length, 128), 0]
        keep[tables] = wanted(family[tables], hi, length)
        _count(raw, begin + 1 + (length.astype(np.int64) + 7) // 8, end, family[tables], sizes)
    for record, kept in zip(records, keep.tolist(), strict=True):
        if kept:
            time, kind, subtype, body = record
            sink.write(HEADER.pack(time, kind, subtype, len(body)) + body)


def _count(raw: np.ndarray, at: np.ndarray, end: np.ndarray, family: np.ndarray, sizes: Sizes) -> None:
    """Count the entries of each peer; the lists of all records are walked side by side, entry by entry.

    at, end ``(n,)``: where the number of entries of each record is, and where the record ends.
    """
    at, end, family = (column[at + 2 <= end] for column in (at, end, family))
    left = _number(raw, at)
    at = at + 2
    while True:
        there = (left > 0) & (at + 8 <= end)
        at, end, family, left = at[there], end[there], family[there], left[there] - 1
        if not len(at):
            return
        peer = _number(raw, at)
        for number, counts in sizes.prefixes.items():
            counts += np.bincount(peer[(family == number) & (peer < len(counts))], minlength=len(counts))
        at = at + 8 + _number(raw, at + 6)


def _number(raw: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The two octets at each place as a number ``(n,) int64``."""
    return raw[at].astype(np.int64) << 8 | raw[at + 1]
