"""The stage's contract: whatever the order, the batches, the restarts and the other runs, the outages are the same."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.fusion import Fused, FuseStage, Missed
from pipeline.records import DEAD, END, Entity, Outage, Progress, Run
from tests.fusion.outages import BGP, PROBING, TRAFFIC, outages, restarted, revisions
from tests.judge.verdicts import together, verdicts

DAY, HOUR = 24 * 3600, 3600
ONE = Run("r", "replay", (PROBING,))
BOTH = Run("r", "replay", (BGP, PROBING))
LIVE = Run("r", "live", (BGP, PROBING))


def test_a_run_that_has_ended_is_not_begun_again() -> None:
    stage, last = FuseStage(0), verdicts(PROBING, "LLLL", run=ONE, at=8 * 300, status=END)
    assert revisions(verdicts(PROBING, "....LLLL", run=ONE), last, stage=stage)
    assert stage.step(last) == restarted(stage).step(last) == []
    assert stage.open() == []


def test_the_end_of_a_recording_is_published_once_and_leaves_open_what_is_open() -> None:
    stage = FuseStage(0)
    frames = verdicts(PROBING, "....LLLLL", run=ONE), verdicts(PROBING, "", run=ONE, at=2700, status=END)
    out = [each for frame in frames for each in stage.step(frame)]
    assert [each for each in out if isinstance(each, Outage)][-1].end is None
    assert [each.ended for each in out if isinstance(each, Progress)] == [False, True]


def test_runs_side_by_side_do_not_meet() -> None:
    stage, other = FuseStage(0), Run("other", "drill", (PROBING,))
    lows, calm = verdicts(PROBING, "...LLLLL", run=ONE), verdicts(PROBING, "........", run=other)
    alone = revisions(lows)
    assert revisions(calm, lows, stage=stage) == alone
    of_other = revisions(verdicts(PROBING, "LLLLLL", run=other, at=2400), stage=stage)
    assert {outage.tense for outage in of_other} == {"drill"}
    assert {outage.id for outage in of_other}.isdisjoint({outage.id for outage in alone})


def test_other_places_in_the_same_frames_change_nothing() -> None:
    marks = {BGP: "...LLL..........L......", PROBING: "...lLLLLL.............."}
    others = tuple(Entity("country", name, name) for name in ("BR", "IN", "NL"))
    alone = [verdicts(signal, own, run=BOTH) for signal, own in marks.items()]
    beside = [
        together(*(verdicts(frame.signal, own[i:] + own[:i], run=BOTH, entity=e) for i, e in enumerate(others)), frame)
        for frame, own in zip(alone, marks.values(), strict=True)
    ]
    assert [out for out in revisions(*beside) if out.entity == "PK"] == revisions(*alone) != []


@pytest.mark.parametrize("seed", range(4))
def test_the_names_of_signals_of_a_kind_count_for_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    marks = ["".join(rng.choice(list("......?h"), 30)) + "LLLlLL" + "." * 30 for _ in range(2)]
    found = []
    for names in (("traffic.google", TRAFFIC), (TRAFFIC, "traffic.google")):
        run = Run("r", "replay", ("traffic.google", TRAFFIC))
        frames = [verdicts(name, own, run=run, left=0.1) for name, own in zip(names, marks, strict=True)]
        found.append([(out.state, out.start, out.end, out.probability, out.severity) for out in revisions(*frames)])
    assert found[0] == found[1] != []


def test_a_bin_waits_for_every_signal_of_the_run() -> None:
    assert revisions(verdicts(PROBING, "....LLLLL", run=BOTH)) == []
    frames = [verdicts(PROBING, "....", run=BOTH, width=600), verdicts(BGP, "........", run=BOTH)]
    stage = FuseStage(0)
    fused = [out for frame in frames for out in stage.step(frame) if isinstance(out, Fused)]
    order = [(int(out.verdicts.start[out.bin]) + out.verdicts.width, out.verdicts.signal) for out in fused]
    assert order == sorted(order)
    assert len(order) == 12


@pytest.mark.parametrize("status", [DEAD, END])
@pytest.mark.parametrize("late", [False, True])
def test_a_feed_that_is_dead_or_at_its_end_holds_up_no_other_one(status: str, late: bool) -> None:
    frames = verdicts(BGP, "..", run=LIVE, status=status), verdicts(PROBING, "....LLLLL", run=LIVE)
    assert outages(*frames[:: -1 if late else 1])[-1].state == "confirmed"
    ended = replace(frames[1], status=END)
    assert outages(ended, frames[0])[-1].state == "confirmed"


def test_a_replay_waits_for_what_its_dead_feed_says_later() -> None:
    dead, back = verdicts(BGP, "..", run=BOTH, status=DEAD), verdicts(BGP, "??LLLL", run=BOTH, at=600)
    end = [verdicts(signal, "", run=BOTH, at=2700, status=END) for signal in (BGP, PROBING)]
    going = verdicts(PROBING, "....LLLLL", run=BOTH)
    found = [revisions(*frames, *end) for frames in ((going, dead, back), (dead, going, back), (dead, back, going))]
    assert found[0] == found[1] == found[2]
    assert {BGP, PROBING} < {term.signal for term in found[0][-1].signals}


def test_what_a_dead_feed_delivers_too_late_is_counted_and_changes_nothing() -> None:
    stage = FuseStage(0)
    before = revisions(verdicts(BGP, "", run=LIVE, status=DEAD), verdicts(PROBING, "....LLLLL", run=LIVE), stage=stage)
    assert before[-1].state == "confirmed"
    stage, late = restarted(stage), verdicts(BGP, "LL?......", run=LIVE)
    out = [*stage.step(late), *stage.step(late)]
    assert [each for each in out if isinstance(each, Missed)] == [Missed(BGP, 8)], "only what it had observed, once"
    assert not [each for each in out if isinstance(each, Outage | Fused)]
    stage = restarted(stage)
    end = [each for s in (BGP, PROBING) for each in stage.step(verdicts(s, "", run=LIVE, at=2700, status=END))]
    assert [each.missed for each in end if isinstance(each, Progress)][-1] == 8
