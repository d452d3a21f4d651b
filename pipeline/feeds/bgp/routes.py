"""Routes located in raw messages, collected into `Elements`: all prefixes of a batch are decoded at once."""

from array import array
from collections.abc import Iterable

import numpy as np

from pipeline.feeds.bgp.messages import BATCH, STRIDE
from pipeline.records import OTHER, STATE, Elements, Peer, Run

BYTES = 16 * 1024 * 1024
"""Raw bytes of a batch, whatever is in it: few routes in huge messages do not fill the memory."""

WINDOW = 17
"""A length octet and the longest prefix after it [bytes]."""

NOWHERE = [0]
"""Where the prefix of an element without one stands: in the zeros that each batch begins with."""

Row = tuple[Peer, int, int, int, int, list[int]]
"""peer, kind, family, origin AS, new state, and where the length octet of each prefix stands."""


def _masks() -> np.ndarray:
    """``(129, 2) uint64``: the upper and lower mask of each prefix length."""
    ones = [(2**128 - 1) >> (128 - n) << (128 - n) for n in range(129)]
    return np.array([(mask >> 64, mask & (2**64 - 1)) for mask in ones], np.uint64)


MASKS = _masks()


def other(peer: Peer) -> list[Row]:
    """One element for a record without routes."""
    return [(peer, OTHER, 0, 0, 0, NOWHERE)]


def change(peer: Peer, state: int) -> list[Row]:
    """One element for a change of a session's state."""
    return [(peer, STATE, 0, 0, state, NOWHERE)]


class RouteBatch:
    """Collects the rows of records.

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
        self.heads = array("q")
        self.starts: list[int] = []
        self.raw = [bytes(WINDOW)]
        self.bytes = WINDOW

    def full(self, time: int) -> bool:
        """Whether a record of this time belongs to the next batch."""
        size = len(self.starts)
        return size > 0 and (size >= BATCH or self.bytes >= BYTES or abs(time - self.first) > STRIDE)

    def add(self, time: int, raw: bytes, rows: Iterable[Row]) -> None:
        """Take in the rows of one record, whose prefixes stand in ``raw`` (empty: it has none)."""
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
            heads.extend((time, kind, index, family, origin, state, base, len(found)))
            starts += found

    def take(self) -> Elements:
        """What was collected, with the peers it uses in order of appearance; the batch is empty afterwards."""
        heads = np.array(self.heads, np.int64).reshape(-1, 8)
        time, kind, peer, family, origin, state, base = np.repeat(heads[:, :7], heads[:, 7], axis=0).T
        length, hi, lo = self._prefixes(base)
        given = {"time": time, "kind": kind, "peer": peer, "family": family, "origin": origin, "state": state}
        given |= {"length": length, "hi": hi, "lo": lo}
        columns = {name: np.ascontiguousarray(given[name], dtype) for name, dtype in Elements.COLUMNS.items()}
        elements = Elements(Run(), self.feed, 0, tuple(self.peers), **columns)
        self._clear()
        return elements

    def _prefixes(self, base: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """length, hi, lo ``(n,)`` of every prefix; what follows it in the raw bytes falls to the mask."""
        raw = np.frombuffer(b"".join([*self.raw, bytes(WINDOW)]), np.uint8)
        window = np.lib.stride_tricks.sliding_window_view(raw, WINDOW)[np.array(self.starts, np.int64) + base]
        address = np.ascontiguousarray(window[:, 1:]).view(">u8").astype(np.uint64)
        hi, lo = (address & MASKS[window[:, 0]]).T
        return window[:, 0], hi, lo
