"""BGP of some countries: what a watch of them keeps of a table and of updates."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from pipeline.feeds.base import joined
from pipeline.feeds.mrt.sift import Sizes
from pipeline.geo.places import Places
from pipeline.records import ESTABLISHED, RIB, STATE, Elements, Peer
from pipeline.settings import Counting

AGAIN = 600
"""How often a peer is named at most [s]: often enough that it never counts as silent (`Counting.hush`)."""


class Narrowed:
    """Keeps the elements of full-feed peers about prefixes that share an address with the countries of ``places``.

    In a part of a table a full-feed peer cannot be told from others.  So whole tables decide which peers are, and a
    STATE element with the family names such a peer, now and again, since all that it sends may be of other countries.
    A peer without a table is not kept.
    """

    def __init__(self, places: Places, rules: Counting) -> None:
        self.places, self.rules = places, rules
        self.families: dict[Peer, tuple[int, ...]] = {}
        self.named: dict[Peer, int] = {}

    def judge(self, tables: Iterable[Sizes]) -> None:
        """Learn from whole tables, of all collectors, which of their peers are full-feed in which families."""
        tables, families = list(tables), dict[Peer, tuple[int, ...]]()
        peers = [peer for table in tables for peer in table.peers]
        asn = np.array([peer.asn for peer in peers], np.int64)
        for family, floor in self.rules.floors.items():
            size = np.concatenate([table.prefixes.get(family, np.zeros(len(table.peers), int)) for table in tables])
            least = self.rules.least_table(asn, size, floor)
            for peer, is_full in zip(peers, size >= least, strict=True):
                families[peer] = families.get(peer, ()) + (family,) * bool(is_full)
        self.families, self.named = families, {}

    def keep(self, batch: Elements) -> Elements:
        """What is kept of a batch, after the names of its peers."""
        full = np.zeros((len(batch.peers), 7), bool)  # by peer and family
        for i, peer in enumerate(batch.peers):
            full[i, self.families.get(peer, ())] = True
        is_state, is_route = batch.kind == STATE, (batch.kind <= RIB) & (batch.kind != STATE)
        kept = is_state & full[batch.peer].any(axis=1)
        routes = np.flatnonzero(is_route & full[batch.peer, batch.family])
        kept[routes] = self.places.overlap(batch.family[routes], batch.hi[routes], batch.length[routes])
        names = self._names(batch, np.flatnonzero(~is_state))
        rest = batch.take(np.flatnonzero(kept))
        return joined([names, rest]) if len(names) else rest  # type: ignore[return-value]

    def _names(self, batch: Elements, rows: np.ndarray) -> Elements:
        """A STATE for each family in which a peer of these rows is full-feed, unless it was named just before."""
        at, family = list[int](), list[int]()
        peers, first = np.unique(batch.peer[rows], return_index=True)
        for i, row in zip(peers.tolist(), rows[first].tolist(), strict=True):
            peer, time = batch.peers[i], int(batch.time[row])
            if self.families.get(peer) and abs(time - self.named.get(peer, -AGAIN)) >= AGAIN:
                self.named[peer] = time
                at += [row] * len(self.families[peer])
                family += self.families[peer]
        told = batch.take(np.array(at, np.int64))
        blank = {name: np.zeros_like(getattr(told, name)) for name in ("hi", "lo", "length", "origin")}
        kind, state = np.full_like(told.kind, STATE), np.full_like(told.state, ESTABLISHED)
        return dataclasses.replace(told, kind=kind, state=state, family=np.array(family, np.uint8), **blank)
