"""Frames that do not hold together never reach a stage."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.agents.accept import OF_STAGE, of_feed
from pipeline.binning import no_bins
from pipeline.checks import wrong
from pipeline.codec import decode, encode
from pipeline.engine import Engine
from pipeline.records import UP, Bins, Elements, Entity, Frame, Heartbeat, Peer, Rows, Run
from tests.pipeline.verdicts import verdicts

RUN = Run("r", "replay", ("bgp.ris",))
PK = Entity("country", "PK", "PK")
ROWS = Rows(RUN, "table", 3, "bgp.ris", 300, (), 0, (PK,), np.array([300, 600]), np.zeros(2, np.int32), np.ones(2))
BEAT = Heartbeat(RUN, "table", 3, 900, UP, ("bgp.ris",))
BINS = Bins(RUN, "table", 3, "bgp.ris", 300, 900, UP, (PK,), np.array([300]), np.ones((1, 1)), np.ones((1, 1), "f4"))
ELEMENTS = Elements(
    RUN, "mrt", 0, (Peer(1, "192.0.2.1"),), np.array([5]),
    *(np.zeros(1, dtype) for name, dtype in Elements.COLUMNS.items() if name != "time"),
)  # fmt: skip


VERDICTS = verdicts("bgp.ris", "..l", run=RUN)


@pytest.mark.parametrize("frame", [ROWS, BEAT, BINS, ELEMENTS, VERDICTS, replace(no_bins(RUN, "table", 3), status=UP)])
def test_a_sound_frame_is_sound_on_the_wire_too(frame: Frame) -> None:
    assert wrong(frame) == ""
    assert wrong(decode(encode(frame))) == ""


@pytest.mark.parametrize(
    "frame",
    [
        replace(ROWS, time=np.array([300, 2**40])),
        replace(ROWS, time=np.array([300])),
        replace(ROWS, entity=np.array([0, 1], np.int32)),
        replace(ROWS, entity=np.array([0, -1], np.int32)),
        replace(ROWS, value=np.array([1, 2])),
        replace(ROWS, width=0),
        replace(ROWS, width="300"),
        replace(ROWS, slots=(7, 3)),
        replace(ROWS, run=Run(7, "replay")),  # type: ignore[arg-type]
        replace(ROWS, entities=(Entity("country", None, "PK"),)),  # type: ignore[arg-type]
        replace(BEAT, time=1.5),
        replace(BEAT, time=-1),
        replace(BEAT, status="?"),
        replace(BEAT, signals=(1,)),
        replace(BINS, start=np.array([300, 300]), value=np.ones((2, 1)), health=np.ones((2, 1), "f4")),
        replace(BINS, value=np.ones((1, 2))),
        replace(BINS, watermark=None),
        replace(VERDICTS, common=np.ones(2)),
        replace(VERDICTS, common=np.ones((3, 1))),
        replace(VERDICTS, start=np.array([[0], [300], [600]])),
        replace(ELEMENTS, peer=np.array([1], np.int32)),
    ],
)
def test_a_frame_that_contradicts_itself_is_named(frame: Frame) -> None:
    assert wrong(frame)


@pytest.mark.parametrize(
    ("stage", "frame"),
    [
        (of_feed("table"), BINS), (of_feed("table"), ELEMENTS), (of_feed("table"), replace(ROWS, feed="other")),
        (OF_STAGE["merge"], ROWS), (OF_STAGE["merge"], replace(BINS, partition=-1)),
        (OF_STAGE["merge"], replace(BINS, feed="nobody")), (OF_STAGE["judge"], BINS), (OF_STAGE["fuse"], BEAT),
    ],
)  # fmt: skip
def test_a_frame_on_another_stages_topic_is_refused(stage: object, frame: Frame) -> None:
    with pytest.raises(ValueError, match="does not belong here"):
        stage(encode(frame))  # type: ignore[operator]


def test_bytes_that_were_changed_are_refused_or_harmless() -> None:
    rng = np.random.default_rng(4)
    stage, refused = Engine().bin("table", 3), 0
    for _ in range(1500):
        message = bytearray(encode(ROWS if rng.random() < 0.7 else BEAT))
        for at in rng.integers(0, len(message), rng.integers(1, 6)):
            message[at] = rng.integers(0, 256)
        try:
            frame = of_feed("table")(bytes(message[: rng.integers(1, len(message) + 1)]))
        except ValueError:
            refused += 1
        else:
            stage.step(frame)  # type: ignore[arg-type]
    assert refused > 500
