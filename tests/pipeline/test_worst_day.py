"""Fusion on the worst day: its work grows with the entities, not with their square."""

import time

from pipeline.fusion import FuseStage
from pipeline.records import Outage
from pipeline.settings import Fusing
from tests.pipeline.worst import worst

OUT = 8_000
PATIENCE = 2.0
"""A tenth of a second where nothing else runs, nine where every outage asks every entity [s]."""


def test_a_bin_in_which_thousands_of_networks_are_out_takes_no_longer_than_a_moment():
    stage = FuseStage(0, Fusing())
    stage.step(worst(0, 0))
    told = [out for out in stage.step(worst(1, OUT)) if isinstance(out, Outage)]
    assert len(told) == OUT
    began = time.perf_counter()
    assert not [out for out in stage.step(worst(2, OUT)) if isinstance(out, Outage)]
    assert time.perf_counter() - began < PATIENCE
