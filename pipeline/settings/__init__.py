"""Every number that a person may want to change, with its unit, its reason and its bounds: see docs/settings.md."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

import numpy as np
from msgspec import Meta

from detectors.model import Model
from pipeline.geo.calendar import Almanac
from pipeline.geo.countries import checked_day
from pipeline.settings.bounded import AtLeastOne, Count, DayKind, Family, LocalDay, PartOf, Seconds, Share, checked


@dataclass(frozen=True)
class Counting:
    """When a prefix is visible, and when a peer is full-feed."""

    threshold: PartOf = 0.5
    """A prefix is visible when at least this share of the full-feed peer ASNs see it [0-1]."""

    min_peers: AtLeastOne = 10
    """With fewer full-feed peer ASNs up, a bin is not observed (NaN) [peers]: IODA wants ten peers for a routed prefix.
    Lower it for a collector with few full-feed peers."""

    shortest: Annotated[int, Meta(ge=0, le=24)] = 6
    """Prefixes with a shorter mask do not count [bits]: a leaked default route is not address space in use."""

    full_feed_share: Share = 0.8
    """A peer is full-feed with at least this share of the largest tables [0-1]."""

    largest_rank: AtLeastOne = 3
    """Rank of the table that is taken for "the largest tables" [-]: two peers that leak routes must not disqualify all
    others.  With fewer peers it is the smallest table."""

    floors: dict[Family, Count] = field(default_factory=lambda: {4: 400_000, 6: 10_000})
    """Fewest prefixes of a full-feed peer, by IP version, in all partitions together [prefixes].  Recordings from
    before 2013 need lower ones."""

    settled: Share = 0.01
    """A peer becomes full-feed only when its table grew by no more than this share in the last bin [0-1]: in a table
    that is still being transferred, a missing prefix means nothing."""

    forget: Seconds = 24 * 3600
    """A full-feed peer that is gone counts as unhealthy for this long [s]; then it is no longer expected."""

    hush: Annotated[int, Meta(ge=1800)] = 3600
    """A peer that sent nothing for this long, while others did, counts as gone without a session message [s], as in
    BGPView: the quietest of thirty sent nothing on an eighth of the address space for twenty minutes."""

    rib_lag: Seconds = 60
    """An update up to this much older than the start of a table dump still overrides the dump [s] (BGPView's rule)."""

    dump_span: Seconds = 3600
    """Elements that come within this time of a table dump's first belong to it [s]: a large dump takes minutes."""

    longest_silence: Annotated[int, Meta(ge=3600)] = 7 * 24 * 3600
    """Bins are left out where all peers were silent for longer [s]: a damaged time stamp must not make a million."""

    reset_rule: bool = True
    """A session that goes down leaves numerator and denominator.  When false, its routes count as withdrawn."""

    max_sessions: AtLeastOne = 1024
    """Most peer sessions that one partition follows [sessions]; elements of further ones are returned as not taken."""

    max_prefixes: AtLeastOne = 8_000_000
    """Most prefixes of an IP version in all partitions together [prefixes]: seven times today's table."""

    max_waiting: Count = 2_000_000
    """Most elements that are kept until their bin opens [elements]; beyond it they take effect a bin early."""

    def least_table(self, asn: np.ndarray, size: np.ndarray, floor: float) -> float:
        """Fewest prefixes of a full-feed session, where sessions of these ASes ``(s,)`` have so many ``(s,)``.

        The table that is compared with is the third largest of a peer ASN, so that no single leak sets it.
        """
        _, peer = np.unique(asn, return_inverse=True)
        best = np.zeros(len(asn), np.int64)
        np.maximum.at(best, peer, size)
        best = np.sort(best[best >= max(floor, 1)])[::-1]
        largest = int(best[: self.largest_rank][-1]) if len(best) else 0
        return max(self.full_feed_share * largest, floor, 1)


@dataclass(frozen=True)
class Calendar:
    """Which local days are not like others.  A day is a country and a date: ``"PK 2024-02-08"``."""

    days: dict[LocalDay, DayKind] = field(default_factory=dict)
    """Days that matter: ``"PK 2024-02-08" = "election"``.  On them an outage of the country is more likely before any
    evidence, and more likely a shutdown.  They are no holidays."""

    holidays: tuple[LocalDay, ...] = ()
    """Holidays that the package ``holidays`` does not name: on these, people use less as well."""

    public_holidays: bool = True
    """Whether the public holidays of every country count, as the package ``holidays`` names them."""

    def __post_init__(self) -> None:
        for day in (*self.days, *self.holidays):
            checked_day(day)

    @cached_property
    def almanac(self) -> Almanac:
        """What the calendar says of each day."""
        return Almanac(self.holidays, self.public_holidays, self.days)


@dataclass(frozen=True)
class Telling:
    """What change of an outage is worth a new revision."""

    severity: PartOf = 0.05
    """Change of severity, or twice as much of the depth now [0-1]."""

    probability: PartOf = 0.1
    """Change of probability [0-1]."""


@dataclass(frozen=True)
class Evaluating:
    """How outages are compared with labels where no ``TOLERANCE.csv`` says how exact the labels are."""

    onset_early: Count = 1
    """An onset may be this much before the label's start [bins], in bins of the widest signal."""

    onset_late: Count = 2
    """An onset may be this much after the label's start [bins]: what falls within a bin shows in the next one."""

    end_early: Count = 2
    """An end may be this much before the label's end [bins]."""

    end_late: Count = 3
    """An end may be this much after the label's end [bins]: sources come back one by one."""

    cover: Share = 0.75
    """Smallest share of a label's time during which its entity must be in an outage [0-1]."""

    gap: Seconds = 30 * 60
    """Stretches of a detector that are at most this far apart count as one outage [s], as in the model."""


@dataclass(frozen=True)
class Settings:
    """All settings."""

    counting: Counting = field(default_factory=Counting)
    model: Model = field(default_factory=Model)
    calendar: Calendar = field(default_factory=Calendar)
    telling: Telling = field(default_factory=Telling)
    evaluating: Evaluating = field(default_factory=Evaluating)
    silence: AtLeastOne = 5 * 60
    """A live feed counts as dead when no heartbeat, of one a minute, came for this long [s].  With the alert's own
    minute of waiting, a dead feed is reported within two bins of routes."""

    def __post_init__(self) -> None:
        checked(self.model)
