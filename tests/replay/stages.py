"""The stages of one feed as an object that can be copied, so that a replay can go on in several ways."""

from collections.abc import Iterable, Iterator, Sequence

from pipeline import topics
from pipeline.engine import Engine, Output
from pipeline.records import Bins, DeadLetter, Frame, Heartbeat, Outage, Rows
from tests.replay.tapes import Tape


class Stages:
    """All stages of a feed, every partition of it, which are copied as a snapshot is."""

    def __init__(self, engine: Engine, feed: str) -> None:
        self.engine, self.feed = engine, feed
        self.bin = [engine.bin(feed, partition) for partition in range(topics.feed(feed).partitions)]
        self.merge, self.judge, self.fuse = engine.merge(), engine.judge(partitions=1), engine.fuse(0)

    def steps(self, frames: Iterable[Frame | DeadLetter]) -> Iterator[Output]:
        """What fusion says of frames."""
        for frame in frames:
            assert isinstance(frame, Rows | Heartbeat)
            for bins in self.bin[frame.partition].step(frame):
                merged = self.merge.step(bins) if isinstance(bins, Bins) else []
                for verdicts in self.judge.steps([one for one in merged if isinstance(one, Bins)]):
                    yield from self.fuse.step(verdicts)

    def copy(self) -> "Stages":
        """Another that goes on from here by itself."""
        other = Stages(self.engine, self.feed)
        for own, its in zip(self, other, strict=True):
            its.load(own.save())
        return other

    def __iter__(self) -> Iterator:
        return iter([*self.bin, self.merge, self.judge, self.fuse])


def branches(tapes: Sequence[Tape], since: int, engine: Engine | None = None) -> list[list[Outage]]:
    """The outages of tapes of one table that are the same before a time [s], which is replayed once for all of them."""
    before = [
        next(i for i, frame in enumerate(tape) if isinstance(frame, Heartbeat) and frame.time >= since)
        for tape in tapes
    ]  # fmt: skip
    assert len(set(before)) == 1
    stages = Stages(engine or Engine(), "table")
    past = _said(stages.steps(tapes[0].sent[: before[0]]))
    said = (past | _said(stages.copy().steps(tape.sent[before[0] :])) for tape in tapes)
    return [sorted(own.values(), key=lambda outage: (outage.start, outage.id)) for own in said]


def _said(outputs: Iterable[Output]) -> dict[str, Outage]:
    return {output.id: output for output in outputs if isinstance(output, Outage)}
