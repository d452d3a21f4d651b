"""Which detectors judge, and what is common to all."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from detectors import REGISTRY
from pipeline.geo.countries import checked_day
from pipeline.kinds import kind_of
from pipeline.settings.bounded import AtLeastOne, For, LocalDay, PartOf, Share, SignalKind


@dataclass(frozen=True)
class Judging:
    """Which detector judges a signal."""

    detector: str = "seasonal"
    """Name in ``detectors.REGISTRY`` of the first detector, whose verdicts go on to fusion."""

    of_kind: dict[SignalKind, str] = field(default_factory=lambda: {"atlas": "burst"})
    """The first detector of a kind of signal, where it is another one.  Some dozens of connected probes have not the
    noise of counts: they leave one by one, or together."""

    beside: dict[SignalKind, tuple[str, ...]] = field(default_factory=lambda: {"traffic": ("cusum",)})
    """Further detectors for a kind of signal, by name: they find slow losses to which the first one adapts.
    Throttling is a loss of traffic.  Only slow detectors are allowed, each once."""

    holidays: tuple[LocalDay, ...] = ()
    """Holidays, by country and local date: ``"NL 2024-12-25"``.  They are compared with weekends and with each other,
    and are evidence against an outage (``holiday`` of fusing).  A holiday that is not named is compared with the same
    weekday of other weeks, of whose level half may be missing on it."""

    public_holidays: bool = True
    """Whether the slow detectors leave out the public holidays of every country, as the package ``holidays`` names
    them: a feast after a month of long nights is no throttling.  They are evidence against an outage, too.  The first
    detector knows only those of ``holidays``, so that a loss of half a country is found on a feast."""

    common_voters: Annotated[int, Meta(ge=3)] = 5
    """Fewest countries (or networks, see `judge.common`) of a signal from which a common move is derived [-]: fewer
    may all have the same bad day."""

    common_share: PartOf = 0.8
    """Share of them that must have moved alike [0-1]."""

    common_least: PartOf = 0.002
    """Smallest common move that is taken out, as a logarithm [-]: one peer among five hundred."""

    common_clear: For = 4.0
    """A common move must be this many standard errors from zero [-]: by chance five series often move the same way."""

    common_most: Share = 0.1
    """Largest common move that is taken out, against the last days, as a logarithm [-].  One lost peer of a collector
    with few peers takes 9 %.  Where countries moved farther, and alike, they are not judged; networks are.  With 0 no
    move is taken out."""

    common_follow: AtLeastOne = 24 * 3600
    """A common move that lasted this long is the feed's level [s]: the next move is measured from it."""

    stuck_odds: Share = 1e-9
    """A feed is stuck, and nothing is observed, where all series of its signal repeat their values for longer than has
    this probability, by how often they repeated before [0-1].  For series that always move this takes two or three
    repeats; for series that mostly stay the same no number is enough.  The same holds for a single series whose values
    hardly ever repeat.  With 0 no feed is stuck."""

    def __post_init__(self) -> None:
        for day in self.holidays:
            checked_day(day)
        for name in (*self.firsts, *(name for names in self.beside.values() for name in names)):
            if name not in REGISTRY:
                raise ValueError(f"there is no detector {name!r}, only {', '.join(REGISTRY)}")
        for name, all_ in ((name, names) for names in self.beside.values() for name in names):
            if not REGISTRY[name]("").slow or all_.count(name) > 1 or name in self.firsts:
                raise ValueError(f"{name!r} cannot stand beside {self.detector!r}: only a slow one can, and once")

    @property
    def firsts(self) -> tuple[str, ...]:
        """The detectors whose verdicts go on to fusion, each once."""
        return tuple(dict.fromkeys((self.detector, *self.of_kind.values())))

    def first(self, signal: str) -> str:
        """The first detector of a signal."""
        return self.of_kind.get(kind_of(signal), self.detector)
