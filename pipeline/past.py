"""From when to when a series has values: without a day of past nothing can be confirmed in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from detectors.base import DAY, SETTLING
from pipeline.bins import WIDTH
from pipeline.records import Elements, Outage, Rows

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

    def take(self, frame: Elements | Rows, signals: Iterable[str]) -> None:
        """Take in a frame of a feed that serves these signals; a value that is not observed is no past.

        Examples
        --------
        >>> from pipeline.records import Entity, Run
        >>> rows = Rows(Run(), "table", 0, "bgp.ris", 300, (), 0, (Entity("country", "PK", "PK"),),
        ...             np.array([0, 300, 600]), np.zeros(3, int), np.array([np.nan, 7.0, 7.0]))
        >>> past = Past()
        >>> past.take(rows, ["bgp.ris"])
        >>> past.spans
        {('bgp.ris', 'country', 'PK'): Span(first=300, last=900, width=300)}
        """
        if isinstance(frame, Elements):
            for signal in signals:
                self._widen((signal, "", ""), int(frame.time.min()), int(frame.time.max()), WIDTH)
            return
        seen = np.isfinite(frame.value)
        entity, time = frame.entity[seen], frame.time[seen]
        order = np.lexsort((time, entity))
        used, at = np.unique(entity[order], return_index=True)
        firsts, lasts = time[order][at], time[order][np.append(at[1:], len(order))[: len(at)] - 1]
        for i, first, last in zip(used.tolist(), firsts.tolist(), lasts.tolist(), strict=True):
            self._widen((frame.signal, *frame.entities[i][:2]), first, last, frame.width)

    def _widen(self, series: Series, first: int, last: int, width: int) -> None:
        known = self.spans.get(series, Span(first, last + width, width))
        self.spans[series] = Span(min(known.first, first), max(known.last, last + width), width)

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
