"""Fusion on the worst day: its work grows with the entities, not with their square."""

import time
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.codec import encode
from pipeline.engine import Engine, verdicts
from pipeline.feeds import Recording, chunks
from pipeline.fusion import FuseStage
from pipeline.fusion.residual_loss import MOST
from pipeline.records import END, Bins, Elements, Entity, Frame, Heartbeat, Outage, Progress, Rows, Run, Verdicts
from pipeline.replay.playback import Playback
from pipeline.settings import Fusing
from pipeline.signals import binning, merging
from pipeline.topics import MAX_MESSAGE
from tests.fusion.worst import worst

OUT = 8_000
LATE = DAY + DAY // 2
"""When a network begins [s]."""

PATIENCE = 2.0
"""A tenth of a second where nothing else runs, nine where every outage asks every entity [s]."""


def test_a_bin_in_which_thousands_of_networks_are_out_takes_no_longer_than_a_moment():
    stage = FuseStage(0, Fusing())
    stage.step(worst(0, 0))
    told = [out for out in stage.step(worst(1, OUT)) if isinstance(out, Outage)]
    assert len(told) == OUT
    began = time.process_time()
    assert not [out for out in stage.step(worst(2, OUT)) if isinstance(out, Outage)]
    assert time.process_time() - began < PATIENCE


def test_what_is_left_of_thousands_at_the_end_is_read_in_a_moment_and_fits_a_message():
    stage = FuseStage(0, Fusing())
    stage.step(worst(0, 0))
    stage.step(worst(1, OUT))
    began = time.process_time()
    (ended,) = [out for out in stage.step(replace(worst(2, OUT), status=END)) if isinstance(out, Progress)]
    assert time.process_time() - began < PATIENCE
    assert [one.ratio for one in ended.left] == [0.0] * OUT
    assert 4 * len(msgspec.json.encode(ended)) < MAX_MESSAGE, "also where four signals tell"
    assert MOST == OUT, "and of more it does not tell"


def sparse(networks: int = 700, country: str = "US") -> list[Elements | Rows | Heartbeat]:
    """Frames of two days of networks, all of one country, each of which is seen now and then; the first one in the
    last twelve hours alone."""
    rng = np.random.default_rng(1)
    time = np.sort(300 * rng.integers(0, 2 * DAY // 300, 40 * networks))
    entities = tuple(Entity("asn", f"AS{i}", country) for i in range(networks))
    who = rng.permutation(np.repeat(np.arange(networks, dtype=np.int32), 40))
    there = (who > 0) | (time >= LATE)
    time, who = time[there], who[there]
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


def judged(frames: list[Elements | Rows | Heartbeat]) -> dict[tuple[Entity, int], list[float]]:
    """What is said of each entity and bin."""
    said = [frame for frame in verdicts(frames, Engine()) if isinstance(frame, Verdicts)]
    return {
        (entity, start): [column[i, j] for column in (frame.value, frame.health, frame.expected, frame.state)]
        for frame in said
        for i, start in enumerate(frame.start.tolist())
        for j, entity in enumerate(frame.entities)
    }


@pytest.mark.parametrize("country", ["US", "PK"])  # of the partition that speaks first, and of the last
def test_it_is_no_matter_in_how_many_frames_bins_are_told(monkeypatch, country):
    frames = sparse(60, country)
    whole = judged(frames)
    assert min(start for entity, start in whole if entity.name == "AS0") >= LATE
    monkeypatch.setattr(binning, "CELLS", 700)
    parted = judged(frames)
    assert parted.keys() == whole.keys()
    assert len(whole) > 60 * 500
    np.testing.assert_array_equal(list(parted.values()), list(whole.values()))


def test_in_pieces_a_network_is_of_the_country_of_which_most_of_it_is_when_it_begins(monkeypatch):
    monkeypatch.setattr(binning, "CELLS", 2)
    stage, told = merging.MergeStage({"ris": 2}), []
    for partition, country, value in ((0, "CA", 1.0), (1, "US", 100.0)):
        who = (Entity("asn", "AS1", country), Entity("asn", f"AS{partition + 10}", country))
        health = np.array([[np.nan, 1], [1, 1]], np.float32)
        bins = Bins(
            Run(), "ris", partition, "bgp.ris", 300, 600, "up", who, np.array([0, 300]), value * health, health
        )  # fmt: skip
        told += [merged for piece in binning.pieces(bins) for merged in stage.step(piece)]
    assert [(said.start.tolist(), [entity.name for entity in said.entities]) for said in told] == [
        ([0], ["AS10", "AS11"]), ([300], ["AS1", "AS10", "AS11"]),
    ]  # fmt: skip
    assert told[-1].entities[0].country == "US"
