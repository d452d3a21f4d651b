"""All metrics on one Prometheus registry.  Their names are an interface: see `pipeline.serve.metric_names`."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version as installed
from itertools import product
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pipeline.explain.metric_points import Point, ended_points, entity_point, home_points, outage_points, verdict_points
from pipeline.fusion.life import ENDED, OPEN, RETRACTED
from pipeline.records import DEAD, TENSES, Entity, Outage, Verdicts
from pipeline.serve.exposition import Key, Shown
from pipeline.serve.metric_names import COUNTER, FAMILIES, HISTOGRAM, Family
from pipeline.settings.bounded import ENTITY_TYPES

UNSAID = "no reason is known"
LATENCIES = (60, *range(300, 3600, 300), *range(3600, 3 * 3600, 1800), *(3600 * h for h in (3, 6, 12, 24)))
"""Upper bounds of the buckets of the detection latency [s].  Up to an hour they are as fine as a bin of routes, since a
median is interpolated between two of them."""

SEEN = frozenset({"signal_value", "signal_ratio", "signal_expected", "signal_score", "signal_health_ratio"})
"""Metrics of a bin that are not known while its feed is dead."""


@dataclass(frozen=True)
class Metrics:
    """Every metric, kept in step with verdicts and outages.

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

    families: dict[str, Any]  # by their key in `FAMILIES`
    tense: str
    """Only signals of its runs have series: a drill must not change the real series of its country.  Outages of every
    tense have series, with the tense as a label."""
    shown: Shown

    @classmethod
    def on(
        cls, registry: CollectorRegistry, tense: str = "live", version: str = "",
        clock: Callable[[], float] | None = None,
    ) -> "Metrics":  # fmt: skip
        """All metrics on a registry; with a ``clock`` [s] an outage that ended stays shown for `TOLD_FOR` at least."""
        families = {name: _built(family, registry) for name, family in FAMILIES.items()}
        metrics = cls(families, tense, Shown(clock) if clock else Shown())
        families["build_info"].labels(version or installed("netvigil"), tense).set(1)
        for each, entity_type, state in product(TENSES, ENTITY_TYPES, (*OPEN, ENDED, RETRACTED)):
            families["outages"].labels(entity_type, each, state)  # from zero: increase() misses a counter's first value
            families["detection_latency_seconds"].labels(each)
        return metrics

    def feed(self, feed: str, up: bool, last_event: int | None = None, reason: str = UNSAID) -> None:
        """A feed is alive, or dead for a ``reason``, and has reached an event time [s]."""
        self._of("feed_up", feed).set(up)
        self.families["feed_dead_info"].remove_by_labels({"feed": feed})
        if not up:
            self._of("feed_dead_info", feed, reason).set(1)
        if last_event is not None:
            self._of("feed_last_event_timestamp_seconds", feed).set(last_event)

    def count(self, name: str, *labels: str, n: int = 1) -> None:
        """Add n to a counter: ``feed_messages``, ``dead_letters``, ``late_records`` or ``missed_bins``."""
        self._of(name, *labels).inc(n)

    def watch(self, country: str, name: str, active: bool | None) -> None:
        """A watch is on (True), to come (False), or over (None: its series is removed)."""
        if active is None:
            self.families["watch_active"].remove(country, name)
        else:
            self._of("watch_active", country, name).set(active)

    def observe(self, verdicts: Verdicts, row: int = -1) -> None:
        """Show one bin of a frame, by default the last one; frames come in order of event time.

        Countries, regions and entities in an outage have series; the series of all others are removed.  A frame
        without bins can only say that its feed is dead: then what its signal showed becomes NaN.
        """
        if not len(verdicts.start):
            if verdicts.status == DEAD:
                self.blind(verdicts.run.tense, verdicts.signal, verdicts.partition)
            return
        self._tick(verdicts.run.tense, int(verdicts.start[row]) + verdicts.width)
        self.shown.learn(verdicts, row)
        if verdicts.run.tense == self.tense:
            self._signal(verdicts, row)

    def _signal(self, verdicts: Verdicts, row: int) -> None:
        is_out = self.shown.out(verdicts.run.tense)
        wanted = [e.type in ("country", "region") or e[:2] in is_out for e in verdicts.entities]
        columns = np.flatnonzero(wanted)
        owner = ("signal", verdicts.signal, str(verdicts.partition))
        gone, places = self.shown.owned(owner), self.shown.places.get(verdicts.run.tense)
        for entity, points in verdict_points(verdicts, row, columns):
            key: Key = (*owner, *entity[:2])
            gone.discard(key)
            home = home_points(entity, places)
            self._show(key, [*points, entity_point(entity), *home])
        for key in sorted(gone):
            self._show(key, [])
        health = 0.0 if verdicts.status == DEAD else self.shown.health(owner, verdicts.health[row])
        self._of("bin_health_ratio", verdicts.signal).set(health)
        common = float(verdicts.common[row])
        if not math.isnan(common):
            self._of("feed_common_mode_ratio", verdicts.feed, verdicts.signal).set(common)
            self._of("feed_common_moves", verdicts.feed, verdicts.signal).inc(common != 1)

    def blind(self, tense: str, signal: str, partition: int) -> None:
        """The feed of a signal is dead: its last values must look neither like an outage nor like an all-clear."""
        if tense != self.tense:
            return
        owner = ("signal", signal, str(partition))
        keys = self.shown.owned(owner)
        for name, labels in [point for key in keys for point in self.shown.points[key]]:
            if name in SEEN:
                self._of(name, *labels).set(0 if name == "signal_health_ratio" else math.nan)
        self._of("bin_health_ratio", signal).set(self.shown.health(owner, np.zeros(max(1, len(keys)))))

    def outage(self, outage: Outage) -> None:
        """Take in a revision of an outage; one that is not newer than the last changes nothing."""
        before = self.shown.revisions.get(outage.id)
        if before is not None and before.revision >= outage.revision:
            return
        self._count(outage)
        self._put(outage)

    def _count(self, outage: Outage) -> None:
        """Count a revision, unless it was counted before a rebalance."""
        last = self.shown.counted.get(outage.id)
        if last is not None and last.revision >= outage.revision:
            return
        if last is None or last.state != outage.state:
            self._of("outages", outage.entity_type, outage.tense, outage.state).inc()
        if outage.confirmed_at is not None and (last is None or last.confirmed_at is None):
            self._of("detection_latency_seconds", outage.tense).observe(outage.confirmed_at - outage.start)

    def resume(self, tense: str, outages: Iterable[Outage], entities: Iterable[Entity] = ()) -> None:
        """Show outages of a tense that were open before a restart or a rebalance; they have been counted then.

        ``entities`` give the countries of networks: an alert whose country changed would end and fire again.
        """
        self.shown.place_all(tense, entities)
        for outage in outages:
            self._put(outage)

    def _put(self, outage: Outage) -> None:
        place = self.shown.place(outage)
        key = ("outage", outage.tense, outage.entity_type, outage.entity)
        end = ("end", *key[1:])
        if outage.state in OPEN:
            self._show(key, outage_points(outage, place))
            self._show(end, [])
        elif self.shown.latest(outage):
            self._show(key, [])
            if outage.confirmed_at is not None:
                self._show(end, ended_points(outage, place, self.shown.regained(outage)))
        self.shown.take(outage)
        whole = ("country", place.country or place.name, outage.tense)
        grown = self.shown.grown(outage.tense, whole[1])
        self._show(("grown", outage.tense, *whole[:2]), [] if grown is None else [("outage_grown", whole, grown)])

    def forget(self) -> None:
        """After a rebalance: remove the series of feeds, signals and outages; their new owners show them.

        What was counted stays known, since a stage that resumes from its snapshot repeats its later output.
        """
        for key in list(self.shown.points):
            self._show(key, [])
        for name in (
            "bin_health_ratio",
            "event_timestamp_seconds",
            "feed_common_mode_ratio",
            "feed_up",
            "feed_dead_info",
            "feed_last_event_timestamp_seconds",
        ):
            self.families[name].clear()
        self.shown.clear()

    def begin(self, tense: str) -> None:
        """A new run of a tense begins: remove the series of the one before."""
        is_own = tense == self.tense
        for key in list(self.shown.points):
            if is_own if key[0] == "signal" else key[1] == tense:
                self._show(key, [])
        if tense in self.shown.times:
            self.families["event_timestamp_seconds"].remove(tense)
        if is_own:
            self.families["bin_health_ratio"].clear()
            self.families["feed_common_mode_ratio"].clear()
        self.shown.leave(tense, signals=is_own)

    def _tick(self, tense: str, time: int) -> None:
        """Event time goes on; remove what ended long enough ago."""
        self._of("event_timestamp_seconds", tense).set(self.shown.advance(tense, time))
        for key in self.shown.expired(tense):
            self._show(key, [])

    def _show(self, key: Key, points: list[Point]) -> None:
        for name, labels in self.shown.swap(key, points):
            self.families[name].remove(*labels)
        for name, labels, value in points:
            self._of(name, *labels).set(value)

    def _of(self, name: str, *labels: str) -> Any:
        return self.families[name].labels(*labels)


def _built(family: Family, registry: CollectorRegistry) -> Any:
    if family.kind == HISTOGRAM:
        return Histogram(family.name, family.text, family.labels, registry=registry, buckets=LATENCIES)
    kind = Counter if family.kind == COUNTER else Gauge
    return kind(family.name, family.text, family.labels, registry=registry)
