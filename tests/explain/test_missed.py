"""What missed its time in fusion is in what a replay says at its end."""

import io
import json

import pytest
from rich.console import Console

from pipeline.explain.summary import tell
from pipeline.records import Progress, Run
from pipeline.replay.replay import Playback, Result

RUN = Run("r", "replay", ("bgp.ris",))


def result(*missed: int) -> Result:
    found = Result(RUN)
    for partition, bins in enumerate(missed):
        for so_far in (0, bins, bins):  # said anew, and again after a restart
            found.take(Progress(RUN.id, partition, 600, judged=1, missed=so_far))
    return found


def said(found: Result) -> str:
    out = io.StringIO()
    tell(Console(file=out, width=200), Playback([], RUN), found, as_json=False)
    return out.getvalue()


def test_bins_that_missed_their_time_are_told_with_their_number() -> None:
    assert "1,003 bins came after their time was judged without them" in said(result(1000, 3))
    assert "came after their time" not in said(result(0, 0))


def test_they_are_in_the_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    tell(Console(stderr=True), Playback([], RUN), result(1000, 3), as_json=True)
    assert json.loads(capsys.readouterr().out)["missed"] == 1003
