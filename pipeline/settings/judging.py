"""Which detectors judge, and what is common to all."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from detectors import REGISTRY
from pipeline.geo.countries import checked_day
from pipeline.settings.bounded import AtLeastOne, For, LocalDay, PartOf, Share, SignalKind


@dataclass(frozen=True)
class Judging:
    """Which detector judges a signal."""

    detector: str = "seasonal"
    """Name in ``detectors.REGISTRY`` whose verdicts go on to fusion."""

    beside: dict[SignalKind, tuple[str, ...]] = field(default_factory=lambda: {"traffic": ("cusum",)})
    """Further detectors for a kind of signal, by their names: they see slow losses that the first one gets used to.
    What is throttled is traffic.  Only slow ones can stand there, each once."""

    holidays: tuple[LocalDay, ...] = ()
    """Holidays, by country and local date: ``"NL 2024-12-25"``.  They are compared with weekends and with each
    other, and speak against an outage (``holiday`` of fusing); one that is not named is compared with that day of other
    weeks, of which half may be missing."""

    public_holidays: bool = True
    """Whether the slow detectors leave out the public holidays of every country, which the package ``holidays`` names:
    a feast after a month of long nights is no throttling.  They speak against an outage, too.  The first detector knows
    none but those of ``holidays``, so that half of a country is not missed on a feast."""

    common_voters: Annotated[int, Meta(ge=3)] = 5
    """Countries (or networks, see `judge.common`) that a signal must have before anything can be common to them:
    of fewer, all may well have the same bad day."""

    common_share: PartOf = 0.8
    """Share of them that must have moved alike [0-1]."""

    common_least: PartOf = 0.002
    """Smallest common move that is taken out, as a logarithm [-]: a peer among five hundred."""

    common_clear: For = 4.0
    """A common move must be so many standard errors from nothing [-]: by chance five series often move the same way."""

    common_most: Share = 0.1
    """Largest common move that is taken out, against the last days, as a logarithm [-].  One lost peer of a collector
    with few takes 9 %; of countries that moved farther, and alike, nothing is said; networks are judged.  0: nothing is
    taken out."""

    common_follow: AtLeastOne = 24 * 3600
    """A common move that has stayed for so long is the feed's level [s]: the next one is measured from it."""

    stuck_odds: Share = 1e-9
    """Where all series of a signal repeat their values for longer than this probable, by how often they did before,
    their feed is stuck and nothing is observed [0-1]: for series that always move two or three repeats, for those that
    mostly stand still no number.  So it is of a single series, if its values hardly ever repeat.  0: never."""

    def __post_init__(self) -> None:
        for day in self.holidays:
            checked_day(day)
        for name in (self.detector, *(name for names in self.beside.values() for name in names)):
            if name not in REGISTRY:
                raise ValueError(f"there is no detector {name!r}, only {', '.join(REGISTRY)}")
        for name, all_ in ((name, names) for names in self.beside.values() for name in names):
            if not REGISTRY[name]("").slow or all_.count(name) > 1 or name == self.detector:
                raise ValueError(f"{name!r} cannot stand beside {self.detector!r}: only a slow one can, and once")
