"""Days after the return from an outage to which its detector had got used: what is down again, and what is not."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from detectors.base import NORMAL, UNKNOWN
from pipeline.fusion import FuseStage
from pipeline.fusion.evidence import Said
from pipeline.fusion.returned import Returned
from pipeline.records import Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.fusion.test_holding import DAY, HOUR, PROBING, fuse, judged, only, shares, weeks
from tests.judge.verdicts import COUNTRY


def twice(health: float = 1.0) -> Verdicts:
    """Nine days of nothing, two back, a day of a fifth in which the feed has this health."""
    bins = weeks((9, 0.0), (2, 1.0), (1, 0.2), (3, 1.0), quiet=28)
    own = bins.health.copy()
    own[24 * 39 : 24 * 40] = health
    (frame,) = judged(replace(bins, health=own))
    return frame


def told(frame: Verdicts, *cuts: int) -> list[tuple[float, float]]:
    """From when to when what is confirmed lasts [days]; at the cuts [bins] the stage is stopped and started anew."""
    stage, found, edges = FuseStage(0, Fusing(), "seasonal"), {}, [0, *cuts, len(frame.start)]
    for begin, end in pairwise(edges):
        state, stage = stage.save(), FuseStage(0, Fusing(), "seasonal")
        stage.load(state)
        part = only(frame, slice(begin, end), HOUR * end)
        found |= {out.id: out for out in stage.step(part) if isinstance(out, Outage)}
    return [(out.start / DAY - 28, (out.end or 0) / DAY - 28) for out in found.values() if out.confirmed_at]


@pytest.mark.parametrize("cuts", [(), (24 * 38,), (24 * 32, 24 * 37 + 3, 24 * 39 + 1)])
def test_what_is_down_again_is_told_also_by_a_worker_that_was_started_meanwhile(cuts: tuple[int, ...]) -> None:
    assert told(twice(), *cuts) == [(0, 9), (11, 12)]


def test_a_feed_that_ails_shows_nobody_down_again() -> None:
    assert told(twice(health=0.2)) == [(0, 9)]


def test_an_ailing_feed_that_says_that_all_is_back_ends_nothing() -> None:
    frame = shares(PROBING, [1.0] * 4 + [0.1] * 36 + [1.0] * 24, Run("r", "replay", (PROBING,)), width=HOUR)
    state, health = frame.state.copy(), frame.health.copy()
    state[40:], health[40:] = UNKNOWN, 0.2
    (outage,) = fuse(replace(frame, state=state, health=health))
    assert (outage.state, outage.end) == ("confirmed", None)


@pytest.mark.parametrize(("expected", "is_down"), [(60.0, False), (40.0, True), (np.nan, False)])
def test_what_its_detector_expects_and_does_not_find_low_is_not_down(expected: float, is_down: bool) -> None:
    memory, one = Returned(Fusing()), np.array([0])
    memory.grow(1, 1)
    memory.until[0], memory.lost[0, 0], memory.peak[0, 0] = 10**9, 1.0, 1.0
    columns = (np.array([each]) for each in (40.0, expected, -1.0, np.int8(NORMAL), 1.0))
    said = memory.hold(Said(PROBING, 0, (COUNTRY,), *columns), one, 0, np.array([100.0]), np.array([True]))
    assert (said.state[0] != NORMAL) == is_down
