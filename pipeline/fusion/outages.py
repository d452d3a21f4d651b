"""The life of one outage: suspected, confirmed, recovering, ended; or retracted."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.fusion.likeness import LONG, OF_DAY, Event, likeness, log_odds_of
from pipeline.geo.calendar import Almanac
from pipeline.kinds import kind_of
from pipeline.records import Outage, Sign, Term
from pipeline.settings import Fusing

SUSPECTED, CONFIRMED, RECOVERING, ENDED, RETRACTED = "suspected", "confirmed", "recovering", "ended", "retracted"
THROTTLE = "throttle"
"""The kind of an outage that slow detectors alone saw begin, as long as something still comes through."""

SAG = 3600
"""What fell so long before the rest did, and by less, may be a feast or a sag; what fell less long before is how a slow
outage begins [s]."""

DIGITS = 3
"""Digits of the shares that are told [-]."""

NO_THROTTLE = 0.7
"""What has lost so much is no throttling [0-1]."""

OPEN = (SUSPECTED, CONFIRMED, RECOVERING)


def outage_id(tense: str, entity_type: str, entity: str, detected: int) -> str:
    """The id of an outage, stable for life: a hash of tense, entity and the first bin that was suspected.

    Examples
    --------
    >>> outage_id("live", "country", "PK", 1707357600)
    '15b68e7a5920'
    """
    text = f"{tense}|{entity_type}/{entity}|{detected}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass
class Seen:
    """What the evidence shows of an entity at one moment, see `fusion.evidence.Evidence`; ``networks`` of a country
    that went out together [0-1].  ``kind`` and ``terms`` only where the outage `Life.takes` them, or has not heard of
    some of them yet.  ``later``: a wider bin that ends now is low, and not weighed yet.  ``day``: the term of the day
    that counts now."""

    at: int
    probability: float
    confirmed: bool
    onset: int
    dated: bool
    calm_from: int
    width: int
    finest: int
    severity: float
    gravity: float
    waits: bool
    later: bool
    kind: str
    terms: tuple[Term, ...]
    day: Term | None
    part_of: str
    networks: float


@dataclass
class Life:
    """One outage as it goes on.

    Its terms, its kind and its severity are those of the moment when the evidence was heaviest: how it looked at its
    worst, and what signals told later of which nothing had been heard by then.  The term of a day is that which counts
    now: a feast that is over has nothing against it any more.  ``dated``: whether its onset was seen;
    ``before``: onsets of outages of the last days [s]; ``at``: the moment that it has come to [s]; ``day``: the
    middle of the bin in which it was first suspected [s].
    """

    entity_type: str
    entity: str
    tense: str
    start: int
    detected_at: int
    state: str = SUSPECTED
    kind: str = "unknown"
    end: int | None = None
    confirmed_at: int | None = None
    probability: float = 0.0
    severity: float = 0.0
    revision: int = 0
    terms: tuple[Term, ...] = ()
    peak: float = float("-inf")
    dated: bool = True
    country: str = ""
    part_of: str = ""
    at: int = 0
    day: int = 0
    finest: int = 0
    networks: float = 0.0
    before: tuple[int, ...] = ()
    signs: tuple[Sign, ...] = ()
    told: tuple[Any, ...] = field(default=())

    def takes(self, gravity: float) -> bool:
        """Whether it never looked as bad, so that it takes over how it looks now."""
        return self.state in (SUSPECTED, CONFIRMED) and gravity > self.peak

    def adds(self, signals: Iterable[str], gravity: float) -> bool:
        """Whether it looks as bad as ever, or half as bad to some of these signals that had not been heard of yet: what
        was told of others stands."""
        new = set(signals) - {term.signal for term in self.terms}
        looks = gravity == self.peak or (new and self.peak / 2 <= gravity < self.peak)
        return bool(looks) and self.state in (SUSPECTED, CONFIRMED)

    def advance(self, seen: Seen, settings: Fusing) -> None:
        """Go on by one moment."""
        probability, waits = seen.probability, seen.waits and self._is_calm(seen, settings)
        deepens = seen.gravity > self.peak
        self.at, self.part_of = seen.at, seen.part_of
        self.finest, self.networks = seen.finest or self.finest, max(self.networks, seen.networks)
        if seen.terms:
            self.kind, self.terms, self.severity = self._kind(seen), seen.terms, seen.severity
            self.peak = max(self.peak, seen.gravity)
        if self.state in (SUSPECTED, CONFIRMED):
            self.terms = _on_day(self.terms, seen.day)
            self.probability = probability if self.state == SUSPECTED else max(self.probability, probability)
        if self.state == SUSPECTED and probability >= settings.confirm and seen.confirmed:
            self.state, self.confirmed_at, self.end = CONFIRMED, seen.at, None
            self.start, self.dated = seen.onset, seen.dated
        elif self.state == CONFIRMED and self.confirmed_at == seen.at:  # what others say of the same moment
            if seen.onset <= self.start:
                self.start, self.dated = seen.onset, seen.dated or (self.dated and seen.onset == self.start)
        elif self.state == CONFIRMED and deepens and self._is_another(seen):
            self.start, self.dated = seen.onset, seen.dated  # what it began in was no part of it
        elif self.state in (SUSPECTED, CONFIRMED) and probability < settings.leave:
            self.state = RECOVERING if self.confirmed_at is not None else SUSPECTED
            self.end = max(self.start, seen.calm_from) if self.end is None else self.end
        elif self.state in OPEN and probability >= settings.suspect and self.end is not None:
            if waits:  # what falls again is another one
                self.state = ENDED
            else:
                self.state, self.end = CONFIRMED if self.confirmed_at is not None else SUSPECTED, None
        elif self.state in OPEN and self.end is not None:
            self.end = max(self.start, min(self.end, seen.calm_from))  # it may be seen by and by that it was sooner
        if self._is_calm(seen, settings) and not seen.later and not (seen.waits and self.confirmed_at is not None):
            self.state = ENDED if self.confirmed_at is not None else RETRACTED

    def _is_calm(self, seen: Seen, settings: Fusing) -> bool:
        """Whether a recovery has held long enough."""
        return self.end is not None and seen.at - self.end >= max(settings.calm, settings.calm_bins * seen.width)

    def _is_another(self, seen: Seen) -> bool:
        """Whether what deepens fell so much later that the outage began then, and yet not after it was confirmed."""
        return self._is_young(seen) and seen.onset - self.start >= SAG and seen.onset <= (self.confirmed_at or 0)

    def _is_young(self, seen: Seen) -> bool:
        """Whether some witness has told no whole bin since it was confirmed, or one at most, where there are several
        kinds: one alone says of no stage that it was none."""
        signals = (term.signal for term in seen.terms if term.weight > 0 and not term.signal.startswith(OF_DAY))
        several = len({kind_of(signal) for signal in signals}) > 1
        return several and self.confirmed_at is not None and seen.at - self.confirmed_at <= 2 * seen.width

    def _kind(self, seen: Seen) -> str:
        """What began slowly stays a throttling, whatever its steps, until next to nothing or no route is left."""
        slow = self.kind == THROTTLE and seen.severity < NO_THROTTLE and seen.kind != "blackout"
        return THROTTLE if slow else seen.kind

    def revise(self, settings: Fusing, almanac: Almanac) -> Outage | None:
        """The next revision, if something changed that is worth telling."""
        if self.told == (now := self._telling(settings)):
            return None
        self.told = now
        self.revision += 1
        self.signs = self._signs(almanac)
        return self.outage()

    def _telling(self, settings: Fusing) -> tuple[Any, ...]:
        """What is worth telling, where it changes."""
        lasts = (self.at if self.end is None else self.end) - self.start >= LONG
        return (*telling(self, self.terms, settings), lasts)

    def join(self, part_of: str, settings: Fusing) -> Outage:
        """The revision just made, as a part of an outage that was confirmed at the same moment."""
        self.part_of = part_of
        self.told = self._telling(settings)
        return self.outage()

    def _signs(self, almanac: Almanac) -> tuple[Sign, ...]:
        """What makes it look like a shutdown, or not; nothing while it is only suspected."""
        if self.confirmed_at is None:
            return ()
        until, is_over = (self.at, False) if self.end is None else (self.end, True)
        event = Event(
            self.entity_type, self.country, self.start, until, is_over, self.terms, self.finest, self.networks,
            self.before, self.dated,
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
            start=self.start, end=self.end if self.state in (RECOVERING, ENDED, RETRACTED) else None,
            detected_at=self.detected_at, confirmed_at=self.confirmed_at,
            probability=round(self.probability, DIGITS), severity=round(self.severity, DIGITS),
            signals=self.terms, revision=self.revision, part_of=self.part_of,
            likeness=log_odds_of(self.signs), signs=self.signs,
        )  # fmt: skip

    def save(self) -> dict[str, Any]:
        """JSON-able state."""
        return asdict(self) | {"terms": self.terms, "signs": self.signs}

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Life":
        """From a saved state."""
        terms = tuple(Term(**term) for term in state["terms"])
        signs = tuple(Sign(**sign) for sign in state["signs"])
        own = {"terms": terms, "signs": signs, "told": tuple(state["told"]), "before": tuple(state["before"])}
        return cls(**state | own)


def telling(one: Life | Outage, terms: Iterable[Term], settings: Fusing) -> tuple[Any, ...]:
    """What of an outage with these terms is worth telling, where it changes."""
    whole = (one.state, one.kind, one.start, one.end, one.confirmed_at, one.part_of)
    steps = round(one.severity / settings.tell_severity), round(one.probability / settings.tell_probability)
    return (*whole, *steps, " ".join(f"{'+' if term.weight > 0 else '-'}{term.signal}" for term in terms))


def _on_day(terms: tuple[Term, ...], day: Term | None) -> tuple[Term, ...]:
    """The terms with this one of a day, or with none, in order of signal."""
    told = next((term for term in terms if term.signal.startswith(OF_DAY)), None)
    if told == day:
        return terms
    others = [term for term in terms if term is not told]
    return tuple(sorted([*others, day] if day else others, key=lambda term: term.signal))
