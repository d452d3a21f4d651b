"""Fusion on the worst day: its work grows with the entities, not with their square."""

import time
from dataclasses import replace

import msgspec
import numpy as np

from pipeline.bins import DAY
from pipeline.codec import encode
from pipeline.engine import Engine, verdicts
from pipeline.feeds import Recording, chunks
from pipeline.fusion import FuseStage
from pipeline.records import END, Bins, Elements, Entity, Frame, Heartbeat, Progress, Rows, Run, Verdicts
from pipeline.replay.playback import Playback
from pipeline.topics import MAX_MESSAGE
from tests.fusion.worst import worst

OUT = 8_000
PATIENCE = 2.0
"""A tenth of a second where nothing else runs, nine where every outage asks every entity [s]."""


def test_a_bin_in_which_thousands_of_networks_are_out_takes_a_moment():
    stage = FuseStage(0)
    for number in range(3):
        stage.step(worst(number, OUT if number else 0))
    assert len(stage.open()) == OUT
    began = time.process_time()
    stage.step(worst(3, OUT))
    assert time.process_time() - began < PATIENCE


def test_what_is_left_of_thousands_at_the_end_takes_a_moment_and_fits_a_message():
    stage = FuseStage(0)
    for number in range(3):
        stage.step(worst(number, OUT if number else 0))
    began = time.process_time()
    (ended,) = [out for out in stage.step(replace(worst(3, OUT), status=END)) if isinstance(out, Progress)]
    assert time.process_time() - began < PATIENCE
    assert [one.ratio for one in ended.left] == [0.0] * OUT
    assert 4 * len(msgspec.json.encode(ended)) < MAX_MESSAGE, "also where four signals tell"


def sparse(networks: int = 700) -> list[Elements | Rows | Heartbeat]:
    """Frames of two days of networks, all of one country, each of which is seen now and then."""
    rng = np.random.default_rng(1)
    time = np.sort(300 * rng.integers(0, 2 * DAY // 300, 40 * networks))
    entities = tuple(Entity("asn", f"AS{i}", "US") for i in range(networks))
    who = rng.permutation(np.repeat(np.arange(networks, dtype=np.int32), 40))
    value = rng.poisson(100, len(time)).astype(np.float64)
    rows = Rows(Run(), "table", 0, "bgp.ris", 300, (), 0, entities, time, who, value)
    played = Playback([Recording("table", ("bgp.ris",), chunks([rows]))], Run("sparse", "replay", ("bgp.ris",)))
    return [frame for frame in played if isinstance(frame, Elements | Rows | Heartbeat)]


def test_a_few_rows_of_each_of_many_networks_fit_messages():
    frames, engine = sparse(), Engine()
    stages = [engine.bin("table", partition) for partition in range(4)]
    told: list[Frame] = [b for frame in frames for b in stages[frame.partition].step(frame) if isinstance(b, Bins)]
    told += [said for said in verdicts(frames, engine) if isinstance(said, Verdicts)]
    largest = max(len(encode(frame)) for frame in told)
    assert MAX_MESSAGE / 2 < largest < MAX_MESSAGE, "in as few as they can be"
