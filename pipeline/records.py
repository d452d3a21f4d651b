"""The records between the stages: many rows in one frame.  `pipeline.codec` has the bytes."""

import dataclasses
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple, Self

import msgspec
import numpy as np

from pipeline.bins import NEVER
from pipeline.kinds import impossible

ANNOUNCE, WITHDRAW, STATE, RIB, OTHER = range(5)
KINDS = ("announce", "withdraw", "state", "rib", "other")
"""Kinds of a BGP element; OTHER is a record that carries no route (keepalive, open, end of RIB)."""

ESTABLISHED = 6  # the BGP state in which a peer's routes hold; in any other its session is down
UP, PAST, DEAD, END = "up", "past", "dead", "end"
"""Status of a heartbeat: alive; alive, and what came before the watch is still sent; missing for too long; the
recording ends here."""

TENSES = ("live", "replay", "drill")

PARTS, DAILY = "parts", "daily"
"""Detectors whose series are made of others: of a country from its parts, and of daily means."""


class Run(NamedTuple):
    """One stream through the engine: live, a drill, or one replay.  State never crosses runs.

    Fusion waits for the watermark of each of the ``signals`` unless its feed is dead.  ``since``: event time at which
    a watch began [s], all before it is history.  ``only``: the countries that are watched, empty for all.
    """

    id: str = ""
    tense: str = "replay"
    signals: tuple[str, ...] = ()
    since: int = NEVER
    only: tuple[str, ...] = ()

    @classmethod
    def of(cls, saved: Any) -> "Run":
        """The run that a snapshot has as a list."""
        name, tense, signals, since, only = saved
        return cls(name, tense, tuple(signals), since, tuple(only))


class Peer(NamedTuple):
    """A BGP session of a collector."""

    asn: int
    address: str
    collector: str = ""


class Entity(NamedTuple):
    """The place or network of a series: ``type`` and ``name`` are its key, the rest is '' where it is not known.

    ``country``: ISO code of the country that it belongs to; ``title``: common name, Zong for AS59257.
    """

    type: str
    name: str
    country: str = ""
    mobile: bool = False
    title: str = ""


class Probe(NamedTuple):
    """A RIPE Atlas probe; the AS is 0, the others '' where they are not known.

    ``prefix``: that of its address.  ``controller``: the server at RIPE that it is connected to.

    Examples
    --------
    >>> probe = Probe(21634, 37090, controller="ctr-nue16", prefix="41.86.224.0/22")
    >>> probe.entity()
    Entity(type='probe', name='AS37090', country='', mobile=False, title='21634 ctr-nue16 41.86.224.0/22')
    >>> Probe.of(probe.entity()) == probe
    True
    """

    number: int
    asn: int
    country: str = ""
    controller: str = ""
    prefix: str = ""

    def entity(self) -> Entity:
        """The entity of its rows: named by the AS, so that the probes of an AS meet in one partition."""
        title = f"{self.number} {self.controller or '-'} {self.prefix or '-'}"
        return Entity("probe", f"AS{self.asn}", self.country, False, title)

    @classmethod
    def of(cls, entity: Entity) -> "Probe":
        """The probe of such an entity."""
        number, *rest = entity.title.split()
        controller, prefix = ("" if word == "-" else word for word in rest)
        return cls(int(number), int(entity.name.removeprefix("AS")), entity.country, controller, prefix)


@dataclasses.dataclass(frozen=True, slots=True)
class Heartbeat:
    """Event time of a feed has reached ``time`` [s]; sent to every partition at least once a bin.

    ``signals``: those of the feed in this run, which get the new watermark.  ``networks``: networks whose country is
    settled for the whole run.  ``reason``: why the feed is not up, a sentence for a person.
    """

    run: Run
    feed: str
    partition: int
    time: int
    status: str = UP
    signals: tuple[str, ...] = ()
    networks: tuple[Entity, ...] = ()
    reason: str = ""


