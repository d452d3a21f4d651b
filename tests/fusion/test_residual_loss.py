"""What is left of an outage that is still open when its run ends."""

from dataclasses import replace

import msgspec
import pytest

from pipeline.bins import DAY, NEVER
from pipeline.fusion import FuseStage
from pipeline.records import END, Left, Progress, Run, Verdicts
from pipeline.settings import Fusing
from tests.fusion.outages import BGP, PROBING, TRAFFIC, restarted
from tests.judge.verdicts import verdicts

T = 19723 * DAY


def marks(signal: str, own: str, left: float = 0.2, slow: bool = False) -> Verdicts:
    frame = verdicts(signal, own, run=Run("r"), at=T, left=left)
    return replace(frame, detector="cusum", watermark=NEVER) if slow else frame


def at_the_end(*frames: Verdicts) -> tuple[Left, ...]:
    """What is told once every signal has ended, by a stage that was started anew before that."""
    run, stage = (
        Run("r", "replay", tuple(sorted({frame.signal for frame in frames}))),
        FuseStage(0, Fusing(), ("by hand",)),
    )
    for frame in frames:
        stage.step(replace(frame, run=run))
    stage, told = restarted(stage), []
    for signal in run.signals:
        last = replace(marks(signal, ""), run=run, status=END)
        told += [out for out in stage.step(last) if isinstance(out, Progress)]
    assert told[-1].ended
    assert not any(out.left for out in told[:-1])
    assert msgspec.json.decode(msgspec.json.encode(told[-1]), type=Progress) == told[-1]
    return told[-1].left


@pytest.mark.parametrize(
    ("frames", "found"),
    [
        ([marks(PROBING, "......LL", 0.05)], [(PROBING, 7, 0.05)]),
        ([marks(PROBING, "......LL", 0.1), marks(BGP, "......lL", 0.9), marks(TRAFFIC, "........")],
         [(PROBING, 7, 0.1), (BGP, 7, 0.9)]),
        ([marks(PROBING, "...LLLLLLL"), marks(BGP, "...LLLL...")], [(BGP, 9, 1.0), (PROBING, 9, 0.2)]),
        ([marks(BGP, "...LLLLL??", 0.5), marks(PROBING, "...LLLLLLL", 0.5)], [(BGP, 7, 0.5), (PROBING, 9, 0.5)]),
        ([marks(TRAFFIC, "....LLLLLLLLLL", 0.65, slow=True), marks(TRAFFIC, "....LLLL......")], [(TRAFFIC, 13, 0.65)]),
        ([marks(PROBING, "...LLL" + "." * 20)], []),
    ],
    ids=["the last bin", "signals that fell", "one that is back", "one that is not observed at the end",
         "one that the first detector got used to", "an outage that is over"],
)  # fmt: skip
def test_each_signal_of_an_open_outage_is_told_with_its_last_bin(
    frames: list[Verdicts], found: list[tuple[str, int, float]]
) -> None:
    assert [(one.signal, (one.start - T) // 300, one.ratio) for one in at_the_end(*frames)] == found
