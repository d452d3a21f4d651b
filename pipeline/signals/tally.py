"""Visible address space of every country and origin AS, counted again only where it changed."""

import numpy as np

from pipeline.geo.places import CODES
from pipeline.records import Entity
from pipeline.signals.rib import ABSENT, NO_ORIGIN, KeyIndex, Rib, key_prefixes
from pipeline.signals.slash24 import Space

CHUNK = 8192  # prefixes judged at once [-]: bounds the memory of a whole recount


def owners(origin: np.ndarray, begins: np.ndarray, need: int) -> np.ndarray:
    """Origin AS of each visible prefix ``(n,) uint32``, `ABSENT` where it is not visible.

    origin ``(n, c) uint32`` of each session of the full-feed peer ASNs, ordered by ASN; begins ``(p,)`` first column of
    each ASN; need: peer ASNs that must see a prefix.  Of several origins the most common one; of a tie the lowest.

    Examples
    --------
    >>> origin = np.array([[7, 7, 0], [7, 8, 8], [0, 0, 9]], np.uint32)
    >>> owners(origin, np.array([0, 2]), need=2).tolist()  # the first two sessions are of one peer ASN
    [0, 8, 0]
    """
    there = origin != ABSENT
    peers = there if len(begins) == origin.shape[1] else np.logical_or.reduceat(there, begins, axis=1)
    visible = peers.sum(axis=1) >= need
    owner = origin.max(axis=1)
    disputed = np.flatnonzero(visible & np.any(there & (origin != owner[:, None]), axis=1))
    owner[disputed] = majority(origin[disputed])
    return np.where(visible, owner, np.uint32(ABSENT))


def majority(origin: np.ndarray) -> np.ndarray:
    """The origin AS that most columns hold in each row ``(n,) uint32``; of a tie the lowest number."""
    votes = np.stack([(origin == origin[:, [j]]).sum(axis=1) for j in range(origin.shape[1])], axis=1)
    votes[origin == ABSENT] = 0
    return np.where(votes == votes.max(axis=1, keepdims=True), origin, NO_ORIGIN).min(axis=1).astype(np.uint32)