class Batch:
    """Many records of a feed, a row each."""

    __slots__ = ()
    COLUMNS: ClassVar[dict[str, Any]]
    partition: int
    time: np.ndarray

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: np.ndarray, partition: int | None = None) -> Self:
        """The records at ``rows`` (indices or mask); peers or entities are kept."""
        columns = {name: getattr(self, name)[rows] for name in self.COLUMNS}
        number = self.partition if partition is None else partition
        return dataclasses.replace(self, partition=number, **columns)  # type: ignore[type-var]


@dataclasses.dataclass(frozen=True, slots=True)
class Elements(Batch):
    """BGP elements in the order of arrival, n rows.

    time ``(n,) int64`` [s]; kind ``(n,) uint8``, see `KINDS`; peer ``(n,) int32`` index into ``peers``;
    family ``(n,) uint8`` 4 or 6 (0 for OTHER and multicast routes, and for a STATE, unless it says that the peer is
    full-feed in a family of which only some prefixes are kept);
    hi, lo ``(n,) uint64`` address left-aligned in 128 bits (10.0.0.0 is hi = 0x0a000000 << 32, lo = 0), host bits
    zero; length ``(n,) uint8`` mask [bits]; origin ``(n,) uint32`` origin AS (0 for none, or for an AS set of several);
    state ``(n,) uint8`` new BGP state of a STATE element, else 0.
    """

    run: Run
    feed: str
    partition: int
    peers: tuple[Peer, ...]
    time: np.ndarray
    kind: np.ndarray
    peer: np.ndarray
    family: np.ndarray
    hi: np.ndarray
    lo: np.ndarray
    length: np.ndarray
    origin: np.ndarray
    state: np.ndarray

    COLUMNS: ClassVar = {
        "time": np.int64, "kind": np.uint8, "peer": np.int32, "family": np.uint8, "hi": np.uint64,
        "lo": np.uint64, "length": np.uint8, "origin": np.uint32, "state": np.uint8,
    }  # fmt: skip
    NAMED: ClassVar = ("peers", "peer")


@dataclasses.dataclass(frozen=True, slots=True)
class Rows(Batch):
    """Rows of one given series.

    time ``(n,) int64`` bin start [s]; entity ``(n,) int32`` index into ``entities``; value ``(n,) float64``, NaN = not
    observed.  ``width``, ``slots`` and ``phase`` are its `pipeline.bins.Cadence`.
    """

    run: Run
    feed: str
    partition: int
    signal: str
    width: int
    slots: tuple[int, ...]
    phase: int
    entities: tuple[Entity, ...]
    time: np.ndarray
    entity: np.ndarray
    value: np.ndarray

    COLUMNS: ClassVar = {"time": np.int64, "entity": np.int32, "value": np.float64}
    NAMED: ClassVar = ("entities", "entity")


@dataclasses.dataclass(frozen=True, slots=True)
class Bins:
    """t closed bins of one signal for n entities: partial (of one partition), or merged (partition -1).

    start ``(t,) int64`` [s]; value ``(t, n) float64``, 0 = observed and empty, NaN = not observed;
    health ``(t, n) float32`` share of the sources that were healthy [0-1], NaN where the entity was not known yet.
    ``watermark`` [s]: no bin that ends at or before it will follow.  t is 0 where only the watermark is new.
    """

    run: Run
    feed: str
    partition: int
    signal: str
    width: int
    watermark: int
    status: str
    entities: tuple[Entity, ...]
    start: np.ndarray
    value: np.ndarray
    health: np.ndarray

    COLUMNS: ClassVar = {"start": np.int64, "value": np.float64, "health": np.float32}


