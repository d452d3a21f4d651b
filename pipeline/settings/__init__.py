"""Every number that a person may want to change, with its unit, its reason and its bounds.

A file for ``--settings`` has the same names: ``silence`` at its head, the others in tables, ``[fusing]`` for `Fusing`.
"""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from pipeline.settings.bounded import AtLeastOne, Count, Family, PartOf, Seconds, Share
from pipeline.settings.fusing import Fusing
from pipeline.settings.judging import Judging

__all__ = ["Counting", "Evaluating", "Fusing", "Judging", "Settings"]


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
