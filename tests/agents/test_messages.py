"""Where the outputs of the stages go: keyed as the table of topics says."""

from typing import Any

import numpy as np
import pytest

from pipeline import topics
from pipeline.agents.messages import route
from pipeline.records import DeadLetter, Entity, Heartbeat, Outage, Progress, Rows, Run
from pipeline.signals.binning import FeedStatus, Late, Total, no_bins
from pipeline.topics import Topic
from tests.judge.verdicts import verdicts

RUN = Run("run", "replay", ("probing.ioda",))
FRAME = Heartbeat(RUN, "table", 3, 600)
ROWS = Rows(RUN, "table", 3, "probing.ioda", 600, (), 0, (Entity("country", "PK"),),
            np.zeros(1, np.int64), np.zeros(1, np.int32), np.ones(1))  # fmt: skip
OUTAGE = Outage("id", "asn", "AS59257", "confirmed", "mobile", "replay", 0, None, 9, 9, 0.9, 0.5, (), 2)


CASES: list[tuple[Any, Topic, str]] = [
    (no_bins(RUN, "table", 2), topics.PARTIALS, "table"),
    (no_bins(RUN, "table", -1), topics.SIGNALS, ""),
    (verdicts("probing.ioda", "....", run=RUN), topics.VERDICTS, "probing.ioda"),
    (OUTAGE, topics.OUTAGES, "AS59257"),
    (Late(ROWS), topics.LATE, "table"),
    (Progress("run", 2, 600), topics.PROGRESS, "run/2"),
    (FeedStatus("run", "replay", "table", "up", None), topics.STATUS, "replay/table"),
    (Total("run", "table", 2, 10, 1), topics.TOTALS, "run/table/2"),
    (DeadLetter("run", "table", "bad-frame", "here"), topics.DEADLETTERS, "table"),
]


@pytest.mark.parametrize(("output", "topic", "key"), CASES)
def test_a_message_has_the_key_that_its_topic_names(output: Any, topic: Topic, key: str) -> None:
    message = route(output, FRAME)
    assert message is not None
    assert (message.topic, message.key, message.run) == (topic, key, "run")


def test_an_outage_stays_in_the_partition_of_its_country_whatever_its_key() -> None:
    message = route(OUTAGE, FRAME)
    assert message is not None
    assert message.partition == FRAME.partition


def test_every_fixed_topic_has_a_message_of_which_the_key_is_known() -> None:
    assert {topic for _, topic, _ in CASES} == set(topics.FIXED)
