"""What a watch sees now: each country's state in words, its signals, and what cannot be seen.  No I/O, no clock."""

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN
from pipeline.bins import DAY
from pipeline.codec import iso
from pipeline.errors import few
from pipeline.explain.terms import because, held_back, showing, signal_name, signal_of
from pipeline.explain.text import KIND_WORDS, country_time, entity_name, lasting, utc
from pipeline.fusion.life import CONFIRMED, ENDED, OPEN, RECOVERING, RETRACTED, SUSPECTED
from pipeline.geo.homes import placed
from pipeline.kinds import ROUTES, kind_of
from pipeline.records import DEAD, UP, DeadLetter, Entity, Outage, Progress, Verdicts, known
from pipeline.signals.binning import FeedStatus

OUT, BACK, PERHAPS, FINE, UNSEEN, PAST = "out", "coming back", "perhaps out", "up", "cannot see", "reading the past"
"""The states of a country or network."""

OF_OUTAGE = {CONFIRMED: OUT, RECOVERING: BACK, SUSPECTED: PERHAPS}
NORMAL, LOW, HIGHER, UNJUDGED, MISSING = "normal", "low", "high", "not judged yet", "not seen"
"""The states of a signal."""

INDIRECT = (ROUTES, "ooni")
"""Kinds of signals that stay as they are when phones alone are cut off: they do not show that a country is up."""


class Reading(msgspec.Struct, frozen=True):
    """A signal of a place at its newest bin; ``usual`` and ``share`` None where nothing is expected, ``age`` [s]."""

    signal: str
    title: str
    entity_type: str
    entity: str
    country: str
    name: str
    state: str
    value: float | None = None
    usual: float | None = None
    share: float | None = None
    until: str | None = None
    age: int | None = None


class Place(msgspec.Struct, frozen=True):
    """A country or network now: its state in words, and since when, how much of it, how sure.

    ``lost`` at worst and ``now`` [0-1]; ``began``: between which times; ``held_by``: why it is not confirmed.

    ``read``: the local time up to which its past is read, '' once that is done; ``lasts``: for how long it is out [s].
    """

    entity_type: str
    entity: str
    name: str
    state: str
    words: str
    since: str | None = None
    since_local: str = ""
    began: tuple[str, str] | None = None
    lost: float | None = None
    now: float | None = None
    sure: float | None = None
    because: str = ""
    held_by: str = ""
    outage: str | None = None
    signals: tuple[Reading, ...] = ()
    read: str = ""
    lasts: int | None = None


class Country(msgspec.Struct, frozen=True):
    """A watched country: itself, what of it is out, what cannot be seen of it, and the networks that stand."""

    place: Place
    parts: tuple[Place, ...]
    unseen: tuple[str, ...]
    stand: tuple[str, ...] = ()


class Chart(NamedTuple):
    """The last day of a signal of a country."""

    reading: Reading
    points: tuple["Point", ...]


class FeedHealth(msgspec.Struct, frozen=True):
    """A feed: whether it is up, ``reason`` why not, its newest event and how old that is [s]."""

    feed: str
    signals: tuple[str, ...]
    status: str
    reason: str
    last_event: str | None
    age: int | None
    dead_letters: int


class Point(NamedTuple):
    """One bin of a series; NaN as in `Verdicts`."""

    start: int
    end: int
    value: float
    lower: float
    expected: float
    upper: float
    state: int
    settled: bool

    @property
    def is_judged(self) -> bool:
        return self.settled and self.state != UNKNOWN

    @property
    def is_low(self) -> bool:
        return self.state in (LOW_PROVISIONAL, LOW_CONFIRMED)


class View(NamedTuple):
    """All that a watch sees at ``at`` [s]; nothing of it changes any more.

    ``outages``: with whether they are provisional, what is open first, then the newest; ``homes``: their places by id.
    ``charts``: by country.  ``changed``: when each outage last changed, by id [s].
    """

    at: int
    countries: tuple[Country, ...]
    readings: tuple[Reading, ...]
    health: tuple[FeedHealth, ...]
    outages: tuple[tuple[Outage, bool], ...]
    homes: dict[str, Entity]
    charts: dict[str, tuple[Chart, ...]]
    changed: dict[str, int]


