"""Detectors beside the first: evidence of the same signal that is not shown, and never moves it."""

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from detectors import REGISTRY
from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, AnyDetector
from detectors.cusum import Cusum
from detectors.seasonal import Seasonal
from pipeline.bins import DAY, NEVER
from pipeline.engine import Engine
from pipeline.fusion import Beside, Fused, FuseStage
from pipeline.geo.calendar import calendar
from pipeline.judge import JudgeStage
from pipeline.records import END, UP, Bins, Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing, Judging, Settings
from tests.judge.verdicts import verdicts as from_zero

TRAFFIC, PROBING = "traffic.radar", "probing.ioda"
RUN = Run("r", "replay", (TRAFFIC,))
HOUR = 3600
START = 20_000 * DAY  # a time of 0 is none
PLACES = (Entity("country", "PK", "PK"), Entity("country", "BR", "BR"))
verdicts = partial(from_zero, at=START)


def slow(marks: str, run: Run = RUN, left: float = 0.9) -> Verdicts:
    """What a slow detector says, as the judge stage sends it: it moves no watermark."""
    frame = verdicts(TRAFFIC, marks, run=run, left=left)
    return dataclasses.replace(frame, detector="cusum", watermark=NEVER, common=np.full(len(marks), np.nan))


def fuse(*frames: Verdicts) -> list[Outage]:
    """The last revision of each outage; `by hand` is the first detector."""
    stage = FuseStage(0, Fusing(), "by hand")
    out = [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]
    return list({outage.id: outage for outage in out}.values())


def test_a_slow_loss_of_one_signal_is_what_seasons_do_of_two_it_is_suspected_and_a_deep_one_is_confirmed() -> None:
    run = Run("r", "replay", (TRAFFIC, PROBING))
    calm = [verdicts(signal, "." * 10, run=run) for signal in run.signals]
    other = dataclasses.replace(slow("...lllllll", run), signal=PROBING)
    assert fuse(slow("...lllllll", run), *calm) == []
    (suspected,) = fuse(slow("...lllllll", run), other, *calm)
    (confirmed,) = fuse(slow("...lllLLLL"), verdicts(TRAFFIC, "." * 10, run=RUN))
    assert (suspected.state, confirmed.state) == ("suspected", "confirmed")
    assert (confirmed.kind, confirmed.end) == ("throttle", None)
    assert [(term.signal, term.weight) for term in confirmed.signals if term.weight > 0] == [(f"{TRAFFIC}/cusum", 8.0)]


def test_two_detectors_of_a_signal_say_no_more_than_the_louder_one() -> None:
    assert fuse(slow("..llll"), verdicts(TRAFFIC, "..llll", run=RUN, left=0.9)) == []
    deep = verdicts(TRAFFIC, "..LLLL", run=RUN)
    assert fuse(slow("..LLLL"), deep)[0].probability == fuse(deep)[0].probability


def test_where_the_first_says_nothing_a_slow_one_begins_no_outage() -> None:
    noise = verdicts(TRAFFIC, "???????", run=RUN)
    assert fuse(slow("..LLLLL"), noise) == []


def test_its_calm_weighs_nothing_either_way() -> None:
    first = verdicts(TRAFFIC, "...LLLL...", run=RUN)
    assert fuse(slow(".........."), first) == fuse(first)


def test_two_detectors_of_a_signal_share_its_cap() -> None:
    stage = FuseStage(0, Fusing(cap=5.0), "by hand")
    told = [*stage.step(slow("..LLLL")), *stage.step(verdicts(TRAFFIC, "..LLLL", run=RUN))]
    (outage,) = {out.id: out for out in told if isinstance(out, Outage)}.values()
    assert outage.probability == pytest.approx(1 / (1 + np.exp(4.0 - 5.0)), abs=1e-3)


def test_what_began_slowly_stays_a_throttling_through_its_steps_and_what_fell_at_once_is_none() -> None:
    steps = verdicts(TRAFFIC, "........LLLL", run=RUN, left=0.6)
    (stepped,) = fuse(slow("....LLLLLLLL", left=0.7), steps)
    (fell,) = fuse(slow("....LLLLLLLL"), verdicts(TRAFFIC, "....LLLLLLLL", run=RUN))
    assert (stepped.kind, stepped.revision > 1) == ("throttle", True)
    assert fell.kind != "throttle"


def test_it_holds_up_no_bin_and_is_shown_nowhere() -> None:
    stage = FuseStage(0, Fusing(), "by hand")
    assert not [out for out in stage.step(slow("..LL")) if isinstance(out, Fused | Beside)]
    out = stage.step(verdicts(TRAFFIC, "....", run=RUN))
    kinds = [type(each) for each in out if isinstance(each, Fused | Beside)]
    assert (kinds.count(Fused), kinds.count(Beside)) == (4, 4)
    assert all(each.verdicts.detector == "by hand" for each in out if isinstance(each, Fused))


def test_what_comes_again_of_either_is_passed_over() -> None:
    frames = (slow("...LLLLLLL"), verdicts(TRAFFIC, "." * 10, run=RUN))
    assert fuse(*frames) == fuse(*frames, *frames)