@dataclasses.dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts of a detector on t bins x n entities of a signal, all of one fusion ``partition``; arrays ``(t, n)``.

    expected, lower, upper in the signal's unit; score in robust standard deviations, low is negative; state ``int8``
    code of `detectors.base`; settled ``bool`` whether an outage could be confirmed; value and health as in `Bins`.
    common ``(t,) float64`` common mode: share of their level at which all series of the signal are because of the
    feed; 1 = none; NaN in all but one partition.  It is included in expected, lower and upper.
    likelihood ``(t, n, 5) float32`` of each bin if the series is fine, out, off, quiet or moved (`detectors.levels`),
    NaN where nothing is said.
    left ``float32`` share of the expected that each series has left, by all that was seen so far; NaN where nothing
    is said.
    """

    run: Run
    feed: str
    partition: int
    signal: str
    detector: str
    width: int
    watermark: int
    status: str
    entities: tuple[Entity, ...]
    start: np.ndarray
    value: np.ndarray
    health: np.ndarray
    expected: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    score: np.ndarray
    state: np.ndarray
    settled: np.ndarray
    common: np.ndarray
    likelihood: np.ndarray
    left: np.ndarray

    COLUMNS: ClassVar = Bins.COLUMNS | {
        "expected": np.float64, "lower": np.float64, "upper": np.float64, "score": np.float64,
        "state": np.int8, "settled": np.bool_, "common": np.float64, "likelihood": np.float32,
        "left": np.float32,
    }  # fmt: skip

    @property
    def ratio(self) -> np.ndarray:
        """Value as a share of what was expected ``(t, n)`` [-]; NaN where nothing above zero was."""
        with np.errstate(all="ignore"):
            return np.where(self.expected > 0, self.value / self.expected, np.nan)

    @property
    def is_made(self) -> bool:
        """Whether its series are made of others: evidence beside what is observed, which moves no watermark."""
        return self.detector in (PARTS, DAILY)


class Term(msgspec.Struct, frozen=True):
    """One signal's evidence in an outage; weight in log-odds."""

    signal: str
    ratio: float | None
    score: float | None
    weight: float
    health: float


class Sign(msgspec.Struct, frozen=True):
    """One term of an outage's likeness to a shutdown; weight in log-odds, source of that weight."""

    name: str
    weight: float
    source: str


class Outage(msgspec.Struct, frozen=True):
    """One revision of an outage.  Times are integer seconds UTC inside, ISO in JSON.

    ``part_of``: the outage of its country, '' where there is none yet.  ``likeness`` to a shutdown [log-odds]: the sum
    of the ``signs``, never an attribution.  ``held_by``: what holds the confirmation of a suspicion back, in a few
    words, '' where nothing does.  ``depth``: share that is lost now, ``severity`` at its worst [0-1].
    ``start_between``, ``end_between``: between which times it began and ended [s].
    """

    id: str
    entity_type: str
    entity: str
    state: str
    kind: str
    tense: str
    start: int
    end: int | None
    detected_at: int
    confirmed_at: int | None
    probability: float
    severity: float
    signals: tuple[Term, ...]
    revision: int
    part_of: str = ""
    likeness: float = 0.0
    signs: tuple[Sign, ...] = ()
    held_by: str = ""
    depth: float = 0.0
    start_between: tuple[int, int] | None = None
    end_between: tuple[int, int] | None = None


class Left(msgspec.Struct, frozen=True):
    """The last bin ``[start, end)`` [s] of a signal of the open outage ``id``.

    ``ratio``: share of what was expected [-].
    """

    id: str
    signal: str
    start: int
    end: int
    ratio: float


class Progress(msgspec.Struct, frozen=True):
    """Every outage revision up to ``watermark`` [s] of this run and partition is written.

    ``judged``: bins of entities with a verdict so far; ``missed``: bins that came after their time was fused without
    them, because their feed was dead.  ``left``: at the end of the run, the last bins of the open outages.
    ``is_now``: the past of a watch is read, and what is known by now is being told from here on.
    """

    run: str
    partition: int
    watermark: int
    judged: int = 0
    ended: bool = False
    missed: int = 0
    left: tuple[Left, ...] = ()
    is_now: bool = False


class DeadLetter(msgspec.Struct, frozen=True):
    """A piece of a feed that cannot be used."""

    run: str
    feed: str
    reason: str
    place: str
    detail: str = ""


FRAMES = {cls.__name__: cls for cls in (Heartbeat, Elements, Rows, Bins, Verdicts)}
Frame = Heartbeat | Elements | Rows | Bins | Verdicts


Places = dict[tuple[str, str], Entity]  # known entities by ``(entity_type, entity)``


