"""From when to when a series has values: without a day of past nothing can be confirmed in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from detectors.base import DAY, SETTLING
from detectors.state import FORGETS, MISSED
from pipeline.fusion.evidence import BESIDE
from pipeline.kinds import kind_of
from pipeline.records import Outage
from pipeline.replay.coverage import Gap, Observed, Series, Stretch


class Span(NamedTuple):
    """``[first, last)`` in which a series has values, the width of its bins, and when it came ``again`` after so long
    that it was a new one, all [s]."""

    first: int
    last: int
    width: int
    again: tuple[int, ...] = ()

    @property
    def judged_from(self) -> int:
        """From when on something can be confirmed: its first day only serves to compare with [s]."""
        return self.first + SETTLING

    def settled(self, time: int) -> int:
        """As ``judged_from``, of what goes on at a time [s].

        Examples
        --------
        >>> [Span(0, 90 * DAY, 300, (60 * DAY,)).settled(day * DAY) // DAY for day in (59, 60)]
        [1, 61]
        """
        return max((at for at in self.again if at <= time), default=self.first) + SETTLING

    @property
    def too_short(self) -> bool:
        """Whether less than a day of it is left to be judged, once there is a day to compare with."""
        return self.last - self.first < SETTLING + DAY


@dataclass
class Past:
    """How far back the series of a playback reach, and which times of outages they leave open."""

    spans: dict[Series, Span] = field(default_factory=dict)
    observed: Observed = field(default_factory=Observed)

    @classmethod
    def of(cls, observed: Observed) -> "Past":
        """The past of what was observed; a value that is not observed is no past.

        Examples
        --------
        >>> import numpy as np
        >>> from pipeline.records import Entity, Rows, Run
        >>> observed = Observed()
        >>> rows = Rows(Run(), "table", 0, "bgp.ris", 300, (), 0, (Entity("country", "PK", "PK"),),
        ...             np.array([0, 300, 600]), np.zeros(3, int), np.array([np.nan, 7.0, 7.0]))
        >>> observed.take(rows, ["bgp.ris"])
        >>> Past.of(observed).spans
        {('bgp.ris', 'country', 'PK'): Span(first=300, last=900, width=300, again=())}
        """
        seen = {series: stretches for series, stretches in observed.stretches.items() if stretches}
        spans = {
            series: Span(
                min(s.start for s in stretches), max(s.end for s in stretches), stretches[0].width, _again(stretches)
            )
            for series, stretches in seen.items()
        }
        return cls(spans, observed)

    @property
    def judged_from(self) -> int | None:
        """From when on something can be confirmed in any series [s]; None where all of them are too short."""
        return min((span.judged_from for span in self.spans.values() if not span.too_short), default=None)

    def first_days(self) -> list[tuple[int, int]]:
        """From when to when, in order, what came again after so long that it was a new series has its first day [s]."""
        return [(at, at + SETTLING) for at in sorted({at for span in self.spans.values() for at in span.again})]

    @property
    def is_settled(self) -> bool:
        """Whether anything could be confirmed, as far as is known: not where no series has more than its first day."""
        return not self.spans or any(span.last > span.judged_from for span in self.spans.values())

    def too_short(self) -> list[Series]:
        """The series of which there is no all-clear, in order."""
        return sorted(series for series, span in self.spans.items() if span.too_short)

    def undated(self, outage: Outage) -> bool:
        """Whether an outage may have begun before its onset: nothing was confirmed yet when its witnesses were low."""
        known = [self.spans[series] for series in self._witnesses(outage)]
        return bool(known) and all(outage.start <= span.settled(outage.start) + span.width for span in known)

    def in_first_day(self, outage: Outage) -> bool:
        """Whether an outage began in the first day of all that shows it: nothing is confirmed there."""
        known = [self.spans[series] for series in self._witnesses(outage)]
        return bool(known) and all(outage.start < span.settled(outage.start) for span in known)

    def known_from(self, outage: Outage, kind: str) -> int | None:
        """Since when the signals of a kind that show an outage know what is usual [s]; None where none of them does."""
        own = (series for series in self._witnesses(outage) if kind_of(series[0]) == kind)
        return min((self.spans[series].settled(outage.start) - SETTLING for series in own), default=None)

    def began(self, outage: Outage) -> Gap | None:
        """Between when an outage began, where a witness that fell then had not been observed just before."""
        holes = self._holes(outage, outage.start)
        return Gap(min(holes), outage.start) if holes else None

    def ended(self, outage: Outage) -> Gap | None:
        """Between when it ended, where a witness that was back then had not been observed just before."""
        holes = [] if outage.end is None else self._holes(outage, outage.end)
        return Gap(max(holes), outage.end) if holes else None

    def unseen(self, outage: Outage) -> list[tuple[str, int]]:
        """The signals that speak for an outage and do not show whether it is over, and until when they were observed
        [s]."""
        return self._no_longer(outage) + self._over_unseen(outage)

    def _no_longer(self, outage: Outage) -> list[tuple[str, int]]:
        """The signals of an open outage that are no longer observed, and until when they were [s].

        What was low then holds it until one that says as much of a return is back for a day; its last revision may not
        yet know that it is not observed.
        """
        series = self._witnesses(outage) if outage.end is None else []
        last = [(one[0], max(self.observed.stretches[one], key=lambda s: s.end)) for one in series]
        return [(signal, seen.end) for signal, seen in last if seen.end + seen.patience < self.observed.last]

    def _over_unseen(self, outage: Outage) -> list[tuple[str, int]]:
        """The signals that speak for an outage and were not observed when it ended, nor for a day after they had been,
        and until when that was [s]."""
        if (end := outage.end) is None:
            return []
        found = []
        for series in self._witnesses(outage):
            before = [s.end for s in self.observed.stretches[series] if s.start < end]
            after = [s.start for s in self.observed.stretches[series] if s.start >= end]
            again = min(after, default=self.observed.last)
            if before and max(before) <= end < again and again - max(before) > DAY:
                found.append((series[0], max(before)))
        return found

    def inexact(self, outage: Outage) -> bool:
        """Whether its onset or its end cannot be dated."""
        return self.undated(outage) or any((self.began(outage), self.ended(outage), self._over_unseen(outage)))

    def marks(self, outage: Outage) -> tuple[bool, bool]:
        """Whether its onset is not exactly known, and whether its end is not, or that it goes on."""
        return self.undated(outage) or bool(self.began(outage)), bool(self.ended(outage) or self.unseen(outage))

    def _holes(self, outage: Outage, end: int) -> list[int]:
        """Since when witnesses had not been observed that were again at ``end`` [s]."""
        found = [self.observed.hole(series, end) for series in self._witnesses(outage)]
        return [start for start in found if start is not None]

    def _witnesses(self, outage: Outage) -> list[Series]:
        """The series that speak for an outage, as far as they have values."""
        return self._series(outage, (term.signal for term in outage.signals if term.weight > 0))

    def _series(self, outage: Outage, names: Iterable[str]) -> list[Series]:
        """The series of these signals that show the entity of an outage, as far as they have values."""
        own = dict.fromkeys(name.partition(BESIDE)[0] for name in names)
        series = [((name, outage.entity_type, outage.entity), (name, "", "")) for name in own]
        return [own if own in self.spans else counted for own, counted in series if {own, counted} & self.spans.keys()]


def _again(stretches: Iterable[Stretch]) -> tuple[int, ...]:
    """When a series came again after holes after which its detectors know nothing of it [s]."""
    return tuple(
        after.start for before, after in pairwise(sorted(stretches, key=lambda s: s.start))
        if after.start - before.end > max(FORGETS, MISSED * after.width)
    )  # fmt: skip
