"""What is over and not all back: an outage ends with what is usual by its detectors, and what is missing may stay."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from detectors.base import DAY
from pipeline.bins import NEVER
from pipeline.explain.residual_loss import told_of
from pipeline.fusion.evidence import BESIDE, NEARLY_ALL, speaking
from pipeline.fusion.outages import ENDED
from pipeline.records import Left, Outage, Places, Verdicts
from pipeline.replay.coverage import Series
from pipeline.settings import Fusing

SPAN = 3 * 3600
"""What is seen now is the mean of so long before the end of the recording [s]: one bin may be low by chance."""

LEAST = 2
"""And of so many bins at least [-]."""


@dataclass
class Recent:
    """The last hours of what was judged: ``frames`` by signal and partition; when the ``last`` bin ends [s]."""

    frames: dict[tuple[str, int], list[Verdicts]] = field(default_factory=dict)
    last: int = NEVER

    def take(self, verdicts: Verdicts) -> None:
        """Take in a frame of the first detector; what is older than `SPAN` is forgotten."""
        if not len(verdicts.start):
            return
        own = self.frames.setdefault((verdicts.signal, verdicts.partition), [])
        newest = int(verdicts.start.max())
        own[:] = [frame for frame in own if frame.start.max() > newest - SPAN and frame is not verdicts] + [verdicts]
        self.last = max(self.last, newest + verdicts.width)

    def of(self, series: set[Series]) -> dict[Series, list[tuple[Verdicts, int]]]:
        """The frames in which these stand, and where."""
        found: dict[Series, list[tuple[Verdicts, int]]] = {}
        for (signal, _), frames in self.frames.items():
            for frame in frames:
                for i, who in enumerate(frame.entities):
                    if (signal, *who[:2]) in series:
                        found.setdefault((signal, *who[:2]), []).append((frame, i))
        return found


def _share(own: Iterable[tuple[Verdicts, int]], since: int) -> tuple[int, int, float] | None:
    """From when to when [s], of the bins ``since`` then [s], what came was which share of what was expected [-]; None
    where that is not known."""
    seen: dict[int, tuple[int, float, float]] = {}
    for frame, i in own:
        columns = (frame.start, frame.value[:, i], frame.expected[:, i])
        for at, value, usual in zip(*(column.tolist() for column in columns), strict=True):
            if at >= since and value >= 0 and usual > 0:
                seen[at] = at + frame.width, value, usual
    if len(seen) < LEAST:
        return None
    ends, values, usuals = zip(*seen.values(), strict=True)
    return min(seen), max(ends), sum(values) / sum(usuals)


def lacking(found: Iterable[Outage], recent: Recent, settings: Fusing | None = None) -> list[Left]:
    """What signals show now that spoke for outages that ended within a day, and that lack a tenth or more.

    Of one that lasted longer than anybody needs to get used to it nobody knows by now what is usual.
    """
    settings, told = settings or Fusing(), []
    over = [
        outage for outage in found
        if outage.state == ENDED and outage.end is not None and recent.last - outage.end <= DAY
        and outage.end - outage.start < settings.used_to
    ]  # fmt: skip
    spoke = {outage.id: [term.signal.partition(BESIDE)[0] for term in speaking(outage.signals)] for outage in over}
    place = {outage.id: (outage.entity_type, outage.entity) for outage in over}
    known = recent.of({(signal, *place[id_]) for id_, signals in spoke.items() for signal in signals})
    for outage in over:
        for signal in spoke[outage.id]:
            since = max(outage.end or 0, recent.last - SPAN)
            seen = _share(known.get((signal, *place[outage.id]), ()), since)
            if seen is not None and seen[2] < NEARLY_ALL:
                told.append(Left(outage.id, signal, seen[0], seen[1], round(seen[2], 3)))
    return told


def not_all_back(found: Iterable[Outage], left: Iterable[Left], places: Places) -> Iterator[str]:
    """The same in a sentence for each outage; the first few of them.

    Examples
    --------
    >>> over = Outage("a1", "country", "KE", "ended", "blackout", "replay", 0, 7200, 0, 0, 0.9, 0.9, (), 1)
    >>> print(*not_all_back([over], [Left("a1", "traffic.radar", 7200, 14400, 0.84)], {}))
    Over, and not all back in Kenya: traffic.radar at 84% of usual, 1970-01-01 02:00 to 1970-01-01 04:00 UTC.
    """
    return told_of(found, left, places, "Over, and not all back in", "lacking")
