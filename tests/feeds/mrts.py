"""MRT records written by hand, and recordings opened by what they are."""

import io
import ipaddress
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipeline.errors import DecodeError
from pipeline.feeds import mrt
from pipeline.feeds.mrt.stream import HEADER
from pipeline.feeds.unpack import unpacked
from pipeline.records import KINDS, Elements, Peer

TIME = 1_700_000_000
MARKER = b"\xff" * 16


def record(kind: int, subtype: int, body: bytes, time: int = TIME) -> bytes:
    return HEADER.pack(time, kind, subtype, len(body)) + body


def session(wide: bool = True, asn: int = 64496, address: str = "192.0.2.1", family: int = 1) -> bytes:
    head = struct.pack(">IIHH" if wide else ">HHHH", asn, 64500, 0, family)
    peer = bytes(int(n) for n in address.split(".")) if family == 1 else bytes.fromhex(address)
    return head + peer + bytes(len(peer))


def message(kind: int, content: bytes = b"") -> bytes:
    return MARKER + struct.pack(">HB", 19 + len(content), kind) + content


def attribute(code: int, value: bytes, long: bool = False) -> bytes:
    flags = 0x50 if long else 0x40
    return struct.pack(">BBH" if long else ">BBB", flags, code, len(value)) + value


def path(*asns: int, width: int = 4, kind: int = 2) -> bytes:
    return bytes((kind, len(asns))) + b"".join(asn.to_bytes(width) for asn in asns)


PATH = attribute(2, path(64496, 64497))


def update(withdrawn: bytes = b"", attributes: bytes = b"", nlri: bytes = b"") -> bytes:
    """Content of an UPDATE."""
    counted = [struct.pack(">H", len(part)) + part for part in (withdrawn, attributes)]
    return b"".join(counted) + nlri


def said(content: bytes, subtype: int = 4, time: int = TIME, **who) -> bytes:
    """A record of one UPDATE."""
    return record(16, subtype, session(subtype in (4, 7, 9, 11), **who) + message(2, content), time)


def announced(nlri: bytes, time: int = TIME) -> bytes:
    return said(update(attributes=PATH, nlri=nlri), time=time)


NET = bytes([24, 198, 51, 100])
"""198.51.100.0/24 as an UPDATE has it."""

NET6 = bytes.fromhex("30 2001 0db8 0001")
"""2001:db8:1::/48."""


def entry(peer: int, origin: int) -> bytes:
    """An entry of a table: the number of the peer, and the path."""
    said = attribute(2, path(origin))
    return struct.pack(">HIH", peer, 0, len(said)) + said


def table(rows: Mapping[str, Iterable[tuple[int, int]]], peers: Sequence[Peer], time: int = TIME) -> bytes:
    """A table dump: number of the peer and origin AS of each entry of each prefix."""
    index = bytes(6) + struct.pack(">H", len(peers))
    for peer in peers:
        address = ipaddress.ip_address(peer.address)
        index += bytes([2 + (address.version == 6)]) + bytes(4) + address.packed + peer.asn.to_bytes(4)
    parts = [record(13, 1, index, time)]
    for prefix, entries in rows.items():
        net, those = ipaddress.ip_network(prefix), [entry(*one) for one in entries]
        written = bytes([net.prefixlen]) + net.network_address.packed[: (net.prefixlen + 7) // 8]
        body = bytes(4) + written + struct.pack(">H", len(those)) + b"".join(those)
        parts.append(record(13, 2 if net.version == 4 else 4, body, time))
    return b"".join(parts)


def read(stream: bytes | BinaryIO) -> tuple[list[Elements], list[DecodeError], mrt.Tally]:
    """Batches, damage and the tally, which has to add up."""
    stream = io.BytesIO(stream) if isinstance(stream, bytes) else stream
    tally = mrt.Tally()
    items = list(mrt.read(stream, tally))
    damage = [item for item in items if isinstance(item, DecodeError)]
    assert tally.dead == len(damage)
    return [item for item in items if isinstance(item, Elements)], damage, tally


def only(stream: bytes) -> Elements:
    """The one batch of a recording without damage."""
    batches, damage, tally = read(stream)
    assert (damage, tally.used, tally.lost) == ([], len(stream), 0)
    (batch,) = batches
    return batch


def kinds(batches: list[Elements]) -> dict[str, int]:
    """Elements by kind, those that are there."""
    counts = np.bincount(np.concatenate([b.kind for b in batches] or [np.empty(0, int)]), minlength=len(KINDS))
    return {name: int(n) for name, n in zip(KINDS, counts, strict=True) if n}


def opened(file: Path) -> BinaryIO:
    """A recording, decompressed while it is read."""
    return unpacked(file)[1]


def whole(file: Path) -> bytes:
    """A recording, decompressed."""
    return opened(file).read()
