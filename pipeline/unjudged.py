"""Places that a signal showed and of which it hardly ever said anything: no witness, and no all-clear by it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np

from detectors.base import UNKNOWN
from pipeline.bins import NEVER
from pipeline.explaining import place_name
from pipeline.observed import Series
from pipeline.reasons import signal_name
from pipeline.records import Entity, Verdicts
from pipeline.series import Places
from pipeline.wording import few

HARDLY = 0.1
"""Who was judged in less than this share of the bins in which it was seen was hardly ever judged [0-1]."""


class Counts(NamedTuple):
    """Of each of the ``entities``, in how many bins it was seen and in how many of these judged, ``(n,) int64``; start
    of the ``last`` bin that was counted [s]."""

    entities: tuple[Entity, ...]
    seen: np.ndarray
    judged: np.ndarray
    last: int


@dataclass
class Unjudged:
    """Counts by signal and partition.

    Only what is seen with a past to compare with counts: what is too new to judge is another matter.
    """

    counts: dict[tuple[str, int], Counts] = field(default_factory=dict)

    def take(self, verdicts: Verdicts) -> None:
        """Take in a frame of the first detector; one that comes again changes nothing.

        Examples
        --------
        >>> from pipeline.records import UP, Run
        >>> nan, one = np.full((1, 2), np.nan), np.ones((1, 2))
        >>> places = (Entity("country", "IQ", "IQ"), Entity("country", "PK", "PK"))
        >>> state = np.array([[UNKNOWN, 1]], np.int8)
        >>> unjudged = Unjudged()
        >>> unjudged.take(Verdicts(Run(), "ioda", 0, "telescope.ioda", "seasonal", 300, 300, UP, places,
        ...                        np.zeros(1, int), one, one, one, one, one, nan, state, one > 0, np.ones(1)))
        >>> unjudged.told()
        [('telescope.ioda', 'country', 'IQ')]
        """
        place, none = (verdicts.signal, verdicts.partition), np.zeros(0, np.int64)
        known = self.counts.get(place, Counts((), none, none, NEVER))
        seen, judged, last = known.seen, known.judged, known.last
        if known.entities != verdicts.entities:
            before = {entity[:2]: i for i, entity in enumerate(known.entities)}
            at = np.array([before.get(entity[:2], -1) for entity in verdicts.entities], np.intp)
            seen, judged = np.append(seen, 0)[at], np.append(judged, 0)[at]
        fresh = (verdicts.start > last)[:, None] & verdicts.settled & ~np.isnan(verdicts.value)
        seen, judged = seen + fresh.sum(axis=0), judged + (fresh & (verdicts.state != UNKNOWN)).sum(axis=0)
        self.counts[place] = Counts(verdicts.entities, seen, judged, max(last, int(verdicts.start.max(initial=last))))

    def told(self) -> list[Series]:
        """Those that were hardly ever judged: countries first, by name."""
        found = [
            (signal, *entities[i][:2])
            for (signal, _), (entities, seen, judged, _) in self.counts.items()
            for i in np.flatnonzero(judged < HARDLY * seen)
        ]
        return sorted(found, key=lambda series: (series[0], series[1] != "country", series))


def hardly_judged(found: Iterable[Series], places: Places) -> Iterator[str]:
    """A sentence for each signal.

    Examples
    --------
    >>> print(*hardly_judged([("telescope.ioda", "country", "IQ")], {}))
    Seen and hardly ever judged by stray packets (telescope.ioda): Iraq. The detector says nothing of values so small, \
or straying so far.
    """
    for signal, own in groupby(found, key=lambda series: series[0]):
        names = few([place_name(kind, entity, places) for _, kind, entity in own])
        yield (
            f"Seen and hardly ever judged by {signal_name(signal)}: {names}. The detector says nothing of values so "
            "small, or straying so far."
        )
