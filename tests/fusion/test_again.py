"""What comes again after its end is nothing new; and what is looked at in vain stays bounded."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.engine import Engine
from pipeline.fusion import FuseStage
from pipeline.fusion.ledger import Ledger
from pipeline.fusion.turns import Turn
from pipeline.records import END, UP, Bins, Entity, Run
from pipeline.settings import Fusing
from pipeline.signals.merging import MergeStage
from tests.judge.verdicts import COUNTRY, verdicts

PROBING = "probing.ioda"
RUN = Run("r", "replay", (PROBING,))


def part(start: int, status: str) -> Bins:
    ones = np.ones((1, 1))
    return Bins(RUN, "x", 0, PROBING, 300, start + 300, status, (COUNTRY,), np.array([start]), ones, ones.astype("f4"))


@pytest.mark.parametrize("restarted", [False, True])
def test_the_last_verdicts_of_a_run_are_taken_once(restarted: bool) -> None:
    """A broker delivers at least once: an outage of another id came of it."""
    stage = FuseStage(0, Fusing())
    assert stage.step(verdicts(PROBING, "....LLLL", run=RUN))
    last = verdicts(PROBING, "LLLL", run=RUN, at=8 * 300, status=END)
    assert stage.step(last)
    if restarted:
        state, stage = stage.save(), FuseStage(0, Fusing())
        stage.load(state)
    assert stage.step(last) == []
    assert stage.open() == []


@pytest.mark.parametrize("restarted", [False, True])
def test_the_last_bins_of_a_signal_are_merged_once(restarted: bool) -> None:
    stage = MergeStage({"x": 1})
    assert stage.step(part(0, UP))
    assert stage.step(part(300, END))
    if restarted:
        state, stage = stage.save(), MergeStage({"x": 1})
        stage.load(state)
    assert stage.step(part(300, END)) == []


def test_the_last_bins_of_a_signal_are_judged_once() -> None:
    stage = Engine().judge()
    assert stage.step(part(0, UP))
    assert stage.step(part(300, END))
    state, again = stage.save(), Engine().judge()
    again.load(state)
    assert stage.step(part(300, END)) == again.step(part(300, END)) == []


def test_of_a_long_frame_with_many_suspicions_few_bins_are_looked_at_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, rest = [], Ledger._rest

    def counted(self: Ledger, turns: Sequence[Turn]) -> int:
        looked.append(len(turns))
        return rest(self, turns)

    monkeypatch.setattr(Ledger, "_rest", counted)
    marks = ("l" + "." * 29) * 200
    FuseStage(0, Fusing()).step(verdicts(PROBING, marks, run=RUN))
    assert sum(looked) < 4 * len(marks)


def outages(flags: dict[str, bool], fixed: str) -> dict[str, str]:
    """Kinds of what is out where each signal says so of a network, and these are the marks of a fixed one."""
    run = Run("r", "replay", (*flags, "traffic.fixed", PROBING))
    stage = FuseStage(0, Fusing())
    for signal, mobile in flags.items():
        zong, marks = Entity("asn", "AS59257", "PK", mobile), "." * 12 if signal.startswith("bgp") else "...LLLLLLLLL"
        stage.step(verdicts(signal, marks, run=run, entity=zong))
    stage.step(verdicts("traffic.fixed", fixed, run=run, entity=Entity("asn", "AS17557", "PK")))
    stage.step(verdicts(PROBING, "...LLLLLLLLL", run=run, left=0.4))
    return {outage.entity: outage.kind for outage in stage.open()}


@pytest.mark.parametrize("flags", [(True, True), (False, True), (True, False)])
def test_that_a_network_is_mobile_is_known_as_soon_as_any_signal_says_so(flags: tuple[bool, bool]) -> None:
    told = outages(dict(zip(("bgp.ris", "traffic.radar"), flags, strict=True)), "." * 12)
    assert told == {"PK": "mobile", "AS59257": "mobile"}


def test_a_fixed_network_that_is_only_suspected_makes_it_no_other_kind() -> None:
    told = outages({"bgp.ris": True, "traffic.radar": True}, "..llllllllll")
    assert told["PK"] == "mobile"
    told = outages({"bgp.ris": True, "traffic.radar": True}, "..LLLLLLLLLL")
    assert told["PK"] != "mobile"
