"""RIPE Atlas: the number of probes that are connected, per country and AS.  The value is that at the end of a bin."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from pipeline.bins import NEVER, WIDTH
from pipeline.errors import UserError
from pipeline.geo.places import Places
from pipeline.records import UP, Bins, Entity, Probe, Rows, Run
from pipeline.state import pack, unpack

SIGNAL = "atlas.connected"

WITHIN = 2 * WIDTH
"""Probes that a controller loses within this time leave together [s]."""

RETURN = 3600
"""How long probes may take to find another controller [s]: what is still away then is disconnected itself."""

FEWEST, NETWORKS = 5, 3
"""A place is counted from the first time on that so many of its probes are connected [-]: fewer say nothing of it.

Probes that a controller must have lost, and in so many ASes, before it counts as broken [-]; and the probes of other
controllers in the same ASes that must show that these are well."""

MOST, STAYED = 0.5, 0.8
"""Shares of its probes that it has lost, and of those others that have stayed [0-1]."""

Row = tuple[list[float], list[float]]  # value and health of each place


class Known(NamedTuple):
    """The last event of a probe [s]."""

    time: int
    connected: bool
    probe: Probe


class Connections:
    """Counts connected probes in one partition.

    Input: `Rows` of probes, 1 from when one is connected, 0 from when it is not; an event is known by its probe and
    time, and the newest of a probe wins.  Output: `Bins` of countries and ASes in order of appearance.

    A probe is known from its first event on: before a bin in which it is first seen to leave, it was not counted.  An
    event of a closed bin is late: it is returned, and still taken where it is its probe's newest, since the next bins
    follow from it.

    A controller that loses half of its probes within ten minutes, in several ASes, while other controllers keep theirs
    in the same ASes, is broken: places with such probes are not observed until the probes are back, for an hour at
    most.

    ``places``: the countries of addresses, for probes whose country is not said; without it only their AS is counted.

    Examples
    --------
    >>> probes = tuple(Probe(number, 64496, "PK").entity() for number in range(6))
    >>> connections = Connections(Run(), "atlas", 0, None)
    >>> connections.add(Rows(Run(), "atlas", 0, SIGNAL, WIDTH, (), 0, probes, np.array([*range(6), 400]),
    ...                      np.array([*range(6), 2]), np.array([1.0] * 6 + [0.0])))
    >>> (bins,) = connections.close(600)
    >>> [entity.name for entity in bins.entities], bins.value.tolist()
    (['AS64496', 'PK'], [[6.0, 6.0], [5.0, 5.0]])
    """

    def __init__(self, run: Run, feed: str, partition: int, places: Places | None) -> None:
        self.run, self.feed, self.partition = run, feed, partition
        self.country: Callable[[str], str] = cache(places.of_prefix) if places is not None else lambda _: ""
        self.next = self.closed = NEVER
        self.probes: dict[int, Known] = {}
        self.waiting: list[Known] = []
        self.lost: dict[int, int] = {}  # probes of a broken controller, and when they left [s]
        self.counts: dict[Entity, float] = {}
        self.listed: dict[Entity, None] = {}
        self.homes: dict[tuple[str, str], Entity] = {}
        self.crowded = 0

    def add(self, batch: Rows) -> Rows | None:
        """Take in events; returns those whose bin is closed."""
        if not len(batch):
            return None
        if self.next == NEVER:
            self.next = max(int(batch.time.min()) // WIDTH * WIDTH, self.closed)
        probes = [self._placed(Probe.of(entity)) for entity in batch.entities]
        for time, i, value in zip(batch.time.tolist(), batch.entity.tolist(), batch.value.tolist(), strict=True):
            known = Known(time, value > 0, probes[i])
            if time < self.next:
                self._take(known)
            else:
                self.waiting.append(known)
        late = batch.time < self.next
        return batch.take(late) if late.any() else None

    def _placed(self, probe: Probe) -> Probe:
        return probe if probe.country or not probe.prefix else probe._replace(country=self.country(probe.prefix))

    def _take(self, known: Known) -> None:
        number, before = known.probe.number, self.probes.get(known.probe.number)
        if before is not None:
            if known.time < before.time:
                return
            told = {
                name: getattr(known.probe, name) or getattr(before.probe, name) for name in ("country", "controller")
            }
            known = known._replace(probe=known.probe._replace(**told))
            for home in self._homes(before.probe):
                self.counts[home] -= before.connected
        for home in self._homes(known.probe):
            count = self.counts[home] = self.counts.get(home, 0.0) + known.connected
            if count >= FEWEST:
                self.listed[home] = None
        self.probes[number] = known
        if known.connected:
            self.lost.pop(number, None)

    def _homes(self, probe: Probe) -> Iterator[Entity]:
        """The places that count a probe; an AS is of the country of its first probe."""
        if probe.asn:
            network = Entity("asn", f"AS{probe.asn}", probe.country)
            yield self.homes.setdefault(network[:2], network)
        if probe.country:
            yield Entity("country", probe.country, probe.country)

    def close(self, until: int, observed: bool = True, ended: bool = False) -> list[Bins]:
        """Close every bin that ends at or before ``until`` [s], from the first event's on."""
        self.closed = max(self.closed, until // WIDTH * WIDTH)
        if self.next == NEVER or self.next + WIDTH > until:
            return []
        self.waiting.sort(key=lambda known: known.time)
        starts = np.arange(self.next, until - WIDTH + 1, WIDTH, dtype=np.int64)
        counted = [self._counted(end, observed) for end in (starts + WIDTH).tolist()]
        self.next = int(starts[-1]) + WIDTH
        value = np.full((len(starts), len(self.listed)), np.nan)
        health = np.full(value.shape, np.nan, np.float32)
        for i, (count, share) in enumerate(counted):
            value[i, : len(count)], health[i, : len(count)] = count, share
        head = (self.run, self.feed, self.partition, SIGNAL, WIDTH, until, UP)
        return [Bins(*head, tuple(self.listed), starts, value, health)]

    def _counted(self, end: int, observed: bool) -> Row:
        """The places at the end of a bin [s]."""
        due = 0
        while due < len(self.waiting) and self.waiting[due].time < end:
            self._take(self.waiting[due])
            due += 1
        del self.waiting[:due]
        if not observed:
            return [np.nan] * len(self.listed), [0.0] * len(self.listed)
        self.lost = {number: left for number, left in self.lost.items() if left >= end - RETURN}
        if due:
            self.lost |= self._broken(end)
        count, health = {home: self.counts[home] for home in self.listed}, dict.fromkeys(self.listed, 1.0)
        gone: dict[Entity, int] = defaultdict(int)
        for number in self.lost:
            for home in self._homes(self.probes[number].probe):
                gone[home] += 1
        for home in gone.keys() & self.listed.keys():
            lost = gone[home]
            count[home], health[home] = np.nan, count[home] / (count[home] + lost)
        return list(count.values()), list(health.values())

    def _broken(self, end: int) -> dict[int, int]:
        """The probes that broken controllers have lost by now, and when [s]."""
        left: dict[str, list[Known]] = defaultdict(list)
        for known in self.probes.values():
            if not known.connected and known.time >= end - WITHIN and known.probe.controller:
                left[known.probe.controller].append(known)
        found: dict[int, int] = {}
        for controller, those in left.items():
            networks = {known.probe.asn for known in those}
            if len(those) < FEWEST or len(networks) < NETWORKS:
                continue
            own = others = stayed = 0
            for known in self.probes.values():
                if known.connected or known.time >= end - WITHIN:
                    may_be_own = known.probe.controller in (controller, "")
                    own += may_be_own
                    if not may_be_own and known.probe.asn in networks:
                        others += 1
                        stayed += known.connected
            if len(those) >= MOST * own and others >= FEWEST and stayed >= STAYED * others:
                found |= {known.probe.number: known.time for known in those}
        return found

    def save(self) -> bytes:
        return pack((self.next, self.closed, list(self.probes.values()), self.waiting, list(self.lost.items()),
                     list(self.counts.items()), list(self.listed)), {})  # fmt: skip

    def load(self, state: bytes) -> None:
        (self.next, self.closed, probes, waiting, lost, counts, listed), _ = unpack(state)
        self.probes = {known.probe.number: known for known in map(_known, probes)}
        self.waiting = [_known(saved) for saved in waiting]
        self.lost = dict(lost)
        self.counts = {Entity(*entity): count for entity, count in counts}
        self.listed = {Entity(*entity): None for entity in listed}
        self.homes = {entity[:2]: entity for entity in self.counts if entity.type == "asn"}


def _known(saved: tuple[int, bool, list]) -> Known:
    return Known(saved[0], saved[1], Probe(*saved[2]))


def countries(load: Callable[[], Places]) -> Places | None:
    """The table of countries, None where there is none."""
    try:
        return load()
    except UserError:
        return None
