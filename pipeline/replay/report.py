"""What a replay leads to: one report that takes every output once, and that terminal, JSON and evaluation read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import numpy as np

from detectors.base import DAY, UNKNOWN, Detector
from pipeline.bins import NEVER, ends_of
from pipeline.codec import outage_json
from pipeline.engine import Engine, Output, chain
from pipeline.feeds import Line
from pipeline.fusion import Fused
from pipeline.fusion.life import BESIDE, ENDED, OPEN, RETRACTED, speaking
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
    placed,
)  # fmt: skip
from pipeline.replay.coverage import Observed, Past, Series
from pipeline.replay.playback import Playback
from pipeline.settings import Settings
from pipeline.signals.binning import Late, Total

See = Callable[[Output | DeadLetter], None]

MOVED, BROKEN, STUCK, FEW_SOURCES = "moved", "broken", "stuck", "few_sources"

QUORUM = Detector.quorum
"""Share of healthy sources below which a signal is not judged [0-1]."""

HARDLY = 0.1
"""A series that was judged in a smaller share of its bins was hardly ever judged [0-1]."""

UNJUDGED = DAY
"""A series that was observed for so long in a row and not judged is reported [s]: nights of few counts are shorter."""

NOW = 3600
"""What was seen so long before the end of the recording [s], or one bin where bins are longer, is not seen now."""

LAST_HOURS = 3 * 3600
"""What is lacking after an outage is a mean over so long before the end [s]: one bin may be low by chance."""

LEAST_BINS = 2
"""And over so many bins at least [-]."""

NEARLY_ALL = 0.9
"""Of which more is left, that is back [0-1]."""


class Incident(NamedTuple):
    """A stretch in which a feed moved, broke, was stuck, or had too few sources; ``share`` of the level [-]."""

    feed: str
    signal: str
    what: str
    start: int
    end: int
    share: float = 1.0


class Unjudged(NamedTuple):
    """A series hardly ever judged, or not from ``first`` to ``last`` and ``more`` hours, over at ``until`` [s]."""

    signal: str
    entity_type: str
    entity: str
    first: int | None = None
    last: int | None = None
    more: int = 0
    until: int | None = None


class _Bin(NamedTuple):
    """Width [s], best health of its entities [0-1], and the share of their level of all series [-]."""

    width: int
    health: float
    common: float


class _Counts(NamedTuple):
    """Observed and judged bins of ``n`` entities.  A gap is a time in which an entity was observed and not judged."""

    entities: tuple[Entity, ...]
    seen: np.ndarray  # observed bins ``(n,) int64``
    judged: np.ndarray  # judged bins of these ``(n,) int64``
    since: np.ndarray  # start of the gap that goes on, or `NEVER`, and its length so far ``(n, 2)`` [s]
    longest: np.ndarray  # start, end and length of the longest gap ``(n, 3)`` [s]
    silent: np.ndarray  # length of all gaps, and end of the last one ``(n, 2)`` [s]
    last: int  # start of the last bin that was counted [s]


@dataclass
class ReplayReport:
    """What a replay leads to; ``judged``, ``missed``: bins by fusion partition.

    What feeds did, and what was not judged or is lacking, is known only where verdicts are read.
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
    _counts: dict[tuple[str, int], _Counts] = field(default_factory=dict)
    _frames: dict[tuple[str, int], list[Verdicts]] = field(default_factory=lambda: defaultdict(list))

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
                self._count(output)
                self._keep(output)
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
    def past(self) -> Past:
        return Past.of(self.observed)

    def judged_past(self) -> Past:
        """The same without the times in which the values of a signal could not be judged."""
        return Past.of(self.observed.without(blinded(self.incidents())))

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

    def lacking(self, settings: Settings) -> list[Left]:
        """Where a tenth or more is lacking at the end, within a day after; not where the usual is no longer known."""
        found = []
        frames = [frame for own in self._frames.values() for frame in own]
        end = max((int(frame.start.max()) + frame.width for frame in frames), default=NEVER)
        over = [
            outage for outage in self.sorted()
            if outage.state == ENDED and outage.end is not None and end - outage.end <= DAY
            and outage.end - outage.start < settings.model.relearn_days * DAY
        ]  # fmt: skip
        own = [
            (outage, (term.signal.partition(BESIDE)[0], outage.entity_type, outage.entity))
            for outage in over for term in speaking(outage.signals)
        ]  # fmt: skip
        wanted, columns = {series for _, series in own}, defaultdict[Series, list[tuple[Verdicts, int]]](list)
        for frame in frames:
            for i, entity in enumerate(frame.entities):
                if (frame.signal, *entity[:2]) in wanted:
                    columns[frame.signal, *entity[:2]].append((frame, i))
        for outage, series in own:
            seen = _share(columns[series], max(outage.end or 0, end - LAST_HOURS))
            if seen is not None and seen[2] < NEARLY_ALL:
                found.append(Left(outage.id, series[0], seen[0], seen[1], round(seen[2], 3)))
        return found

    def incidents(self) -> list[Incident]:
        found = [one for key, own in self._bins.items() for one in _incidents(*key, own, self.observed)]
        return sorted(found, key=lambda one: (one.start, one.signal, one.what))

    def unjudged(self) -> list[Unjudged]:
        """Countries first, by name."""
        found = []
        for (signal, _), (entities, seen, judged, _, longest, silent, _) in self._counts.items():
            hardly = judged < HARDLY * seen
            for_long = ~hardly & (longest[:, 2] >= UNJUDGED)
            for i in np.flatnonzero(hardly | for_long):
                one = Unjudged(signal, *entities[i][:2])
                if for_long[i]:
                    (first, end, lasted), (whole, until) = longest[i].tolist(), silent[i].tolist()
                    one = one._replace(first=first, last=end, more=(whole - lasted) // 3600)
                    one = one._replace(until=until) if one.more else one
                found.append(one)
        return sorted(found, key=lambda one: (one.first is not None, one.signal, one.entity_type != "country", one[:3]))

    def _see_feed(self, verdicts: Verdicts) -> None:
        own = self._bins[verdicts.feed, verdicts.signal]
        seen = np.where(np.isnan(verdicts.value), 0.0, np.nan_to_num(verdicts.health)).max(axis=1, initial=0.0)
        columns = (verdicts.start.tolist(), seen.tolist(), verdicts.common.tolist())
        for start, health, common in zip(*columns, strict=True):
            known = own.get(start, _Bin(verdicts.width, 0.0, 1.0))
            own[start] = _Bin(verdicts.width, max(known.health, health), known.common if np.isnan(common) else common)

    def _keep(self, verdicts: Verdicts) -> None:
        if not len(verdicts.start):
            return
        own = self._frames[verdicts.signal, verdicts.partition]
        newest = int(verdicts.start.max())
        own[:] = [frame for frame in own if frame.start.max() > newest - LAST_HOURS and frame is not verdicts]
        own.append(verdicts)

    def _count(self, verdicts: Verdicts) -> None:
        """Seen and judged bins of each series, after its first day."""
        place, none = (verdicts.signal, verdicts.partition), np.zeros(0, np.int64)
        since, longest, silent = (np.zeros((0, k), np.int64) for k in (2, 3, 2))
        known = self._counts.get(place, _Counts((), none, none, since, longest, silent, NEVER))
        seen, judged, since, longest, silent, last = known[1:]
        if known.entities != verdicts.entities:
            before = {entity[:2]: i for i, entity in enumerate(known.entities)}
            at = np.array([before.get(entity[:2], -1) for entity in verdicts.entities], np.intp)
            seen, judged = np.append(seen, 0)[at], np.append(judged, 0)[at]
            since = np.append(since, [[NEVER, 0]], axis=0)[at]
            longest, silent = np.append(longest, [[0, 0, 0]], axis=0)[at], np.append(silent, [[0, 0]], axis=0)[at]
        fresh = (verdicts.start > last)[:, None] & verdicts.settled & ~np.isnan(verdicts.value)
        says = fresh & (verdicts.state != UNKNOWN)
        seen, judged = seen + fresh.sum(axis=0), judged + says.sum(axis=0)
        if (since[:, 0] != NEVER).any() or (fresh != says).any():
            for start, is_seen, is_judged in zip(verdicts.start.tolist(), fresh, says, strict=True):
                unsaid, end = is_seen & ~is_judged, start + verdicts.width
                began = np.where(is_judged, NEVER, np.where(unsaid & (since[:, 0] == NEVER), start, since[:, 0]))
                lasted = np.where(is_judged, 0, since[:, 1] + verdicts.width * unsaid)
                since, ended = np.stack([began, lasted], axis=1), np.full_like(began, end)
                longer = unsaid & (lasted > longest[:, 2])
                longest = np.where(longer[:, None], np.stack([began, ended, lasted], axis=1), longest)
                in_all = np.stack([silent[:, 0] + verdicts.width, ended], axis=1)
                silent = np.where(unsaid[:, None], in_all, silent)
        last = max(last, int(verdicts.start.max(initial=last)))
        self._counts[place] = _Counts(verdicts.entities, seen, judged, since, longest, silent, last)


def confirmed(found: Iterable[Outage]) -> list[Outage]:
    """The outages that were confirmed and not retracted."""
    return [outage for outage in found if outage.confirmed_at is not None and outage.state != RETRACTED]


def by_country(outages: Iterable[Outage], places: Places) -> list[Outage]:
    """The outages country by country, by onset: the country first, then its parts; those of no known country last."""
    found = sorted(outages, key=lambda outage: (outage.start, outage.entity, outage.id))
    homes = {outage.id: placed(outage.entity_type, outage.entity, places).country for outage in found}
    order = {home: i for i, home in reversed(list(enumerate(homes.values())))}
    return sorted(found, key=lambda o: (not homes[o.id], order[homes[o.id]], o.entity_type != "country"))


def blinded(incidents: Iterable[Incident]) -> list[tuple[str, int, int]]:
    """The times ``(signal, start, end)`` [s] in which a signal was not judged because of its feed."""
    return [(one.signal, one.start, one.end) for one in incidents if one.what != MOVED]


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


def _share(own: Iterable[tuple[Verdicts, int]], since: int) -> tuple[int, int, float] | None:
    """Begin, end [s] and share of the expected [-] of the bins from ``since`` on; None where not known."""
    seen: dict[int, tuple[int, float, float]] = {}
    for frame, i in own:
        columns = (frame.start, frame.value[:, i], frame.expected[:, i])
        for at, value, usual in zip(*(column.tolist() for column in columns), strict=True):
            if at >= since and value >= 0 and usual > 0:
                seen[at] = at + frame.width, value, usual
    if len(seen) < LEAST_BINS:
        return None
    ends, values, usuals = zip(*seen.values(), strict=True)
    return min(seen), max(ends), sum(values) / sum(usuals)


def _incidents(feed: str, signal: str, bins: dict[int, _Bin], observed: Observed) -> Iterator[Incident]:
    for start, end, own in _stretches(bins, _side):
        far = max((bin_.common for bin_ in own), key=lambda share: abs(share - 1))
        yield Incident(feed, signal, MOVED if own[0].health >= QUORUM else BROKEN, start, end, far)
    rows = [s for (name, kind, _), own in observed.stretches.items() if name == signal and kind for s in own]
    for start, end, own in _stretches(bins, lambda bin_: bin_.health < QUORUM and bin_.common == 1):
        there = [(max(start, row.start), min(end, row.end)) for row in rows if row.start < end and start < row.end]
        if there:  # rows that were read and do not count: they repeated themselves
            yield Incident(feed, signal, STUCK, min(first for first, _ in there), max(last for _, last in there))
        elif not rows and end - start > observed.patience(own[0].width):
            yield Incident(feed, signal, FEW_SOURCES, start, end)


def _side(bin_: _Bin) -> int:
    """0, or whether all series are above or below their level together; doubled where the feed is not healthy."""
    side = (bin_.common > 1) - (bin_.common < 1)
    return side if bin_.health >= QUORUM else 2 * side


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
