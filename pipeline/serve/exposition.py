"""Which series are shown now, and what owns each of them, so that it can be removed again."""

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from pipeline.explain.metric_points import Point
from pipeline.explain.terms import showing, signal_of
from pipeline.fusion.life import OPEN
from pipeline.geo.homes import placed
from pipeline.records import Entity, Outage, Places, Verdicts, known

Key = tuple[str, ...]
Place = tuple[str, str, str]  # ``(tense, entity_type, entity)``

RESTORED_FOR = 2 * 3600
"""Event time after its end for which an outage is shown as restored [s]: fusion knows an end half an hour after it, and
the rest must outlast a scrape, a rule and a restart of Alertmanager."""

TOLD_FOR = 15 * 60
"""How long it is shown at least, by the worker's clock [s]: in a replay two hours may be seconds, and Alertmanager
waits five minutes before it adds to a notification."""

QUARTERS = 4  # steps of what a country has lost at worst [-]
REMEMBERED = 10_000  # outages whose last revision is remembered, so that one that comes again is not counted twice [-]


@dataclass
class Shown:
    """State of `pipeline.serve.metrics.Metrics`, bounded by the entities of the frames and `REMEMBERED`.

    ``clock`` is the worker's [s]; without one, event time alone says how long an end is shown.
    """

    clock: Callable[[], float] = lambda: math.inf
    points: dict[Key, tuple[tuple[str, Key], ...]] = field(default_factory=dict)  # the series of each key
    owners: dict[Key, set[Key]] = field(default_factory=dict)  # the keys of each signal in a partition
    shares: Counter[tuple[str, Key]] = field(default_factory=Counter)  # how many keys own a series
    revisions: OrderedDict[str, Outage] = field(default_factory=OrderedDict)  # the last one shown of each outage
    counted: OrderedDict[str, Outage] = field(default_factory=OrderedDict)  # the last one counted of each outage
    open: dict[Place, Outage] = field(default_factory=dict)
    ended: dict[Place, tuple[int, float]] = field(default_factory=dict)  # until when an end is shown, by both clocks
    places: dict[str, Places] = field(default_factory=dict)  # by tense
    ratios: dict[Place, dict[str, float]] = field(default_factory=dict)  # by signal, of places in an outage
    healths: dict[Key, tuple[float, int]] = field(default_factory=dict)  # sum and number, by signal and partition
    times: dict[str, int] = field(default_factory=dict)  # event time of each tense
    sizes: dict[Place, tuple[int, int, int]] = field(default_factory=dict)  # of a confirmed outage: see `grown`

    def swap(self, key: Key, points: list[Point]) -> list[tuple[str, Key]]:
        """Make a key own these points; returns the series that have no owner any more."""
        before, now = self.points.get(key, ()), tuple((name, labels) for name, labels, _ in points)
        if before == now:
            return []
        self.shares.update(now)
        self.shares.subtract(before)
        gone = [series for series in before if not self.shares[series]]
        for series in gone:
            del self.shares[series]
        if now:
            self.points[key] = now
            self.owners.setdefault(key[:3], set()).add(key)
        else:
            del self.points[key]
            self.owners[key[:3]].discard(key)
        return gone

    def owned(self, owner: Key) -> set[Key]:
        """The keys of a signal in a partition."""
        return set(self.owners.get(owner, ()))

    def out(self, tense: str) -> set[tuple[str, str]]:  # entities in an outage
        return {(place[1], place[2]) for place in self.open if place[0] == tense}

    def place_all(self, tense: str, entities: Iterable[Entity]) -> None:
        """Remember names, and the countries of networks; each tense has its own."""
        self.places.setdefault(tense, {}).update(known(entities))

    def learn(self, verdicts: Verdicts, row: int) -> None:
        """Remember names, the countries of networks, and the ratios of entities in an outage."""
        self.place_all(verdicts.run.tense, verdicts.entities)
        is_out = self.out(verdicts.run.tense)
        if not is_out:
            return
        ratio = verdicts.ratio[row]
        for i, entity in enumerate(verdicts.entities):
            if entity[:2] in is_out and not math.isnan(ratio[i]):
                place = (verdicts.run.tense, entity.type, entity.name)
                self.ratios.setdefault(place, {})[verdicts.signal] = float(ratio[i])

    def health(self, owner: Key, health: np.ndarray) -> float:
        """Mean health ``(n,)`` of a signal over all its partitions here; 0 where nothing was observed."""
        known = health[np.isfinite(health)]
        self.healths[owner] = (float(known.sum()), len(known))
        parts = [part for key, part in self.healths.items() if key[:2] == owner[:2]]
        total = sum(n for _, n in parts)
        return sum(share for share, _ in parts) / total if total else 0.0

    def place(self, outage: Outage) -> Entity:
        """The entity of an outage, with its country and its name for people."""
        return placed(outage.entity_type, outage.entity, self.places.get(outage.tense))

    def latest(self, outage: Outage) -> bool:
        """Whether no other outage of the same entity is open."""
        current = self.open.get(_place(outage))
        return current is None or current.id == outage.id

    def take(self, outage: Outage) -> None:
        """Remember a revision."""
        _remember(self.revisions, outage)
        counted = self.counted.get(outage.id)
        if counted is None or counted.revision < outage.revision:
            once = counted.confirmed_at if counted is not None else None  # by now it may be known that it is not yet
            _remember(self.counted, replace(outage, confirmed_at=outage.confirmed_at or once))
        place = _place(outage)
        if outage.state in OPEN:
            self.open[place] = outage
            self.ended.pop(place, None)
        elif self.latest(outage):
            self.open.pop(place, None)
            self.ratios.pop(place, None)
            end = outage.end if outage.end is not None else outage.start
            self.ended[place] = (end + RESTORED_FOR, self.clock() + TOLD_FOR)

    def regained(self, outage: Outage) -> float:
        """Share of the baseline that the outage's own signals show now [0-1]; NaN where none of them is observed."""
        seen = self.ratios.get(_place(outage), {})
        own = set(map(signal_of, showing(outage.signals))) or set(seen)
        shares = [min(1.0, ratio) for signal, ratio in sorted(seen.items()) if signal in own]
        return sum(shares) / len(shares) if shares else math.nan

    def grown(self, tense: str, country: str) -> int | None:
        """How far a country's outage has grown since it was confirmed: quarters deeper, and networks and regions more.

        A part that was known to be out as early as the country is in its first message.  None where none is confirmed.
        """
        place = tense, "country", country
        whole = self.open.get(place)
        if whole is None or whole.confirmed_at is None:
            self.sizes.pop(place, None)
            return None
        depth = int(QUARTERS * whole.severity)
        since, first, most = self.sizes.get(place, (max(whole.confirmed_at, self.times.get(tense, 0)), depth, 0))
        parts = [o for key, o in self.open.items() if key[0] == tense and key[1] in ("asn", "region")]
        more = sum((o.confirmed_at or 0) > since and self.place(o).country == country for o in parts)
        most = max(most, depth - first + more)
        self.sizes[place] = since, first, most
        return most

    def advance(self, tense: str, time: int) -> int:  # the event time of a tense [s]
        self.times[tense] = max(time, self.times.get(tense, time))
        return self.times[tense]

    def expired(self, tense: str) -> Iterator[Key]:
        """Keys of the outages that ended long enough ago."""
        now = (self.times[tense], self.clock())
        over = [p for p, until in self.ended.items() if p[0] == tense and until[0] <= now[0] and until[1] <= now[1]]
        for place in over:
            del self.ended[place]
            if ("end", *place) in self.points:
                yield ("end", *place)

    def leave(self, tense: str, signals: bool) -> None:
        """Drop the outages of a tense, and the health of signals where these are its own."""
        for revisions in (self.revisions, self.counted):
            for name in [o.id for o in revisions.values() if o.tense == tense]:
                del revisions[name]
        for places in (self.open, self.ended, self.ratios, self.sizes):
            for place in [place for place in places if place[0] == tense]:
                del places[place]
        self.times.pop(tense, None)
        self.places.pop(tense, None)
        if signals:
            self.healths.clear()

    def clear(self) -> None:
        """Drop everything but what was counted: counters stay, and a snapshot may be older than they are."""
        self.__init__(self.clock, counted=self.counted)  # type: ignore[misc]


def _remember(revisions: OrderedDict[str, Outage], outage: Outage) -> None:
    revisions[outage.id] = outage
    revisions.move_to_end(outage.id)
    while len(revisions) > REMEMBERED:
        revisions.popitem(last=False)


def _place(outage: Outage) -> Place:
    return outage.tense, outage.entity_type, outage.entity