def known(entities: Iterable[Entity]) -> Places:
    """The entities of which more is known than their names tell."""
    return {e[:2]: e for e in entities if e.title or (e.type == "asn" and e.country)}


LATEST = 4_102_444_800  # no record is of the year 2100 or later [s]: such a time has another unit
WIDEST = 366 * 24 * 3600  # widest bin, a year [s]


def wrong(frame: Frame) -> str:
    """What is wrong with a frame, '' where nothing is; a stage gets only sound frames: its state cannot be half
    changed."""
    return _wrong_head(frame) or (_wrong_batch(frame) if isinstance(frame, Elements | Rows) else _wrong_bins(frame))


def answered(records: Elements | Rows, partition: int) -> int:
    """How many of these records a partition counts: a change of state goes to all partitions, and counts once."""
    if isinstance(records, Elements) and partition:
        return int((records.kind != STATE).sum())
    return len(records)


def bounded(rows: Rows) -> Rows:
    """The same, with NaN for values that the signal cannot have."""
    wrong = impossible(rows.signal, rows.value)
    return dataclasses.replace(rows, value=np.where(wrong, np.nan, rows.value)) if wrong.any() else rows


def _wrong_head(frame: Frame) -> str:
    if getattr(frame, "status", UP) not in (UP, PAST, DEAD, END):
        return f"status is {frame.status!r}"  # type: ignore[union-attr]
    if isinstance(frame, Heartbeat):
        return "" if _is_watermark(frame.time) else f"time {frame.time} is out of range"
    if isinstance(frame, Bins | Verdicts) and not _is_watermark(frame.watermark):
        return f"watermark {frame.watermark} is out of range"
    return "" if 0 <= getattr(frame, "width", 0) <= WIDEST else f"width {frame.width} is out of range"  # type: ignore[union-attr]


def _is_watermark(time: int) -> bool:
    return time == NEVER or 0 <= time < LATEST + WIDEST


def _wrong_batch(frame: Elements | Rows) -> str:
    for name, dtype in frame.COLUMNS.items():
        column = getattr(frame, name)
        if column.dtype != dtype or column.shape != frame.time.shape or column.ndim != 1:
            return f"column {name} is {column.dtype} of {column.shape}"
    if len(frame) and not (frame.time.min() >= 0 and frame.time.max() < LATEST):
        return "a time is out of range"
    if isinstance(frame, Rows):
        slots = frame.slots
        if (
            frame.width == 0
            or not 0 <= frame.phase < WIDEST
            or not all(0 <= slot < WIDEST for slot in slots)
            or list(slots) != sorted(slots)
        ):
            return f"bins of {frame.width} s at {slots!r} are none"
        return _wrong_index("entity", frame.entity, len(frame.entities))
    if not all(0 <= peer.asn < 2**32 for peer in frame.peers):
        return "a peer's AS number is out of range"
    return _wrong_index("peer", frame.peer, len(frame.peers))


def _wrong_index(name: str, index: np.ndarray, size: int) -> str:
    fits = not len(index) or (index.min() >= 0 and index.max() < size)
    return "" if fits else f"a row's {name} is none of {size}"


def _wrong_bins(frame: Heartbeat | Bins | Verdicts) -> str:
    if isinstance(frame, Heartbeat):
        return ""
    if frame.start.dtype != np.int64 or frame.start.ndim != 1 or np.any(np.diff(frame.start) <= 0):
        return "the bins are not in order"
    bins = len(frame.start)
    if bins and not -WIDEST < frame.start[0] <= frame.start[-1] < LATEST:
        return "a bin's start is out of range"
    for name, dtype in frame.COLUMNS.items():
        column, n = getattr(frame, name), len(frame.entities)
        shape = {"common": (bins,), "likelihood": (bins, n, 5)}.get(name, (bins, n))
        # without bins there is nothing to read, and some have then no columns either
        if name != "start" and (bins or column.size) and (column.dtype != dtype or column.shape != shape):
            return f"column {name} is {column.dtype} of {column.shape}"
    return "a bin has no width" if bins and not frame.width else ""
