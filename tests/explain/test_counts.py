"""What was read is used, late or dead; where the partitions' counts do not add up to it, that is said."""

import pytest
from rich.console import Console

from pipeline.explain.summary import tell
from pipeline.records import Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport
from pipeline.signals.binning import Total

RUN = Run("run", "replay", ("probing.ioda",))


class Seven(Playback):
    """A playback that has read seven records."""

    read = 7  # type: ignore[assignment]


@pytest.mark.parametrize(("used", "code"), [(7, 0), (5, 1)])
def test_records_that_the_workers_did_not_count_are_told(
    used: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    result = ReplayReport(RUN, playback=Seven([], RUN), judged={0: 7})
    for partition, count in enumerate((2, used - 2)):
        result.take(Total("run", "table", partition, count, 0))
    assert tell(Console(width=200), result, as_json=False) == code
    said = capsys.readouterr().out
    assert f"7 records read: {used} used" in said
    assert ("some records have no answer" in said) == (code == 1)


def test_records_without_room_are_told_apart_from_late_ones(capsys: pytest.CaptureFixture[str]) -> None:
    result = ReplayReport(RUN, playback=Seven([], RUN))
    result.take(Total("run", "table", 0, 4, 3, crowded=2))
    result.late = 3
    tell(Console(width=200), result, as_json=False)
    assert "2 late records found no room" in capsys.readouterr().out
