"""A wider bin that ends now and is not put down yet keeps a suspicion, whatever became of its entities' places."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pipeline.fusion import FuseStage
from pipeline.fusion.roll import FRAMES
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import verdicts as from_zero

NARROW, WIDE = "probing.ioda", "traffic.radar"
RUN = Run("r", "replay", (NARROW, WIDE))
START, HOUR, STEP = 20_000 * 86_400, 3600, 300
COLUMNS = ("value", "health", "expected", "lower", "upper", "score", "state", "settled")
CALM = {"state": 1, "value": 100, "score": 0}

Between = Callable[[FuseStage], FuseStage]


def verdicts(signal: str, marks: str, hour: float = 0, width: int = STEP) -> Verdicts:
    return from_zero(signal, marks, run=RUN, at=START + int(hour * HOUR), width=width, left=0.2)


def beside(frame: Verdicts, *names: str) -> Verdicts:
    """The same with countries beside of which nothing is the matter."""
    columns = {name: np.repeat(getattr(frame, name), 1 + len(names), axis=1) for name in COLUMNS}
    for name, calm in CALM.items():
        columns[name][:, 1:] = calm
    return replace(frame, entities=(*frame.entities, *(Entity("country", name, name) for name in names)), **columns)


def told(between: Between, *late: str) -> list[Outage]:
    """Probes fall for half an hour and are back; the hour's traffic, of ``late`` countries too, is low as it ends."""
    stage = FuseStage(0, Fusing())
    before = [
        verdicts(NARROW, "." * 60), beside(verdicts(WIDE, "....." , width=HOUR), "IQ"),
        verdicts(NARROW, "..llll....", 5), verdicts(WIDE, "", 5 + 11 / 12, HOUR),
    ]  # fmt: skip
    after = [
        verdicts(NARROW, "..", 5 + 10 / 12), beside(verdicts(WIDE, "L", 5, HOUR), "IQ", *late),
        verdicts(NARROW, "." * 36, 6), beside(verdicts(WIDE, "...", 6, HOUR), "IQ", *late),
    ]  # fmt: skip
    out = [output for frame in before for output in stage.step(frame)]
    stage = between(stage)
    out += [output for frame in after for output in stage.step(frame)]
    return [output for output in out if isinstance(output, Outage)]


def straight(stage: FuseStage) -> FuseStage:
    return stage


def restarted(stage: FuseStage) -> FuseStage:
    again = FuseStage(0, Fusing())
    again.load(stage.save())
    return again


def crowded(stage: FuseStage) -> FuseStage:
    """Its places are dropped for those of other lists."""
    for i in range(FRAMES + 1):
        stage.streams["r"].ledger.roll.frame((Entity("country", "PK", "PK"), Entity("region", f"US-{i}", "US")))
    return stage


@pytest.mark.parametrize("between", [restarted, crowded])
def test_it_is_the_same_outage_after_a_restart_and_among_many_lists(between: Between) -> None:
    assert told(between) == told(straight)
    assert [outage.state for outage in told(straight)][-3:] == ["confirmed", "recovering", "ended"]


@pytest.mark.parametrize("between", [straight, restarted, crowded])
@pytest.mark.parametrize("late", [("GB",), ("GB", "NG", "BR")])
def test_who_is_new_in_the_wider_bin_changes_nothing_of_it(between: Between, late: tuple[str, ...]) -> None:
    found = told(between, *late)
    assert len({outage.id for outage in found}) == 1
    assert found == told(straight)


@pytest.mark.parametrize("between", [straight, restarted])
def test_a_signal_that_begins_with_it_is_heard_as_well(between: Between) -> None:
    stage, new = FuseStage(0, Fusing()), Run("r", "replay", (NARROW, WIDE, "traffic.other"))
    frames = [
        verdicts(NARROW, "." * 60), verdicts(WIDE, ".....", width=HOUR), verdicts(NARROW, "..llll....", 5),
        verdicts(WIDE, "", 5 + 11 / 12, HOUR), replace(verdicts(WIDE, "", 5 + 11 / 12, HOUR), signal="traffic.other"),
    ]  # fmt: skip
    for frame in frames:
        stage.step(replace(frame, run=new))
    stage = between(stage)
    late = [verdicts(NARROW, "..", 5 + 10 / 12), verdicts(WIDE, "L", 5, HOUR)]
    late.append(replace(beside(late[-1], "GB"), signal="traffic.other"))
    out = [output for frame in late for output in stage.step(replace(frame, run=new)) if isinstance(output, Outage)]
    assert [outage.state for outage in out][-1] == "confirmed"
