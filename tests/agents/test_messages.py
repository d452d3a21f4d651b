"""Messages of the topics: stages refuse frames that do not belong to them, and outputs go where they should."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from pipeline import topics
from pipeline.agents.messages import OF_STAGE, of_feed, route
from pipeline.codec import encode, outage_from
from pipeline.engine import Engine
from pipeline.fusion import Provisional
from pipeline.records import DeadLetter, Frame, Outage, Progress
from pipeline.signals.binning import FeedStatus, Late, Total, no_bins
from pipeline.topics import Topic
from tests.frames import BEAT, BINS, ELEMENTS, ROWS, RUN, TEXT, VERDICTS
from tests.judge.verdicts import verdicts

OUTAGE = Outage("id", "asn", "AS59257", "confirmed", "mobile", "replay", 0, None, 9, 9, 0.9, 0.5, (), 2)


CASES: list[tuple[Any, Topic, str]] = [
    (no_bins(RUN, "table", 2), topics.PARTIALS, "table"),
    (no_bins(RUN, "table", -1), topics.SIGNALS, ""),
    (verdicts("probing.ioda", "....", run=RUN), topics.VERDICTS, "probing.ioda"),
    (OUTAGE, topics.OUTAGES, "AS59257"),
    (Provisional(OUTAGE), topics.NOW, "AS59257"),
    (Late(ROWS), topics.LATE, "table"),
    (Progress("r", 2, 600), topics.PROGRESS, "r/2"),
    (FeedStatus("r", "replay", "table", "up", None), topics.STATUS, "replay/table"),
    (Total("r", "table", 2, 10, 1), topics.TOTALS, "r/table/2"),
    (DeadLetter("r", "table", "bad-frame", "here"), topics.DEADLETTERS, "table"),
]


@pytest.mark.parametrize(("output", "topic", "key"), CASES)
def test_a_message_has_the_key_that_its_topic_names(output: Any, topic: Topic, key: str) -> None:
    message = route(output, BEAT)
    assert message is not None
    assert (message.topic, message.key, message.run) == (topic, key, "r")


@pytest.mark.parametrize("output", [OUTAGE, Provisional(OUTAGE)])
def test_an_outage_stays_in_the_partition_of_its_country_whatever_its_key(output: Any) -> None:
    message = route(output, BEAT)
    assert message is not None
    assert message.partition == BEAT.partition


def test_an_outage_known_by_now_is_the_same_record_and_its_id_among_the_settled_ones() -> None:
    message = route(Provisional(OUTAGE, "another"), BEAT)
    assert message is not None
    assert outage_from(message.value) == OUTAGE
    assert msgspec.json.decode(message.value)["settled"] == "another"


def test_every_fixed_topic_has_a_message_of_which_the_key_is_known() -> None:
    assert {topic for _, topic, _ in CASES} == set(topics.FIXED)


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
def test_a_frame_of_wrong_columns_is_refused_by_the_name_of_the_column(name: str, damage: dict) -> None:
    accept, _, frames = STAGES[name]
    with pytest.raises(ValueError, match=next(iter(damage))):
        accept(encode(replace(frames[0], **damage)))
