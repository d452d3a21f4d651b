"""Path attributes of BGP messages (RFC 4271, 4760, 6793, 8205): who originates routes, and where MP prefixes stand."""

from functools import lru_cache
from typing import NamedTuple

AS_PATH, MP_REACH, MP_UNREACH, AS4_PATH, BGPSEC_PATH = 2, 14, 15, 17, 33
USED = frozenset({AS_PATH, MP_REACH, MP_UNREACH, AS4_PATH, BGPSEC_PATH})
EXTENDED = 0x10
"""Flag of an attribute whose length takes two octets."""

AS_SET, AS_SEQUENCE = 1, 2
SEGMENTS = range(1, 5)
"""Kinds of path segments; 3 and 4 are inside a confederation: no part of the path that the Internet sees."""

UNICAST, MULTICAST = 1, 2
FAMILIES = {1: 4, 2: 6}
"""Address family numbers [IANA] as 4 and 6."""

CACHED = 1024
"""Longest attributes that are remembered [bytes]: with as many entries as below, 32 MB at most."""


class MalformedError(Exception):
    """A message or record that cannot be used: a slug and what was seen."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


Span = tuple[int, int, int, bool]
"""Family of some prefixes, where they begin and end in the attributes, and whether they are of unicast."""


class Attributes(NamedTuple):
    """What is used of path attributes: origin AS (None without an AS_PATH), prefixes of the MP attributes."""

    origin: int | None = None
    reach: Span | None = None
    unreach: Span | None = None


def attributes(raw: bytes, wide: bool) -> Attributes:
    """Path attributes of an UPDATE."""
    return _attributes(raw, wide) if len(raw) <= CACHED else _attributes.__wrapped__(raw, wide)


def origin_of(raw: bytes, wide: bool) -> int:
    """Origin AS of a RIB entry, whose MP attribute is cut short and not looked at; 0 for the peer's own route."""
    return _rib_origin(raw, wide) if len(raw) <= CACHED else _rib_origin.__wrapped__(raw, wide)


# The same attributes come again and again: both functions remember them.


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
    """Where the attributes stand that are used; of repeated ones the first."""
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
    """Origin AS; the one of AS4_PATH where a speaker of two octets hides it (RFC 6793)."""
    if AS_PATH not in first:
        return _signed(raw, *first[BGPSEC_PATH]) if BGPSEC_PATH in first else None
    origin, hops = path(raw, *first[AS_PATH], 4 if wide else 2)
    if not wide and AS4_PATH in first:
        hidden, known = path(raw, *first[AS4_PATH], 4)
        if 0 < known <= hops:
            return hidden
    return origin


def _signed(raw: bytes, at: int, end: int) -> int:
    """Origin AS of a signed path, which stands in place of an AS_PATH (RFC 8205): its last segment's last octets."""
    last = at + int.from_bytes(raw[at : at + 2])
    if last < at + 8 or last > end:
        raise MalformedError("bad-path", f"a signed path of {last - at} in {end - at} bytes")
    return int.from_bytes(raw[last - 4 : last])


def path(raw: bytes, at: int, end: int, width: int) -> tuple[int, int]:
    """Origin AS and hops of the path in ``raw[at:end]``: 0 where it ends in a set of several; a set is one hop.

    Examples
    --------
    >>> path(bytes([AS_SEQUENCE, 2, 0, 10, 0, 20]), 0, 6, width=2)
    (20, 2)
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
    """Prefixes of an MP attribute; None for what is of no family of ours, and for an end of RIB."""
    start = at + 3
    if hop:
        start += 2 + (raw[start] if start < end else 0)
    if start > end:
        raise MalformedError("bad-attributes", f"an MP attribute of {end - at} bytes")
    family, kind = FAMILIES.get(int.from_bytes(raw[at : at + 2])), raw[at + 2]
    ours = family is not None and kind in (UNICAST, MULTICAST) and start < end
    return (family, start, end, kind == UNICAST) if family and ours else None
