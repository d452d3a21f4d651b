"""The RIB of one partition and family: the origin AS that each peer session announces for each prefix."""

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
        # a table dump has the same prefix for each peer in a row: search it once
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


ABSENT = 0  # origin of a cell whose session does not announce the prefix

NO_ORIGIN = 2**32 - 1
"""Origin of a prefix that is announced without one (its path ends in an AS set); no AS may have this number."""


class Rib:
    """Prefix x session, two ``uint32`` a cell: the origin AS, and the time of the session's last element [s].

    The newest element of a session about a prefix holds, whatever the order of arrival; of equal times the last that
    came.  So late and repeated elements, and table dumps beside updates, need no rules of their own.

    Examples
    --------
    >>> rib = Rib(most=100)
    >>> row = rib.rows(np.array([5, 5], np.uint64))
    >>> rib.write(row, np.array([0, 1]), np.array([60, 60]), np.array([64500, 64500]))
    >>> rib.write(row[:1], np.array([0]), np.array([59]), np.array([ABSENT]))  # older: too late to matter
    >>> rib.forget(1, 60)
    >>> rib.origin[row[0], :2].tolist(), rib.size[:2].tolist()
    ([64500, 0], [1, 0])
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.index = KeyIndex()
        self.origin = np.zeros((1024, 8), np.uint32)
        self.time = np.zeros((1024, 8), np.uint32)
        self.dirty = np.zeros(1024, bool)
        self.size = np.zeros(8, np.int64)
        self._checked = 1024

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, keys: np.ndarray) -> np.ndarray:
        """The row of each prefix key ``(n,) int32``, made where it has none; -1 without room."""
        rows = self.index.rows(keys, self.most)
        capacity = len(self.origin)
        if len(self) > capacity:
            while capacity < len(self):
                capacity *= 2
            self._resize(min(capacity, max(self.most, len(self))), self.origin.shape[1])
        return rows

    def widen(self, sessions: int) -> None:
        """Make room for so many sessions, by fours: a doubled width would double all the memory."""
        if sessions > self.origin.shape[1]:
            self._resize(len(self.origin), -(-sessions // 4) * 4)

    def _resize(self, rows: int, sessions: int) -> None:
        capacity, width = self.origin.shape
        used = min(len(self), capacity)
        for name in ("origin", "time"):
            grown = np.zeros((rows, sessions), np.uint32)  # rows not yet used cost no memory
            grown[:used, :width] = getattr(self, name)[:used]
            setattr(self, name, grown)
        self.dirty = np.concatenate((self.dirty, np.zeros(rows - capacity, bool)))
        self.size = np.concatenate((self.size, np.zeros(sessions - width, np.int64)))

    def write(self, row: np.ndarray, session: np.ndarray, time: np.ndarray, origin: np.ndarray) -> None:
        """Take in elements ``(n,)``, in any order of time [s]."""
        if len(time) > 1 and np.any(time[1:] < time[:-1]):
            order = np.argsort(time, kind="stable")
            row, session, time, origin = row[order], session[order], time[order], origin[order]
        cell = row.astype(np.int64) * self.origin.shape[1] + session
        times, origins = self.time.reshape(-1), self.origin.reshape(-1)
        newer = time >= times[cell]
        if not newer.all():
            cell, session, time, origin = cell[newer], session[newer], time[newer], origin[newer]
            row = row[newer]
        before = origins[cell]
        times[cell] = time  # of a repeated cell the last value stays: the newest
        origins[cell] = origin
        after = origins[cell]
        self.dirty[row[before != after]] = True
        self._resized(cell, session, before, after)

    def _resized(self, cell: np.ndarray, session: np.ndarray, before: np.ndarray, after: np.ndarray) -> None:
        turned = np.flatnonzero((before == ABSENT) != (after == ABSENT))
        if len(turned):
            _, first = np.unique(cell[turned], return_index=True)
            once = turned[first]
            step = np.where(after[once] == ABSENT, -1, 1)
            self.size += np.bincount(session[once], step, len(self.size)).astype(np.int64)

    def forget(self, session: int, time: int) -> None:
        """Drop what a session announced up to ``time`` [s]: it is down."""
        used = len(self)
        origin = self.origin[:used, session]
        gone = (origin != ABSENT) & (self.time[:used, session] <= time)
        origin[gone] = ABSENT
        self.dirty[:used] |= gone
        self.size[session] -= int(gone.sum())

    def overgrown(self) -> bool:
        """Whether enough rows were added for a look for useless ones."""
        return len(self) >= 1.25 * self._checked

    def useful(self, needed: np.ndarray) -> np.ndarray:
        """Rows that are announced, dirty or ``needed (n,) bool``."""
        used = len(self)
        keep = np.flatnonzero((self.origin[:used] != ABSENT).any(axis=1) | self.dirty[:used] | needed)
        self._checked = max(1024, len(keep))
        return keep

    def compact(self, keep: np.ndarray) -> None:
        """Keep only these rows (sorted), numbered anew."""
        used = len(self)
        self.index = KeyIndex(self.index.keys[keep])
        for name in ("origin", "time", "dirty"):
            array = getattr(self, name)
            array[: len(keep)] = array[keep]
            array[len(keep) : used] = 0

    def state(self) -> dict[str, np.ndarray]:
        used = len(self)
        return {
            "keys": self.index.keys, "origin": self.origin[:used], "time": self.time[:used],
            "dirty": self.dirty[:used], "size": self.size, "checked": np.array([self._checked]),
        }  # fmt: skip

    def restore(self, state: dict[str, np.ndarray]) -> None:
        used, width = state["origin"].shape
        capacity = 1024
        while capacity < used:
            capacity *= 2
        self.index = KeyIndex(state["keys"])
        self.origin, self.time = np.zeros((capacity, width), np.uint32), np.zeros((capacity, width), np.uint32)
        self.dirty = np.zeros(capacity, bool)
        self.origin[:used], self.time[:used], self.dirty[:used] = state["origin"], state["time"], state["dirty"]
        self.size, self._checked = state["size"].copy(), int(state["checked"][0])
