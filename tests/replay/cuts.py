"""A recording cut at many times, beside what the whole of it had published by then."""

import copy
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipeline.bins import NEVER, ends_of
from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.explain.terms import likely
from pipeline.feeds import Dispatch, chunks
from pipeline.fusion.kinds import PARTIAL
from pipeline.records import Outage, Progress, Rows, Run
from pipeline.replay.coverage import Observed
from pipeline.replay.report import ReplayReport
from tests.replay.stages import Stages


@dataclass(frozen=True)
class Cut:
    """What a recording says that has only the bins that begin before ``time`` [s].

    ``then``: what the whole had published by the end of the last of these bins, from ``time`` on; ``before``: the
    outages of the whole by ``time``.
    """

    time: int
    report: ReplayReport
    then: list[Outage]
    before: set[str]

    def same(self) -> bool:
        """Whether each of its outages is one that the whole had published, to the byte."""
        return all(outage in self.then for outage in self.report.outages.values())

    def wrong(self) -> Iterator[str]:
        """Where it says more or less than the whole had published, or something else."""
        if lost := self.before - self.report.outages.keys():
            yield f"{iso(self.time)} says nothing of {lost}"
        for outage in self.report.outages.values():
            own = [other for other in self.then if other.id == outage.id]
            what = f"{iso(self.time)} {outage.entity}"
            if not own:
                yield f"{what} is {outage.state}, which the whole had not published"
            elif outage.confirmed_at is not None:
                if all(other.confirmed_at is None for other in own):
                    yield f"{what} is confirmed, which the whole had not published"
                # a wide bin shows less by itself than beside the narrow ones that end with it
                elif not any(_agree(outage, o) for o in own):
                    yield f"{what} is {outage.kind}, {outage.likeness}"


def _agree(outage: Outage, other: Outage) -> bool:
    """Whether a cut says of an outage what the whole says, or of its kind only that it is partial."""
    return outage.kind in (other.kind, PARTIAL) and likely(outage.likeness) == likely(other.likeness)


class Cutting:
    """A replay that is also ended at ``times`` [s]."""

    def __init__(self, series: Sequence[Rows], times: Iterable[int], engine: Engine | None = None) -> None:
        self.series, self.times = series, set(times)
        self.run = Run("cut", "replay", tuple(sorted({rows.signal for rows in series})))
        self.stages, self.observed = Stages(engine or Engine(), "table"), Observed()
        self.dispatch = Dispatch(self.run, "table", self.run.signals)
        self.known: dict[str, Outage] = {}
        self.ended: list[tuple[int, int, ReplayReport]] = []  # time and last end [s], and what is said
        self.whole: dict[int, list[Outage]] = defaultdict(list)  # what the whole recording says, by moment

    def cuts(self) -> Iterator[Cut]:
        """Each cut, once all has been replayed that its last bins overlap."""
        fresh: list[Outage] = []
        for frame in self.dispatch.frames(self._pieces()):
            if isinstance(frame, Rows):
                self.observed.take(frame)
            for output in self.stages.steps([frame]):
                if isinstance(output, Outage):
                    self.known[output.id] = output
                    fresh.append(output)
                elif isinstance(output, Progress):
                    self.whole[output.watermark] += [*fresh, *self.known.values()]
                    fresh.clear()
        moments = sorted(self.whole)
        for time, end, report in self.ended:
            first, after, last = bisect_left(moments, time), bisect_right(moments, time), bisect_left(moments, end)
            then = [outage for moment in moments[first : last + 1] for outage in self.whole[moment]]
            before = {outage.id for moment in moments[:after] for outage in self.whole[moment]}
            yield Cut(time, report, then, before)

    def _pieces(self) -> Iterator[Rows]:
        """What is before each of the times, in pieces, and the end there; then what its last bins overlap."""
        widths = {rows.width for rows in self.series}
        fine = {time + more for time in self.times for more in range(0, max(widths) + 1, min(widths))}
        for begin, end in pairwise(sorted({NEVER, *fine})):
            if begin in self.times:
                self._end(begin)
            yield from chunks([rows.take((rows.time >= begin) & (rows.time < end)) for rows in self.series])

    def _end(self, time: int) -> None:
        """End the recording here, in a copy."""
        dispatch = replace(self.dispatch, watermark=NEVER)
        report = ReplayReport(self.run, copy.deepcopy(self.observed), outages=dict(self.known))
        for output in self.stages.copy().steps(dispatch.frames(())):
            report.take(output)
        self.ended.append((time, dispatch.end, report))


def ends(series: Sequence[Rows]) -> list[int]:
    """When bins of a recording end [s]."""
    found: set[int] = set()
    for rows in series:
        starts = np.unique(rows.time)
        found.update(ends_of(starts, rows.width).tolist())
    return sorted(found)
