"""BGP messages as bytes (RFC 4271, 4760, 6793, 7911, 8205): the routes of an UPDATE, collected into `Elements`."""

import socket
from collections.abc import Iterable, Sequence
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

import numpy as np

from pipeline.feeds.timestamps import BATCH, STRIDE
from pipeline.records import ANNOUNCE, OTHER, STATE, WITHDRAW, Elements, Peer, Run

AS_PATH, MP_REACH, MP_UNREACH, AS4_PATH, BGPSEC_PATH = 2, 14, 15, 17, 33
USED = frozenset({AS_PATH, MP_REACH, MP_UNREACH, AS4_PATH, BGPSEC_PATH})
EXTENDED = 0x10  # flag of an attribute whose length takes two octets

AS_SET, AS_SEQUENCE = 1, 2
SEGMENTS = range(1, 5)  # kinds of path segments; 3 and 4 are inside a confederation, and no part of the path outside

UNICAST, MULTICAST = 1, 2
FAMILIES = {1: 4, 2: 6}  # address family numbers [IANA] as 4 and 6
CACHED = 1024  # longest attributes that are cached [bytes]: 32 MB at most with as many entries as below


class MalformedError(Exception):
    """A message or record that cannot be used: a slug and what was seen."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


Span = tuple[int, int, int, bool]  # family of some prefixes, begin and end in the attributes, unicast or not


class Attributes(NamedTuple):
    """What is used of path attributes: origin AS (None without an AS_PATH), and prefixes of the MP attributes."""

    origin: int | None = None
    reach: Span | None = None
    unreach: Span | None = None


def attributes(raw: bytes, wide: bool) -> Attributes:
    """Path attributes of an UPDATE."""
    return _attributes(raw, wide) if len(raw) <= CACHED else _attributes.__wrapped__(raw, wide)


def origin_of(raw: bytes, wide: bool) -> int:
    """Origin AS of a RIB entry, whose MP attribute is cut short and ignored; 0 for the peer's own route."""
    return _rib_origin(raw, wide) if len(raw) <= CACHED else _rib_origin.__wrapped__(raw, wide)


# The same attributes come again and again: both functions cache them.


@lru_cache(maxsize=2**15)
def _attributes(raw: bytes, wide: bool) -> Attributes:
    first = _scan(raw)
    return Attributes(
        _origin(raw, first, wide),
        _span(raw, *first[MP_REACH], hop=True) if MP_REACH in first else None,
        _span(raw, *first[MP_UNREACH], hop=False) if MP_UNREACH in first else None,
    )


@lru_cache(maxsize=2**15)
def _rib_origin(raw: bytes, wide: bool) -> int:
    return _origin(raw, _scan(raw), wide) or 0


def _scan(raw: bytes) -> dict[int, tuple[int, int]]:
    """Begin and end of the attributes that are used; of repeated ones the first."""
    at, end = 0, len(raw)
    first: dict[int, tuple[int, int]] = {}
    while at + 3 <= end:
        code, long = raw[at + 1], raw[at] & EXTENDED
        start = at + (4 if long else 3)
        at = start + (int.from_bytes(raw[start - 2 : start]) if long else raw[start - 1])
        if code in USED:
            first.setdefault(code, (start, at))
    if at != end:
        raise MalformedError("bad-attributes", f"they end at byte {at} of {end}")
    return first


def _origin(raw: bytes, first: dict[int, tuple[int, int]], wide: bool) -> int | None:
    """Origin AS; that of AS4_PATH where a session of two octets hides it (RFC 6793)."""
    if AS_PATH not in first:
        return _signed(raw, *first[BGPSEC_PATH]) if BGPSEC_PATH in first else None
    origin, hops = path(raw, *first[AS_PATH], 4 if wide else 2)
    if not wide and AS4_PATH in first:
        hidden, known = path(raw, *first[AS4_PATH], 4)
        if 0 < known <= hops:
            return hidden
    return origin


def _signed(raw: bytes, at: int, end: int) -> int:
    """Origin AS of a signed path, which replaces an AS_PATH (RFC 8205): the end of its last segment."""
    last = at + int.from_bytes(raw[at : at + 2])
    if last < at + 8 or last > end:
        raise MalformedError("bad-path", f"a signed path of {last - at} in {end - at} bytes")
    return int.from_bytes(raw[last - 4 : last])


