"""The life of one outage: suspected, confirmed, recovering, ended; or retracted."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import exp
from typing import Any, NamedTuple

import msgspec

from detectors.model import Model
from pipeline.fusion.kinds import UNKNOWN
from pipeline.fusion.likeness import HOUR, LONG, OF_PARTS, Event, likeness, log_odds_of
from pipeline.geo.calendar import Almanac
from pipeline.records import Entity, Outage, Sign, Term
from pipeline.settings import Telling

SUSPECTED, CONFIRMED, RECOVERING, ENDED, RETRACTED = "suspected", "confirmed", "recovering", "ended", "retracted"
OPEN = (SUSPECTED, CONFIRMED, RECOVERING)

PRIOR = "prior"
"""Name of the term of what was known before any signal: base rates, the time since, and an outage of the country."""

NETWORKS = "networks"
"""Name of the term of what its networks say of a country."""

DIGITS = 3
"""Digits of the shares that are told [-]."""

BESIDE = "/"
"""Stands between a signal and daily means of it, in the name of their term: ``traffic.radar/daily``."""

TOLD = 1.0
"""Weight from which it is told that a term came or went, and a signal fully counts for kind and depth [log-odds]."""


def outage_id(tense: str, entity_type: str, entity: str, detected: int) -> str:
    """The id of an outage, stable for life: a hash of tense, entity and the first bin that was suspected.

    Examples
    --------
    >>> outage_id("live", "country", "PK", 1707357600)
    '15b68e7a5920'
    """
    text = f"{tense}|{entity_type}/{entity}|{detected}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def probability(odds: float) -> float:
    """Probability of log-odds."""
    return 1 / (1 + exp(-min(max(odds, -40.0), 40.0)))


class Turned(NamedTuple):
    """A turn: the bin that shows it begins ``at``, and it was between ``low`` and ``high`` [s]."""

    at: int
    low: int
    high: int


class Seen(NamedTuple):
    """How a place looks in bins that end ``at`` [s] and of which the narrowest has this ``width`` [s].

    ``odds`` that it is out [log-odds]; when it ``fell`` and ``rose``; ``loss``: share that is lost now [0-1];
    ``finest``: width of the narrowest bins that are evidence [s].
    """

    at: int
    width: int
    odds: float
    fell: Turned
    rose: Turned
    loss: float
    finest: int


@dataclass
class Life:
    """One outage as it goes on.

    Its terms and its probability are those of the moment when it was most probable, while it is only suspected those
    of now.  Its kind is that of its worst moment.  Its onset moves until it is confirmed, its end until it is over.
    ``first``: no onset is before [s], since an earlier outage ended then; ``slow``: daily means alone show it;
    ``day``: the kind of the day that matters on which it was first suspected; ``networks``: most of its
    networks that went out with a country [0-1]; ``before``: onsets of outages of the last days [s]; ``at``: the moment
    that it has come to [s].
    """

    entity_type: str
    entity: str
    country: str
    tense: str
    start: int
    detected_at: int
    first: int
    slow: bool = False
    day: str = ""
    before: tuple[int, ...] = ()
    state: str = SUSPECTED
    kind: str = UNKNOWN
    end: int | None = None
    confirmed_at: int | None = None
    probability: float = 0.0
    severity: float = 0.0
    depth: float = 0.0
    revision: int = 0
    terms: tuple[Term, ...] = ()
    peak: float = float("-inf")
    held_by: str = ""
    start_between: tuple[int, int] | None = None
    end_between: tuple[int, int] | None = None
    dated: bool = False
    finest: int = 0
    networks: float = 0.0
    part_of: str = ""
    at: int = 0
    signs: tuple[Sign, ...] = ()
    told: tuple[Any, ...] = ()
    told_depth: float = 0.0
    told_at: int = 0

    @classmethod
    def begin(cls, entity: Entity, tense: str, seen: Seen, first: int, **more: Any) -> "Life":
        """What is suspected of a place for the first time."""
        country = entity.country or entity.name
        return cls(entity.type, entity.name, country, tense, seen.fell.at, seen.at, first, at=seen.at, **more)

    def takes(self, odds: float) -> bool:
        """Whether its terms become those of now."""
        return self.state == SUSPECTED or (self.state == CONFIRMED and odds > self.peak)

    def advance(self, seen: Seen, model: Model) -> bool:
        """Go on by one moment; whether it never was worse.

        A suspicion that is no longer one is retracted.  What is confirmed is over when its probability is small, and
        `Model.merge_hours` have passed since its end: until then it may go on.
        """
        chance = probability(seen.odds)
        worse = seen.loss > self.severity
        self.depth, self.severity = seen.loss, max(self.severity, seen.loss)
        self.at, self.finest = seen.at, seen.finest or self.finest
        if chance >= model.suspect:
            self.end = self.end_between = None
            if self.confirmed_at is None:
                self.start = max(seen.fell.at, self.first)
                self.start_between = min(seen.fell.low, self.start), max(seen.fell.high, self.start)
                self.dated = seen.fell.low == seen.fell.at
                is_sure = chance >= model.confirm and seen.loss >= model.least  # what lost less is not out
                self.confirmed_at = seen.at if is_sure else None
            self.state = SUSPECTED if self.confirmed_at is None else CONFIRMED
            return worse
        first = max(seen.at - seen.width, self.start) if self.end is None else self.end
        self.end = seen.rose.at if seen.rose.at > self.start else first
        self.end_between = max(min(seen.rose.low, self.end), self.start), max(seen.rose.high, self.end)
        if self.confirmed_at is None:
            self.state = RETRACTED
        elif chance < model.over and seen.at - self.end > model.merge_hours * 3600:
            self.state, self.depth = ENDED, 0.0
        else:
            self.state = RECOVERING
        return False

    def explain(self, odds: float, terms: tuple[Term, ...], held_by: str) -> None:
        """Take over why it is as probable as it is."""
        self.probability, self.peak, self.terms = probability(odds), max(self.peak, odds), terms
        self.held_by = held_by if self.confirmed_at is None else ""

    def revise(self, steps: Telling, almanac: Almanac) -> Outage | None:
        """The next revision, if something changed that is worth telling."""
        lasts = (self.at if self.end is None else self.end) - self.start >= LONG
        now = (*telling(self, self.terms, steps), lasts)
        moved = self.state == CONFIRMED and abs(self.depth - self.told_depth) >= 2 * steps.severity
        moved &= self.at - self.told_at >= HOUR  # small counts stray from bin to bin
        if self.told == now and not moved:
            return None
        self.told, self.told_depth, self.told_at = now, self.depth, self.at
        self.revision += 1
        self.signs = self._signs(almanac)
        return self.outage()

    def _signs(self, almanac: Almanac) -> tuple[Sign, ...]:
        """What makes it look like a shutdown, or not; nothing while it is only suspected."""
        if self.confirmed_at is None:
            return ()
        until, is_over = (self.at, False) if self.end is None else (self.end, True)
        terms = tuple(
            msgspec.structs.replace(term, signal=term.signal.removeprefix(OF_PARTS))
            for term in self.terms if term.signal not in (PRIOR, NETWORKS)
        )  # fmt: skip
        event = Event(
            self.entity_type, self.country, self.start, until, is_over, terms, self.finest, self.networks, self.before,
            self.dated,
        )  # fmt: skip
        return likeness(event, almanac)

    @property
    def id(self) -> str:
        """Its id, stable for life."""
        return outage_id(self.tense, self.entity_type, self.entity, self.detected_at)

    def outage(self) -> Outage:
        """The outage as it stands."""
        return Outage(
            id=self.id,
            entity_type=self.entity_type, entity=self.entity, state=self.state, kind=self.kind, tense=self.tense,
            start=self.start, end=self.end, detected_at=self.detected_at, confirmed_at=self.confirmed_at,
            probability=round(self.probability, DIGITS), severity=round(self.severity, DIGITS),
            signals=self.terms, revision=self.revision, part_of=self.part_of,
            likeness=log_odds_of(self.signs), signs=self.signs, held_by=self.held_by,
            depth=round(self.told_depth, DIGITS), start_between=self.start_between, end_between=self.end_between,
        )  # fmt: skip

    def save(self) -> dict[str, Any]:
        """JSON-able state."""
        return asdict(self) | {"terms": self.terms, "signs": self.signs, "peak": repr(self.peak)}

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Life":
        """From a saved state."""
        return msgspec.convert(state | {"peak": float(state["peak"])}, cls)


def telling(one: Life | Outage, terms: Iterable[Term], steps: Telling) -> tuple[Any, ...]:
    """What of an outage with these terms is worth telling, where it changes."""
    whole = (one.state, one.kind, one.start, one.end, one.confirmed_at, one.part_of, one.held_by)
    shares = round(one.severity / (2 * steps.severity)), round(one.probability / steps.probability)
    signs = (f"{'+' if term.weight > 0 else '-'}{term.signal}" for term in terms if abs(term.weight) >= TOLD)
    return (*whole, *shares, " ".join(signs))
