"""All metrics in one typed record, built on a given registry.  Their names are an interface: see DESIGN section 8."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pipeline.explain.metric_points import (
    Gazetteer,
    Point,
    ended_points,
    entity_point,
    home_points,
    outage_points,
    verdict_points,
)
from pipeline.fusion.outages import ENDED, OPEN, RETRACTED
from pipeline.records import DEAD, TENSES, Entity, Outage, Verdicts
from pipeline.serve.exposition import Key, Shown
from pipeline.serve.metric_names import COUNTER, FAMILIES, HISTOGRAM, Family

LATENCIES = (60, *range(300, 3600, 300), *range(3600, 3 * 3600, 1800), *(3600 * h for h in (3, 6, 12, 24)))
"""Steps of the detection latency [s]: from one bin of an election day to a day.  A median is read off between two of
them: so up to an hour they are no coarser than a bin of routes."""

TYPES = ("country", "region", "asn", "service")
"""Types of entities."""

SEEN = frozenset({"signal_value", "signal_ratio", "signal_expected", "signal_score", "signal_health"})
"""What a bin shows, and a dead feed does not."""

Keep = Callable[[Entity], bool]
"""Whether an entity has series of its own although it is no country or region and not in an outage: it is watched."""


def unwatched(entity: Entity) -> bool:
    """No entity is watched."""
    return False


@dataclass(frozen=True)
class Metrics:
    """Every metric, and what keeps them in step with verdicts and outages.

    Parameters
    ----------
    gazetteer
        Names and local times of places.
    tense
        Signals of runs of this tense are shown: a drill must not draw over the real series of its country.
        Outages of every tense are shown, by their label.
    shown
        What is shown now.

    Examples
    --------
    >>> registry = CollectorRegistry()
    >>> metrics = Metrics.on(registry)
    >>> outage = Outage("id", "country", "PK", "confirmed", "mobile", "live", 1707356700, None, 1707358500, 1707359400,
    ...                 probability=0.97, severity=0.8, signals=(), revision=2)
    >>> metrics.outage(outage)
    >>> labels = {"entity_type": "country", "entity": "PK", "kind": "mobile", "tense": "live"}
    >>> registry.get_sample_value("netvigil_outage_active", labels)
    1.0
    """

    gazetteer: Gazetteer
    tense: str
    shown: Shown
    signal_value: Gauge
    signal_ratio: Gauge
    signal_expected: Gauge
    signal_score: Gauge
    signal_health: Gauge
    signal_settled: Gauge
    entity_info: Gauge
    outage_active: Gauge
    outage_probability: Gauge
    outage_severity: Gauge
    outage_start: Gauge
    outage_info: Gauge
    outage_evidence_weight: Gauge
    outage_evidence_ratio: Gauge
    outage_likeness: Gauge
    outage_sign_weight: Gauge
    outage_restored: Gauge
    outage_duration: Gauge
    outage_regained: Gauge
    restored_info: Gauge
    outages: Counter
    detection_latency: Histogram
    feed_up: Gauge
    feed_last_event: Gauge
    feed_common_mode: Gauge
    feed_common_moves: Counter
    feed_messages: Counter
    dead_letters: Counter
    late_records: Counter
    missed_bins: Counter
    bin_health: Gauge
    event_time: Gauge
    watch_active: Gauge
    build_info: Gauge

    @classmethod
    def on(
        cls, registry: CollectorRegistry, gazetteer: Gazetteer | None = None, tense: str = "live", version: str = "",
        clock: Callable[[], float] | None = None,
    ) -> "Metrics":  # fmt: skip
        """All metrics, registered with a registry of one's own; by a ``clock`` [s] an end is shown long enough."""
        made = {name: _built(family, registry) for name, family in FAMILIES.items()}
        metrics = cls(gazetteer or Gazetteer(), tense, Shown(clock) if clock else Shown(), **made)
        metrics.build_info.labels(version or _version(), tense).set(1)
        for each, entity_type, state in product(TENSES, TYPES, (*OPEN, ENDED, RETRACTED)):
            metrics.outages.labels(entity_type, each, state)  # from zero: increase() does not see a counter's birth
            metrics.detection_latency.labels(each)
        return metrics

    def feed(self, feed: str, up: bool, last_event: int | None = None) -> None:
        """A feed is alive or not, and has come to an event time [s]."""
        self.feed_up.labels(feed).set(up)
        if last_event is not None:
            self.feed_last_event.labels(feed).set(last_event)

    def messages(self, feed: str, n: int = 1) -> None:
        """A feed gave n messages."""
        self.feed_messages.labels(feed).inc(n)

    def dead_letter(self, feed: str, reason: str, n: int = 1) -> None:
        """Messages could not be used."""
        self.dead_letters.labels(feed, reason).inc(n)

    def late(self, feed: str, n: int = 1) -> None:
        """Records came after their bin was closed."""
        self.late_records.labels(feed).inc(n)

    def missed(self, signal: str, n: int) -> None:
        """Bins of entities came after their time was fused."""
        self.missed_bins.labels(signal).inc(n)

    def watch(self, country: str, name: str, active: bool | None) -> None:
        """A watch is on (True), to come (False), or over (None: its series goes)."""
        if active is None:
            self.watch_active.remove(country, name)
        else:
            self.watch_active.labels(country, name).set(active)

    def observe(self, verdicts: Verdicts, keep: Keep = unwatched, row: int = -1) -> None:
        """Show one bin of a frame, the last one unless told otherwise; frames come in order of event time.

        Countries, regions, watched entities and those in an outage have series; those that are none of these
        any more lose theirs.  A frame without bins says at most that its feed is dead: then what its signal showed
        becomes NaN, not observed.
        """
        if not len(verdicts.start):
            if verdicts.status == DEAD:
                self.blind(verdicts.run.tense, verdicts.signal, verdicts.partition)
            return
        self._tick(verdicts.run.tense, int(verdicts.start[row]) + verdicts.width)
        self.shown.learn(verdicts, row)
        if verdicts.run.tense == self.tense:
            self._signal(verdicts, keep, row)

    def _signal(self, verdicts: Verdicts, keep: Keep, row: int) -> None:
        is_out = self.shown.out(verdicts.run.tense)
        wanted = [e.type in ("country", "region") or e[:2] in is_out or keep(e) for e in verdicts.entities]
        columns = np.flatnonzero(wanted)
        owner = ("signal", verdicts.signal, str(verdicts.partition))
        gone, places = self.shown.owned(owner), self.shown.places.get(verdicts.run.tense)
        for entity, points in verdict_points(verdicts, row, columns):
            key: Key = (*owner, *entity[:2])
            gone.discard(key)
            home = home_points(entity, self.gazetteer, places)
            self._show(key, [*points, entity_point(entity, self.gazetteer), *home])
        for key in sorted(gone):
            self._show(key, [])
        health = 0.0 if verdicts.status == DEAD else self.shown.health(owner, verdicts.health[row])
        self.bin_health.labels(verdicts.signal).set(health)
        common = float(verdicts.common[row])
        if not math.isnan(common):
            self.feed_common_mode.labels(verdicts.feed, verdicts.signal).set(common)
            self.feed_common_moves.labels(verdicts.feed, verdicts.signal).inc(common != 1)

    def blind(self, tense: str, signal: str, partition: int) -> None:
        """The feed of a signal is dead: it must look neither like a dead country nor like a quiet one."""
        if tense == self.tense:
            self._blind(("signal", signal, str(partition)))

    def _blind(self, owner: Key) -> None:
        shown = [point for key in self.shown.owned(owner) for point in self.shown.points[key]]
        for name, labels in shown:
            if name in SEEN:
                getattr(self, name).labels(*labels).set(0 if name == "signal_health" else math.nan)
        self.bin_health.labels(owner[1]).set(self.shown.health(owner, np.zeros(max(1, len(self.shown.owned(owner))))))

    def outage(self, outage: Outage, regained: float = math.nan) -> None:
        """Take in a revision of an outage, each once; an older one that comes again changes nothing.

        ``regained`` is the share of the baseline that is back when it has ended [0-1]; where it is not given, it is
        what the outage's own signals last showed.
        """
        before = self.shown.before(outage)
        if before is not None and before.revision >= outage.revision:
            return
        self._count(outage)
        self._put(outage, regained)

    def _count(self, outage: Outage) -> None:
        """Count a revision, unless it was before a rebalance: it is only shown again then."""
        last = self.shown.last_counted(outage)
        if last is not None and last.revision >= outage.revision:
            return
        if last is None or last.state != outage.state:
            self.outages.labels(outage.entity_type, outage.tense, outage.state).inc()
        if outage.confirmed_at is not None and (last is None or last.confirmed_at is None):
            self.detection_latency.labels(outage.tense).observe(outage.confirmed_at - outage.start)

    def resume(self, tense: str, outages: Iterable[Outage], entities: Iterable[Entity] = ()) -> None:
        """Show outages of a tense that were open before a restart or a rebalance; they have been counted then.

        ``entities`` tell the countries of networks: without its country an outage would be told as over, and anew.
        """
        self.shown.place_all(tense, entities)
        for outage in outages:
            self._put(outage, math.nan)

    def _put(self, outage: Outage, regained: float) -> None:
        place = self.shown.place(outage)
        key = ("outage", outage.tense, outage.entity_type, outage.entity)
        end = ("end", *key[1:])
        if outage.state in OPEN:
            self._show(key, outage_points(outage, place, self.gazetteer))
            self._show(end, [])
        elif self.shown.latest(outage):
            self._show(key, [])
            if outage.confirmed_at is not None:
                share = self.shown.regained(outage) if math.isnan(regained) else regained
                self._show(end, ended_points(outage, place, share, self.gazetteer))
        self.shown.take(outage)

    def forget(self) -> None:
        """After a rebalance: drop the series of feeds, signals and outages; whoever owns them now shows them.

        What was counted stays known: a stage that goes on from its snapshot says again what it said since.
        """
        for key in list(self.shown.points):
            self._show(key, [])
        for gauge in (self.bin_health, self.event_time, self.feed_common_mode, self.feed_up, self.feed_last_event):
            gauge.clear()
        self.shown.clear()

    def begin(self, tense: str) -> None:
        """A new run of a tense begins: what is shown of the one before goes."""
        for key in [key for key in self.shown.points if self._is_of(key, tense)]:
            self._show(key, [])
        if tense in self.shown.times:
            self.event_time.remove(tense)
        if tense == self.tense:
            self.bin_health.clear()
            self.feed_common_mode.clear()
        self.shown.leave(tense, signals=tense == self.tense)

    def _is_of(self, key: Key, tense: str) -> bool:
        return tense == self.tense if key[0] == "signal" else key[1] == tense

    def _tick(self, tense: str, time: int) -> None:
        """Event time goes on: what ended long enough ago is shown no more."""
        self.event_time.labels(tense).set(self.shown.advance(tense, time))
        for key in self.shown.expired(tense):
            self._show(key, [])

    def _show(self, key: Key, points: list[Point]) -> None:
        """Let what a key owns be exactly these points."""
        for name, labels in self.shown.swap(key, points):
            getattr(self, name).remove(*labels)
        for name, labels, value in points:
            getattr(self, name).labels(*labels).set(value)


def _built(family: Family, registry: CollectorRegistry) -> Any:
    if family.kind == HISTOGRAM:
        return Histogram(family.name, family.text, family.labels, registry=registry, buckets=LATENCIES)
    kind = Counter if family.kind == COUNTER else Gauge
    return kind(family.name, family.text, family.labels, registry=registry)


def _version() -> str:
    from importlib.metadata import version

    return version("netvigil")
