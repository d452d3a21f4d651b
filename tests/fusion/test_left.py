"""What fusion says was left of an outage that is still open when its run ends."""

import dataclasses

import msgspec
import numpy as np
import pytest

from pipeline.bins import DAY, NEVER
from pipeline.fusion import FuseStage
from pipeline.records import END, Entity, Left, Progress, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import COUNTRY, verdicts

BGP, PROBING, TRAFFIC = "bgp.ris", "probing.ioda", "traffic.radar"
T = 19723 * DAY
"""Time is none of the edges of the code: 0 stands for never."""


def said(signal: str, marks: str, left: float = 0.2, by: str = "by hand", health: float = 1.0) -> Verdicts:
    frame = verdicts(signal, marks, run=Run("r", "replay"), at=T, left=left, health=health)
    slow = {"watermark": NEVER, "common": np.full(len(marks), np.nan)} if by != "by hand" else {}
    return dataclasses.replace(frame, detector=by, **slow)


def stage_after(*frames: Verdicts) -> FuseStage:
    stage = FuseStage(0, Fusing(), "by hand")
    run = Run("r", "replay", tuple(sorted({frame.signal for frame in frames})))
    for frame in frames:
        stage.step(dataclasses.replace(frame, run=run))
    return stage


def ended(stage: FuseStage) -> tuple[Left, ...]:
    """What is left once each signal says that it ends."""
    (run,) = [stream.run for stream in stage.streams.values()]
    told: list[Progress] = []
    for signal in run.signals:
        last = dataclasses.replace(said(signal, ""), run=run, status=END, entities=(COUNTRY,))
        told += [out for out in stage.step(last) if isinstance(out, Progress)]
    assert [one.ended for one in told][-1:] == [True]
    assert not [one for one in told[:-1] if one.left]
    return told[-1].left


