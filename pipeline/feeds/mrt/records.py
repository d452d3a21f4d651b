"""Content of MRT records (RFC 6396, 8050), by type: rows of elements, all of a record or none."""

import socket
from functools import lru_cache
from struct import Struct

from pipeline.feeds.bgp import (
    FAMILIES,
    STEP,
    UNICAST,
    MalformedError,
    Routes,
    Row,
    change,
    origin_of,
    other,
    routes,
    update,
)
from pipeline.feeds.mrt.stream import BGP, BGP4MP, BGP4MP_ET, TABLE_DUMP, TABLE_DUMP_V2, Record
from pipeline.records import RIB, Peer

NOBODY = Peer(0, "")  # the peer of an element that belongs to no session

Rows = tuple[bytes, list[Row], int]  # bytes with the prefixes, rows of a record (at least one), bytes of bad prefixes
NOTHING: Rows = b"", other(NOBODY), 0  # a record without routes and without a session

STATES = range(9)  # 1 to 6 by RFC 4271, 7 and 8 are Quagga's Clearing and Deleted, 0 is OpenBGPD's none

CHANGE = {0: False, 5: True}  # BGP4MP subtypes of state changes: whether AS numbers take four octets

MESSAGE = {1: (False, False), 4: (True, False), 8: (False, True), 9: (True, True)}
"""BGP4MP subtypes of messages: whether AS numbers take four octets, and whether prefixes have path ids."""

LOCAL = {6: 1, 7: 4, 10: 8, 11: 9}
"""Subtypes of messages that the collector itself sent, and those that are built the same way."""

PEER_INDEX, GENERIC, GEO, GENERIC_NUMBERED = 1, 6, 7, 12
TABLES = {
    2: (4, 4, False), 3: (4, 0, False), 4: (6, 6, False), 5: (6, 0, False),
    8: (4, 4, True), 9: (4, 0, True), 10: (6, 6, True), 11: (6, 0, True),
}  # fmt: skip
"""TABLE_DUMP_V2 subtypes of tables: family of the prefix, family of the element (0: multicast), path ids or not."""

ENTRY, ENTRY_NUMBERED = Struct(">HIH"), Struct(">HIIH")
"""Head of a RIB entry: peer, time of origin, path id where there is one, length of the attributes."""

HISTORIC_UPDATE, HISTORIC_CHANGE, HISTORIC_OTHER = 1, 3, {5, 6, 7}
"""Subtypes of the BGP records of 1999 and 2000; the others are open, notification, keepalive."""


class Decoder:
    """Rows of one record after another; keeps the peer index, to which RIB entries refer."""

    def __init__(self) -> None:
        self.peers: list[Peer] | None = None

    def rows(self, record: Record) -> Rows:
        """Rows of a record; MalformedError where nothing of it can be used."""
        _, kind, subtype, body = record
        if kind == BGP4MP:
            return bgp4mp(body, 0, subtype)
        if kind == BGP4MP_ET:
            return bgp4mp(body, 4, subtype)  # microseconds come first
        if kind == TABLE_DUMP and subtype in FAMILIES:
            return table_dump(body, FAMILIES[subtype])
        if kind == TABLE_DUMP_V2:
            return self._table(body, subtype)
        if kind == BGP:
            return historic(body, subtype)
        raise MalformedError("unsupported-type", f"type {kind}, subtype {subtype}")

    def _table(self, body: bytes, subtype: int) -> Rows:
        if subtype == PEER_INDEX:
            self.peers = None  # never the peers of another table, should these be damaged
            self.peers = peer_index(body)
            return NOTHING
        if subtype in (GENERIC, GENERIC_NUMBERED):
            return self._generic(body, subtype == GENERIC_NUMBERED)
        if subtype in TABLES:
            return self._rib(body, 4, *TABLES[subtype])
        if subtype == GEO:
            return NOTHING
        raise MalformedError("unsupported-type", f"TABLE_DUMP_V2 subtype {subtype}")

    def _generic(self, body: bytes, numbered: bool) -> Rows:
        """A table of any family: one element where it is not of unicast prefixes."""
        if len(body) < 7:
            raise MalformedError("bad-rib", f"{len(body)} bytes")
        family = FAMILIES.get(int.from_bytes(body[4:6]))
        return self._rib(body, 7, family, family, numbered) if family and body[6] == UNICAST else NOTHING

    def _rib(self, body: bytes, start: int, family: int, shown: int, numbered: bool) -> Rows:
        """The prefix at ``start``, as the peers have it; ``shown`` is the family of the elements."""
        if self.peers is None:
            raise MalformedError("no-peer-index", "a table before its peers")
        entries = start + STEP[family][body[start]] if len(body) > start else len(body)
        count, at = int.from_bytes(body[entries : entries + 2]), entries + 2
        head = ENTRY_NUMBERED if numbered else ENTRY
        where, rows = [0], list[Row]()
        for _ in range(count):
            entry, at = at, at + head.size
            if at > len(body):
                break
            index, *_, size = head.unpack_from(body, entry)
            if index >= len(self.peers):
                raise MalformedError("unknown-peer", f"{index} of {len(self.peers)}")
            rows.append((self.peers[index], RIB, shown, origin_of(body[at : at + size], True), 0, where))
            at += size
        if at != len(body):
            raise MalformedError("bad-rib", f"{count} entries do not fill {len(body)} bytes")
        return (body[start:entries], rows, 0) if rows else NOTHING


