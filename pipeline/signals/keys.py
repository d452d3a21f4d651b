"""Prefixes as single integers, and a sorted index from integers to rows."""

import numpy as np

LONGEST = {4: 32, 6: 63}
"""Longest mask of each family that has a key; nothing longer than /48 is routed across the IPv6 Internet."""

_ONE, _TOP = np.uint64(1), np.uint64(63)


def prefix_keys(hi: np.ndarray, length: np.ndarray) -> np.ndarray:
    """One integer per prefix: its leading bits, a one, then zeros, ``(n,) uint64``.

    hi ``(n,) uint64`` first 64 bits of the address, host bits zero; length ``(n,)`` mask [bits], at most 63.

    Examples
    --------
    >>> key = prefix_keys(np.array([0x0A000000 << 32], np.uint64), np.array([8]))
    >>> [hex(k) for k in key], [a.tolist() for a in key_prefixes(key)] == [[0x0A000000 << 32], [8]]
    (['0xa80000000000000'], True)
    """
    return hi | (_ONE << (_TOP - length.astype(np.uint64)))


def key_prefixes(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Address ``(n,) uint64`` and mask length ``(n,) int64`` [bits] of each key."""
    rest = keys & (keys - _ONE)
    return rest, 63 - np.bitwise_count((keys ^ rest) - _ONE).astype(np.int64)


class KeyIndex:
    """Rows by key: a sorted array, searched in bulk.

    Rows are numbered in the order in which their keys come; ``keys[row]`` is a row's key.

    Examples
    --------
    >>> index = KeyIndex()
    >>> index.rows(np.array([7, 3, 7], np.uint64), most=10).tolist(), len(index)
    ([1, 0, 1], 2)
    >>> index.rows(np.array([9, 3], np.uint64), most=2).tolist()  # -1: no room for it
    [-1, 0]
    """

    def __init__(self, keys: np.ndarray | None = None) -> None:
        self.keys = np.empty(0, np.uint64) if keys is None else keys
        self._order = np.argsort(self.keys).astype(np.int32)
        self._sorted = self.keys[self._order]

    def __len__(self) -> int:
        return len(self._sorted)

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The row of each key ``(n,) int32``, -1 where it has none."""
        if not len(self):
            return np.full(len(keys), -1, np.int32)
        at = np.minimum(np.searchsorted(self._sorted, keys), len(self) - 1)
        return np.where(self._sorted[at] == keys, self._order[at], np.int32(-1))

    def rows(self, keys: np.ndarray, most: int) -> np.ndarray:
        """The row of each key ``(n,) int32``; unknown keys get a row while there are fewer than ``most``, else -1."""
        if not len(keys):
            return np.empty(0, np.int32)
        # A table dump gives the same prefix once a peer, in a row: search it once.
        heads = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        found = self.find(keys[heads])
        missing = found < 0
        if missing.any():
            self._insert(np.unique(keys[heads[missing]]), most)
            found[missing] = self.find(keys[heads[missing]])
        return np.repeat(found, np.diff(heads, append=len(keys)))

    def _insert(self, fresh: np.ndarray, most: int) -> None:
        fresh = fresh[: max(0, most - len(self))]
        at = np.searchsorted(self._sorted, fresh)
        self._order = np.insert(self._order, at, np.arange(len(self), len(self) + len(fresh), dtype=np.int32))
        self._sorted = np.insert(self._sorted, at, fresh)
        self.keys = np.concatenate((self.keys, fresh))
