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
from pipeline.records import END, UP, Bins, Elements, Entity, Frame, Heartbeat, Progress, Rows, Run, Verdicts
from pipeline.replay.playback import Playback
from pipeline.topics import MAX_MESSAGE
from tests.fusion.worst import worst

OUT = 8_000
GROWTH = 8.0
"""What four times the outages may take: four where the work grows with them, sixteen with their square."""


def took(out: int, status: str) -> tuple[float, list[Frame]]:
    """The processor's time of the next bin, in which ``out`` networks are out [s], and what it says."""
    stage, frame = FuseStage(0), replace(worst(3, out), status=status)
    for number in range(3):
        stage.step(worst(number, out if number else 0))
    assert len(stage.open()) == out
    began = time.process_time()
    said = list(stage.step(frame))
    return time.process_time() - began, said


def test_a_bin_in_which_thousands_of_networks_are_out_takes_a_moment():
    assert took(OUT, UP)[0] < GROWTH * took(OUT // 4, UP)[0]


def test_what_is_left_of_thousands_at_the_end_takes_a_moment_and_fits_a_message():
    few, _ = took(OUT // 4, END)
    many, said = took(OUT, END)
    assert many < GROWTH * few
    (ended,) = [out for out in said if isinstance(out, Progress)]
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
