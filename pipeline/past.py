"""From when to when a series has values: without a day of past nothing can be confirmed in it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from detectors.base import DAY, SETTLING
from pipeline.observed import Observed
from pipeline.records import Outage

Series = tuple[str, str, str]
"""``(signal, entity_type, entity)``; without an entity where netvigil counts a signal itself: of all that it has."""


class Span(NamedTuple):
    """``[first, last)`` in which a series has values, and the width of its bins, all [s]."""

    first: int
    last: int
    width: int

    @property
    def judged_from(self) -> int:
        """From when on something can be confirmed: its first day only serves to compare with [s]."""
        return self.first + SETTLING

    @property
    def too_short(self) -> bool:
        """Whether less than a day of it is left to be judged, once there is a day to compare with."""
        return self.last - self.first < SETTLING + DAY


@dataclass
class Past:
    """How far back the series of a playback reach."""

    spans: dict[Series, Span] = field(default_factory=dict)

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
        {('bgp.ris', 'country', 'PK'): Span(first=300, last=900, width=300)}
        """
        seen = {series: stretches for series, stretches in observed.stretches.items() if stretches}
        return cls({
            series: Span(min(s.start for s in stretches), max(s.end for s in stretches), stretches[0].width)
            for series, stretches in seen.items()
        })  # fmt: skip

    @property
    def judged_from(self) -> int | None:
        """From when on something can be confirmed in any series [s]; None where all of them are too short."""
        return min((span.judged_from for span in self.spans.values() if not span.too_short), default=None)

    def too_short(self) -> list[Series]:
        """The series of which there is no all-clear, in order."""
        return sorted(series for series, span in self.spans.items() if span.too_short)

    def undated(self, outage: Outage) -> bool:
        """Whether an outage may have begun before its onset: nothing was confirmed yet when its witnesses were low."""
        own = (outage.entity_type, outage.entity)
        witnesses = [term.signal for term in outage.signals if term.weight > 0]
        spans = [self.spans.get((name, *own)) or self.spans.get((name, "", "")) for name in witnesses]
        known = [span for span in spans if span is not None]
        return bool(known) and all(outage.start <= span.judged_from + span.width for span in known)