Key = tuple[str, str, str]  # ``(signal, entity_type, entity)``


@dataclass
class Picture:
    """What has come of the watched countries, of the last day of event time.

    ``feeds``: those that are asked, with their signals.  ``recent``: what is seen counts as seen now for this long
    after its bin [s]: Google's is 90 minutes late, in bins of half an hour.  ``outages``: as they are known by now;
    ``record``: settled; ``settled``: the id in the record of each of the former that is in it.  ``before``: outages of
    an earlier watch, whose ids go on.  ``partitions``: the fusion partition of each country that has come; ``current``:
    those of which the past is read.  ``keep``: how long what is over is kept [s].  ``seen``: each outage as it was last
    seen, and when it changed [s].
    """

    countries: tuple[str, ...]
    feeds: Mapping[str, tuple[str, ...]]
    names: Iterable[Entity] = ()
    recent: int = 9000
    keep: int = 7 * DAY
    series: dict[Key, deque[Point]] = field(default_factory=dict)
    outages: dict[str, Outage] = field(default_factory=dict)
    record: dict[str, Outage] = field(default_factory=dict)
    settled: dict[str, str] = field(default_factory=dict)
    before: list[Outage] = field(default_factory=list)
    seen: dict[str, tuple[Outage, int]] = field(default_factory=dict)
    status: dict[str, FeedStatus] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    letters: Counter[str] = field(default_factory=Counter)
    partitions: dict[str, int] = field(default_factory=dict)
    current: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.places = known(self.names)

    def take(self, output: Verdicts | Outage | FeedStatus | DeadLetter | Progress) -> None:
        """Take in an output of the path; an outage is one of the settled record."""
        match output:
            case Verdicts() if not output.is_made:
                self._verdicts(output)
            case Outage():
                _newer(self.record, output)
            case FeedStatus():
                self.status[output.feed] = output
            case DeadLetter():
                self.letters[output.feed] += 1
            case Progress(is_now=True):
                self.current.add(output.partition)

    def take_now(self, outage: Outage, settled: str) -> None:
        """Take in an outage as it is known by now; ``settled``: its id in the settled record, '' while in none.

        One of an earlier watch goes on: its revisions do.  It was confirmed when that was shown first.
        """
        was = next((one for one in self.before if _overlap(one, outage)), None)
        if was is not None:
            outage = msgspec.structs.replace(outage, id=was.id, revision=was.revision + outage.revision)
        first = self.outages.get(outage.id, was)
        if first is not None and None not in (first.confirmed_at, outage.confirmed_at):
            outage = msgspec.structs.replace(outage, confirmed_at=first.confirmed_at)
        _newer(self.outages, outage)
        self.settled[outage.id] = settled

    def kept(self, now: float) -> list[Outage]:
        """What the next watch has to know of the outages: those that are open end now, for all that it knows."""
        before = [one for one in self.before if one.id not in self.outages]
        past = [one for one in before if one.state not in OPEN or not self._is_current(self._home(one))]
        told = [*self.outages.values(), *past]
        return [
            msgspec.structs.replace(one, end=int(now) if one.end is None else one.end)
            for one in told
            if one.state != RETRACTED and (one.end is None or one.end > now - DAY)
        ]

    def _verdicts(self, verdicts: Verdicts) -> None:
        self.reached[verdicts.feed] = max(self.reached.get(verdicts.feed, verdicts.watermark), verdicts.watermark)
        for column, entity in enumerate(verdicts.entities):
            country = entity.country or placed(*entity[:2], self.places).country or entity.name
            if country not in self.countries:
                continue
            self.partitions[country] = verdicts.partition
            self.places.setdefault(entity[:2], entity._replace(country=country))
            points = self.series.setdefault((verdicts.signal, *entity[:2]), deque())
            for row in np.flatnonzero(verdicts.start + verdicts.width > verdicts.watermark - DAY).tolist():
                start = int(verdicts.start[row])
                at = row, column
                point = Point(
                    start, start + verdicts.width, float(verdicts.value[at]), float(verdicts.lower[at]),
                    float(verdicts.expected[at]), float(verdicts.upper[at]), int(verdicts.state[at]),
                    bool(verdicts.settled[at]),
                )  # fmt: skip
                if not points or start > points[-1].start:
                    points.append(point)
            while points and points[0].end <= points[-1].end - DAY:
                points.popleft()

    def view(self, now: float) -> View:
        """What is seen at ``now`` [s]."""
        at = int(now)
        self._drop(at - self.keep)
        readings = sorted(
            (self._reading(key, at) for key in self.series),
            key=lambda one: (one.country, one.entity_type != "country", one.entity_type, one.entity, one.signal),
        )
        told = sorted(
            (o for o in (*self.outages.values(), *self._past()) if o.state != RETRACTED),
            key=lambda o: (o.state not in OPEN, o.entity_type != "country", -o.start, o.id),
        )
        self.seen = {o.id: self._changed(o, at) for o in told}
        homes = {o.id: placed(o.entity_type, o.entity, self.places) for o in told}
        charts = {
            code: tuple(
                Chart(one, tuple(self.series[one.signal, "country", code]))
                for one in readings
                if (one.entity_type, one.entity) == ("country", code)
            )
            for code in self.countries
        }
        return View(
            at, tuple(self._country(code, at) for code in self.countries), tuple(readings),
            tuple(self._health(feed, at) for feed in self.feeds),
            tuple((o, not self.settled.get(o.id, o.id)) for o in told if _code(homes[o.id]) in self.countries),
            homes, charts, {name: time for name, (_, time) in self.seen.items()},
        )  # fmt: skip

    def _drop(self, time: int) -> None:
        """Drop what was over before then [s]."""
        for table in (self.outages, self.record):
            for one in [o for o in table.values() if o.state not in OPEN and (o.end or o.start) < time]:
                del table[one.id]
        self.settled = {name: settled for name, settled in self.settled.items() if name in self.outages}

    def _changed(self, outage: Outage, now: int) -> tuple[Outage, int]:
        """An outage and when it changed: now, if it was seen before as something else."""
        was = self.seen.get(outage.id)
        if was is None and any(one.id == outage.id for one in self.before):
            return outage, now  # not before what the earlier watch said
        if was is None:
            return outage, max(outage.start, outage.confirmed_at or 0, outage.end or 0)
        return was if was[0] == outage else (outage, now)

    def _past(self) -> list[Outage]:
        """What the record alone has: all of it is over, since what is open is known by now."""
        known = {*self.outages, *self.settled.values()}
        return [o for o in self.record.values() if o.state not in OPEN and o.id not in known]

    def _home(self, outage: Outage) -> str:
        return _code(placed(outage.entity_type, outage.entity, self.places))

    def _health(self, feed: str, now: int) -> FeedHealth:
        told, reached = self.status.get(feed), self.reached.get(feed)
        status = told.status if told else UP if reached is not None else "waiting"
        reached = reached if reached is not None and reached > 0 else None
        return FeedHealth(
            feed, tuple(self.feeds[feed]), status, told.reason if told else "",
            None if reached is None else iso(reached), None if reached is None else max(0, now - reached),
            self.letters[feed],
        )  # fmt: skip

    def _feed_of(self, signal: str) -> str:
        return next((feed for feed, signals in self.feeds.items() if signal in signals), "")

    def _is_dead(self, signal: str) -> bool:
        told = self.status.get(self._feed_of(signal))
        return told is not None and told.status == DEAD

    def _reading(self, key: Key, now: int) -> Reading:
        signal, *entity = key
        place, points = self.places[entity[0], entity[1]], self.series[key]
        base = (signal, signal_name(signal), place.type, place.name, place.country, entity_name(place))
        seen = next((point for point in reversed(points) if not math.isnan(point.value)), None)
        if seen is None:
            return Reading(*base, MISSING)
        is_gone = self._is_dead(signal) or seen is not points[-1] or now - seen.end > self.recent
        words = LOW if seen.is_low else HIGHER if seen.state == HIGH else NORMAL
        state = MISSING if is_gone else words if seen.is_judged else UNJUDGED
        share = seen.value / seen.expected if seen.expected > 0 else math.nan
        return Reading(
            *base, state, seen.value, None if math.isnan(seen.expected) else seen.expected,
            None if math.isnan(share) else share, iso(seen.end), max(0, now - seen.end),
        )  # fmt: skip

    def _place(self, entity: Entity, now: int) -> Place:
        """What is said of a country or network: its open outage, else whether it is seen to be up."""
        key = (entity.type, entity.name)
        signals = tuple(
            self._reading(one, now) for one in sorted(self.series, key=lambda k: (kind_of(k[0]), k)) if one[1:] == key
        )
        fresh = [one for one in signals if one.state in (NORMAL, HIGHER, LOW)]
        open_ones = [o for o in self.outages.values() if o.state in OPEN and (o.entity_type, o.entity) == key]
        is_past = not open_ones and not self._is_current(_code(entity))
        if is_past:  # what is not told yet may be out as well as up
            open_ones = [o for o in self.before if o.state in OPEN and (o.entity_type, o.entity) == key]
        read = self._read_until(_code(entity)) if is_past else ""
        unseen = PAST if read else UNSEEN
        outage = max(open_ones, key=lambda o: (o.state != SUSPECTED, o.start), default=None)
        name = entity_name(entity._replace(country="") if entity.type in ("asn", "region") else entity)
        if outage is None and is_past:
            return Place(*key, name, unseen, unseen, signals=signals, read=read)
        if outage is None:
            direct = [one for one in fresh if kind_of(one.signal) not in INDIRECT]
            low = [one.title for one in direct if one.state == LOW]
            if any(one.state != LOW for one in direct):
                words = f"up, but low: {', '.join(low)}" if low else "up" + self._restored(key, now)
                return Place(*key, name, FINE, words, signals=signals)
            only = f": {', '.join(one.title for one in fresh)} alone does not show it" if fresh else ""
            return Place(
                *key,
                name,
                UNSEEN,
                f"low, and not an outage yet: {', '.join(low)}" if low else f"cannot see{only}",
                signals=signals,
            )
        what = KIND_WORDS.get(outage.kind, outage.kind)
        fell = set(map(signal_of, showing(outage.signals)))
        is_seen = not is_past and any(one.signal in fell or kind_of(one.signal) not in INDIRECT for one in fresh)
        state = OF_OUTAGE[outage.state] if is_seen else unseen
        words = f"{state}; it was: {what}" if state == BACK else f"{state}: {what}"
        if not is_seen:
            words = f"{unseen}; {OF_OUTAGE[outage.state]} when last seen: {what}"
        country, between = entity.country or entity.name, outage.start_between
        first, last = (country_time(time, country).rpartition(", ")[2] for time in between or (0, 0))
        began = (first.partition(" (")[0], last) if first != last else None
        held = held_back(outage) if outage.state == SUSPECTED else ""
        return Place(
            *key, name, state, words, iso(outage.start), country_time(outage.start, country), began, outage.severity,
            outage.depth, outage.probability, because(outage), held, outage.id, signals, read,
            max(0, now - outage.start),
        )  # fmt: skip

    def _is_current(self, country: str) -> bool:
        """Whether its past is read, so that what is out is told."""
        return self.partitions.get(country) in self.current

    def _read_until(self, country: str) -> str:
        """The local time up to which the past is read by the feeds that are not dead, '' where nothing is."""
        told = self.status
        read = [at for feed, at in self.reached.items() if at > 0 and (feed not in told or told[feed].status != DEAD)]
        return country_time(max(read), country) if read else ""

    def _restored(self, key: tuple[str, str], now: int) -> str:
        """When it came back, if that was on the last day."""
        ends = [
            (o.end, o.end - o.start)
            for o in (*self.outages.values(), *self._past())
            if (o.entity_type, o.entity) == key and o.state == ENDED and o.confirmed_at and o.end and o.end > now - DAY
        ]
        if not ends:
            return ""
        end, lasted = max(ends)
        return f", restored {country_time(end, key[1])} after {lasting(lasted)}"

    def _country(self, code: str, now: int) -> Country:
        whole = self.places.get(("country", code), placed("country", code))
        parts = [
            self._place(placed(o.entity_type, o.entity, self.places), now)
            for o in sorted(self.outages.values(), key=lambda o: (o.state == SUSPECTED, -o.severity, o.id))
            if o.state in OPEN and o.entity_type != "country" and self._home(o) == code
        ]
        place = self._place(whole, now)
        unseen = tuple(self._unseen(whole, place, now))
        if parts and place.outage is None:
            names = few([part.name for part in parts if part.state == OUT])
            place = msgspec.structs.replace(place, words=f"{place.words}; out: {names}" if names else place.words)
        return Country(place, tuple(dict.fromkeys(parts)), unseen, self._standing(code, {p.name for p in parts}, now))

    def _standing(self, country: str, out: set[str], now: int) -> tuple[str, ...]:
        """Networks of a country that are seen, and usual in all that is seen of them."""
        states: dict[str, set[str]] = {}
        for key in self.series:
            place = self.places[key[1], key[2]]
            name = entity_name(place._replace(country=""))
            if place.type == "asn" and place.country == country and name not in out:
                states.setdefault(name, set()).add(self._reading(key, now).state)
        return tuple(sorted(name for name, own in states.items() if own <= {NORMAL, HIGHER}))

    def _unseen(self, whole: Entity, place: Place, now: int) -> Iterator[str]:
        """What cannot be seen of a country, a sentence each."""
        read = {one.signal: one for one in place.signals}
        for feed, signals in self.feeds.items():
            health, title = self._health(feed, now), ", ".join(map(signal_name, signals)) or feed
            since = f"nothing since {country_time(self.reached[feed], whole.name)}" if health.age is not None else ""
            told = self.status.get(feed)
            if told is not None and told.status == DEAD:
                reason = health.reason or "it does not answer"
                yield f"{title}: {reason.rstrip('.')}{since and '; '}{since}."
            elif health.age is None:
                yield f"{title}: nothing has come yet."
            elif health.age > self.recent:
                behind = f"reading the past, now at {utc(self.reached[feed])} UTC" if health.age > DAY else since
                yield f"{title}: {behind}."
            else:
                if health.reason:
                    yield f"{title}: {health.reason.rstrip('.')}."
                yield from self._unjudged(signals, read, whole)

    def _unjudged(self, signals: Iterable[str], read: Mapping[str, Reading], place: Entity) -> Iterator[str]:
        name = entity_name(place)
        for signal in signals:
            one = read.get(signal)
            parts = [k for k in self.series if k[0] == signal and _code(self.places[k[1], k[2]]) == place.name]
            if one is None and parts:
                if not any(point.is_judged for key in parts for point in list(self.series[key])[-1:]):
                    yield f"{signal_name(signal)}: cannot be judged yet."
            elif one is None:
                yield f"{signal_name(signal)}: no values of {name}."
            elif one.state == MISSING:
                ago = f", not seen for {lasting(one.age)}" if one.age is not None else ", never seen"
                yield f"{one.title}: {name}{ago}."
            elif one.state == UNJUDGED:
                points = self.series[signal, one.entity_type, one.entity]
                why = "its feed is not well" if points[-1].settled else "too little past"
                yield f"{one.title}: cannot be judged yet: {why}."


def _overlap(before: Outage, outage: Outage) -> bool:
    """Whether both are of one place and time; the former has an end."""
    same = (before.entity_type, before.entity) == (outage.entity_type, outage.entity)
    ends = outage.end is None or before.start <= outage.end
    return same and ends and before.end is not None and outage.start <= before.end


def _newer(known: dict[str, Outage], outage: Outage) -> None:
    """Keep the newest revision of each outage."""
    if outage.id not in known or outage.revision > known[outage.id].revision:
        known[outage.id] = outage


def _code(place: Entity) -> str:
    """The country that a place is, or belongs to."""
    return place.country or place.name
