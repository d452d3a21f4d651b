"""The one code path: bin, judge, fuse; `chain` ties the stages of the live agents together in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import cast

from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.fusion import Arrived, Beside, Fused, FuseStage, Missed, Provisional
from pipeline.judge import JudgeStage
from pipeline.records import Bins, DeadLetter, Elements, Heartbeat, Outage, Progress, Rows, Verdicts
from pipeline.settings import Settings
from pipeline.signals import binner
from pipeline.signals.binning import BinStage, FeedStatus, Late, Taken, Total
from pipeline.signals.merging import MergeStage

Binned = Late | Taken | Total | FeedStatus | DeadLetter  # outputs of the bin stage beside its bins
Output = Outage | Provisional | Fused | Arrived | Beside | Missed | Progress | Binned  # outputs at the end of the path


@dataclass(frozen=True)
class Engine:
    """Makes the stages, the same for a worker and for a replay."""

    settings: Settings = field(default_factory=Settings)

    def bin(self, feed: str, partition: int) -> BinStage:
        return BinStage(partition, partial(binner, partitions=topics.feed(feed).partitions, settings=self.settings))

    def merge(self) -> MergeStage:
        return MergeStage({feed: topics.feed(feed).partitions for feed in FEEDS})

    def judge(self, partitions: int = topics.VERDICTS.partitions) -> JudgeStage:
        """The stage that judges merged bins, for that many partitions of countries."""
        return JudgeStage(self.settings.model, partitions)

    def fuse(self, partition: int) -> FuseStage:
        return FuseStage(partition, self.settings)


def verdicts(frames: Iterable[Elements | Rows | Heartbeat], engine: Engine) -> Iterator[Binned | Verdicts]:
    """The stages before fusion in memory, all partitions.

    Input: frames as ingest sends them, each with its partition.  Output: verdicts of all countries in one partition,
    and the other outputs of the bin stages.
    """
    bins: dict[tuple[str, int], BinStage] = {}
    merge, judge = engine.merge(), engine.judge(partitions=1)
    for frame in frames:
        place = (frame.feed, frame.partition)
        if place not in bins:
            bins[place] = engine.bin(*place)
        for is_bins, some in groupby(bins[place].step(frame), key=lambda said: isinstance(said, Bins)):
            if is_bins:
                shares = cast("Iterator[Bins]", some)
                merged = [said for share in shares for said in merge.step(share)]
                yield from (said for said in merged if isinstance(said, DeadLetter))
                yield from judge.steps([said for said in merged if isinstance(said, Bins)])
            else:
                yield from cast("Iterator[Binned]", some)


def chain(frames: Iterable[Elements | Rows | Heartbeat], engine: Engine) -> Iterator[Output]:
    """All stages in memory: `verdicts`, fused.  Outputs are in the order in which they are decided."""
    fuse = engine.fuse(0)
    for output in verdicts(frames, engine):
        if isinstance(output, Verdicts):
            yield from fuse.step(output)
        else:
            yield output