def path(raw: bytes, at: int, end: int, width: int) -> tuple[int, int]:
    """Origin AS and hops of the path in ``raw[at:end]``: 0 where it ends in a set of several; a set is one hop.

    Examples
    --------
    >>> path(bytes([AS_SEQUENCE, 1, 0, 10, AS_SET, 2, 0, 20, 0, 30]), 0, 10, width=2)
    (0, 2)
    """
    origin = hops = 0
    while at + 2 <= end:
        kind, count, start = raw[at], raw[at + 1], at + 2
        if kind not in SEGMENTS or start + count * width > end:
            break
        at = start + count * width
        if kind == AS_SEQUENCE:
            hops += count
            origin = int.from_bytes(raw[at - width : at]) if count else origin
        elif kind == AS_SET:
            hops += 1
            members = {raw[i : i + width] for i in range(start, at, width)}
            origin = int.from_bytes(members.pop()) if len(members) == 1 else 0
    if at != end:
        raise MalformedError("bad-path", f"{end - at} bytes do not fit")
    return origin, hops


def _span(raw: bytes, at: int, end: int, hop: bool) -> Span | None:
    """Prefixes of an MP attribute; None for other families than IPv4 and IPv6, and for an end of RIB."""
    start = at + 3
    if hop:
        start += 2 + (raw[start] if start < end else 0)
    if start > end:
        raise MalformedError("bad-attributes", f"an MP attribute of {end - at} bytes")
    family, kind = FAMILIES.get(int.from_bytes(raw[at : at + 2])), raw[at + 2]
    ours = family is not None and kind in (UNICAST, MULTICAST) and start < end
    return (family, start, end, kind == UNICAST) if family and ours else None


HEADER = 19  # marker, length and type of a message [bytes]

MARKER = b"\xff" * 16

UPDATE = 2
TYPES = range(1, 7)  # OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH, CAPABILITY: only an UPDATE carries routes
_FAR = 2**24  # a step beyond every message, for prefix lengths that cannot be

