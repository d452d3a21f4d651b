"""How outages are held against labels."""

from dataclasses import dataclass

from pipeline.settings.bounded import Count, Seconds, Share


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