class Tally:
    """The origin AS of each visible prefix, and the space of each country and AS.

    An AS belongs to the country of most of its visible addresses in the first bin that shows it, for good: it must not
    change its country during an outage.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.owner = np.zeros(1024, np.uint32)
        self.group = np.full(1024, -1, np.int32)
        self.asns = KeyIndex()
        self.sizes = np.empty(0, np.int64)
        self.homes = np.empty(0, np.int64)
        self.columns = np.empty(0, np.int64)
        self.entities: list[Entity] = []
        self._shown = np.zeros(len(CODES), bool)
        self._country, self._asn = np.empty(0, np.int64), np.empty(0, np.int64)
        self._is_country = np.empty(0, bool)

    def recount(self, rib: Rib, columns: np.ndarray, begins: np.ndarray, need: int) -> None:
        """Count the dirty rows again, or all where the full-feed peers changed; arguments as in `owners`."""
        self._widen(len(rib.origin))
        everything = not np.array_equal(columns, self.columns)
        rows = np.arange(len(rib)) if everything else np.flatnonzero(rib.dirty[: len(rib)])
        self.columns = columns
        rib.dirty[: len(rib)] = False
        changed, owner = [], []
        for at in range(0, len(rows), CHUNK):
            part = rows[at : at + CHUNK]
            judged = owners(rib.origin[part][:, columns], begins, need)
            other = judged != self.owner[part]
            changed.append(part[other])
            owner.append(judged[other])
        if changed:
            self._change(rib, np.concatenate(changed), np.concatenate(owner))

    def _widen(self, rows: int) -> None:
        more = rows - len(self.owner)
        if more > 0:
            self.owner = np.append(self.owner, np.zeros(more, np.uint32))
            self.group = np.append(self.group, np.full(more, -1, np.int32))

    def _change(self, rib: Rib, rows: np.ndarray, owner: np.ndarray) -> None:
        if not len(rows):
            return
        step = (owner != ABSENT).astype(np.int64) - (self.owner[rows] != ABSENT)
        turned = step != 0
        self.space.cover(*key_prefixes(rib.index.keys[rows[turned]]), step[turned])
        before = self.group[rows]
        known = (owner != ABSENT) & (owner != NO_ORIGIN)
        after = np.full(len(rows), -1, np.int32)
        after[known] = self.asns.rows(owner[known].astype(np.uint64), most=2**31)
        self.owner[rows], self.group[rows] = owner, after
        self._resize(rib, np.concatenate((before, after)))
        self._show()

    def _resize(self, rib: Rib, touched: np.ndarray) -> None:
        """Measure the touched ASes again as a whole: a prefix may lie under another."""
        fresh = len(self.asns) - len(self.sizes)
        self.sizes = np.append(self.sizes, np.zeros(fresh, np.int64))
        self.homes = np.append(self.homes, np.full(fresh, -1))
        flag = np.zeros(len(self.asns) + 1, bool)  # the last is the group -1
        flag[touched] = True
        flag[-1] = False
        asns = np.flatnonzero(flag)
        rows = np.flatnonzero(flag[self.group[: len(rib)]])
        hi, length = key_prefixes(rib.index.keys[rows])
        local = np.searchsorted(asns, self.group[rows])
        self.sizes[asns] = self.space.sizes(local, len(asns), hi, length)
        if np.any(self.homes[asns] < 0):
            unborn = self.homes[asns] < 0
            its = unborn[local]
            homes = self.space.homes(local[its], len(asns), hi[its], length[its])
            self.homes[asns[unborn]] = homes[unborn]

    def _show(self) -> None:
        """Add entities that are visible for the first time: countries, then ASes by number."""
        fresh = np.flatnonzero((self.space.counts > 0) & ~self._shown)
        fresh = fresh[fresh > 0]
        self._shown[fresh] = True
        born = np.arange(int((~self._is_country).sum()), len(self.asns))
        self.entities += [Entity("country", CODES[i], CODES[i]) for i in fresh]
        self.entities += [_asn_entity(self.asns.keys[i], CODES[self.homes[i]]) for i in born]
        self._country = np.concatenate((self._country, fresh, np.zeros(len(born), np.int64)))
        self._asn = np.concatenate((self._asn, np.full(len(fresh), -1), born))
        self._is_country = np.concatenate((self._is_country, np.ones(len(fresh), bool), np.zeros(len(born), bool)))

    def row(self) -> np.ndarray:
        """Visible space of each entity ``(n,) float64`` [/24s or prefixes]."""
        row = self.space.counts[self._country].astype(np.float64)
        asn = ~self._is_country
        row[asn] = self.sizes[self._asn[asn]]
        return row

    def keep(self, rows: np.ndarray) -> None:
        """The RIB kept only these rows (sorted); it may have grown since the last count."""
        self._widen(int(rows.max(initial=-1)) + 1)
        for array, blank in ((self.owner, 0), (self.group, -1)):
            array[: len(rows)] = array[rows]
            array[len(rows) :] = blank

    def state(self, used: int) -> dict[str, np.ndarray]:
        self._widen(used)
        return {
            "owner": self.owner[:used], "group": self.group[:used], "asns": self.asns.keys, "sizes": self.sizes,
            "homes": self.homes, "columns": self.columns, "shown": self._shown, "country": self._country,
            "asn": self._asn, "is_country": self._is_country,
        }  # fmt: skip

    def restore(self, rib: Rib, state: dict[str, np.ndarray]) -> None:
        """Take over what `state` gave; the space under the prefixes is counted from them."""
        self.owner, self.group = state["owner"].copy(), state["group"].copy()
        self._widen(len(rib.origin))
        self.asns = KeyIndex(state["asns"])
        self.sizes, self.homes, self.columns = state["sizes"].copy(), state["homes"].copy(), state["columns"]
        self._shown, self._country, self._asn = state["shown"].copy(), state["country"], state["asn"]
        self._is_country = state["is_country"]
        self.entities = [
            Entity("country", CODES[c], CODES[c])
            if is_country
            else _asn_entity(self.asns.keys[a], CODES[self.homes[a]])
            for c, a, is_country in zip(self._country, self._asn, self._is_country, strict=True)
        ]
        visible = np.flatnonzero(state["owner"] != ABSENT)
        self.space.cover(*key_prefixes(rib.index.keys[visible]), np.ones(len(visible), np.int64))


def _asn_entity(asn: int, country: str) -> Entity:
    return Entity("asn", f"AS{asn}", country)