STEP = {
    family: tuple(1 + (length + 7) // 8 if length <= bits else _FAR for length in range(256))
    for family, bits in ((4, 32), (6, 128))
}
"""Bytes from one prefix to the next, by its length octet."""

Routes = tuple[int, int, int, list[int]]
"""kind, family (0: multicast, no reachability), origin AS, and offset of the length octet of each prefix."""


def routes(body: bytes, at: int, wide: bool, numbered: bool) -> tuple[list[Routes], int]:
    """Routes of the message in ``body`` from ``at`` on, withdrawals first; none unless it is an UPDATE.

    ``wide``: AS numbers take four octets, not two.  ``numbered``: a path id comes before each prefix (ADD-PATH).  Also
    returns the bytes of prefixes that cannot be read: a list that breaks off is used up to there.  MalformedError where
    lengths do not add up otherwise.

    Examples
    --------
    >>> withdrawal = bytes([8, 10, 24, 198, 51, 100])
    >>> message = MARKER + bytes([0, 29, 2, 0, 6]) + withdrawal + bytes(2)
    >>> len(message), routes(message, 0, wide=True, numbered=False)
    (29, ([(1, 4, 0, [21, 23])], 0))
    """
    size = len(body) - at
    if size < HEADER or not body.startswith(MARKER, at):
        raise MalformedError("bad-message", "no BGP header")
    stated = body[at + 16] << 8 | body[at + 17]
    if stated != size:
        raise MalformedError("bad-message", f"length {stated} of {size} bytes")
    kind = body[at + 18]
    if kind == UPDATE:
        return update(body, at + HEADER, wide, numbered)
    if kind not in TYPES:
        raise MalformedError("bad-message", f"type {kind}")
    return [], 0


def update(body: bytes, at: int, wide: bool, numbered: bool) -> tuple[list[Routes], int]:
    """Routes of an UPDATE whose header ends at ``at``; arguments and result as in `routes`."""
    end, withdrawn = len(body), at + 2
    middle = withdrawn + int.from_bytes(body[at:withdrawn])
    start = middle + 2
    nlri = start + (body[middle] << 8 | body[middle + 1]) if start <= end else end + 1
    if nlri > end:
        raise MalformedError("bad-update", "its parts are longer than the message")
    origin, reach, unreach = attributes(body[start:nlri], wide) if nlri > start else Attributes()
    lists: list[tuple[int, int, Span]] = []
    if middle > withdrawn:
        lists.append((WITHDRAW, 0, (4, withdrawn, middle, True)))
    if unreach:
        lists.append((WITHDRAW, start, unreach))
    if origin is None and (reach or nlri < end):
        raise MalformedError("no-as-path", "routes are announced without a path")
    if nlri < end:
        lists.append((ANNOUNCE, 0, (4, nlri, end, True)))
    if reach:
        lists.append((ANNOUNCE, start, reach))
    return _located(body, lists, origin or 0, numbered)


def _located(body: bytes, lists: list[tuple[int, int, Span]], origin: int, numbered: bool) -> tuple[list[Routes], int]:
    found, lost = [], 0
    for kind, base, (family, at, end, unicast) in lists:
        prefixes, reached = located(body, base + at, base + end, family, numbered)
        lost += base + end - reached
        if prefixes:
            found.append((kind, family if unicast else 0, origin if kind == ANNOUNCE else 0, prefixes))
    if lost and not found:
        raise MalformedError("bad-prefix", f"{lost} bytes of no prefix")
    return found, lost


def located(body: bytes, at: int, end: int, family: int, numbered: bool) -> tuple[list[int], int]:
    """Offset of the length octet of each prefix in ``body[at:end]``, and the end of the last whole prefix.

    Some collectors write path ids into records that should have none.  The list then seems to begin with two default
    routes, which no list does; it is read with path ids if its length fits.

    Examples
    --------
    >>> located(bytes([0, 0, 0, 1, 24, 198, 51, 100]), 0, 8, family=4, numbered=False)
    ([4], 8)
    """
    step = STEP[family]
    if not numbered and end - at > 4 and not body[at] and not body[at + 1]:
        found, reached = _walk_numbered(body, at, end, step)
        if reached == end:
            return found, end
    found, reached = (_walk_numbered if numbered else _walk)(body, at, end, step)
    if reached > end:
        reached = found.pop() - (4 if numbered else 0)
    return found, reached


def _walk(body: bytes, at: int, end: int, step: tuple[int, ...]) -> tuple[list[int], int]:
    found = []
    while at < end:
        found.append(at)
        at += step[body[at]]
    return found, at


def _walk_numbered(body: bytes, at: int, end: int, step: tuple[int, ...]) -> tuple[list[int], int]:
    found = []
    while at + 4 < end:
        found.append(at + 4)
        at += 4 + step[body[at + 4]]
    return found, at


BYTES = 16 * 1024 * 1024  # raw bytes of a batch: few routes in huge messages do not fill the memory
WINDOW = 17  # a length octet and the longest prefix after it [bytes]
NOWHERE = [0]  # offset for an element without a prefix: in the zeros with which each batch begins

HEAD = Struct("8q")

Row = tuple[Peer, int, int, int, int, Sequence[int]]
"""peer, kind, family, origin AS, new state, and offset of the length octet of each prefix."""


MASKS = np.array([divmod(2**128 - 2 ** (128 - length), 2**64) for length in range(129)], np.uint64)
"""``(129, 2)``: the upper and lower mask of each prefix length."""


def other(peer: Peer) -> list[Row]:
    """One element for a record without routes."""
    return [(peer, OTHER, 0, 0, 0, NOWHERE)]


def change(peer: Peer, state: int) -> list[Row]:
    """One element for a change of a session's state."""
    return [(peer, STATE, 0, 0, state, NOWHERE)]


class RouteBatch:
    """Collects the rows of records into `Elements`.

    Examples
    --------
    >>> from pipeline.records import ANNOUNCE
    >>> batch = RouteBatch("mrt")
    >>> row = (Peer(64496, "192.0.2.1"), ANNOUNCE, 4, 64497, 0, [0, 2])
    >>> batch.add(1700000000, bytes([8, 10, 24, 198, 51, 100]), [row])
    >>> elements = batch.take()
    >>> [hex(h) for h in elements.hi.tolist()], elements.length.tolist(), elements.origin.tolist(), len(batch)
    (['0xa00000000000000', '0xc633640000000000'], [8, 24], [64497, 64497], 0)
    """

    def __init__(self, feed: str) -> None:
        self.feed = feed
        self._clear()

    def __len__(self) -> int:
        return len(self.starts)

    def _clear(self) -> None:
        self.first = 0
        self.peers: dict[Peer, int] = {}
        self.heads = bytearray()
        self.starts: list[int] = []
        self.raw = [bytes(WINDOW)]
        self.bytes = WINDOW

    def full(self, time: int) -> bool:
        size = len(self.starts)
        return size > 0 and (size >= BATCH or self.bytes >= BYTES or abs(time - self.first) > STRIDE)

    def add(self, time: int, raw: bytes, rows: Iterable[Row]) -> None:
        """Take in the rows of one record, with its prefixes in ``raw`` (empty: it has none)."""
        if not self.starts:
            self.first = time
        base = 0
        if raw:
            base = self.bytes
            self.raw.append(raw)
            self.bytes += len(raw)
        peers, starts, heads = self.peers, self.starts, self.heads
        for peer, kind, family, origin, state, found in rows:
            index = peers.get(peer)
            if index is None:
                index = peers[peer] = len(peers)
            heads += HEAD.pack(time, kind, index, family, origin, state, base, len(found))
            starts += found

    def take(self) -> Elements:
        """What was collected, with the peers it uses in order of appearance; the batch is empty afterwards."""
        heads = np.frombuffer(self.heads, np.int64).reshape(-1, 8)
        time, kind, peer, family, origin, state, base = np.repeat(heads[:, :7], heads[:, 7], axis=0).T
        raw = np.frombuffer(b"".join([*self.raw, bytes(WINDOW)]), np.uint8)
        starts = np.array(self.starts, np.int64) + base
        window = np.lib.stride_tricks.sliding_window_view(raw, WINDOW)[starts]
        length, address = window[:, 0], np.ascontiguousarray(window[:, 1:]).view(">u8").astype(np.uint64)
        hi, lo = (address & MASKS[length]).T  # clears what follows the prefix in the raw bytes
        given = {"time": time, "kind": kind, "peer": peer, "family": family, "origin": origin, "state": state}
        given |= {"length": length, "hi": hi, "lo": lo}
        columns = {name: np.ascontiguousarray(given[name], dtype) for name, dtype in Elements.COLUMNS.items()}
        elements = Elements(Run(), self.feed, 0, tuple(self.peers), **columns)
        self._clear()
        return elements


PACKED = 18  # bytes of a packed prefix: family (4 or 6), length of the mask [bits], 128 bits of address


@lru_cache(maxsize=2**17)
def pack_prefix(text: str) -> bytes:
    """A written prefix, packed; ValueError where it is none.

    Examples
    --------
    >>> pack_prefix("2605:de00:bb:0:0:0:0:0/48").hex(" ", 2)
    '0630 2605 de00 00bb 0000 0000 0000 0000 0000'
    """
    address, slash, mask = text.partition("/")
    family, bits = (6, 128) if ":" in address else (4, 32)
    if not (slash and mask.isascii() and mask.isdigit() and len(mask) <= 3 and int(mask) <= bits):
        raise ValueError(f"not a prefix: {text[:60]!r}")
    try:
        packed = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, address)
    except (OSError, ValueError) as error:
        raise ValueError(f"not a prefix: {text[:60]!r}") from error
    return _pack(packed, family, int(mask))


def pack_wire(body: bytes, at: int, family: int) -> bytes:
    """The prefix whose length octet is at ``at`` of a BGP message, packed."""
    length = body[at]
    return _pack(body[at + 1 : at + 1 + (length + 7) // 8], family, length)


def _pack(address: bytes, family: int, length: int) -> bytes:
    kept = int.from_bytes(address.ljust(16, b"\0")) >> (128 - length) << (128 - length)
    return bytes((family, length)) + kept.to_bytes(16)
