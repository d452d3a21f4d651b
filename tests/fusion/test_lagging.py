"""A witness that lags behind others that are back dates no end; one that was back and fell again does."""

import pytest

from pipeline.fusion import cells
from pipeline.records import Run
from tests.fusion.test_holding import BGP, PROBING, fuse, shares
from tests.judge.verdicts import verdicts

RUN = Run("r", "replay", (BGP, PROBING))
OTHERS = verdicts(BGP, "..." + "L" * 10 + "." * 120, run=RUN)


def end(*probes: float) -> int | None:
    (outage,) = fuse(OTHERS, shares(PROBING, [1.0] * 3 + [0.1] * 10 + list(probes), RUN))
    return outage.end


def test_who_lags_was_back_when_it_left_the_bottom() -> None:
    assert end(*[0.88] * 120) == 13 * 300


def test_who_was_back_and_falls_again_has_a_bottom_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    again = [1.0] * 4 + [0.7] * 40 + [0.88] * 76
    assert end(*again) == (13 + 4 + 40) * 300
    monkeypatch.setattr(cells, "WAS_BACK", 0.0)
    assert end(*again) == 13 * 300
