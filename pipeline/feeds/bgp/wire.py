"""BGP messages as bytes (RFC 4271, 4760, 7911): where the routes of an UPDATE stand.

Prefixes are only located here, not decoded: their offsets become columns a whole batch at a time
(`pipeline.feeds.bgp.routes`).
"""

from pipeline.feeds.bgp.attributes import Attributes, MalformedError, Span, attributes
from pipeline.records import ANNOUNCE, WITHDRAW

HEADER = 19
"""Marker, length and type of a message [bytes]."""

MARKER = b"\xff" * 16

UPDATE = 2
TYPES = range(1, 7)
"""OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH, CAPABILITY: only an UPDATE carries routes."""

_FAR = 2**24
"""A step that leaves every message: a prefix length that cannot be."""

STEP = {
    family: tuple(1 + (length + 7) // 8 if length <= bits else _FAR for length in range(256))
    for family, bits in ((4, 32), (6, 128))
}
"""Bytes from one prefix to the next, by its length octet."""

Routes = tuple[int, int, int, list[int]]
"""kind, family (0: multicast, no reachability), origin AS, and where the length octet of each prefix stands."""


def routes(body: bytes, at: int, wide: bool, numbered: bool) -> tuple[list[Routes], int]:
    """Routes of the message that fills ``body`` from ``at`` on, withdrawals first; none unless it is an UPDATE.

    Parameters
    ----------
    wide
        AS numbers take four octets, not two.
    numbered
        Each prefix stands after a path id of four octets (ADD-PATH), which is dropped.

    Returns
    -------
    routes, and the bytes of prefixes that cannot be read: a list that breaks off is used up to there.

    Raises
    ------
    MalformedError
        Where lengths do not add up otherwise: nothing of the message is used.

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
    """Where the length octet of each prefix in ``body[at:end]`` stands, and where the last whole one ends.

    Some collectors write path ids into records that should have none.  Then the list begins with two default
    routes, which no list does; so it is read with path ids where it adds up that way.

    Examples
    --------
    >>> located(bytes([24, 198, 51, 100, 8, 10]), 0, 6, family=4, numbered=False)
    ([0, 4], 6)
    >>> located(bytes([0, 0, 0, 1, 24, 198, 51, 100]), 0, 8, family=4, numbered=False)
    ([4], 8)
    >>> located(bytes([8, 10, 33, 1, 1, 1, 1, 1]), 0, 8, family=4, numbered=False)  # no prefix has 33 bits
    ([0], 2)
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
