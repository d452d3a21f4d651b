"""Frames that do not hold together never reach a stage."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.agents.host import Host
from pipeline.agents.messages import OF_STAGE, of_feed
from pipeline.agents.snapshots import Snapshots
from pipeline.codec import decode, encode
from pipeline.engine import Engine
from pipeline.records import UP, Bins, DeadLetter, Elements, Entity, Frame, Heartbeat, Peer, Rows, Run, Verdicts, wrong
from pipeline.signals.binning import no_bins
from tests.agents.hosts import Changelog, Event, run, table

RUN = Run("r", "replay", ("bgp.ris",))
PK = Entity("country", "PK", "PK")
ROWS = Rows(RUN, "table", 3, "bgp.ris", 300, (), 0, (PK,), np.array([300, 600]), np.zeros(2, np.int32), np.ones(2))
BEAT = Heartbeat(RUN, "table", 3, 900, UP, ("bgp.ris",))
BINS = Bins(RUN, "table", 3, "bgp.ris", 300, 900, UP, (PK,), np.array([300]), np.ones((1, 1)), np.ones((1, 1), "f4"))
ONE = np.ones((1, 1))
VERDICTS = Verdicts(
    RUN, "table", 3, "bgp.ris", "median", 300, 900, UP, (PK,), np.array([300]), ONE, ONE.astype("f4"),
    ONE, ONE, ONE, ONE, ONE.astype("i1"), ONE.astype(bool), np.ones(1),
)  # fmt: skip
TEXT = np.array([["1"]], object)
ELEMENTS = Elements(
    RUN, "mrt", 0, (Peer(1, "192.0.2.1"),), np.array([5]),
    *(np.zeros(1, dtype) for name, dtype in Elements.COLUMNS.items() if name != "time"),
)  # fmt: skip


@pytest.mark.parametrize("frame", [ROWS, BEAT, BINS, VERDICTS, ELEMENTS, replace(no_bins(RUN, "table", 3), status=UP)])
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
        replace(BEAT, networks=(Entity("asn", "AS1", None),)),  # type: ignore[arg-type]
        replace(BINS, start=np.array([300, 300]), value=np.ones((2, 1)), health=np.ones((2, 1), "f4")),
        replace(BINS, value=np.ones((1, 2))),
        replace(BINS, watermark=None),
        replace(BINS, watermark=2**62),
        replace(BINS, start=np.array([2**62])),
        replace(BINS, start=np.array([300.0])),
        replace(BINS, value=TEXT),
        replace(BINS, health=TEXT),
        replace(BINS, entities=(Entity("country", "PK", "PK", [1]),)),  # type: ignore[arg-type]
        replace(VERDICTS, score=TEXT),
        replace(VERDICTS, state=np.ones((1, 1))),
        replace(VERDICTS, settled=np.ones((1, 2), bool)),
        replace(VERDICTS, start=np.array([2**62])),
        replace(ROWS, phase=2**62),
        replace(ELEMENTS, peers=(Peer(2**70, "192.0.2.1"),)),
        replace(ELEMENTS, peers=(Peer(1, "192.0.2.1", []),)),  # type: ignore[arg-type]
        replace(VERDICTS, common=np.ones(2)),
        replace(VERDICTS, common=ONE),
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
        (OF_STAGE["fuse"], replace(VERDICTS, partition=99)),
    ],
)  # fmt: skip
def test_a_frame_on_another_stages_topic_is_refused(stage: object, frame: Frame) -> None:
    with pytest.raises(ValueError, match="does not belong here"):
        stage(encode(frame))  # type: ignore[operator]


STAGES = {
    "bin": (of_feed("table"), lambda: Engine().bin("table", 3), (ROWS, BEAT)),
    "merge": (OF_STAGE["merge"], lambda: Engine().merge(), (BINS,)),
    "judge": (OF_STAGE["judge"], lambda: Engine().judge(), (replace(BINS, partition=-1),)),
    "fuse": (OF_STAGE["fuse"], lambda: Engine().fuse(3), (VERDICTS,)),
}


@pytest.mark.parametrize("name", STAGES)
def test_bytes_that_were_changed_are_refused_or_harmless(name: str) -> None:
    accept, make, frames = STAGES[name]
    rng = np.random.default_rng(4)
    stage, refused = make(), 0
    for turn in range(600):
        message = bytearray(encode(frames[turn % len(frames)]))
        for at in rng.integers(0, len(message), rng.integers(1, 6)):
            message[at] = rng.integers(0, 256)
        try:
            frame = accept(bytes(message[: rng.integers(1, len(message) + 1)] if rng.random() < 0.5 else message))
        except ValueError:
            refused += 1
        else:
            list(stage.step(frame))  # type: ignore[attr-defined]
    assert refused > 200


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("merge", {"value": TEXT}), ("merge", {"health": TEXT}), ("judge", {"start": np.array([2**62])}),
        ("judge", {"value": TEXT}), ("fuse", {"score": TEXT}), ("fuse", {"watermark": 2**62}),
    ],
)  # fmt: skip
def test_a_frame_of_wrong_columns_becomes_a_dead_letter_and_the_stream_goes_on(name: str, damage: dict) -> None:
    accept, make, frames = STAGES[name]
    letters, steps = [], []

    async def emit(output: object, frame: Frame | None, _: bytes) -> list[object]:
        if output is None:
            steps.append(frame)
        if isinstance(output, DeadLetter):
            letters.append(output)
        return []

    async def story() -> None:
        host = Host("topic", name, lambda _: make(), Snapshots(table(Changelog())), accept, emit)  # type: ignore[arg-type]
        for offset, frame in enumerate((replace(frames[0], **damage), frames[0])):
            await host.take(Event(offset, encode(frame)))

    run(story())
    assert [letter.reason for letter in letters] == ["bad-frame"]
    assert next(iter(damage)) in letters[0].detail
    assert len(steps) == 1
