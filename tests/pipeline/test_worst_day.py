"""Fusion on the worst day: its work grows with the entities, not with their square."""

import time
from dataclasses import replace

import msgspec

from pipeline.fusion import FuseStage
from pipeline.left import MOST
from pipeline.records import END, Outage, Progress
from pipeline.settings import Fusing
from pipeline.topics import MAX_MESSAGE
from tests.pipeline.worst import worst

OUT = 8_000
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