def test_a_cut_between_the_two_changes_nothing() -> None:
    first, second = (FuseStage(0, Fusing(), "by hand") for _ in range(2))
    first.step(slow("...LLLLLLL"))
    second.load(first.save())
    told = [out for out in second.step(verdicts(TRAFFIC, "." * 10, run=RUN)) if isinstance(out, Outage)]
    assert told[-1] == fuse(slow("...LLLLLLL"), verdicts(TRAFFIC, "." * 10, run=RUN))[-1]


def bins(days: int, first: int = 0, status: str = UP) -> Bins:
    at = HOUR * np.arange(24 * first, 24 * days)
    x = np.where(at[:, None] < 20 * DAY, 1000.0, 950.0) * np.ones((1, 2))
    end = int(at[-1]) + HOUR
    return Bins(RUN, "radar", -1, TRAFFIC, HOUR, end, status, PLACES, at, x, np.ones(x.shape, np.float32))


def stage() -> JudgeStage:
    return JudgeStage(Seasonal.for_signal, calendar, 3, beside=lambda signal: (Cusum.for_signal(signal),))


def test_the_judge_s_frames_of_it_come_first_and_move_nothing() -> None:
    frames = stage().step(bins(24, status=END))
    assert [frame.detector for frame in frames] == ["cusum"] * 3 + ["seasonal"] * 3
    assert {(frame.watermark, frame.status) for frame in frames[:3]} == {(NEVER, UP)}
    assert {(frame.watermark, frame.status) for frame in frames[3:]} == {(24 * DAY, END)}
    assert all(np.isnan(frame.common).all() for frame in frames[:3])
    low = np.concatenate([frame.state for frame in frames[:3]], axis=1)
    assert np.isin(low[-1], (LOW_PROVISIONAL, LOW_CONFIRMED)).all()


def test_a_cut_judge_goes_on_with_every_detector() -> None:
    first, second, whole = stage(), stage(), stage()
    first.step(bins(21))
    second.load(first.save())
    for cut, uncut in zip(second.step(bins(24, first=21)), whole.step(bins(24)), strict=True):
        assert cut.detector == uncut.detector
        assert np.array_equal(cut.score, uncut.score[21 * 24 :], equal_nan=True)


def test_the_form_of_what_is_saved_names_them() -> None:
    plain, more = (Engine(Settings(judging=Judging(beside=beside))) for beside in ({}, {"traffic": ("cusum",)}))
    assert more.judge().form().startswith(plain.judge().form())
    assert "beside traffic: cusum" in more.judge().form()


def test_an_unknown_one_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no detector 'nosuch', only median, seasonal"):
        Judging(beside={"traffic": ("nosuch",)})


def test_the_engine_makes_them_as_it_makes_the_first() -> None:
    made: list[str] = []

    def counted(signal: str) -> AnyDetector:
        made.append(signal)
        return Cusum.for_signal(signal)

    own: dict[str, Callable[[str], AnyDetector]] = {**REGISTRY, "cusum": counted}
    judging = Judging(beside={"traffic": ("cusum",)})
    assert [detector.name for detector in Engine(Settings(judging=judging), own).beside(TRAFFIC)] == ["cusum"]
    assert Engine(Settings(judging=judging), own).beside(PROBING) == ()
    assert made == [TRAFFIC]


def test_what_is_back_is_over_though_a_slow_detector_is_low_for_a_day_more() -> None:
    marks, slowly = "...LLLL" + "." * 400, "....LLL" + "L" * 280 + "." * 120
    memory = dataclasses.replace(slow(slowly), value=100.0 * np.array([[0.2 if m == "L" else 1.0] for m in marks]))
    (outage,) = fuse(memory, verdicts(TRAFFIC, marks, run=RUN))
    assert (outage.state, outage.end) == ("ended", START + 7 * 300)


def test_what_the_first_got_used_to_goes_on_though_it_says_that_it_is_over() -> None:
    (outage,) = fuse(slow("....LLL" + "L" * 400, left=0.2), verdicts(TRAFFIC, "...LLLL" + "." * 400, run=RUN))
    assert (outage.state, outage.end) == ("confirmed", None)


def test_a_slow_loss_of_days_before_moves_no_onset_of_what_falls_at_once() -> None:
    (outage,) = fuse(slow("." + "l" * 40 + "L" * 9), verdicts(TRAFFIC, "." * 40 + "L" * 10, run=RUN))
    assert (outage.detected_at, outage.start) == (START + 41 * 300, START + 40 * 300)


def test_what_is_lost_is_counted_once_for_both_detectors_of_a_signal() -> None:
    run = Run("r", "replay", (TRAFFIC, PROBING))
    first = [verdicts(TRAFFIC, "..LLLL", run=run, left=0.2), verdicts(PROBING, "..LLLL", run=run, left=0.6)]
    assert fuse(slow("..LLLL", run, left=0.2), *first)[0].severity == fuse(*first)[0].severity
