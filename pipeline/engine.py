"""The one code path: bin, judge, fuse; `chain` ties the stages of the live agents together in memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import cast

from detectors import REGISTRY
from detectors.base import AnyDetector
from detectors.model import Model
from detectors.predictive import Predictive
from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.fusion import Arrived, Beside, Fused, FuseStage, Missed, Provisional
from pipeline.fusion.belief import Belief
from pipeline.geo.calendar import Almanac, calendar_with
from pipeline.judge import JudgeStage
from pipeline.judge.stage import JudgeStage as ModelStage
from pipeline.kinds import kind_of
from pipeline.records import Bins, DeadLetter, Elements, Heartbeat, Outage, Progress, Rows, Verdicts
from pipeline.settings import Settings
from pipeline.signals import binner
from pipeline.signals.binning import BinStage, FeedStatus, Late, Taken, Total
from pipeline.signals.merging import MergeStage

Binned = Late | Taken | Total | FeedStatus | DeadLetter  # outputs of the bin stage beside its bins
Output = Outage | Provisional | Fused | Arrived | Beside | Missed | Progress | Binned  # outputs at the end of the path


@dataclass(frozen=True)
class Engine:
    """Makes the stages, the same for a worker and for a replay.

    ``detectors``: how each is made for a signal; an evaluation may give one with another threshold.
    """

    settings: Settings = field(default_factory=Settings)
    detectors: Mapping[str, Callable[[str], AnyDetector]] = field(default_factory=lambda: REGISTRY)
    model: Model | None = None
    """The decision model that decides instead of the detectors and rules of the settings."""

    def bin(self, feed: str, partition: int) -> BinStage:
        return BinStage(partition, partial(binner, partitions=topics.feed(feed).partitions, settings=self.settings))

    def merge(self) -> MergeStage:
        return MergeStage({feed: topics.feed(feed).partitions for feed in FEEDS})

    def judge(self, partitions: int = topics.VERDICTS.partitions) -> JudgeStage | ModelStage:
        """The stage that judges merged bins, for that many partitions of countries."""
        if self.model is not None:
            return ModelStage(self.model, partitions)
        judging, holidays = self.settings.judging, self.almanac().holidays
        named, every = calendar_with(holidays._replace(public=False)), calendar_with(holidays)
        return JudgeStage(self.first, named, partitions, judging, self.beside, every)

    def first(self, signal: str) -> AnyDetector:
        """The detector that judges a signal."""
        return self.detectors[self.settings.judging.first(signal)](signal)

    def beside(self, signal: str) -> tuple[AnyDetector, ...]:
        """The detectors that judge a signal beside the first one."""
        names = self.settings.judging.beside.get(kind_of(signal), ())
        return tuple(self.detectors[name](signal) for name in names)

    def fuse(self, partition: int) -> FuseStage:
        if self.model is not None:
            ledger = partial(Belief, model=self.model)
            return FuseStage(partition, self.settings.fusing, (Predictive.name,), self.almanac(), ledger)
        return FuseStage(partition, self.settings.fusing, self.settings.judging.firsts, self.almanac())

    def almanac(self) -> Almanac:
        judging = self.settings.judging
        return Almanac(judging.holidays, judging.public_holidays, self.settings.fusing.days)


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
