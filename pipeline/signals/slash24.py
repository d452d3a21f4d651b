"""Address space, each piece counted once: /24-equivalents of IPv4, prefixes of IPv6."""

from typing import Protocol

import numpy as np

from pipeline.geo.places import CODES, Places


def expand(start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """All integers of the intervals ``[start, start + size)``, one after the other."""
    ends = np.cumsum(size)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - ends + size, size)


def union(group: np.ndarray, start: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Rows whose prefix lies in no other of its group; of equal prefixes the first.  Prefixes are nested or apart.

    Examples
    --------
    >>> union(np.array([0, 0, 1]), np.array([8, 9, 9]), np.array([4, 1, 1])).tolist()
    [0, 2]
    """
    order = np.lexsort((-size, start, group))
    base = group[order].astype(np.int64) << 32
    ends = np.maximum.accumulate(base + start[order] + size[order]) if len(order) else base
    apart = np.ones(len(order), bool)
    apart[1:] = base[1:] + start[order][1:] >= ends[:-1]
    return order[apart]


class Space(Protocol):
    """Address space of one family in one partition."""

    counts: np.ndarray
    """``(c,) int64`` visible space of each country, in the order of `CODES`."""

    def cover(self, hi: np.ndarray, length: np.ndarray, step: np.ndarray) -> None:
        """Prefixes become visible (step 1) or invisible (-1), ``(n,)`` each."""

    def sizes(self, group: np.ndarray, groups: int, hi: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Space under each group's prefixes ``(groups,) int64``."""

    def homes(self, group: np.ndarray, groups: int, hi: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Country of most of each group's space ``(groups,)``, as index into `CODES`; of a tie the first."""


def most_common(group: np.ndarray, groups: int, country: np.ndarray, countries: int) -> np.ndarray:
    """The most common known country of each group ``(groups,)``, 0 where none is known."""
    pair, votes = np.unique(group * countries + country, return_counts=True)
    votes[pair % countries == 0] = 0
    best = np.lexsort((-(pair % countries), votes))  # the last assignment stays: most votes, then the first country
    home = np.zeros(groups, np.int64)
    home[pair[best] // countries] = np.where(votes[best] > 0, pair[best] % countries, 0)
    return home


class Slash24s:
    """IPv4 space as /24 slots of a partition's octets; a slot belongs to the country of its first address.

    A prefix longer than /24 counts as its /24.  With several partitions, one shorter than /8 counts in its first octet
    only: the others belong to partitions that do not get it.

    Examples
    --------
    >>> space = Slash24s(0, 1, Places.of([("10.0.0.0/16", "PK"), ("10.1.0.0/16", "IQ")]))
    >>> hi, length = np.array([0x0A000000, 0x0A010000, 0x0A010000], np.uint64) << np.uint64(32), np.array([15, 24, 25])
    >>> space.cover(hi, length, np.array([1, 1, 1]))
    >>> {CODES[i]: int(space.counts[i]) for i in np.flatnonzero(space.counts)}
    {'IQ': 256, 'PK': 256}
    >>> group = np.array([0, 1, 1])
    >>> space.sizes(group, 2, hi, length).tolist(), space.homes(group, 2, hi, length).tolist()  # of a tie the first
    ([512, 1], [225, 225])
    """

    def __init__(self, partition: int, partitions: int, places: Places) -> None:
        self.partitions = partitions
        self.country = places.slots4().reshape(256, -1)[partition::partitions].ravel()
        self.depth = np.zeros(len(self.country), np.uint16)
        self.counts = np.zeros(len(CODES), np.int64)

    def _slots(self, hi: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slot = (hi >> np.uint64(40)).astype(np.int64)
        start = (slot >> 16) // self.partitions * 2**16 + (slot & 0xFFFF)
        size = np.int64(1) << np.clip(24 - length, 0, 24 if self.partitions == 1 else 16)
        return start, size

    def cover(self, hi: np.ndarray, length: np.ndarray, step: np.ndarray) -> None:
        start, size = self._slots(hi, length)
        touched: np.ndarray | slice
        if size.sum() * 4 > len(self.depth):  # as many as in a table: all slots at once
            edge = np.zeros(len(self.depth) + 1, np.int32)
            np.add.at(edge, start, step)
            np.add.at(edge, start + size, -step)
            touched, change = slice(None), np.cumsum(edge[:-1])
        else:
            slots, at = np.unique(expand(start, size), return_inverse=True)
            touched, change = slots, np.bincount(at, np.repeat(step, size), len(slots)).astype(np.int64)
        before = self.depth[touched] > 0
        self.depth[touched] = self.depth[touched] + change
        after = self.depth[touched] > 0
        country, many = self.country[touched], len(self.counts)
        self.counts += np.bincount(country[after & ~before], minlength=many)
        self.counts -= np.bincount(country[before & ~after], minlength=many)

    def sizes(self, group: np.ndarray, groups: int, hi: np.ndarray, length: np.ndarray) -> np.ndarray:
        start, size = self._slots(hi, length)
        top = union(group, start, size)
        return np.bincount(group[top], size[top], groups).astype(np.int64)

    def homes(self, group: np.ndarray, groups: int, hi: np.ndarray, length: np.ndarray) -> np.ndarray:
        start, size = self._slots(hi, length)
        top = union(group, start, size)
        country = self.country[expand(start[top], size[top])].astype(np.int64)
        return most_common(np.repeat(group[top], size[top]), groups, country, len(self.counts))


class Prefixes6:
    """IPv6 space as a number of prefixes, overlapping ones included; a prefix belongs to the country of its first
    address.  /64-equivalents would show only the largest blocks."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.counts = np.zeros(len(CODES), np.int64)

    def cover(self, hi: np.ndarray, length: np.ndarray, step: np.ndarray) -> None:
        self.counts += np.bincount(self.places.find6(hi), step, len(self.counts)).astype(np.int64)

    def sizes(self, group: np.ndarray, groups: int, hi: np.ndarray, length: np.ndarray) -> np.ndarray:
        return np.bincount(group, minlength=groups)

    def homes(self, group: np.ndarray, groups: int, hi: np.ndarray, length: np.ndarray) -> np.ndarray:
        return most_common(group, groups, self.places.find6(hi).astype(np.int64), len(self.counts))
