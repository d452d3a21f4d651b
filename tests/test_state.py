"""The state of the stages: what is saved keeps its form, and what is kept of many runs does not grow."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import topics
from pipeline.codec import decode
from pipeline.engine import Engine
from pipeline.fusion import FuseStage
from pipeline.judge import JudgeStage
from pipeline.records import END, UP, Bins, Entity, Frame, Heartbeat, Outage, Rows, Run, Verdicts
from pipeline.signals.binning import BinStage, Late
from pipeline.signals.merging import MergeStage
from pipeline.signals.series import Series
from pipeline.state import CROWD, FORMS, pack, unpack
from tests.judge.verdicts import verdicts
from tests.signals.synthetic_bgp import binner, dump, say

GOLDEN = Path(__file__).parent / "snapshot_forms.json"
HALF = 12 * 3600
RUN, OVER = (Run(name, "replay", ("probing.ioda", "traffic.radar")) for name in ("going", "over"))
PK, AS1 = Entity("country", "PK", "PK"), Entity("asn", "AS1", "PK")


def rows(run: Run, *time: int) -> Rows:
    zeros, ones = np.zeros(len(time), np.int32), np.ones(len(time))
    return Rows(run, "table", 0, "probing.ioda", HALF, (0, HALF), 0, (PK,), np.array(time), zeros, ones)


def bins(partition: int, *start: int) -> Bins:
    ones = np.ones((len(start), 1))
    end = start[-1] + 300
    return Bins(RUN, "table", partition, "probing.ioda", 300, end, UP, (PK,), np.array(start), ones, ones.astype("f4"))


def bin_table() -> BinStage:
    stage = BinStage(0, Series)
    for run, status in ((RUN, UP), (OVER, END)):
        stage.step(rows(run, 0))
        stage.step(Heartbeat(run, "table", 0, HALF, status, RUN.signals, (AS1,)))
    stage.step(rows(RUN, HALF))
    return stage


def bin_mrt() -> BinStage:
    stage = BinStage(0, lambda *_: binner())
    for frame in (dump(), say("announce", 700, "10.8.0.0/16")):
        stage.step(dataclasses.replace(frame, run=RUN, feed="mrt"))
    stage.step(Heartbeat(OVER, "mrt", 0, 300, END, ("bgp.mrt",)))
    stage.step(Heartbeat(RUN, "mrt", 0, 300, UP, ("bgp.mrt",), (AS1,)))
    return stage


def merge() -> MergeStage:
    stage = MergeStage({"table": 2})
    for part in (bins(0, 0), bins(1, 0), bins(0, 300)):
        stage.step(part)
    for partition in (0, 1):
        stage.step(dataclasses.replace(bins(partition, 0), run=OVER, status=END))
    return stage


def judge() -> Any:
    stage = Engine().judge()
    stage.step(dataclasses.replace(bins(0, 0), partition=-1))
    stage.step(dataclasses.replace(bins(0, 0), partition=-1, run=OVER, status=END))
    return stage


def fuse(tense: str = "replay") -> FuseStage:
    stage, past = FuseStage(0), "LL" + "." * 20
    for signal, marks in zip(RUN.signals, (past + "LLLL", past + "LLLLLL"), strict=True):
        stage.step(verdicts(signal, marks, run=RUN._replace(tense=tense)))
        stage.step(verdicts(signal, ".", run=OVER, status=END))
    assert stage.open()
    return stage


STAGES: dict[str, Callable[[], Any]] = {
    "bin table": bin_table, "bin mrt": bin_mrt, "merge": merge, "judge": judge, "fuse": fuse,
    "fuse live": partial(fuse, "live"),
}  # fmt: skip


def described(state: bytes) -> dict[str, Any]:
    head, arrays = unpack(state)
    return {"head": _kinds(head), "arrays": {name: _inside(array) for name, array in arrays.items()}}


def _kinds(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_kinds(one)}" for name, one in value.items()) + "}"
    return "[" + ", ".join(map(_kinds, value)) + "]" if isinstance(value, list) else type(value).__name__


def _inside(array: np.ndarray) -> Any:
    raw = array.tobytes() if array.dtype == np.uint8 else b""
    if raw.startswith(pack(None, {})[:8]):
        return described(raw)
    if raw.startswith(b"\xff\xff\xff\xff"):
        frame = decode(raw)
        fields = {field.name: getattr(frame, field.name) for field in dataclasses.fields(frame)}
        return {
            name: _inside(one) if isinstance(one, np.ndarray) else type(one).__name__ for name, one in fields.items()
        }
    return f"{array.dtype} in {array.ndim}"


@pytest.mark.parametrize("name", STAGES)
def test_whoever_changes_what_a_stage_saves_raises_its_form(name: str) -> None:
    """``make golden`` writes a form that was raised, and none that was not."""
    saved = described(STAGES[name]().save())
    if name == "judge":
        del saved["arrays"]  # its form names them itself
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    form, known = FORMS[name.partition(" ")[0]], golden.get(name)
    if os.environ.get("NETVIGIL_GOLDEN") == "write" and (known is None or form > known["form"]):
        golden[name] = known = {"form": form, "saved": saved}
        GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
    assert known is not None
    assert saved == known["saved"], "raise the stage's number in FORMS, then `make golden`"
    assert form == known["form"]


SIGNAL = "probing.ioda"


def recording(name: str, ends: bool = True, tense: str = "replay") -> Iterator[Frame]:
    run = Run(name, tense, (SIGNAL,))
    at = 600 * np.arange(6)
    for partition in range(topics.feed("table").partitions):
        yield Rows(run, "table", partition, SIGNAL, 600, (), 0, (Entity("country", "PK", "PK"),),
                   at, np.zeros(6, np.int32), np.full(6, 100.0))  # fmt: skip
        yield Heartbeat(run, "table", partition, 3600, END if ends else UP, (SIGNAL,))


class Stages:
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
                    for judged in self.judge.step(merged):
                        out += [judged, *self.fuse[judged.partition].step(judged)]
        return out

    def held(self) -> list[int]:
        stages = [*self.bins, *self.fuse]
        return [*(len(stage.streams) for stage in stages), len(self.merge.shares), len(self.judge.series)]

    def size(self) -> int:
        return sum(len(stage.save()) for stage in [*self.bins, self.merge, self.judge, *self.fuse])


def test_nothing_is_left_of_a_run_that_has_ended() -> None:
    path = Stages()
    sizes = []
    for number in range(30):
        path.play(recording(f"run{number:03}"))
        assert set(path.held()) == {0}
        sizes.append(path.size())
    assert sizes[-1] - sizes[0] < 30 * 500  # only the names of what has ended


def test_runs_that_never_end_make_room_for_others() -> None:
    path = Stages()
    for number in range(3 * CROWD):
        path.play(recording(f"run{number}", ends=False))
    assert set(path.held()) == {CROWD}


def test_a_run_that_made_room_is_not_begun_anew_in_the_middle() -> None:
    path = Stages()
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


def test_what_comes_after_the_end_is_late_and_begins_nothing_anew() -> None:
    path = Stages()
    path.play(recording("run"))
    again = path.play(recording("run"))
    assert sum(len(output.records) for output in again if isinstance(output, Late)) == 24
    assert not [output for output in again if isinstance(output, Bins | Outage)]
    assert set(path.held()) == {0}


def test_that_a_run_has_ended_is_known_after_a_restart() -> None:
    path, after = Stages(), Stages()
    path.play(recording("run"))
    for stage, heir in zip(path.bins, after.bins, strict=True):
        heir.load(stage.save())
    assert not [output for output in after.play(recording("run")) if isinstance(output, Bins)]
