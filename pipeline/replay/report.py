"""What a replay leads to: one report that takes every output once, and that terminal, JSON and evaluation read."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import numpy as np

from detectors.base import ALWAYS, Detector
from pipeline.bins import NEVER, ends_of
from pipeline.codec import outage_json
from pipeline.engine import Engine, Output, chain
from pipeline.feeds import Line
from pipeline.fusion import Fused
from pipeline.fusion.life import OPEN, RETRACTED
from pipeline.geo.homes import placed
from pipeline.records import (
    DeadLetter,
    Elements,
    Entity,
    Frame,
    Heartbeat,
    Left,
    Outage,
    Places,
    Progress,
    Rows,
    Run,
    Verdicts,
    answered,
)  # fmt: skip
from pipeline.replay.coverage import FEW_BINS, LONG, NOT_SEEN, Observed, Silence, Silences, silences
from pipeline.replay.playback import Playback
from pipeline.signals.binning import Late, Total

See = Callable[[Output | DeadLetter], None]

MOVED, BROKEN, FEW_SOURCES = "moved", "broken", "few_sources"

QUORUM = Detector.quorum
"""Share of healthy sources below which a signal is not judged [0-1]."""

NOW = 3600
"""What was seen so long before the end of the recording [s], or one bin where bins are longer, is not seen now."""


class Incident(NamedTuple):
    """A stretch in which a feed moved, was broken or stuck, or had too few sources; ``share`` of the level [-]."""

    feed: str
    signal: str
    what: str
    start: int
    end: int
    share: float = 1.0


class _Bin(NamedTuple):
    """Width [s], best health of its entities [0-1], and the share of their level of all series [-]."""

    width: int
    health: float
    common: float


@dataclass
class ReplayReport:
    """What a replay leads to; ``judged``, ``missed``: bins by fusion partition.

    What feeds did, and what was not judged, is known only where verdicts are read.
    """

    run: Run
    observed: Observed = field(default_factory=Observed)
    places: Places = field(default_factory=dict)
    playback: Playback | None = None
    outages: dict[str, Outage] = field(default_factory=dict)
    totals: dict[tuple[str, int], Total] = field(default_factory=dict)
    late: int = 0
    dead: list[DeadLetter] = field(default_factory=list)
    watermark: int = NEVER
    judged: dict[int, int] = field(default_factory=dict)
    missed: dict[int, int] = field(default_factory=dict)
    left: dict[int, tuple[Left, ...]] = field(default_factory=dict)
    _taken: dict[tuple[str, str, int], Verdicts] = field(default_factory=dict)
    _bins: dict[tuple[str, str], dict[int, _Bin]] = field(default_factory=lambda: defaultdict(dict))
    _silences: dict[tuple[str, int], Silences] = field(default_factory=dict)

    @classmethod
    def of(cls, playback: Playback) -> "ReplayReport":
        return cls(playback.run, playback.observed, playback.places, playback)

    def take(self, output: Output | DeadLetter | Verdicts) -> None:
        """An older revision, or a frame, that comes again changes nothing."""
        match output:
            case Outage():
                known = self.outages.get(output.id)
                if known is None or output.revision > known.revision:
                    self.outages[output.id] = output
            case Total():
                self.totals[output.feed, output.partition] = output
            case Late():
                self.late += answered(output.records, output.records.partition)
            case Progress():
                self.watermark = max(self.watermark, output.watermark)
                self.judged[output.partition] = output.judged
                self.missed[output.partition] = output.missed
                if output.ended:
                    self.left[output.partition] = output.left
            case DeadLetter():
                self.dead.append(output)
            case Fused():  # the whole frame, once
                verdicts = output.verdicts
                place = (verdicts.feed, verdicts.signal, verdicts.partition)
                if self._taken.get(place) is not verdicts:
                    self._taken[place] = verdicts
                    self.take(verdicts)
            case Verdicts() if output.entities and not output.is_made:
                self._silences.setdefault((output.signal, output.partition), Silences(output.signal)).take(output)
                self._see_feed(output)

    @property
    def read(self) -> int:
        return self.playback.read if self.playback else 0

    @property
    def unmatched(self) -> list[Line]:
        return self.playback.unmatched if self.playback else []

    @property
    def used(self) -> int:
        return sum(total.used for total in self.totals.values())

    @property
    def crowded(self) -> int:
        return sum(total.crowded for total in self.totals.values())

    @property
    def judged_from(self) -> int | None:
        """When anything was said of any place for the first time [s]; None where nothing ever was."""
        first = min((one.judged_from for one in self._silences.values()), default=ALWAYS)
        return None if first == ALWAYS else first

    def silences(self) -> list[Silence]:
        """When a signal said nothing of a place, or the signals of a feed of none: countries first, by name."""
        streams = self.playback.streams if self.playback else []
        fed = {signal for signal, _ in self._silences}
        none = [dispatch.signals[0] for dispatch, _ in streams if fed and not fed & {*dispatch.signals}]
        nowhere = [Silence(signal, "", "", NOT_SEEN, self.observed.first, None) for signal in none]
        return [*nowhere, *silences(self._silences.values(), self.observed.last)]

    def mute(self) -> list[Entity]:
        """The countries of which no signal ever said anything."""
        each = list(self._silences.values())
        silent = {entity for one in each for entity in one.mute() if entity.type == "country"}
        return sorted(silent - {entity for one in each for entity in {*one.entities} - one.mute()})

    def sorted(self) -> list[Outage]:
        return sorted(self.outages.values(), key=lambda outage: (outage.start, outage.id))

    def lines(self) -> bytes:
        return b"".join(outage_json(outage) + b"\n" for outage in self.sorted())

    def now(self, outages: Iterable[Outage]) -> dict[str, list[Left]]:
        """What the observed signals of open outages show at the end, the heaviest first."""
        last: dict[str, list[Left]] = defaultdict(list)
        for _, own in sorted(self.left.items()):
            for one in own:
                if one.end + max(NOW, one.end - one.start) > self.watermark:
                    last[one.id].append(one)
        return {outage.id: last[outage.id] for outage in outages if outage.state in OPEN and outage.id in last}

    def last_seen(self, outage: Outage) -> int | None:
        """When the signals of an open outage were last seen, where that was not at the end [s]."""
        own = [one.end for left in self.left.values() for one in left if one.id == outage.id]
        return max(own) if own and not self.now([outage]) else None

    def incidents(self) -> list[Incident]:
        came = self.observed.came
        found = [one for key, own in self._bins.items() for one in _incidents(*key, own, came.get(key[1]))]
        return sorted(found, key=lambda one: (one.start, one.signal, one.what))

    def _see_feed(self, verdicts: Verdicts) -> None:
        own = self._bins[verdicts.feed, verdicts.signal]
        seen = np.where(np.isnan(verdicts.value), 0.0, np.nan_to_num(verdicts.health)).max(axis=1, initial=0.0)
        columns = (verdicts.start.tolist(), seen.tolist(), verdicts.common.tolist())
        for start, health, common in zip(*columns, strict=True):
            known = own.get(start, _Bin(verdicts.width, 0.0, 1.0))
            own[start] = _Bin(verdicts.width, max(known.health, health), known.common if np.isnan(common) else common)


def confirmed(found: Iterable[Outage]) -> list[Outage]:
    """The outages that were confirmed and not retracted."""
    return [outage for outage in found if outage.confirmed_at is not None and outage.state != RETRACTED]


def by_country(outages: Iterable[Outage], places: Places) -> list[Outage]:
    """The outages country by country, by onset: the country first, then its parts; those of no known country last."""
    found = sorted(outages, key=lambda outage: (outage.start, outage.entity, outage.id))
    homes = {outage.id: placed(outage.entity_type, outage.entity, places).country for outage in found}
    order = {home: i for i, home in reversed(list(enumerate(homes.values())))}
    return sorted(found, key=lambda o: (not homes[o.id], order[homes[o.id]], o.entity_type != "country"))


def through_memory(
    stream: Iterable[Frame | DeadLetter], engine: Engine, run: Run, see: See = lambda output: None,
    report: ReplayReport | None = None,
) -> ReplayReport:  # fmt: skip
    """Replay through the engine in this process; ``see`` is shown what the report takes."""
    if report is None:
        report = ReplayReport.of(stream) if isinstance(stream, Playback) else ReplayReport(run)

    def frames() -> Iterator[Elements | Rows | Heartbeat]:
        for frame in stream:
            if isinstance(frame, DeadLetter):
                report.take(frame)
                see(frame)
            else:
                yield cast(Elements | Rows | Heartbeat, frame)

    for output in chain(frames(), engine):
        report.take(output)
        see(output)
    return report


def _incidents(feed: str, signal: str, bins: dict[int, _Bin], came: Container[int] | None) -> Iterator[Incident]:
    """``came``: the starts of bins of which rows came, None of a signal that netvigil counts itself."""
    for start, end, own in _stretches(bins, lambda bin_: (bin_.common > 1) - (bin_.common < 1)):
        yield Incident(feed, signal, MOVED, start, end, max((one.common for one in own), key=lambda x: abs(x - 1)))
    for start, end, own in _stretches(bins, lambda bin_: bin_.health < QUORUM):
        if came is None and end - start > max(LONG, FEW_BINS * own[0].width):
            yield Incident(feed, signal, FEW_SOURCES, start, end)
        elif came is not None and any(at in came for at in bins if start <= at < end):
            yield Incident(feed, signal, BROKEN, start, end)


def _stretches(bins: dict[int, _Bin], kind: Callable[[_Bin], int]) -> Iterator[tuple[int, int, list[_Bin]]]:
    """Stretches of bins of one kind that is not 0: start, end, bins.  An uneven bin lasts until the next one."""
    starts = sorted(bins)
    ends = ends_of(np.array(starts, np.int64), bins[starts[-1]].width).tolist() if starts else []
    made: list[tuple[int, int, int, list[_Bin]]] = []
    for start, end in zip(starts, ends, strict=True):
        side, begin, own = kind(bins[start]), start, list[_Bin]()
        if made and (made[-1][0], made[-1][2]) == (side, start):
            _, begin, _, own = made.pop()
        own.append(bins[start])
        made.append((side, begin, end, own))
    yield from ((begin, end, own) for side, begin, end, own in made if side)
