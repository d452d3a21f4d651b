"""A worker that is started anew between any two frames goes on as if nothing had been."""

import dataclasses

import numpy as np
import pytest

from pipeline.codec import outage_json
from pipeline.fusion import FuseStage
from pipeline.geo.calendar import Almanac
from pipeline.records import Outage, Verdicts
from pipeline.settings import Fusing
from tests.fusion.test_calm import DAY, days

HOUR = 3600
ELECTION = Almanac(matter={"PK 1970-01-02": "election", "VE 1970-01-02": "election"})
"""The day of the frames."""


def pieces(frames: list[Verdicts]) -> list[Verdicts]:
    """The frames three hours at a time, one signal after the other."""
    made = []
    for start in range(DAY, 2 * DAY, 3 * HOUR):
        for frame in frames:
            its = (frame.start >= start) & (frame.start < start + 3 * HOUR)
            columns = {name: getattr(frame, name)[its] for name in ("start", *Verdicts.COLUMNS)}
            watermark = start + 3 * HOUR if frame.watermark else 0  # a detector beside the first moves none
            made.append(dataclasses.replace(frame, watermark=watermark, **columns))
    return made


def told(frames: list[Verdicts], cut: bool) -> list[bytes]:
    stage, out = FuseStage(0, Fusing(), "seasonal", ELECTION), []
    for frame in frames:
        out += [outage_json(each) for each in stage.step(frame) if isinstance(each, Outage)]
        if cut:
            state, stage = stage.save(), FuseStage(0, Fusing(), "seasonal", ELECTION)
            stage.load(state)
    return out


@pytest.mark.parametrize("seed", range(6))
def test_a_cut_after_every_frame_changes_nothing(seed: int) -> None:
    frames = pieces(days(seed, 0.004))
    for frame in frames:  # a blackout of all, so that countries and their parts are confirmed, and end
        dark = (frame.start >= DAY + 8 * HOUR + 1200) & (frame.start < DAY + 11 * HOUR + 1800)
        frame.state[dark], frame.value[dark], frame.score[dark] = 3, 0.0, -20.0
        frame.expected[dark], frame.health[dark] = 100.0, np.float32(1)
    whole = told(frames, cut=False)
    assert whole
    assert told(frames, cut=True) == whole