def bgp4mp(body: bytes, at: int, subtype: int) -> Rows:
    """A message or a change of state of one session, which begins at ``at``."""
    if subtype in CHANGE:
        peer, at = _session(body, at, CHANGE[subtype])
        return b"", _change(peer, body[at:]), 0
    if (shape := MESSAGE.get(subtype)) is not None:
        peer, at = _session(body, at, shape[0])
        return _routed(peer, body, routes(body, at, *shape))
    if subtype in LOCAL:  # sent by the collector: no route of the peer
        _, rows, _ = bgp4mp(body, at, LOCAL[subtype])
        return b"", other(rows[0][0]), 0
    raise MalformedError("unsupported-type", f"BGP4MP subtype {subtype}")


def _routed(peer: Peer, body: bytes, found: tuple[list[Routes], int]) -> Rows:
    lists, lost = found
    if not lists:
        return b"", other(peer), 0
    return body, [(peer, kind, family, origin, 0, where) for kind, family, origin, where in lists], lost


def _session(body: bytes, at: int, wide: bool) -> tuple[Peer, int]:
    """The peer, and where the header of its session ends: two AS numbers, interface, family, two addresses."""
    start = at + (12 if wide else 8)
    family = body[start - 1] if start <= len(body) and not body[start - 2] else 0
    width = 4 if family == 1 else 16
    if family not in FAMILIES or start + 2 * width > len(body):
        raise MalformedError("short-header", f"address family {family}, {len(body)} bytes")
    return _peer(body[at : start + width], 4 if wide else 2, start - at), start + 2 * width


@lru_cache(maxsize=4096)
def _peer(raw: bytes, width: int, address: int) -> Peer:
    """The peer with its AS number in the first ``width`` bytes, and its address from ``address`` on."""
    return Peer(int.from_bytes(raw[:width]), _text(raw[address:]))


def _text(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


def _change(peer: Peer, states: bytes) -> list[Row]:
    state = int.from_bytes(states[2:])
    if len(states) != 4 or state not in STATES:
        raise MalformedError("bad-state", states[:8].hex())
    return change(peer, state)


def historic(body: bytes, subtype: int) -> Rows:
    """A record of 1999 or 2000: AS and address of the peer, and of the collector before an update."""
    if len(body) < 6:
        raise MalformedError("short-header", f"{len(body)} bytes")
    peer = _peer(body[:6], 2, 2)
    if subtype == HISTORIC_UPDATE:
        return _routed(peer, body, update(body, 12, False, False))
    if subtype == HISTORIC_CHANGE:
        return b"", _change(peer, body[6:]), 0
    if subtype in HISTORIC_OTHER:
        return b"", other(peer), 0
    raise MalformedError("unsupported-type", f"BGP subtype {subtype}")


def table_dump(body: bytes, family: int) -> Rows:
    """View, sequence number, and an entry; several entries in dumps of January 2000."""
    width = 4 if family == 4 else 16
    at, end, rows, prefixes = 4, len(body), list[Row](), list[bytes]()
    while at < end or not rows:
        mask, address, start = at + width, at + width + 6, at + 2 * width + 10
        last = start + int.from_bytes(body[start - 2 : start])
        if last > end or start > end:
            raise MalformedError("bad-rib", f"an entry ends at byte {max(start, last)} of {end}")
        if body[mask] > 8 * width:
            raise MalformedError("bad-prefix", f"/{body[mask]} of IPv{family}")
        peer = _dump_peer(body[address : start - 2])
        where = [len(prefixes) * (width + 1)]
        rows.append((peer, RIB, family, origin_of(body[start:last], False), 0, where))
        prefixes.append(body[mask : mask + 1] + body[at:mask])
        at = last
    return b"".join(prefixes), rows, 0


@lru_cache(maxsize=4096)
def _dump_peer(raw: bytes) -> Peer:
    return Peer(int.from_bytes(raw[-2:]), _text(raw[:-2]))


def peer_index(body: bytes) -> list[Peer]:
    """Peers of a table, to which its entries refer by number."""
    at = 6 + int.from_bytes(body[4:6])
    count, at = int.from_bytes(body[at : at + 2]), at + 2
    peers: list[Peer] = []
    while len(peers) < count and at < len(body):
        address = at + 5
        asn = address + (16 if body[at] & 1 else 4)
        at = asn + (4 if body[at] & 2 else 2)
        if at > len(body):
            break
        peers.append(Peer(int.from_bytes(body[asn:at]), _text(body[address:asn])))
    if len(peers) != count or at != len(body):
        raise MalformedError("bad-peer-index", f"{len(peers)} of {count} peers in {len(body)} bytes")
    return peers
