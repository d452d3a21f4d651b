"""A worker lives long and sees many replays: what it keeps of them does not grow."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline import topics
from pipeline.engine import Engine
from pipeline.judge import JudgeStage
from pipeline.records import END, UP, Bins, Entity, Frame, Heartbeat, Outage, Rows, Run, Verdicts
from pipeline.signals.binning import BinStage, Late
from pipeline.signals.merging import MergeStage
from pipeline.state import CROWD

SIGNAL = "probing.ioda"


def recording(name: str, ends: bool = True, tense: str = "replay") -> Iterator[Frame]:
    run = Run(name, tense, (SIGNAL,))
    at = 600 * np.arange(6)
    for partition in range(topics.feed("table").partitions):
        yield Rows(run, "table", partition, SIGNAL, 600, (), 0, (Entity("country", "PK", "PK"),),
                   at, np.zeros(6, np.int32), np.full(6, 100.0))  # fmt: skip
        yield Heartbeat(run, "table", partition, 3600, END if ends else UP, (SIGNAL,))


class Path:
    """All stages, each partition of them."""

    def __init__(self) -> None:
        engine = Engine()
        self.bins: list[BinStage] = [engine.bin("table", p) for p in range(topics.feed("table").partitions)]
        self.merge: MergeStage = engine.merge()
        self.judge: JudgeStage = engine.judge()
        self.fuse = [engine.fuse(p) for p in range(topics.VERDICTS.partitions)]

    def play(self, frames: Iterator[Frame]) -> list[Any]:
        out: list[Any] = []
        for frame in frames:
            for share in self.bins[frame.partition].step(frame):  # type: ignore[arg-type]
                out.append(share)
                for merged in self.merge.step(share) if isinstance(share, Bins) else ():
                    out.append(merged)
                    for verdicts in self.judge.step(merged):
                        out += [verdicts, *self.fuse[verdicts.partition].step(verdicts)]
        return out

    def held(self) -> list[int]:
        stages = [*self.bins, *self.fuse]
        return [*(len(stage.streams) for stage in stages), len(self.merge.shares), len(self.judge.series)]

    def size(self) -> int:
        return sum(len(stage.save()) for stage in [*self.bins, self.merge, self.judge, *self.fuse])


def test_nothing_is_left_of_a_run_that_has_ended() -> None:
    path = Path()
    sizes = []
    for number in range(30):
        path.play(recording(f"run{number:03}"))
        assert set(path.held()) == {0}
        sizes.append(path.size())
    assert sizes[-1] - sizes[0] < 30 * 500  # only the names of what has ended


def test_runs_that_never_end_make_room_for_others() -> None:
    path = Path()
    for number in range(3 * CROWD):
        path.play(recording(f"run{number}", ends=False))
    assert set(path.held()) == {CROWD}


def test_a_run_that_made_room_is_not_begun_anew_in_the_middle() -> None:
    path = Path()
    frames = [out for out in path.play(recording("run", ends=False)) if isinstance(out, Bins | Verdicts)]
    for number in range(CROWD):
        path.play(recording(f"run{number}", ends=False))
    held = path.held()
    for frame in frames:
        if isinstance(frame, Verdicts):
            assert path.fuse[frame.partition].step(frame) == []
        else:
            assert (path.judge if frame.partition < 0 else path.merge).step(frame) == []
    assert {type(frame) for frame in frames} == {Bins, Verdicts}
    assert path.held() == held


def test_what_is_live_is_never_crowded_out() -> None:
    path = Path()
    path.play(recording("live", ends=False, tense="live"))
    for number in range(3 * CROWD):
        path.play(recording(f"run{number}", ends=False))
    assert all(("live", "table") in stage.streams for stage in path.bins)
    assert all("live" in stage.streams for stage in path.fuse)


def test_replays_that_play_live_make_room_for_each_other_and_never_for_what_is_live() -> None:
    path = Path()
    path.play(recording("live", ends=False, tense="live"))
    for number in range(3 * CROWD):
        path.play(recording(f"live-{number}", ends=False, tense="live"))
    assert set(path.held()) == {CROWD + 1}
    assert all("live" in stage.streams for stage in path.fuse)


def test_what_comes_after_the_end_is_late_and_begins_nothing_anew() -> None:
    path = Path()
    path.play(recording("run"))
    again = path.play(recording("run"))
    assert sum(len(output.records) for output in again if isinstance(output, Late)) == 24
    assert not [output for output in again if isinstance(output, Bins | Outage)]
    assert set(path.held()) == {0}


def test_that_a_run_has_ended_is_known_after_a_restart() -> None:
    path, after = Path(), Path()
    path.play(recording("run"))
    for stage, heir in zip(path.bins, after.bins, strict=True):
        heir.load(stage.save())
    assert not [output for output in after.play(recording("run")) if isinstance(output, Bins)]
