"""What each stage saves, described: whoever changes it raises the stage's number in `pipeline.state.FORMS`."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.codec import decode
from pipeline.engine import Engine
from pipeline.fusion import FuseStage
from pipeline.records import END, UP, Bins, Entity, Heartbeat, Rows, Run
from pipeline.settings import Fusing
from pipeline.signals.binning import BinStage
from pipeline.signals.merging import MergeStage
from pipeline.signals.series import Series
from pipeline.state import FORMS, pack, unpack
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


def fuse() -> FuseStage:
    stage, past = FuseStage(0, Fusing()), "LL" + "." * 20
    for signal, marks in zip(RUN.signals, (past + "LLLL", past + "LLLLLL"), strict=True):
        stage.step(verdicts(signal, marks, run=RUN))
        stage.step(verdicts(signal, ".", run=OVER, status=END))
    assert stage.open()
    return stage


STAGES: dict[str, Callable[[], Any]] = {
    "bin table": bin_table, "bin mrt": bin_mrt, "merge": merge, "judge": judge, "fuse": fuse
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


@pytest.mark.parametrize("name", STAGES)
def test_the_examples_leave_no_part_of_a_state_empty(name: str) -> None:
    assert "[]" not in json.dumps(described(STAGES[name]().save()))
    assert "{}" not in json.dumps(described(STAGES[name]().save()))