def left(*frames: Verdicts) -> list[tuple[str, int, int, float]]:
    """Signal, first bin and end [bins of 300 s], share."""
    found = ended(stage_after(*frames))
    return [(one.signal, (one.start - T) // 300, (one.end - T) // 300, one.ratio) for one in found]


def test_it_is_the_last_bin_and_none_from_before_the_onset() -> None:
    assert left(said(PROBING, "......LL", 0.05)) == [(PROBING, 7, 8, 0.05)]


def test_it_speaks_of_each_signal_that_spoke_for_the_outage_the_heaviest_first() -> None:
    frames = said(PROBING, "......LL", 0.1), said(BGP, "......lL", 0.9), said(TRAFFIC, "........")
    assert left(*frames) == [(PROBING, 7, 8, 0.1), (BGP, 7, 8, 0.9)]


def test_a_signal_that_is_back_while_another_is_not_is_told_as_back() -> None:
    assert left(said(PROBING, "...LLLLLLL"), said(BGP, "...LLLL...")) == [(BGP, 9, 10, 1.0), (PROBING, 9, 10, 0.2)]


@pytest.mark.parametrize("back", [False, True])
def test_where_the_last_bins_are_not_observed_it_is_that_of_the_last_one_that_was(back: bool) -> None:
    routes = "...LLL..??" if back else "...LLLLL??"
    (last, *_), other = left(said(BGP, routes, 0.5), said(PROBING, "...LLLLLLL", 0.5))
    assert ((last, *_), other) == ((BGP, 7, 8, 1.0 if back else 0.5), (PROBING, 9, 10, 0.5))


def test_where_the_first_detector_has_got_used_to_it_the_slow_one_tells() -> None:
    first, slow = said(TRAFFIC, "....LLLL......"), said(TRAFFIC, "....LLLLLLLLLL", 0.65, "cusum")
    assert left(slow, first) == [(TRAFFIC, 13, 14, 0.65)]
    alone = said(TRAFFIC, "." * 14)
    assert left(slow, alone) == [(TRAFFIC, 13, 14, 0.65)], "a throttle that the first never saw"


def test_where_both_say_that_it_is_out_the_first_tells() -> None:
    assert left(said(TRAFFIC, "....LLLL", 0.65, "cusum"), said(TRAFFIC, "....LLLL", 0.6)) == [(TRAFFIC, 7, 8, 0.6)]


def test_a_slow_one_that_lags_behind_what_was_seen_to_come_back_does_not_tell() -> None:
    first, slow = said(TRAFFIC, "....LLLL..", 0.3), said(TRAFFIC, "....LLLLLL", 0.9, "cusum")
    assert left(slow, first) == [(TRAFFIC, 9, 10, 1.0)]


def test_what_an_unhealthy_source_repeats_is_not_told() -> None:
    slow, stuck = said(TRAFFIC, "....LLLLLL", 0.6, "cusum"), said(TRAFFIC, "??", by="cusum", health=0.0)
    stuck = dataclasses.replace(stuck, start=stuck.start + 3000, value=np.full((2, 1), 99.0))
    assert left(slow, stuck, said(TRAFFIC, "." * 10 + "??")) == [(TRAFFIC, 9, 10, 0.6)]


def test_a_detector_that_says_nothing_of_what_is_seen_told_it_last_when_it_judged_it() -> None:
    """A slow one says nothing on a holiday, and yet expects something; the first may expect what it got used to."""
    frames = [said(TRAFFIC, "....LLLL??", 0.3), said(TRAFFIC, "....LLLL??", 0.3, "cusum")]
    holiday, odd = (dataclasses.replace(one, value=np.where(np.isnan(one.value), 40.0, one.value)) for one in frames)
    assert left(holiday) == [(TRAFFIC, 7, 8, 0.3)]
    assert left(odd, frames[0]) == [(TRAFFIC, 9, 10, 0.4)]


def late(frame: Verdicts, value: float, expected: float) -> Verdicts:
    """The same, in the last bins of which there is another value, and so much is expected."""
    last = frame.start >= T + 7 * DAY
    columns = {"value": value, "expected": expected}
    return dataclasses.replace(
        frame, **{name: np.where(last[:, None], new, getattr(frame, name)) for name, new in columns.items()}
    )


WEEK = 7 * DAY // 300


def test_after_a_week_out_it_is_a_share_of_what_was_usual_before_and_not_of_what_was_left() -> None:
    probes = said(PROBING, "." * 6 + "L" * WEEK)
    traffic = late(said(TRAFFIC, "." * 6 + "L" * (WEEK - 6) + "hhhhhh", 0.1), 90.0, 4.0)
    assert left(probes, traffic) == [(PROBING, WEEK + 5, WEEK + 6, 0.2), (TRAFFIC, WEEK + 5, WEEK + 6, 0.9)]


def test_a_detector_that_never_saw_it_and_has_got_used_to_it_does_not_say_what_is_usual() -> None:
    probes = said(PROBING, "." * 6 + "L" * WEEK)
    slow = late(said(TRAFFIC, "." * 6 + "L" * (WEEK - 6) + "......", 0.6, "cusum"), 85.0, 85.0)
    first = late(said(TRAFFIC, "?" * WEEK + "......"), 85.0, 85.0)
    assert left(probes, slow, first)[1:] == [(TRAFFIC, WEEK + 5, WEEK + 6, 0.85)]


def test_what_is_over_has_nothing_left_to_tell() -> None:
    assert left(said(PROBING, "...LLL" + "." * 20)) == []


def test_a_worker_that_takes_over_in_the_midst_tells_the_same_and_it_travels() -> None:
    frames = said(PROBING, "......LL", 0.05), said(BGP, "......LL..", 0.5)
    first, second = stage_after(*frames), FuseStage(0, Fusing(), "by hand")
    second.load(first.save())
    told = ended(second)
    assert told == ended(first)
    progress = Progress("r", 0, T, left=told)
    assert msgspec.json.decode(msgspec.json.encode(progress), type=Progress) == progress


def test_a_country_that_is_judged_from_its_regions_has_its_own_share() -> None:
    regions = tuple(Entity("region", f"PK-{i}", "PK") for i in ("BA", "GB", "IS", "JK", "KP", "PB", "SD"))
    one = said(PROBING, "......LL", 0.05)
    columns = {
        name: np.repeat(getattr(one, name), 7, axis=1) for name in Verdicts.COLUMNS if name not in ("start", "common")
    }
    told = ended(stage_after(dataclasses.replace(one, entities=regions, **columns)))
    assert [(own.ratio, own.end - T) for own in told] == [(0.05, 2400)] * 8
