"""Every number that a person may want to change, with its unit, its reason and its bounds.

A file for ``--settings`` has the same names: ``silence`` at its head, the others in tables, ``[fusing]`` for `Fusing`.
"""

from dataclasses import dataclass, field
from math import log
from typing import Annotated

from msgspec import Meta

from detectors import REGISTRY
from pipeline.bounded import (
    Against,
    AtLeastOne,
    Count,
    DayKind,
    EntityType,
    Family,
    For,
    LocalDay,
    PartOf,
    Probability,
    Seconds,
    Share,
    SignalKind,
)  # fmt: skip
from pipeline.localtime import checked_day


@dataclass(frozen=True)
class Counting:
    """How a prefix is judged visible, and a peer full-feed."""

    threshold: PartOf = 0.5
    """A prefix is visible when at least this share of the full-feed peer ASNs see it [0-1]."""

    min_peers: AtLeastOne = 10
    """With fewer full-feed peer ASNs up than this nothing is observed (NaN): IODA wants ten peers for a routed prefix,
    and half of a handful is no majority.  Lower it for a collector with few full-feed peers."""

    shortest: Annotated[int, Meta(ge=0, le=24)] = 6
    """Masks shorter than this do not count: a leaked default route is not address space in use."""

    full_feed_share: Share = 0.8
    """A peer is full-feed with at least this share of the largest tables [0-1]."""

    largest_rank: AtLeastOne = 3
    """Which one of the tables, from the largest, stands for "the largest tables": two peers that leak routes must not
    disqualify all the others.  With fewer peers, the smallest of them."""

    floors: dict[Family, Count] = field(default_factory=lambda: {4: 400_000, 6: 10_000})
    """And with at least so many prefixes of a family in all partitions together; a partition asks for its even part of
    it.  The classic bounds; recordings from before 2013 need lower ones."""

    settled: Share = 0.01
    """A peer becomes full-feed only when its table grew by no more than this share in the last bin: a table that is
    still being transferred is no witness of what is missing [0-1]."""

    forget: Seconds = 24 * 3600
    """A full-feed peer that is gone counts as unhealthy for so long, then as gone for good [s]."""

    hush: Annotated[int, Meta(ge=1800)] = 3600
    """A peer that has said nothing for so long, while others speak, is gone though nobody told, and no witness [s].
    BGPView's rule; of thirty full-feed peers the most taciturn was silent on an eighth of the address space for
    twenty minutes of forty-six."""

    rib_lag: Seconds = 60
    """An update up to this much older than the start of a table dump still wins over the dump [s] (BGPView's rule)."""

    dump_span: Seconds = 3600
    """Elements of a table dump within so long of its first are of the same dump [s]: a large one takes minutes."""

    longest_silence: Annotated[int, Meta(ge=3600)] = 7 * 24 * 3600
    """Bins of a longer silence, in which nobody says a word, are left out [s]: a damaged time stamp, or recordings of
    different months in one run, must not make a million bins."""

    reset_rule: bool = True
    """A session that goes down leaves numerator and denominator.  Off: its routes are a mass withdrawal (the naive
    reading; tests show with it what the rule is worth)."""

    max_sessions: AtLeastOne = 1024
    """Most peer sessions that one partition follows; elements of further ones are returned as not taken."""

    max_prefixes: AtLeastOne = 8_000_000
    """Most prefixes of a family in all partitions together, seven times today's table; elements of further ones are
    returned as not taken."""

    max_waiting: Count = 2_000_000
    """Most elements kept back because their bin is still to come; beyond it they take effect a bin early."""


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
    other; one that is not named is a day of the week like any other, of which half may be missing."""

    public_holidays: bool = True
    """Whether the slow detectors leave out the public holidays of every country, which the package ``holidays`` names:
    a feast after a month of long nights is no throttling.  The first detector knows none but those of ``holidays``, so
    that half of a country is not missed on a feast."""

    common_voters: Annotated[int, Meta(ge=3)] = 5
    """Countries (or networks, see `pipeline.common`) that a signal must have before anything can be common to them:
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
    mostly stand still no number.  0: never."""

    def __post_init__(self) -> None:
        for day in self.holidays:
            checked_day(day)
        for name in (self.detector, *(name for names in self.beside.values() for name in names)):
            if name not in REGISTRY:
                raise ValueError(f"there is no detector {name!r}, only {', '.join(REGISTRY)}")
        for name, all_ in ((name, names) for names in self.beside.values() for name in names):
            if not REGISTRY[name]("").slow or all_.count(name) > 1 or name == self.detector:
                raise ValueError(f"{name!r} cannot stand beside {self.detector!r}: only a slow one can, and once")


@dataclass(frozen=True)
class Fusing:
    """How verdicts become outages.  Weights are log-odds (natural logarithm)."""

    prior: dict[EntityType, Against] = field(
        default_factory=lambda: {"country": -4.0, "region": -4.0, "asn": -4.0, "service": -4.0}
    )
    """Log-odds that an entity is out at a given moment before anything is seen: about one bin in fifty-five.  Less
    probable than ``suspect``: else all would be out before anybody has looked."""

    per_deviation: For = 0.8
    """Weight of one robust standard deviation below expectation."""

    cap: For = 9.0
    """Most that one kind of signal (all ``bgp.*`` together) can say for an outage: no single kind is certain."""

    normal: dict[SignalKind, Against] = field(
        default_factory=lambda: {"bgp": -0.5, "telescope": -0.5, "probing": -2.0, "traffic": -2.0}
    )
    """Weight of a normal verdict. Flat BGP hardly speaks against an outage: mobile shutdowns leave it up."""

    normal_other: Against = -1.0
    """The same for kinds that are not listed."""

    slow_low: For = 3.5
    """Weight of a low verdict of a detector beside the first, whatever the depth [log-odds].  Not enough by itself: a
    sag of a few percent within a week is also what holidays and seasons do, of two kinds of signals it is suspected.
    Its normal verdict weighs nothing."""

    slow_confirmed: For = 8.0
    """The same once it is confirmed [log-odds]."""

    slow_memory: Seconds = 24 * 3600
    """A slow detector is still low so long after all is back [s]: it weighs a whole day, and its word does not count
    for what is back and was seen to come back."""

    full_depth: PartOf = 0.3
    """Share of the baseline lost from which a drop counts in full; shallower ones count in proportion [0-1]."""

    suspect: Probability = 0.5
    """Probability from which an outage is suspected."""

    confirm: Probability = 0.95
    """Probability from which it is confirmed, once a confirmed-low verdict carries it."""

    leave: Probability = 0.2
    """Probability under which it recovers: well below ``suspect``, so that a plateau does not shatter it."""

    calm: Seconds = 30 * 60
    """How long a recovery holds before the outage is ended (or the suspicion retracted) [s]."""

    calm_bins: Count = 2
    """And for at least so many bins of its slowest strong witness [bins]: one good value in six hours is no end."""

    bottom: PartOf = 0.5
    """A witness is at the bottom while it lacks this share of the most that it lost [0-1]."""

    used_to: Seconds = 6 * 24 * 3600
    """No detector gets used to a low level sooner [s]; after it what it says of a return counts only where the value is
    no longer at the bottom of what was expected before: weeks without phones are not the usual."""

    new_level: Seconds = 60 * 24 * 3600
    """But after so long it is the level [s]: a network that sold half of its addresses, or all, is not out for ever;
    a country or region without a tenth of what it had is."""

    together: For = 2.0
    """Most that it says for an outage of a country that its parts went out together [log-odds]: in proportion to the
    share of its known networks and regions that did.  Never enough by itself."""

    together_least: AtLeastOne = 3
    """Fewer parts than this go out together by chance."""

    stagger: Seconds = 45 * 60
    """Parts that go out within so long of each other go out together [s], or within the bin that shows one, where that
    is longer: the mobile networks of Pakistan took from 01:45 to 02:30."""

    days: dict[LocalDay, DayKind] = field(default_factory=dict)
    """Days that matter, by country and local date: ``"PK 2024-02-08" = "election"``.  Only the likeness to a shutdown
    knows them: an outage is found the same on every day."""

    stale: Count = 2
    """A verdict speaks for so many widths of its bin after its end; what holds an open outage for longer."""

    known_parts: PartOf = 0.5
    """A country without a series of its own is judged from its regions where at least this share of them is known."""

    low_parts: PartOf = 0.5
    """And is low when at least this share of what is known is low in them [0-1]: half a country is a country's."""

    parts_depth: Share = 0.1
    """And when it has lost this share in sum; it is over when it lacks less than half of that [0-1]."""

    tell_severity: PartOf = 0.05
    """Change of severity that is worth a new revision [0-1]."""

    tell_probability: PartOf = 0.1
    """Change of probability that is worth a new revision [0-1]."""

    def __post_init__(self) -> None:
        for day in self.days:
            checked_day(day)
        if not self.leave < self.suspect <= self.confirm:
            raise ValueError(
                f"leave {self.leave} must be below suspect {self.suspect}, and that not above confirm {self.confirm}"
            )
        bound = log(self.suspect / (1 - self.suspect))
        for name, prior in self.prior.items():
            if not prior < bound:
                raise ValueError(
                    f"prior.{name} {prior} must be below {bound:.4g}, which is suspect {self.suspect} as log-odds"
                )

    def against(self, kind: str) -> float:
        """Weight of a normal verdict on a signal of this kind [log-odds]."""
        return self.normal.get(kind, self.normal_other)


@dataclass(frozen=True)
class Evaluating:
    """How outages are held against labels where no ``TOLERANCE.csv`` says how exact these are."""

    onset_early: Count = 1
    """Bins, of the widest signal, that an onset may be before the label's start [bins]."""

    onset_late: Count = 2
    """And after it: what falls within a bin shows in the next [bins]."""

    end_early: Count = 2
    """Bins that an end may be before the label's end [bins]."""

    end_late: Count = 3
    """And after it: sources come back one by one [bins]."""

    cover: Share = 0.75
    """Smallest share of a label's time that its entity must be called out [0-1]."""

    gap: Seconds = 30 * 60
    """A detector read without fusion is granted what fusion takes for itself: stretches so close are one outage [s]."""


@dataclass(frozen=True)
class Settings:
    """All of them."""

    counting: Counting = field(default_factory=Counting)
    judging: Judging = field(default_factory=Judging)
    fusing: Fusing = field(default_factory=Fusing)
    evaluating: Evaluating = field(default_factory=Evaluating)
    silence: AtLeastOne = 5 * 60
    """How long no heartbeat of a live feed may come before it counts as dead [s].  Ingest beats every minute: five that
    are missing are no hiccup.  With a minute more for the alert it is told within two bins of routes."""
